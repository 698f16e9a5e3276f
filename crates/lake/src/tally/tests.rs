//! Tallies against plain loops.

use super::counts::{Tally, Touch};
use super::{TallyCell, TallyFold};
use crate::folds::filter::EventFilter;
use crate::folds::predicates::{Found, Predicate, Test, Who, Within};
use crate::folds::sessions::{SessionFold, SessionRow};
use crate::folds::tests::oracles::{CHANNELS, NAMES, history};
use crate::tests::START;
use crate::{Amount, Col, Dict, FoldOptions};
use kernel::time::{DAY, HOUR, TimeRange, Timestamp};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Four periods of unequal length; what lies outside is not counted.
const BOUNDS: [i64; 5] = [START + 10 * DAY, START + 11 * DAY, START + 20 * DAY, START + 21 * DAY, START + 70 * DAY];

fn range() -> TimeRange {
    TimeRange { from: Timestamp::from_micros(BOUNDS[0]), to: Timestamp::from_micros(BOUNDS[4]) }
}

/// (person, moment, value if it has one).
type Row = (u64, i64, Option<i64>);

fn cell(rows: &[Row]) -> TallyCell {
    let people: BTreeSet<u64> = rows.iter().map(|row| row.0).collect();
    TallyCell {
        events: rows.len() as u64,
        people: people.len() as u64,
        marked: rows.iter().filter(|row| row.2.is_some()).count() as u64,
        sum: rows.iter().map(|row| i128::from(row.2.unwrap_or(0))).sum(),
    }
}

