//! The body of a request: unpacked whatever its label says, and taken apart into messages.

use super::read::{Rejected, unreadable};
use super::reason::Rejection;
use super::wire::{Batch, KeyOnly};
use flate2::read::MultiGzDecoder;
use kernel::limits;
use kernel::problem::{Class, Problem};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::io::Read as _;

/// What a body holds.
#[derive(Debug, Default)]
pub(crate) struct Body<'a> {
    pub(crate) write_key: Cow<'a, str>,
    pub(crate) sent_at: Cow<'a, str>,
    pub(crate) messages: Vec<&'a RawValue>,
    /// Set when the whole body is no JSON: it is kept as one rejected message.
    pub(crate) unreadable: Option<Box<Rejected>>,
}

fn too_large(most: usize) -> Problem {
    // The status is 400, as the Segment API answers; its clients do not send such a body again.
    Problem::new(
        Class::Malformed,
        "batch_too_large",
        format!("The body is larger than {most} bytes after unpacking. Send fewer events at a time."),
    )
}

/// Unpacks gzip, recognised by its first two bytes. Stops at the limit, so that a small body cannot fill the memory.
pub(crate) fn unpack(bytes: &[u8]) -> Result<Cow<'_, [u8]>, Problem> {
    let most = limits::BATCH_BYTES_MAX;
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return if bytes.len() > most { Err(too_large(most)) } else { Ok(Cow::Borrowed(bytes)) };
    }
    let mut whole = Vec::with_capacity((bytes.len() * 4).min(most));
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    MultiGzDecoder::new(bytes).take(limit).read_to_end(&mut whole).map_err(|error| {
        Problem::new(
            Class::Malformed,
            "bad_gzip",
            format!("The body begins like gzip and cannot be unpacked: {error}."),
        )
    })?;
    if whole.len() > most { Err(too_large(most)) } else { Ok(Cow::Owned(whole)) }
}

/// Takes a body apart: `{"batch": […]}` on the batch address, one message elsewhere.
pub(crate) fn messages(bytes: &[u8], is_batch: bool) -> Body<'_> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => return broken(&String::from_utf8_lossy(bytes), &error.to_string()),
    };
    if is_batch {
        return match serde_json::from_str::<Batch<'_>>(text) {
            Ok(Batch { batch: Some(messages), write_key, sent_at }) => {
                Body { write_key: write_key.0, sent_at: sent_at.0, messages, unreadable: None }
            }
            Ok(Batch { write_key, .. }) => Body { write_key: write_key.0, ..broken(text, "`batch` is missing") },
            Err(error) => broken(text, &error.to_string()),
        };
    }
    match serde_json::from_str::<&RawValue>(text) {
        Ok(message) => {
            let key: KeyOnly<'_> = serde_json::from_str(text).unwrap_or_default();
            Body { write_key: key.write_key.0, messages: vec![message], ..Body::default() }
        }
        Err(error) => broken(text, &error.to_string()),
    }
}

fn broken(text: &str, why: &str) -> Body<'static> {
    Body { unreadable: Some(unreadable(text, Rejection::Unreadable(why.to_owned()))), ..Body::default() }
}

/// The key inside the first message of a batch, for senders that put it nowhere else.
pub(crate) fn key_of_first<'a>(body: &Body<'a>) -> Option<Cow<'a, str>> {
    let key: KeyOnly<'a> = serde_json::from_str(body.messages.first()?.get()).ok()?;
    Some(key.write_key.0).filter(|key| !key.is_empty())
}
