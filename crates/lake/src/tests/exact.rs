//! A fold over any split into sealed and hot, any order of arrival, with duplicates and merges, is the naive fold.

use super::{ByVersion, START, Seen, assert_sound, event, named, open_at, pump, small, trace};
use crate::{Event, FoldOptions, KnownAt, Lake, RewriteProgress, SqlLimits};
use kernel::time::{DAY, SECOND, SimClock, TimeRange, Timestamp};
use proptest::prelude::*;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

#[derive(Debug, Clone)]
enum Step {
    /// (event id, person, day, name)
    Append(Vec<(u16, u64, i64, u8)>),
    Pump,
    Seal,
    Reopen,
    Rewind,
    Merges(Vec<(u64, u64)>),
    /// Derives everything again, by the next version of the rules.
    Rederive,
    /// Keeps what a fold says now, to be asked for again at the end.
    Remember,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let row = (0_u16..60, 1_u64..9, 0_i64..80, 0_u8..3);
    let step = prop_oneof![
        5 => proptest::collection::vec(row, 1..14).prop_map(Step::Append),
        4 => Just(Step::Pump),
        2 => Just(Step::Seal),
        1 => Just(Step::Reopen),
        1 => Just(Step::Rewind),
        1 => proptest::collection::vec((1_u64..9, 1_u64..9), 0..4).prop_map(Step::Merges),
        2 => Just(Step::Remember),
        2 => Just(Step::Rederive),
    ];
    proptest::collection::vec(step, 1..16)
}

/// What a plain program would do with all that was appended.
#[derive(Default)]
struct Oracle {
    appended: Vec<Event>,
    merges: HashMap<u64, u64>,
    /// Of the rules.
    version: u32,
}

impl Oracle {
    /// The next version of the rules, over everything.
    fn rederive(&mut self) {
        self.version += 1;
        let rules = ByVersion(self.version);
        for event in &mut self.appended {
            let new = rules.of(&event.event_id);
            if new.channel != event.channel || new.agent_class != event.agent_class {
                *event = rules.stamped(event.clone());
            }
        }
    }

    fn traces(&self, range: TimeRange, person: Option<u64>) -> BTreeMap<u64, Vec<Seen>> {
        let mut ids = HashSet::new();
        let mut traces: BTreeMap<u64, Vec<Seen>> = BTreeMap::new();
        for event in self.appended.iter().filter(|event| ids.insert(event.event_id.clone())) {
            let own: u64 = event.user_id.parse().unwrap();
            let canonical = self.merges.get(&own).copied().unwrap_or(own);
            let wanted = person.is_none_or(|person| canonical == self.merges.get(&person).copied().unwrap_or(person));
            if range.contains(Timestamp::from_micros(event.at)) && wanted {
                let name = named(&event.name, &event.channel, event.agent_class, &event.agent_reason);
                let seen = (event.at, event.offset, name, event.value);
                traces.entry(canonical).or_default().push(seen);
            }
        }
        traces.values_mut().for_each(|trace| trace.sort());
        traces
    }
}

/// What was known at a moment, and the answer that was given then.
type Remembered = (KnownAt, BTreeMap<u64, Vec<Seen>>);

