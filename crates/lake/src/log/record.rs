//! One append as bytes: a framed, checked record of its events.
//!
//! ```text
//! "MSRC" · length of payload u32 · crc32 of what follows u32 · durable u64 · first offset u64 · events u32 · payload
//! ```
//!
//! `durable` is how many bytes of the segment were known to be synced when the record was written. It tells a torn
//! tail from damage: what lies before the `durable` of a later record had been acknowledged.

use crate::error::LakeError;
use crate::event::Event;

pub(super) const HEADER: usize = 32;
const MARK: &[u8; 4] = b"MSRC";
/// Longest payload: an append of a whole batch of the API is far below.
pub(super) const PAYLOAD_MAX: usize = 256 << 20;

/// The head of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) length: usize,
    pub(super) crc: u32,
    pub(super) durable: u64,
    pub(super) first: u64,
    pub(super) events: u32,
}

/// The payload of an append.
pub(super) fn encode(events: &[Event]) -> Result<Vec<u8>, LakeError> {
    let mut payload = Vec::with_capacity(events.len() * 1024);
    for event in events {
        payload = postcard::to_extend(event, payload).map_err(|error| LakeError::Data(error.to_string()))?;
    }
    if payload.len() > PAYLOAD_MAX {
        return Err(LakeError::Data(format!("an append of {} bytes; at most {PAYLOAD_MAX}", payload.len())));
    }
    Ok(payload)
}

/// The events of a payload, with their offsets.
pub(super) fn decode(head: &Head, mut payload: &[u8]) -> Result<Vec<Event>, String> {
    let mut events = Vec::with_capacity(head.events as usize);
    for place in 0..head.events {
        let (mut event, rest) = postcard::take_from_bytes::<Event>(payload).map_err(|error| error.to_string())?;
        event.offset = head.first + u64::from(place);
        payload = rest;
        events.push(event);
    }
    if payload.is_empty() { Ok(events) } else { Err("bytes after the last event".into()) }
}

/// Adds a record to a buffer.
pub(super) fn frame(buffer: &mut Vec<u8>, durable: u64, first: u64, events: u32, payload: &[u8]) {
    buffer.extend_from_slice(MARK);
    buffer.extend_from_slice(&u32::try_from(payload.len()).unwrap_or(0).to_le_bytes());
    let crc_at = buffer.len();
    buffer.extend_from_slice(&[0; 4]);
    buffer.extend_from_slice(&durable.to_le_bytes());
    buffer.extend_from_slice(&first.to_le_bytes());
    buffer.extend_from_slice(&events.to_le_bytes());
    buffer.extend_from_slice(payload);
    let crc = crc32fast::hash(&buffer[crc_at + 4..]);
    buffer[crc_at..crc_at + 4].copy_from_slice(&crc.to_le_bytes());
}

fn number<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut number = [0; N];
    number.copy_from_slice(&bytes[at..at + N]);
    number
}

/// Reads a head; none when the bytes are not one.
pub(super) fn head(bytes: &[u8]) -> Option<Head> {
    if bytes.len() < HEADER || &bytes[..4] != MARK {
        return None;
    }
    let head = Head {
        length: u32::from_le_bytes(number(bytes, 4)) as usize,
        crc: u32::from_le_bytes(number(bytes, 8)),
        durable: u64::from_le_bytes(number(bytes, 12)),
        first: u64::from_le_bytes(number(bytes, 20)),
        events: u32::from_le_bytes(number(bytes, 28)),
    };
    (head.length <= PAYLOAD_MAX).then_some(head)
}

/// Whether the bytes of head and payload are what was written.
pub(super) fn is_sound(head: &Head, head_bytes: &[u8], payload: &[u8]) -> bool {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&head_bytes[12..HEADER]);
    hasher.update(payload);
    hasher.finalize() == head.crc
}
