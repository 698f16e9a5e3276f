//! The process that [`super::kill`] kills: looks at what is left, goes on with what was begun, then works until it ends.

use super::{ByVersion, START, assert_sound, event, open_at, pump, small, trace};
use crate::{Event, Faults, FoldOptions, KnownAt, Lake, LakeConfig, LakeError, RewriteProgress};
use kernel::time::{DAY, SECOND, SimClock, Timestamp};
use parking_lot::Mutex;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

const PERSONS: u64 = 12;
/// Works of one process.
const WORKS: u64 = 24;

/// What one process does and where it ends.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Plan {
    pub(super) seed: u64,
    /// Killed by its parent after so long.
    pub(super) kill_after_ms: Option<u64>,
    /// Killed in this work, at this step, the n-th time it comes there.
    pub(super) kill_in: String,
    pub(super) kill_at: String,
    pub(super) kill_nth: u64,
    /// How many steps in a hundred fail.
    pub(super) failing_percent: u32,
    /// Longest file the kernel lets it write; 0: no limit.
    pub(super) file_bytes_max: u64,
}

/// What is known of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Number {
    /// Sent, not acknowledged: there once, or not.
    Tried,
    /// Acknowledged: there once.
    Acked,
    /// Its erasure has begun: there once, or not.
    Going,
    /// Erased: not there.
    Gone,
    /// Not acknowledged when an erasure began: stored before it and erased, or stored after it, or not stored.
    Unsure,
}

/// Erasing or dropping that has begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pending {
    pub(super) person: Option<u64>,
    pub(super) before: Option<i64>,
    pub(super) numbers: Vec<u64>,
}

/// What the parent knows, from what the processes said.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Ledger {
    pub(super) states: Vec<Number>,
    /// Batches without an answer.
    pub(super) unanswered: Vec<(u64, u64)>,
    pub(super) pending: Vec<Pending>,
    pub(super) errors: u64,
    /// Version of the rules by which events are taken in.
    pub(super) rules: u32,
    /// Version by which all events were derived.
    pub(super) derived: u32,
    /// Acknowledged when the change to `rules` was begun.
    pub(super) before_rules: Vec<u64>,
    /// Acknowledged when the change to `derived` was begun.
    pub(super) before_derived: Vec<u64>,
}

impl Ledger {
    /// Takes in a line of a process: `try 3 9`, `ack 3 9`, `erase 4`, `drop 17`, `again`, `done`, `rules 2`,
    /// `derived`, `error …`.
    pub(super) fn note(&mut self, line: &str) {
        let mut words = line.split(' ');
        let word = words.next().unwrap();
        let mut number = || words.next().unwrap().parse::<i64>().unwrap();
        match word {
            "try" => {
                let batch = (number() as u64, number() as u64);
                if batch.0 == self.states.len() as u64 {
                    self.states.resize(usize::try_from(batch.1).unwrap(), Number::Tried);
                    self.unanswered.push(batch);
                }
            }
            "ack" => {
                let batch = (number() as u64, number() as u64);
                self.unanswered.retain(|one| *one != batch);
                for state in &mut self.states[usize::try_from(batch.0).unwrap()..usize::try_from(batch.1).unwrap()] {
                    if *state == Number::Tried {
                        *state = Number::Acked;
                    }
                }
            }
            "erase" => {
                let person = number() as u64;
                self.begin(Some(person), None, |place| person_of(place) == person);
            }
            "drop" => {
                let before = number();
                self.begin(None, Some(before), |place| at_of(place) < before);
            }
            "again" => {
                let Pending { person, before, mut numbers } = self.pending.remove(0);
                self.begin(person, before, |place| match (person, before) {
                    (Some(person), _) => person_of(place) == person,
                    (_, before) => before.is_some_and(|before| at_of(place) < before),
                });
                if let Some(again) = self.pending.last_mut() {
                    again.numbers.append(&mut numbers);
                }
            }
            "done" => {
                for number in self.pending.remove(0).numbers {
                    self.states[usize::try_from(number).unwrap()] = Number::Gone;
                }
            }
            "rules" => {
                self.rules = u32::try_from(number()).unwrap();
                let states = (0..).zip(&self.states);
                self.before_rules =
                    states.filter(|(_, state)| **state == Number::Acked).map(|(place, _)| place).collect();
            }
            "derived" => {
                self.derived = self.rules;
                self.before_derived.clone_from(&self.before_rules);
            }
            "error" => self.errors += 1,
            _ => panic!("{line}"),
        }
    }

