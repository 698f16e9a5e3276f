//! Each fold against the plainest computation of the same thing, over random histories: late, in pieces, merged.

use super::super::cube::CubeFold;
use super::super::filter::EventFilter;
use crate::sequences::funnel::{Exclusion, FunnelFold, FunnelOrder, Listed};
use crate::sequences::paths::{PathsFold, Stop};
use crate::sequences::retention::RetentionFold;
use crate::tests::{START, event, open, pump};
use crate::{Col, Event, FoldOptions, Lake};
use kernel::time::{DAY, HOUR, TimeRange, Timestamp};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

pub(crate) const NAMES: [&str; 5] = ["a", "b", "c", "d", "other"];
pub(crate) const CHANNELS: [&str; 3] = ["", "Email", "Paid Search"];

/// The first period itself, the two after it, and all later ones.
const BRACKETS: [std::ops::RangeInclusive<usize>; 3] = [0..=0, 1..=2, 3..=500];

/// Texts and period.
type Cell<'a> = (Vec<&'a str>, usize);

/// (person, moment in hours, name, channel).
pub(crate) type Row = (u64, i64, usize, usize);

/// What happened, when it is sealed, and who is merged into whom.
#[derive(Debug, Clone)]
pub(crate) struct History {
    pub(crate) rows: Vec<Row>,
    pub(crate) seals: Vec<usize>,
    pub(crate) merges: Vec<(u64, u64)>,
}

pub(crate) fn history() -> impl Strategy<Value = History> {
    let row = (1..7_u64, 0..2_000_i64, 0..NAMES.len(), 0..CHANNELS.len());
    let rows = prop::collection::vec(row, 1..120);
    let merges = prop::collection::vec((1..4_u64, 4..7_u64), 0..3);
    (rows, prop::collection::vec(0..120_usize, 0..4), merges).prop_map(|(rows, seals, merges)| {
        let mut once: HashMap<u64, u64> = HashMap::new();
        merges.into_iter().for_each(|(from, to)| {
            once.entry(from).or_insert(to);
        });
        History { rows, seals, merges: once.into_iter().collect() }
    })
}

impl History {
    pub(crate) async fn lake(&self, folder: &std::path::Path) -> Lake {
        let lake = open(folder).await;
        for (place, (person, hours, name, channel)) in self.rows.iter().enumerate() {
            let event = Event {
                channel: CHANNELS[*channel].into(),
                value: (*name == 0).then_some(hours * 10),
                ..event(&format!("e{place}"), *person, START + hours * HOUR, NAMES[*name])
            };
            lake.append(vec![event]).await.unwrap();
            pump(&lake).await;
            if self.seals.contains(&place) {
                lake.seal().await.unwrap();
            }
        }
        lake.set_merges(Arc::new(self.merges.iter().copied().collect()));
        lake
    }

    /// Each person's events in order: (moment, place, name, channel).
    pub(crate) fn people(&self) -> BTreeMap<u64, Vec<(i64, usize, usize, usize)>> {
        let merged: HashMap<u64, u64> = self.merges.iter().copied().collect();
        let mut people: BTreeMap<u64, Vec<_>> = BTreeMap::new();
        for (place, (person, hours, name, channel)) in self.rows.iter().enumerate() {
            let person = merged.get(person).unwrap_or(person);
            people.entry(*person).or_default().push((START + hours * HOUR, place, *name, *channel));
        }
        people.values_mut().for_each(|events| events.sort_unstable());
        people
    }
}

/// The furthest any attempt comes: tries every beginning and every way on.
fn furthest(events: &[(i64, usize, usize, usize)], from: usize, step: usize, end: i64, strict: bool) -> usize {
    if step == 3 {
        return 3;
    }
    let mut best = step;
    for place in from..events.len() {
        let (at, _, name, _) = events[place];
        if at > end {
            break;
        }
        // The name `d` must not come between two steps.
        if step > 0 && name == 3 {
            break;
        }
        if name == step {
            best = best.max(furthest(events, place + 1, step + 1, end, strict));
        }
        if strict {
            break;
        }
    }
    best
}

