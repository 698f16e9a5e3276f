//! One request taken in: its messages read, the rejected ones quarantined, the others stored.
//!
//! **Invariant:** when this returns well, every message of the request is durable: in the log or in the quarantine.

use super::doubts::Sending;
use super::lakes::{Intake, Lakes};
use crate::events::{Entry, Fate, FateStatus, Quarantined};
use crate::messages::{Body, Doubt, Rejected, Rejection, Request, key_of_first, messages, read, unpack, visible};
use kernel::ids::{KeyId, QuarantineId};
use kernel::problem::{Class, Problem};
use kernel::scope::WorkspaceRef;
use kernel::time::Timestamp;
use lake::{Col, Draft, EventKind, LakeError, NewEvents, Stored};
use rand::{Rng as _, SeedableRng as _};
use std::borrow::Cow;

/// A request as it arrived.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Arrival<'a> {
    /// The call; none for a batch.
    pub(super) kind: Option<EventKind>,
    pub(super) body: &'a [u8],
    /// The user name of Basic authentication, or the key in the query.
    pub(super) write_key: &'a str,
    pub(super) user_agent: &'a str,
    pub(super) edge_country: &'a str,
    pub(super) gpc: bool,
}

/// What became of a request's messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Taken {
    /// Stored in the log.
    pub(super) stored: usize,
    /// In the quarantine.
    pub(super) rejected: usize,
    /// Of those, too large.
    pub(super) too_large: usize,
    /// The body as a whole was no JSON.
    pub(super) unreadable: bool,
}

/// Takes in a request.
pub(super) async fn take(lakes: &Lakes, arrival: Arrival<'_>) -> Result<Taken, Problem> {
    // Before anything is unpacked or read for somebody who is not known.
    let known = match arrival.write_key.trim() {
        "" => None,
        key => Some(authenticate(lakes, key).await?),
    };
    let bytes = unpack(arrival.body)?;
    let body = messages(&bytes, arrival.kind.is_none());
    let (workspace, key) = match known {
        Some(known) => known,
        None => authenticate(lakes, key_in_body(&body).trim()).await?,
    };
    let intake = lakes.intake(&workspace).await?;
    // Held until the events are stored: who changes the rules waits for those that were told by the old ones.
    let rules = intake.rules.read().await;
    let world = &lakes.platform().world;
    let received_at = world.now();
    let mut rng = world.rng();
    let nonce = (u128::from(rng.next_u64()) << 64) | u128::from(rng.next_u64());
    let request = Request {
        kind: arrival.kind,
        received_at,
        write_key: key.as_str(),
        user_agent: arrival.user_agent,
        edge_country: arrival.edge_country,
        gpc: arrival.gpc,
        sent_at: &body.sent_at,
        rules: &rules,
        nonce,
    };
    let mut new_id = || QuarantineId::new(received_at, &mut rng);
    let mut events = NewEvents::with_capacity(body.messages.len(), bytes.len() * 2);
    let mut rejected: Vec<Rejected> = Vec::new();
    let (mut doubts, mut doubtful) = (Vec::new(), Vec::new());
    for (place, message) in body.messages.iter().enumerate() {
        match read(message, place, &request) {
            Ok((event, found)) => {
                events.push(&event)?;
                for doubt in found {
                    doubtful.push(doubt_entry(&event, &doubt, new_id()));
                    doubts.push((event.event_id.clone().into_owned(), doubt));
                }
            }
            Err(found) => rejected.push(*found),
        }
    }
    let unreadable = body.unreadable.is_some();
    rejected.extend(body.unreadable.map(|found| *found));
    let too_large = rejected.iter().filter(|found| matches!(found.rejection, Rejection::TooLarge(_))).count();
    let taken = Taken { stored: events.len(), rejected: rejected.len(), too_large, unreadable };
    intake.allow_rejected(key.as_str(), taken.rejected, received_at)?;
    let mut entries: Vec<Entry> = Vec::with_capacity(rejected.len() + doubtful.len());
    entries.extend(rejected.into_iter().map(|found| entry_of(found, &request, new_id())));
    let fates: Vec<Fate> = entries.iter().map(fate_of_entry).collect();
    entries.extend(doubtful);
    keep(&intake, entries).await?;
    if !fates.is_empty() {
        intake.live.push(fates);
    }
    store(&intake, events, doubts, nonce).await?;
    count(&workspace, &taken);
    Ok(taken)
}