async fn play(steps: Vec<Step>, from: i64, to: i64) -> Result<(), TestCaseError> {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(SimClock::new(Timestamp::from_micros(START)));
    let open = async || open_at(small(folder.path()), clock.clone()).await.unwrap();
    let mut lake = open().await;
    let mut oracle = Oracle::default();
    let mut remembered: Vec<Remembered> = Vec::new();
    for (place, step) in steps.into_iter().enumerate() {
        let now = START + i64::try_from(place).unwrap() * SECOND;
        clock.set(Timestamp::from_micros(now));
        match step {
            Step::Rederive => {
                pump(&lake).await;
                oracle.rederive();
                let rules = Box::new(ByVersion(oracle.version));
                lake.rederive(rules, &RewriteProgress::default()).await.unwrap();
            }
            Step::Remember => {
                pump(&lake).await;
                let known = KnownAt::new(Timestamp::from_micros(now), Arc::new(oracle.merges.clone()));
                remembered.push((known, trace(&lake, &FoldOptions::default()).await));
            }
            Step::Append(rows) => {
                let events: Vec<Event> = rows
                    .into_iter()
                    .map(|(id, person, day, name)| Event {
                        received_at: now,
                        ..event(&format!("e{id}"), person, START + day * DAY, &format!("n{name}"))
                    })
                    .map(|event| ByVersion(oracle.version).stamped(event))
                    .collect();
                let appended = lake.append(events.clone()).await.unwrap();
                for (place, mut event) in events.into_iter().enumerate() {
                    event.offset = appended.first + place as u64;
                    oracle.appended.push(event);
                }
            }
            Step::Pump => pump(&lake).await,
            Step::Seal => lake.seal().await.unwrap(),
            Step::Reopen => {
                drop(lake);
                lake = open().await;
                lake.set_merges(Arc::new(oracle.merges.clone()));
            }
            Step::Rewind => lake.rewind(),
            Step::Merges(pairs) => {
                // As identity gives them: no canonical person is merged itself.
                let canonical: HashSet<u64> = pairs.iter().map(|(_, to)| *to).collect();
                oracle.merges = pairs.into_iter().filter(|(from, _)| !canonical.contains(from)).collect();
                lake.set_merges(Arc::new(oracle.merges.clone()));
            }
        }
    }
    pump(&lake).await;
    compare(&lake, &oracle, &remembered, from, to).await?;
    assert_sound(&lake).await;
    Ok(())
}

async fn compare(
    lake: &Lake,
    oracle: &Oracle,
    remembered: &[Remembered],
    from: i64,
    to: i64,
) -> Result<(), TestCaseError> {
    prop_assert_eq!(trace(lake, &FoldOptions::default()).await, oracle.traces(TimeRange::ALL, None));
    let range =
        TimeRange { from: Timestamp::from_micros(START + from * DAY), to: Timestamp::from_micros(START + to * DAY) };
    prop_assert_eq!(trace(lake, &FoldOptions::over(range)).await, oracle.traces(range, None));
    for person in 1..9 {
        let options = FoldOptions { person: Some(person), ..FoldOptions::default() };
        prop_assert_eq!(trace(lake, &options).await, oracle.traces(TimeRange::ALL, Some(person)));
    }
    // As of a moment: the answer that was given then, whatever came later, in files and in memory, at once and after a seal.
    for sealed in [false, true] {
        for (known, answer) in remembered {
            let options = FoldOptions { as_of: Some(known.clone()), ..FoldOptions::default() };
            prop_assert_eq!(&trace(lake, &options).await, answer, "sealed: {}", sealed);
        }
        lake.seal().await.unwrap();
    }
    let everything = oracle.traces(TimeRange::ALL, None);
    let answer = lake.sql("select count(*), count(distinct person) from events", vec![], SqlLimits::default()).await;
    let rows: usize = everything.values().map(Vec::len).sum();
    prop_assert_eq!(answer.unwrap().rows, vec![vec![serde_json::json!(rows), serde_json::json!(everything.len())]]);
    for (person, trace) in &everything {
        let newest = lake.events_of(&[*person], None, 5).await.unwrap();
        let newest: Vec<(i64, u64)> = newest.iter().map(|event| (event.at, event.offset)).collect();
        let expected: Vec<(i64, u64)> = trace.iter().rev().take(5).map(|seen| (seen.0, seen.1)).collect();
        prop_assert_eq!(newest, expected);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    /// DESIGN §6: every acknowledged event, exactly once, in order.
    #[test]
    fn a_fold_is_the_naive_fold(steps in steps(), from in 0_i64..60, length in 1_i64..40) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(play(steps, from, from + length))?;
    }
}