fn oracle_funnel(history: &History, strict: bool) -> (Vec<u64>, BTreeSet<u64>) {
    let (mut counts, mut all) = (vec![0; 3], BTreeSet::new());
    for (person, events) in history.people() {
        let mut best = 0;
        for (place, (at, _, name, _)) in events.iter().enumerate() {
            if *name == 0 {
                best = best.max(furthest(&events, place + 1, 1, at + 10 * DAY, strict));
            }
        }
        (0..best).for_each(|step| counts[step] += 1);
        if best == 2 {
            all.insert(person);
        }
    }
    (counts, all)
}

pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_funnel_is_the_furthest_of_all_attempts(history in history(), strict: bool) {
        let folder = tempfile::tempdir().unwrap();
        let found = run(async {
            let lake = history.lake(folder.path()).await;
            let steps = ["a", "b", "c"].map(EventFilter::named);
            let not = [Exclusion { filter: EventFilter::named("d"), after: None }];
            let order = if strict { FunnelOrder::Strict } else { FunnelOrder::Loose };
            let listed = Listed { steps: 2, stopped: true, group: None, people_max: 100 };
            let fold = FunnelFold::with_exclusions(&steps, &not, 10 * DAY).ordered(order).listing(listed);
            let fold = fold.by(Col::Country);
            lake.fold(&fold, &FoldOptions::default()).await.unwrap()
        });
        let mut counts = vec![0; 3];
        for group in found.groups.values() {
            group.people.iter().enumerate().for_each(|(step, people)| counts[step] += people);
            for (step, people) in group.people.iter().enumerate() {
                prop_assert_eq!(group.took[step].iter().sum::<u64>(), *people);
            }
        }
        let (expected, stopped) = oracle_funnel(&history, strict);
        prop_assert_eq!(counts, expected);
        prop_assert_eq!(found.people.into_iter().collect::<BTreeSet<_>>(), stopped);
    }

    #[test]
    fn retention_is_who_came_back_when(history in history()) {
        let folder = tempfile::tempdir().unwrap();
        // Some events lie before the first period, some after the last.
        let begin = START + 10 * DAY;
        let bounds: Vec<i64> = (0..=8).map(|week| begin + week * 7 * DAY).collect();
        let found = run(async {
            let lake = history.lake(folder.path()).await;
            let named = RetentionFold::new(&EventFilter::named("a"), &EventFilter::named("b"), &bounds);
            let any = RetentionFold::new(&EventFilter::default(), &EventFilter::default(), &bounds);
            let (named, any) = (named.bracketed(&BRACKETS), any.bracketed(&BRACKETS));
            let named = lake.fold(&named, &FoldOptions::default()).await.unwrap();
            (named, lake.fold(&any, &FoldOptions::default()).await.unwrap())
        });
        for (found, first, back) in [(&found.0, Some(0), Some(1)), (&found.1, None, None)] {
            let mut people = vec![0; 8];
            let mut exact: Vec<Vec<u64>> = (0..8).map(|cohort| vec![0; 8 - cohort]).collect();
            let mut unbounded = exact.clone();
            let mut brackets = vec![vec![0; BRACKETS.len()]; 8];
            for events in history.people().values() {
                let week = |at: i64| usize::try_from((at - begin).div_euclid(7 * DAY)).unwrap_or(usize::MAX);
                let mut inside = events.iter().filter(|event| week(event.0) < 8);
                let is = |wanted: Option<usize>, name: usize| wanted.is_none_or(|wanted| wanted == name);
                let Some(begin) = inside.clone().position(|event| is(first, event.2)) else { continue };
                let cohort = week(inside.clone().nth(begin).unwrap().0);
                people[cohort] += 1;
                let weeks: BTreeSet<usize> =
                    inside.by_ref().skip(begin).filter(|event| is(back, event.2)).map(|event| week(event.0)).collect();
                weeks.iter().for_each(|week| exact[cohort][week - cohort] += 1);
                for (people, bracket) in brackets[cohort].iter_mut().zip(&BRACKETS) {
                    *people += u64::from(weeks.iter().any(|week| bracket.contains(&(week - cohort))));
                }
                if let Some(last) = weeks.last() {
                    (0..=last - cohort).for_each(|place| unbounded[cohort][place] += 1);
                }
            }
            prop_assert_eq!(&found.people, &people);
            prop_assert_eq!(&found.exact, &exact);
            prop_assert_eq!(&found.unbounded, &unbounded);
            prop_assert_eq!(&found.brackets, &brackets);
        }
    }

    #[test]
    fn a_cube_is_a_group_by(history in history(), from in 0..1_000_i64) {
        let folder = tempfile::tempdir().unwrap();
        let bounds: Vec<i64> = (0..=30).map(|day| START + day * 2 * DAY).collect();
        let range = TimeRange { from: Timestamp::from_micros(START + from * HOUR), to: TimeRange::ALL.to };
        let found = run(async {
            let lake = history.lake(folder.path()).await;
            let fold = CubeFold::new(&EventFilter::default(), &[Col::Channel, Col::Name], &bounds).with_value();
            let two = lake.fold(&fold, &FoldOptions::over(range)).await.unwrap();
            let filter = EventFilter::named("a").with(Col::Channel, "Email");
            let one = CubeFold::new(&filter, &[Col::Channel], &[]);
            (two, lake.fold(&one, &FoldOptions::default()).await.unwrap())
        });
        let mut expected: BTreeMap<Cell<'_>, (u64, BTreeSet<u64>, i128)> = BTreeMap::new();
        let (mut events, mut people) = (0, BTreeSet::new());
        for (person, rows) in history.people() {
            for (at, _, name, channel) in rows {
                if name == 0 && channel == 1 {
                    events += 1;
                    people.insert(person);
                }
                if at < START + from * HOUR || at >= START + 60 * DAY {
                    continue;
                }
                let period = usize::try_from((at - START) / (2 * DAY)).unwrap();
                let cell = expected.entry((vec![CHANNELS[channel], NAMES[name]], period)).or_default();
                cell.0 += 1;
                cell.1.insert(person);
                cell.2 += if name == 0 { i128::from((at - START) / HOUR * 10) } else { 0 };
            }
        }
        let mut cells: BTreeMap<Cell<'_>, (u64, u64, i128)> = BTreeMap::new();
        for (texts, row) in found.0.rows() {
            for (period, cell) in row.iter().enumerate().filter(|(_, cell)| cell.events > 0) {
                cells.insert((texts.clone(), period), (cell.events, cell.people, cell.value));
            }
        }
        let expected: BTreeMap<_, _> =
            expected.into_iter().map(|(key, (events, people, value))| (key, (events, people.len() as u64, value))).collect();
        prop_assert_eq!(cells, expected);
        let one: Vec<_> = found.1.rows().map(|(texts, row)| (texts, row[0].events, row[0].people)).collect();
        let expected = if events == 0 { Vec::new() } else { vec![(vec!["Email"], events, people.len() as u64)] };
        prop_assert_eq!(one, expected);
    }

    #[test]
    fn paths_credit_each_conversion_once_and_count_every_step(history in history()) {
        let folder = tempfile::tempdir().unwrap();
        let found = run(async {
            let lake = history.lake(folder.path()).await;
            let touch = EventFilter::named("a");
            let fold = PathsFold::new(Col::Channel, &touch, &EventFilter::named("b"), 20 * DAY, 7 * DAY);
            lake.fold(&fold, &FoldOptions::default()).await.unwrap()
        });
        let mut credits: BTreeMap<String, f64> = BTreeMap::new();
        let mut transitions: BTreeMap<(Stop, Stop), u64> = BTreeMap::new();
        let (mut conversions, mut uncredited) = (0, 0);
        for events in history.people().values() {
            let (mut before, mut touches) = (Stop::Start, Vec::new());
            for (at, _, name, channel) in events {
                if *name == 0 && *channel > 0 {
                    let stop = Stop::At(CHANNELS[*channel].to_owned());
                    *transitions.entry((before, stop.clone())).or_default() += 1;
                    before = stop;
                    touches.push((*at, *channel));
                } else if *name == 1 {
                    conversions += 1;
                    *transitions.entry((before, Stop::Conversion)).or_default() += 1;
                    before = Stop::Start;
                    touches.retain(|(touch, _)| at - touch <= 20 * DAY);
                    let weight = |touch: i64| (-((at - touch) as f64) / (7 * DAY) as f64).exp2();
                    let sum: f64 = touches.iter().map(|(touch, _)| weight(*touch)).sum();
                    uncredited += u64::from(touches.is_empty());
                    for (touch, channel) in touches.drain(..) {
                        *credits.entry(CHANNELS[channel].to_owned()).or_default() += weight(touch) / sum;
                    }
                }
            }
            if before != Stop::Start {
                *transitions.entry((before, Stop::Nothing)).or_default() += 1;
            }
        }
        prop_assert_eq!(found.transitions, transitions);
        prop_assert_eq!((found.conversions, found.uncredited), (conversions, uncredited));
        prop_assert_eq!(found.credits.keys().collect::<Vec<_>>(), credits.keys().collect::<Vec<_>>());
        for (channel, credit) in &credits {
            prop_assert!((found.credits[channel] - credit).abs() < 1e-9);
        }
        let sum: f64 = found.credits.values().sum();
        prop_assert!((sum - (conversions - uncredited) as f64).abs() < 1e-9, "credit conserves");
    }

    #[test]
    fn a_merge_taken_back_restores_every_fold(history in history()) {
        let folder = tempfile::tempdir().unwrap();
        run(async {
            let lake = history.lake(folder.path()).await;
            let steps = ["a", "b", "c"].map(EventFilter::named);
            let fold = FunnelFold::new(&steps, 10 * DAY);
            let cube = CubeFold::new(&EventFilter::default(), &[Col::Channel], &[]);
            let options = FoldOptions::default();
            let shown = async || {
                let cube = lake.fold(&cube, &options).await.unwrap();
                let mut cells: Vec<_> =
                    cube.rows().map(|(texts, row)| (texts.join(" "), row[0].events, row[0].people)).collect();
                cells.sort();
                (lake.fold(&fold, &options).await.unwrap().groups, cells)
            };
            lake.set_merges(Arc::default());
            let alone = shown().await;
            lake.set_merges(Arc::new(history.merges.iter().copied().collect()));
            lake.seal().await.unwrap();
            let merged = shown().await;
            lake.set_merges(Arc::default());
            assert_eq!(shown().await, alone);
            lake.set_merges(Arc::new(history.merges.iter().copied().collect()));
            assert_eq!(shown().await, merged);
        });
    }
}

/// A column of many texts, and a half life of which every age is many.
#[test]
fn paths_take_any_number_of_texts_and_any_half_life() {
    let folder = tempfile::tempdir().unwrap();
    run(async {
        let lake = open(folder.path()).await;
        let touch = |place: i64| Event {
            path: format!("/p{place}"),
            ..event(&format!("t{place}"), 1, START + place * HOUR, "a")
        };
        let mut events: Vec<Event> = (0..600).map(touch).collect();
        events.push(event("end", 1, START + 700 * HOUR, "b"));
        lake.append(events).await.unwrap();
        pump(&lake).await;
        let (touch, conversion) = (EventFilter::named("a"), EventFilter::named("b"));
        let fold = PathsFold::new(Col::Path, &touch, &conversion, 100 * DAY, 1);
        let found = lake.fold(&fold, &FoldOptions::default()).await.unwrap();
        assert_eq!((found.conversions, found.uncredited), (1, 0));
        assert_eq!(found.credits, BTreeMap::from([("/p599".to_owned(), 1.0)]));
        assert_eq!(found.transitions.len(), 601);
        let step = (Stop::At("/p598".to_owned()), Stop::At("/p599".to_owned()));
        assert_eq!(found.transitions[&step], 1);
    });
}