fn key_in_body<'a>(body: &Body<'a>) -> Cow<'a, str> {
    if body.write_key.is_empty() { key_of_first(body).unwrap_or_default() } else { body.write_key.clone() }
}

async fn authenticate(lakes: &Lakes, key: &str) -> Result<(WorkspaceRef, KeyId), Problem> {
    lakes.platform().accounts.authenticate_write_key(key).await?.ok_or_else(|| {
        let message = if key.is_empty() {
            "There is no write key. Send it as the user name of Basic authentication, or as `writeKey` in the body."
        } else {
            "This write key is not known, or was revoked. Create one under Settings, Keys."
        };
        Problem::new(Class::Unauthenticated, "unknown_write_key", message)
    })
}

async fn keep(intake: &Intake, entries: Vec<Entry>) -> Result<(), Problem> {
    if entries.is_empty() {
        return Ok(());
    }
    let kept = intake.quarantine.insert(entries).await;
    let kept = match kept {
        Ok(()) => intake.quarantine.prune().await.map(|_| ()),
        Err(error) => Err(error),
    };
    kept.map_err(|error| {
        tracing::error!(%error, "rejected events could not be quarantined; the sender is asked to try again");
        Problem::new(Class::Unavailable, "quarantine_unavailable", "The events could not be stored; send them again.")
            .retry_after(5)
    })
}

async fn store(
    intake: &Intake,
    events: NewEvents,
    doubts: Vec<(String, Doubt)>,
    sending: Sending,
) -> Result<(), Problem> {
    if events.is_empty() {
        return Ok(());
    }
    for (event_id, doubt) in &doubts {
        intake.doubts.raise(event_id, sending, doubt.clone());
    }
    let Err(error) = intake.lake.append_new(events).await else { return Ok(()) };
    intake.doubts.withdraw(doubts.iter().map(|(event_id, _)| event_id.as_str()), sending);
    Err(match error {
        LakeError::Overloaded { retry_after_s } => Problem::new(
            Class::TooMany,
            "overloaded",
            "More events are waiting than may wait. Nothing of this request was stored; send it again.",
        )
        .retry_after(retry_after_s.max(1)),
        other => {
            tracing::error!(error = %other, "events could not be stored");
            Problem::new(Class::Unavailable, "log_unavailable", "The events could not be stored; send them again.")
                .retry_after(5)
        }
    })
}

fn count(workspace: &WorkspaceRef, taken: &Taken) {
    for (outcome, number) in [("stored", taken.stored), ("rejected", taken.rejected)] {
        let labels = [("workspace", workspace.slug.clone()), ("outcome", outcome.to_owned())];
        metrics::counter!("mainspring_ingest_events_total", &labels).increment(number as u64);
    }
}

/// What makes two rejected messages the same: key, reason and content.
fn rejection_print(found: &Rejected, write_key: &str) -> String {
    let text = format!("{write_key}\0{}\0{}", found.rejection.code(), found.raw);
    format!("r-{:032x}", xxhash_rust::xxh3::xxh3_128(text.as_bytes()))
}

/// What makes two doubts the same: the event.
pub(super) fn doubt_print(event_id: &str) -> String {
    format!("d-{:032x}", xxhash_rust::xxh3::xxh3_128(event_id.as_bytes()))
}

