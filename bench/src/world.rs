//! A lake filled by the simulator: the same company, as often as it takes, with people of their own each time.

use analytics::channels::{Evidence, Marks, classify};
use anyhow::{Context, Result};
use jiff::civil::date;
use kernel::ids::PersonId;
use kernel::time::{SystemClock, Timestamp};
use lake::{Event, EventKind, FileCatalog, Lake, LakeConfig};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::Deserialize;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use xxhash_rust::xxh3::xxh3_64;

/// Events handed to the lake at once.
const BATCH: usize = 8_192;
/// Messages of the company at full size.
const MESSAGES: f64 = 3_000_000.0;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    r#type: &'a str,
    message_id: &'a str,
    #[serde(default)]
    anonymous_id: Option<&'a str>,
    #[serde(default)]
    user_id: Option<&'a str>,
    #[serde(default)]
    event: Option<&'a str>,
    context: Context_<'a>,
    timestamp: kernel::time::Timestamp,
}

#[derive(Deserialize)]
struct Context_<'a> {
    #[serde(borrow, default)]
    page: Option<Page<'a>>,
    #[serde(borrow, default)]
    location: Option<Location<'a>>,
}

#[derive(Deserialize)]
struct Page<'a> {
    path: &'a str,
    search: &'a str,
}

#[derive(Deserialize)]
struct Location<'a> {
    country: &'a str,
}

/// Opens the lake in a folder.
pub(crate) async fn open(folder: &Path) -> Result<Lake> {
    let catalog = Arc::new(FileCatalog::new(folder.join("catalog.json")));
    Ok(Lake::open(LakeConfig::at(folder), catalog, Arc::new(SystemClock)).await?)
}

/// A lake like that in another folder: its sealed files are the same ones, which are never changed.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    if to.exists() {
        std::fs::remove_dir_all(to)?;
    }
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            copy(&source, &target)?;
        } else if source.extension().is_some_and(|kind| kind == "parquet" || kind == "run") {
            std::fs::hard_link(&source, &target)?;
        } else {
            std::fs::copy(&source, &target)?;
        }
    }
    Ok(())
}

/// Fills the lake in a folder with so many events, unless they are there.
pub(crate) async fn make(folder: &Path, events: u64) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let lake = open(folder).await?;
    if lake.watermark().offset >= events {
        return Ok(());
    }
    anyhow::ensure!(lake.watermark().offset == 0, "{} holds something else; remove it", folder.display());
    let batches = generate(events);
    let mut count = 0_u64;
    while let Ok(batch) = batches.recv() {
        let people: Vec<u64> = batch.iter().map(|event| event.person).collect();
        count += batch.len() as u64;
        lake.append(batch).await?;
        let mut people = people.into_iter();
        while people.len() > 0 {
            let mut events = lake.next(BATCH).await?;
            let up_to = events.last().context("an event")?.offset;
            for event in &mut events {
                event.person = people.next().context("a person")?;
            }
            lake.admit(events, up_to).await?;
        }
        lake.seal_if_due().await?;
        if count.is_multiple_of(BATCH as u64 * 64) {
            eprintln!("{count} events");
        }
    }
    lake.seal().await?;
    eprintln!("{count} events are there");
    Ok(())
}

/// Events of as many people as it takes, in the order they arrive, made on a thread of their own.
fn generate(events: u64) -> Receiver<Vec<Event>> {
    let (send, receive) = sync_channel(4);
    std::thread::spawn(move || {
        #[expect(clippy::cast_precision_loss, reason = "a size, not a count")]
        let scale = events as f64 * 1.02 / MESSAGES;
        let settings = simulator::Settings { scale, ..simulator::Settings::until(date(2026, 7, 1)) };
        let company = simulator::Company::new(settings);
        let mut batch = Vec::with_capacity(BATCH);
        let mut people = Numbers::default();
        let mut left = events;
        for message in company.events() {
            if left == 0 {
                break;
            }
            if let Some(event) = event(&message.json, message.at.micros(), left, &mut people) {
                batch.push(event);
                left -= 1;
            }
            if batch.len() == BATCH {
                people.begin(message.at);
                if send.send(std::mem::take(&mut batch)).is_err() {
                    return;
                }
            }
        }
        // A send that fails has nobody left to tell.
        let _ = send.send(batch);
    });
    receive
}

/// Numbers for people as the program gives them: by when they are first seen, close together within a batch.
struct Numbers {
    known: HashMap<u64, u64>,
    next: u64,
    rng: ChaCha8Rng,
}

impl Default for Numbers {
    fn default() -> Self {
        Self { known: HashMap::new(), next: 1, rng: ChaCha8Rng::seed_from_u64(7) }
    }
}

impl Numbers {
    /// Begins a batch.
    fn begin(&mut self, now: Timestamp) {
        self.next = self.next.max(PersonId::first_number(now, &mut self.rng));
    }

    fn of(&mut self, who: &str) -> u64 {
        let next = &mut self.next;
        *self.known.entry(xxh3_64(who.as_bytes())).or_insert_with(|| {
            *next += 1;
            *next - 1
        })
    }
}

fn event(json: &str, received_at: i64, number: u64, people: &mut Numbers) -> Option<Event> {
    let wire: Wire<'_> = serde_json::from_str(json).ok()?;
    let kind = EventKind::parse(wire.r#type)?;
    let name = match kind {
        EventKind::Page => "Page viewed",
        EventKind::Screen => "Screen viewed",
        EventKind::Identify => "Identified",
        EventKind::Group => "Grouped",
        EventKind::Alias => "Aliased",
        EventKind::Track => wire.event.unwrap_or_default(),
    };
    let who = wire.user_id.or(wire.anonymous_id)?;
    let page = wire.context.page.as_ref();
    let marks = page.map(|page| Marks::of_query(page.search)).unwrap_or_default();
    let evidence =
        Evidence { source: &marks.source, medium: &marks.medium, campaign: &marks.campaign, ..Evidence::default() };
    let channel = if page.is_some() { classify(&evidence).as_str() } else { "" };
    Some(Event {
        person: people.of(who),
        // Moments of one person differ, so that every engine has the same order without the place in the log.
        at: wire.timestamp.micros() / 1_000 * 1_000 + i64::try_from(number % 1_000).unwrap_or(0),
        received_at,
        kind,
        event_id: wire.message_id.to_owned(),
        name: name.to_owned(),
        anonymous_id: wire.anonymous_id.unwrap_or_default().to_owned(),
        user_id: wire.user_id.unwrap_or_default().to_owned(),
        path: page.map(|page| page.path.to_owned()).unwrap_or_default(),
        source: marks.source.into_owned(),
        medium: marks.medium.into_owned(),
        campaign: marks.campaign.into_owned(),
        channel: channel.to_owned(),
        country: wire.context.location.map(|place| place.country.to_owned()).unwrap_or_default(),
        ..Event::default()
    })
}
