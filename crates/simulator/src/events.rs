//! The stream of messages: day by day, in the order they arrive, with flat memory.
//!
//! **Invariant:** a message that was written stays in memory for one day, or until it arrives when it is late; nothing
//! grows with the length of the stream.

use crate::draw::{Draw, key, mix};
use crate::wire::Wire;
use crate::{Company, Message};
use kernel::time::{HOUR, Timestamp};

/// What the stream held, counted while it is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Messages, repeated ones included.
    pub messages: u64,
    /// Messages that were sent twice with one message id; the second is counted here.
    pub duplicates: u64,
    /// Messages that arrived an hour to three days after they happened.
    pub late: u64,
    /// Messages of search engines and other programs.
    pub bots: u64,
    /// Messages of AI agents.
    pub ai_agents: u64,
    /// Messages of browsers that send Global Privacy Control.
    pub gpc: u64,
    /// Messages of the product's servers.
    pub server: u64,
    /// Visits of people over links of the campaign with the wrong medium.
    pub mislabelled_visits: u64,
    /// Forms that were sent: addresses that became known.
    pub forms: u64,
}

/// A message on its way.
struct Waiting {
    at: i64,
    number: u64,
    json: String,
}

/// What is written on one day, and what waits for a later one.
pub(crate) struct Outbox {
    waiting: Vec<Waiting>,
    number: u64,
    end: i64,
    pub(crate) tally: Tally,
}

/// Who wrote a message: decides what may happen to it on its way.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sender {
    Browser,
    Server,
}

impl Outbox {
    /// Sends a message: mostly once and at once, now and then twice or late.
    pub(crate) fn send(&mut self, sender: Sender, happened: i64, wire: &Wire<'_>) {
        let Ok(json) = serde_json::to_string(wire) else { return };
        let fate = mix(self.number ^ happened.unsigned_abs()) % 10_000;
        let mut at = happened;
        if sender == Sender::Browser && fate < 50 {
            at = (happened + HOUR + i64::try_from(fate).unwrap_or(0) * 80 * (HOUR / 60)).min(self.end);
            self.tally.late += u64::from(at > happened);
        }
        if (9_970..).contains(&fate) {
            self.tally.duplicates += 1;
            let again = (at + 4_000_000 + i64::try_from(fate).unwrap_or(0) * 1_000).min(self.end);
            self.queue(again, json.clone());
        }
        if sender == Sender::Server {
            self.tally.server += 1;
        }
        self.queue(at, json);
    }

    fn queue(&mut self, at: i64, json: String) {
        self.tally.messages += 1;
        self.number += 1;
        self.waiting.push(Waiting { at: at.min(self.end), number: self.number, json });
    }
}

/// The messages of the company, in the order they arrive.
pub struct Events<'a> {
    company: &'a Company,
    day: i64,
    visit: usize,
    outbox: Outbox,
    ready: std::vec::IntoIter<Waiting>,
}

impl<'a> Events<'a> {
    pub(crate) fn new(company: &'a Company) -> Self {
        let end = company.calendar.end_us() - 1_000_000;
        let outbox = Outbox { waiting: Vec::new(), number: 0, end, tally: Tally::default() };
        Self { company, day: 0, visit: 0, outbox, ready: Vec::new().into_iter() }
    }

    /// What was written so far; everything once the stream has ended.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.outbox.tally
    }

    /// Writes the next day and makes ready what arrives on it.
    fn write_day(&mut self) {
        let company = self.company;
        let next = company.calendar.at(self.day + 1);
        while let Some(visit) = company.plan.visits.get(self.visit).filter(|visit| visit.at < next) {
            company.write_visit(visit, self.visit as u64, &mut self.outbox);
            self.visit += 1;
        }
        company.write_product(self.day, &mut self.outbox);
        company.write_robots(self.day, &mut self.outbox);
        self.day += 1;
        let last = self.day == company.calendar.len();
        let (now, later) = std::mem::take(&mut self.outbox.waiting).into_iter().partition(|one| last || one.at < next);
        let mut now: Vec<Waiting> = now;
        now.sort_unstable_by_key(|one| (one.at, one.number));
        self.outbox.waiting = later;
        self.ready = now.into_iter();
    }
}

impl Iterator for Events<'_> {
    type Item = Message;

    fn next(&mut self) -> Option<Message> {
        loop {
            if let Some(one) = self.ready.next() {
                return Some(Message { at: Timestamp::from_micros(one.at), json: one.json });
            }
            if self.day >= self.company.calendar.len() {
                return None;
            }
            self.write_day();
        }
    }
}

/// The id of a browser, as a random UUID.
pub(crate) fn device_id(seed: u64, who: u32, device: u8) -> String {
    let high = key(seed, "browser", u64::from(who) * 8 + u64::from(device));
    let low = mix(high);
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xFFFF,
        high & 0xFFF,
        0x8000 | ((low >> 48) & 0x3FFF),
        low & 0xFFFF_FFFF_FFFF
    )
}

/// The id of a message, as the library makes it.
pub(crate) fn message_id(prefix: &str, draw: &mut Draw, at: i64) -> String {
    format!("{prefix}-{}-{:016x}", at / 1_000, draw.bits())
}