    fn begin(&mut self, person: Option<u64>, before: Option<i64>, goes: impl Fn(u64) -> bool) {
        let mut numbers = Vec::new();
        for (place, state) in (0..).zip(&mut self.states) {
            if *state == Number::Acked && goes(place) {
                *state = Number::Going;
                numbers.push(place);
            } else if *state == Number::Tried && goes(place) {
                *state = Number::Unsure;
            }
        }
        self.pending.push(Pending { person, before, numbers });
    }
}

fn person_of(number: u64) -> u64 {
    1 + number * 7 % PERSONS
}

fn at_of(number: u64) -> i64 {
    START + (number % 3) as i64 * 20 * DAY + number as i64 * SECOND
}

fn numbered(number: u64, rules: u32) -> Event {
    let id = format!("n{number}");
    ByVersion(rules).stamped(event(&id, person_of(number), at_of(number), &id))
}

/// When the change to these rules takes effect: after all events were received.
fn moment_of(rules: u32) -> Timestamp {
    Timestamp::from_micros(START + 1_000 * DAY + i64::from(rules) * 1_000 * SECOND)
}

/// Tells the parent; the pipe keeps it when this process is killed after.
fn tell(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("@{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

/// What the steps of a process look at.
struct Chaos {
    plan: Plan,
    rng: ChaCha8Rng,
    work: &'static str,
    passed: u64,
    rules: u32,
}

fn faults(chaos: &Arc<Mutex<Chaos>>) -> Faults {
    let chaos = Arc::clone(chaos);
    Faults::new(move |step| {
        let mut now = chaos.lock();
        if now.work.is_empty() {
            return Ok(());
        }
        if now.work == now.plan.kill_in && step == now.plan.kill_at && now.plan.kill_after_ms.is_none() {
            now.passed += 1;
            if now.passed == now.plan.kill_nth {
                tell(&format!("kill {} {step}", now.work));
                drop(now);
                // The parent kills; the other threads go on until then.
                loop {
                    std::thread::park();
                }
            }
        }
        if now.rng.random_range(0..100) >= now.plan.failing_percent {
            return Ok(());
        }
        Err(match now.rng.random_range(0..2) {
            0 => std::io::Error::from(std::io::ErrorKind::StorageFull),
            _ => std::io::Error::other("the disk did not sync"),
        })
    })
}

/// (person, at, channel and class) of each event by its number.
async fn seen(lake: &Lake, as_of: Option<Timestamp>) -> Vec<(u64, u64, i64, String)> {
    let as_of = as_of.map(|at| KnownAt::new(at, Arc::default()));
    let traces = trace(lake, &FoldOptions { as_of, ..FoldOptions::default() }).await;
    let all = traces.into_iter().flat_map(|(person, seen)| seen.into_iter().map(move |seen| (person, seen)));
    all.map(|(person, (at, _, name, _))| {
        let words: Vec<&str> = name.split(' ').collect();
        (words[0].trim_start_matches('n').parse().unwrap(), person, at, words[1..3].join(" "))
    })
    .collect()
}

fn derived_by(rules: u32, number: u64) -> String {
    let new = ByVersion(rules).of(&format!("n{number}"));
    format!("{} {}", new.channel, new.agent_class.as_str())
}

/// A change of the rules has reached all events that were there before, or none; and what was known before it is known.
fn verify_rules(now: &[(u64, u64, i64, String)], before: &[(u64, u64, i64, String)], ledger: &Ledger) {
    let (old, new) = (ledger.derived, ledger.rules);
    let mut reached: HashSet<bool> = HashSet::new();
    for (number, _, _, derived) in now {
        let (by_old, by_new) = (derived_by(old, *number), derived_by(new, *number));
        assert!(*derived == by_old || *derived == by_new, "event {number}: {derived} by neither {old} nor {new}");
        if by_old != by_new && ledger.before_rules.contains(number) {
            reached.insert(*derived == by_new);
        }
    }
    assert!(reached.len() <= 1, "the change from {old} to {new} has reached some events and others not");
    for (number, _, _, derived) in before {
        // What came in since was taken in by the rules of its time.
        let is_newer = [old, new].iter().any(|rules| *derived == derived_by(*rules, *number));
        let was_there = ledger.before_derived.contains(number);
        let before = derived_by(old.saturating_sub(1), *number);
        assert!(*derived == before || (is_newer && !was_there), "event {number}: {derived} before {old}");
    }
}

/// Everything acknowledged is there once, nothing is there twice, what is gone stays gone.
async fn verify(lake: &Lake, ledger: &Ledger) {
    pump(lake).await;
    let mut found: HashMap<u64, u64> = HashMap::new();
    let now = seen(lake, None).await;
    for (number, person, at, _) in &now {
        assert_eq!((*person, *at), (person_of(*number), at_of(*number)), "{number}");
        *found.entry(*number).or_default() += 1;
    }
    let before = seen(lake, Some(moment_of(ledger.derived).plus(-1))).await;
    verify_rules(&now, if ledger.derived > 0 { &before } else { &[] }, ledger);
    for (number, state) in (0..).zip(&ledger.states) {
        let times = found.remove(&number).unwrap_or(0);
        let is_right = match state {
            Number::Acked => times == 1,
            Number::Gone => times == 0,
            Number::Tried | Number::Going | Number::Unsure => times <= 1,
        };
        assert!(is_right, "event {number} is {state:?} and there {times} times");
    }
    assert!(found.is_empty(), "nobody sent {found:?}");
    assert_sound(lake).await;
}

/// One work; an error is told, for what it leaves is looked at by the next process.
async fn work(
    chaos: &Arc<Mutex<Chaos>>,
    name: &'static str,
    work: impl Future<Output = Result<(), LakeError>>,
) -> bool {
    chaos.lock().work = name;
    let result = work.await;
    chaos.lock().work = "";
    if let Err(error) = &result {
        tell(&format!("error {name}: {error}"));
    }
    result.is_ok()
}

async fn send(lake: &Lake, chaos: &Arc<Mutex<Chaos>>, from: u64, to: u64) {
    tell(&format!("try {from} {to}"));
    let rules = chaos.lock().rules;
    let events = (from..to).map(|number| numbered(number, rules)).collect();
    let append = async { lake.append(events).await.map(|_| ()) };
    if work(chaos, "append", append).await {
        tell(&format!("ack {from} {to}"));
    }
}

async fn go_on(lake: &Lake, chaos: &Arc<Mutex<Chaos>>, pending: &Pending) -> bool {
    pump(lake).await;
    let done = match (pending.person, pending.before) {
        (Some(person), _) => {
            work(chaos, "erase", async {
                let erasure = lake.erase(&[person], &RewriteProgress::default()).await?;
                assert!(erasure.proof.holds(), "{erasure:?}");
                Ok(())
            })
            .await
        }
        (None, Some(before)) => {
            work(chaos, "drop", async { lake.drop_before(before, &RewriteProgress::default()).await.map(|_| ()) }).await
        }
        (None, None) => true,
    };
    if done {
        tell("done");
    }
    done
}

/// Derives everything by the rules by which events are taken in.
async fn rederive(lake: &Lake, chaos: &Arc<Mutex<Chaos>>) -> bool {
    pump(lake).await;
    let rules = Box::new(ByVersion(chaos.lock().rules));
    let done =
        work(chaos, "rederive", async { lake.rederive(rules, &RewriteProgress::default()).await.map(|_| ()) }).await;
    if done {
        tell("derived");
    }
    done
}

async fn works(lake: &Lake, chaos: &Arc<Mutex<Chaos>>, clock: &SimClock, ledger: &Ledger, rng: &mut ChaCha8Rng) {
    let mut next = ledger.states.len() as u64;
    let (mut is_pending, mut is_deriving) = (false, false);
    for number in 0..WORKS {
        // Late in a process, rather what it is to be killed in.
        let wanted = chaos.lock().plan.kill_in.clone();
        let choice = rng.random_range(0..100);
        let is_wanted = |work: &str| number > 4 && choice < 50 && wanted == work;
        if is_wanted("rederive") || choice == 93 {
            if !is_deriving {
                let rules = chaos.lock().rules + 1;
                chaos.lock().rules = rules;
                clock.set(moment_of(rules));
                tell(&format!("rules {rules}"));
            }
            is_deriving = !rederive(lake, chaos).await;
        } else if is_wanted("promote") || choice == 92 {
            // Another set each time, so that there are files to write again.
            let names = ["plan", "seats", "tier"].map(|name| format!("{name}{}", rng.random_range(0..3)));
            lake.promote(names.into_iter().chain(["plan".to_owned()]).collect());
            work(chaos, "promote", async { lake.write_promoted(&RewriteProgress::default()).await.map(|_| ()) }).await;
        } else if is_wanted("erase") || is_wanted("drop") || choice > 93 {
            if is_pending {
                continue;
            }
            let person = (!is_wanted("drop")).then(|| rng.random_range(1..=PERSONS));
            let before = person.is_none().then_some(START + 10 * DAY);
            tell(&person.map_or_else(|| format!("drop {}", START + 10 * DAY), |person| format!("erase {person}")));
            is_pending = !go_on(lake, chaos, &Pending { person, before, numbers: Vec::new() }).await;
        } else if is_wanted("seal") || choice > 80 {
            work(chaos, "seal", lake.seal()).await;
        } else if choice > 70 && next > 30 {
            let from = rng.random_range(0..next - 20);
            let rules = chaos.lock().rules;
            let again = (from..from + 15).map(|number| numbered(number, rules)).collect();
            work(chaos, "append", async { lake.append(again).await.map(|_| ()) }).await;
        } else {
            let to = next + rng.random_range(1..25);
            send(lake, chaos, next, to).await;
            next = to;
        }
        if choice % 4 != 0 {
            pump(lake).await;
        }
    }
}

/// Not a test by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the process that the test of kills starts"]
async fn child() {
    let (Ok(folder), Ok(plan)) = (std::env::var("LAKE_KILL_FOLDER"), std::env::var("LAKE_KILL_PLAN")) else { return };
    let plan: Plan = serde_json::from_str(&plan).unwrap();
    let ledger: Ledger = serde_json::from_reader(std::io::stdin()).unwrap();
    let is_calm = plan.kill_in == "nothing";
    let mut rng = ChaCha8Rng::seed_from_u64(plan.seed);
    let seeded = ChaCha8Rng::seed_from_u64(!plan.seed);
    let chaos = Arc::new(Mutex::new(Chaos { rng: seeded, plan, work: "", passed: 0, rules: ledger.rules }));
    let clock = Arc::new(SimClock::new(moment_of(ledger.rules)));
    let config = LakeConfig { faults: faults(&chaos), ..small(Path::new(&folder)) };
    let lake = open_at(config, clock.clone()).await.unwrap();
    verify(&lake, &ledger).await;
    for (from, to) in &ledger.unanswered {
        send(&lake, &chaos, *from, *to).await;
    }
    for pending in &ledger.pending {
        // What was acknowledged since it was begun goes too.
        tell("again");
        if !go_on(&lake, &chaos, pending).await {
            return;
        }
    }
    // A process that ended before it could tell has switched; once more changes nothing.
    if ledger.rules != ledger.derived && !rederive(&lake, &chaos).await {
        return;
    }
    if !is_calm {
        works(&lake, &chaos, &clock, &ledger, &mut rng).await;
    }
}