/// The cells of a line: the periods, and the whole range.
fn cells(rows: &[Row]) -> Vec<TallyCell> {
    let inside =
        |from: i64, to: i64| rows.iter().filter(|row| from <= row.1 && row.1 < to).copied().collect::<Vec<_>>();
    let mut all: Vec<TallyCell> = BOUNDS.windows(2).map(|pair| cell(&inside(pair[0], pair[1]))).collect();
    all.push(cell(&inside(BOUNDS[0], BOUNDS[4])));
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// AN, explorations: exact counts; "other" loses nobody and counts nobody twice.
    #[test]
    fn a_tally_is_a_group_by(history in history(), any in any::<bool>(), shown in 0..3_usize) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let lake = history.lake(folder.path()).await;
            let people = history.people();
            let options = FoldOptions::over(range());
            let inside = |at: i64| BOUNDS[0] <= at && at < BOUNDS[4];
            // Who did `b` in the range.
            let meant: BTreeSet<u64> = people.iter()
                .filter(|(_, events)| events.iter().any(|event| event.2 == 1 && inside(event.0)))
                .map(|(person, _)| *person).collect();
            let rows = |among: bool, admits: &dyn Fn(usize, usize) -> bool| -> Vec<Row> {
                let of = people.iter().filter(|(person, _)| !among || meant.contains(person));
                of.flat_map(|(person, events)| events.iter().map(move |event| (person, event)))
                    .filter(|(_, event)| admits(event.2, event.3))
                    .map(|(person, event)| (*person, event.0, (event.2 == 0).then(|| (event.0 - START) / HOUR * 10)))
                    .collect()
            };
            let filter = if any { EventFilter::default() } else { EventFilter::named("a") };
            let is = |name: usize| any || name == 0;
            let by = TallyFold::new(std::slice::from_ref(&filter), &BOUNDS).by(Col::Channel).with(Amount::Value);
            let tally = lake.fold(&by, &options).await.unwrap();
            prop_assert_eq!(tally.whole(), cells(&rows(false, &|name, _| is(name))));
            for (place, text) in CHANNELS.iter().enumerate() {
                let expected = cells(&rows(false, &|name, channel| is(name) && channel == place));
                let found = tally.row_of(text).map_or_else(|| vec![TallyCell::default(); 5], <[TallyCell]>::to_vec);
                prop_assert_eq!(found, expected, "{}", text);
            }
            let texts: Vec<String> = CHANNELS[..shown].iter().map(|text| (*text).to_owned()).collect();
            let rest = cells(&rows(false, &|name, channel| is(name) && channel >= shown));
            prop_assert_eq!(tally.outside(&texts), Some(rest.clone()));
            let few = TallyFold::new(std::slice::from_ref(&filter), &BOUNDS).showing(Col::Channel, &texts).with(Amount::Value);
            prop_assert_eq!(lake.fold(&few, &options).await.unwrap().outside(&texts), Some(rest.clone()));
            // Put together from parts: of one reading, or of one each.
            let parts = by.clone().in_parts(&[0, 0, 1, 2], true);
            let once = lake.fold(&parts, &options).await.unwrap().split();
            let mut each = Vec::new();
            for ends in [&BOUNDS[..3], &BOUNDS[2..4], &BOUNDS[3..]] {
                let fold = TallyFold::new(std::slice::from_ref(&filter), ends).by(Col::Channel).with(Amount::Value);
                each.extend(lake.fold(&fold.in_parts(&vec![0; ends.len() - 1], true), &options).await.unwrap().split());
            }
            for parts in [&once, &each] {
                let joined = Tally::joined(&parts.iter().collect::<Vec<_>>(), true).unwrap();
                prop_assert_eq!(joined.whole(), tally.whole());
                prop_assert_eq!(joined.outside(&texts), Some(rest.clone()));
                prop_assert_eq!(joined.currencies(), tally.currencies());
                for text in CHANNELS {
                    let of = |tally: &Tally| tally.row_of(text).map_or_else(|| vec![TallyCell::default(); 5], <[TallyCell]>::to_vec);
                    prop_assert_eq!(of(&joined), of(&tally), "{}", text);
                }
            }
            // Who they are.
            for (text, outside) in [(None, texts.clone()), (texts.first().cloned(), Vec::new())] {
                for period in [None, Some(1)] {
                    let listed = super::Listed { series: 0, period, text: text.clone(), outside: outside.clone() };
                    let mut found = lake.fold(&by.clone().listing(&listed), &options).await.unwrap().listed;
                    found.sort_unstable();
                    found.dedup();
                    let cells = match &text {
                        Some(text) => tally.row_of(text).map_or_else(|| vec![TallyCell::default(); 5], <[TallyCell]>::to_vec),
                        None => rest.clone(),
                    };
                    prop_assert_eq!(found.len() as u64, cells[period.unwrap_or(4)].people);
                }
            }
            // Two series at once, of people who did something else.
            let series = [EventFilter::named("a"), EventFilter::default().with(Col::Channel, "Email")];
            let test = Test { predicate: Predicate::Count { filter: EventFilter::named("b"), at_least: 1 }, holds: true };
            let who = Who { tests: vec![test], any: false, range: range() };
            let within = Within::new(TallyFold::new(&series, &BOUNDS).with(Amount::Value), Some(who));
            let Found { people: found, found: tally } = lake.fold(&within, &options).await.unwrap();
            prop_assert_eq!(found, meant.len() as u64);
            prop_assert_eq!(tally.series(0), cells(&rows(true, &|name, _| name == 0)));
            prop_assert_eq!(tally.series(1), cells(&rows(true, &|_, channel| CHANNELS[channel] == "Email")));
            Ok(())
        })?;
    }

    /// AN 1.2: sessions by where they came from, counted when they began.
    #[test]
    fn a_tally_of_sessions_is_a_group_by_of_sessions(history in history(), any in any::<bool>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let lake = history.lake(folder.path()).await;
            let settings = SessionFold::new(30 * HOUR, HOUR, &[]);
            let sessions = lake.fold(&settings, &FoldOptions::default()).await.unwrap();
            let people = history.people();
            let holds = |session: &&SessionRow| any || people[&session.person].iter()
                .any(|event| event.2 == 0 && session.start <= event.0 && event.0 <= session.end);
            let filter = if any { EventFilter::default() } else { EventFilter::named("a") };
            let fold = TallyFold::of_sessions(&[filter], &BOUNDS, settings.clone()).by(Col::Channel);
            let tally = lake.fold(&fold, &FoldOptions::default()).await.unwrap();
            let mut expected: BTreeMap<&str, Vec<TallyCell>> = BTreeMap::new();
            for (place, text) in CHANNELS.iter().enumerate() {
                let rows: Vec<&SessionRow> = sessions.rows.iter().filter(holds)
                    .filter(|row| sessions.text(row.channel) == CHANNELS[place]).collect();
                let cell = |from: i64, to: i64| {
                    let inside: Vec<_> = rows.iter().filter(|row| from <= row.start && row.start < to).collect();
                    TallyCell {
                        events: inside.len() as u64,
                        people: inside.iter().map(|row| row.person).collect::<BTreeSet<_>>().len() as u64,
                        marked: inside.iter().filter(|row| row.engaged).count() as u64,
                        sum: inside.iter().map(|row| i128::from(row.engaged_us())).sum(),
                    }
                };
                let bounds = BOUNDS.windows(2).map(|pair| (pair[0], pair[1])).chain([(BOUNDS[0], BOUNDS[4])]);
                expected.insert(text, bounds.map(|(from, to)| cell(from, to)).collect());
            }
            for (text, expected) in expected {
                let found = tally.row_of(text).map_or_else(|| vec![TallyCell::default(); 5], <[TallyCell]>::to_vec);
                prop_assert_eq!(found, expected, "{}", text);
            }
            Ok(())
        })?;
    }

    /// With far more texts than combinations are kept of: the rest is right, or it is not told.
    #[test]
    fn people_outside_some_texts_are_counted_or_not_told(
        people in prop::collection::vec(prop::collection::vec((0..90_u32, 0..2_u32), 1..5), 1..120),
        buckets in 1..4_usize,
        shown in prop::collection::vec(0..90_u32, 0..4),
    ) {
        let mut total: Option<Tally> = None;
        for bucket in 0..buckets {
            let mut dict = Dict::new();
            let mut tally = Tally::new(2, true, false);
            for touches in people.iter().skip(bucket).step_by(buckets) {
                let mut touches: Vec<Touch> = touches.iter().map(|(text, period)| {
                    Touch { key: dict.intern(&format!("t{text}")), period: *period, events: 1, marked: 0, sum: 0 }
                }).collect();
                touches.sort_by_key(|touch| touch.period);
                tally.add(1, &touches);
            }
            tally.close(|code| dict.text(code), None);
            match &mut total {
                Some(total) => total.merge(&tally),
                None => total = Some(tally),
            }
        }
        let total = total.unwrap();
        let texts: BTreeSet<String> = shown.iter().map(|text| format!("t{text}")).collect();
        let count = |holds: &dyn Fn(u32) -> bool, period: Option<u32>| {
            let is = |touch: &&(u32, u32)| holds(touch.0) && period.is_none_or(|period| touch.1 == period);
            people.iter().filter(|touches| touches.iter().any(|touch| is(&touch))).count() as u64
        };
        let all: Vec<u64> = total.whole().iter().map(|cell| cell.people).collect();
        prop_assert_eq!(all, vec![count(&|_| true, Some(0)), count(&|_| true, Some(1)), count(&|_| true, None)]);
        let outside = |text: u32| !texts.contains(&format!("t{text}"));
        if let Some(rest) = total.outside(&texts.iter().cloned().collect::<Vec<_>>()) {
            let rest: Vec<u64> = rest.iter().map(|cell| cell.people).collect();
            prop_assert_eq!(rest, vec![count(&outside, Some(0)), count(&outside, Some(1)), count(&outside, None)]);
        } else {
            prop_assert!(total.rows().count() > 63, "few texts are always told");
        }
    }

    /// Predicates over random histories: did, did not, how often, for how much, in what order.
    #[test]
    fn predicates_hold_of_whom_they_hold(
        history in history(),
        at_least in 1..4_u64,
        amount in 0..30_000_i64,
        days in 1..40_i64,
        holds in prop::collection::vec(any::<bool>(), 4),
        any in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let lake = history.lake(folder.path()).await;
            let among = [1, 4, 5].into_iter().collect::<hashbrown::HashSet<u64>>();
            let named = EventFilter::named;
            let predicates = [
                Predicate::Count { filter: named("b").with(Col::Channel, ""), at_least },
                Predicate::Sum { filter: named("a"), of: Amount::Value, at_least: i128::from(amount) },
                Predicate::Sequence { steps: vec![named("a"), named("b"), named("a")], within_us: days * DAY },
                Predicate::Among(std::sync::Arc::new(among.clone())),
            ];
            let tests = predicates.into_iter().zip(&holds).map(|(predicate, holds)| Test { predicate, holds: *holds });
            let who = Who { tests: tests.collect(), any, range: range() };
            let fold = crate::folds::predicates::PredicateFold::new(who);
            let mut found = lake.fold(&fold, &FoldOptions::default()).await.unwrap();
            found.sort_unstable();
            let follows = |events: &[(i64, usize, usize, usize)]| {
                let is = |place: usize, name: usize| events[place].2 == name;
                (0..events.len()).any(|a| is(a, 0) && (a + 1..events.len()).any(|b| {
                    is(b, 1) && (b + 1..events.len()).any(|c| is(c, 0) && events[c].0 - events[a].0 <= days * DAY)
                }))
            };
            let mut expected = Vec::new();
            for (person, events) in history.people() {
                let events: Vec<_> =
                    events.into_iter().filter(|event| BOUNDS[0] <= event.0 && event.0 < BOUNDS[4]).collect();
                let count = events.iter().filter(|event| event.2 == 1 && event.3 == 0).count() as u64;
                let sum: i64 = events.iter().filter(|event| event.2 == 0).map(|event| (event.0 - START) / HOUR * 10).sum();
                let real = [count >= at_least, sum >= amount, follows(&events), among.contains(&person)];
                let mut held = real.iter().zip(&holds).map(|(real, holds)| real == holds);
                if !events.is_empty() && if any { held.any(|held| held) } else { held.all(|held| held) } {
                    expected.push(person);
                }
            }
            prop_assert_eq!(found, expected);
            Ok(())
        })?;
    }
}

#[test]
fn the_names_of_the_histories_are_those_of_the_tests() {
    assert_eq!((&NAMES[..2], CHANNELS[1]), (&["a", "b"][..], "Email"));
}