fn entry_of(found: Rejected, request: &Request<'_>, id: QuarantineId) -> Entry {
    Entry {
        id,
        fingerprint: rejection_print(&found, request.write_key),
        status: FateStatus::Rejected,
        code: found.rejection.code().to_owned(),
        reason: visible(&found.rejection.to_string(), 500),
        received_at: request.received_at,
        texts: [
            found.kind,
            found.name,
            found.message_id,
            found.user_id,
            found.anonymous_id,
            request.write_key.to_owned(),
            found.library,
            found.raw,
        ],
    }
}

fn doubt_entry(event: &Draft<'_>, doubt: &Doubt, id: QuarantineId) -> Entry {
    let texts = [
        event.kind.as_str(),
        &event.name,
        &event.event_id,
        &event.user_id,
        &event.anonymous_id,
        &event.write_key,
        &event.library,
        &event.raw,
    ];
    suspicious(texts, event.received_at, doubt, id)
}

/// The entry of a doubt: kind, name, message id, user id, anonymous id, write key, library and message of the event.
fn suspicious(texts: [&str; 8], received_at: i64, doubt: &Doubt, id: QuarantineId) -> Entry {
    let mut texts = texts.map(str::to_owned);
    texts[6] = visible(&texts[6], 500);
    Entry {
        id,
        fingerprint: doubt_print(&texts[2]),
        status: FateStatus::Suspicious,
        code: doubt.code().to_owned(),
        reason: visible(&doubt.to_string(), 500),
        received_at: Timestamp::from_micros(received_at),
        texts,
    }
}

/// Keeps a doubt that came up after the event was stored. It is also in the server's log, so a failure is not fatal.
pub(super) async fn keep_doubt(intake: &Intake, event: &Stored<'_>, offset: u64, doubt: &Doubt) {
    let columns = [Col::Name, Col::EventId, Col::UserId, Col::AnonymousId, Col::WriteKey, Col::Library, Col::Raw]
        .map(|column| event.text(column));
    let [name, event_id, user_id, anonymous_id, write_key, library, raw] = columns;
    // Seeded by the event, so that a repeated batch asks for the same row again.
    let mut rng = rand::rngs::StdRng::seed_from_u64(xxhash_rust::xxh3::xxh3_64(event_id.as_bytes()));
    let id = QuarantineId::new(Timestamp::from_micros(event.received_at), &mut rng);
    let texts = [event.kind.as_str(), name, event_id, user_id, anonymous_id, write_key, library, raw];
    let entry = suspicious(texts, event.received_at, doubt, id);
    if let Err(error) = intake.quarantine.insert(vec![entry]).await {
        tracing::error!(%error, offset, "a doubt could not be kept");
    }
}

fn fate_of_entry(entry: &Entry) -> Fate {
    let [kind, name, message_id, user_id, anonymous_id, write_key, library, _] = entry.texts.clone();
    Fate {
        sequence: 0,
        status: entry.status,
        code: entry.code.clone(),
        reason: entry.reason.clone(),
        offset: None,
        quarantine: Some(entry.id.clone()),
        at: entry.received_at,
        received_at: entry.received_at,
        kind,
        name,
        person: None,
        user_id,
        anonymous_id,
        message_id,
        write_key,
        library,
        channel: String::new(),
        url: String::new(),
        agent_class: String::new(),
        agent_reason: String::new(),
    }
}

/// The fate that a row of the quarantine stands for.
pub(super) fn fate_of_row(row: Quarantined) -> Fate {
    Fate {
        sequence: 0,
        status: row.status,
        code: row.code,
        reason: row.reason,
        offset: row.offset,
        quarantine: Some(row.id),
        at: row.received_at,
        received_at: row.last_received_at,
        kind: row.kind,
        name: row.name,
        person: None,
        user_id: row.user_id,
        anonymous_id: row.anonymous_id,
        message_id: row.message_id,
        write_key: row.write_key,
        library: row.library,
        channel: String::new(),
        url: String::new(),
        agent_class: String::new(),
        agent_reason: String::new(),
    }
}
