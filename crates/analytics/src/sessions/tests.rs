//! Kept months against one plain fold over everything, through late events, seals, merges and people who become known.

use super::{Extra, Kept, Session, SessionFacts, Settings, Wanted, extra, firsts, renew};
use crate::facts::tests_world::Dice;
use jiff::tz::TimeZone;
use kernel::time::{DAY, MINUTE, SimClock, Timestamp};
use lake::folds::sessions::{SessionFold, SessionRow};
use lake::{AgentClass, Event, EventKind, FileCatalog, FoldOptions, Lake, LakeConfig};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// 2026-01-01T00:00:00Z.
const START: i64 = 1_767_225_600_000_000;
const PEOPLE: u64 = 12;

async fn lake_at(folder: &std::path::Path) -> Lake {
    let catalog = Arc::new(FileCatalog::new(folder.join("catalog.json")));
    let clock = Arc::new(SimClock::new(Timestamp::from_micros(START + 120 * DAY)));
    Lake::open(LakeConfig::at(folder), catalog, clock).await.unwrap()
}

async fn admit(lake: &Lake, events: Vec<Event>) {
    let persons: Vec<u64> = events.iter().map(|event| event.person).collect();
    lake.append(events).await.unwrap();
    let mut taken = Vec::new();
    while taken.len() < persons.len() {
        taken.extend(lake.next(1_000).await.unwrap());
    }
    for (event, person) in taken.iter_mut().zip(persons) {
        event.person = person;
    }
    let last = taken.last().unwrap().offset;
    lake.admit(taken, last).await.unwrap();
}

/// Moments around the ends of months, some of them far into a chain of events that never pauses.
fn moment(dice: &mut Dice) -> i64 {
    let days = dice.of(&[30, 31, 58, 59, 59, 89, 12, 45]);
    let minutes = dice.of(&[-90, -31, -30, -29, -5, -1, 0, 1, 7, 29, 30, 31, 200]);
    START + days * DAY + minutes * MINUTE + i64::try_from(dice.below(3)).unwrap()
}

fn event(dice: &mut Dice, number: u64) -> Event {
    let sources =
        [("Direct", "(direct)", ""), ("", "", ""), ("Paid Search", "google", "spring"), ("Email", "news", "May")];
    let (channel, source, campaign) = dice.of(&sources);
    let (at, kind) =
        (moment(dice), dice.of(&[EventKind::Page, EventKind::Page, EventKind::Track, EventKind::Identify]));
    Event {
        event_id: format!("e{number}"),
        person: 1 + dice.below(PEOPLE),
        at,
        received_at: START + 120 * DAY,
        kind,
        agent_class: dice.of(&[
            AgentClass::Human,
            AgentClass::Human,
            AgentClass::Unknown,
            AgentClass::Bot,
            AgentClass::AiAgent,
        ]),
        name: "Something".into(),
        path: dice.of(&["/", "/pricing", "/demo", "(not set)"]).into(),
        channel: channel.into(),
        source: source.into(),
        campaign: campaign.into(),
        campaign_id: dice.of(&["", "", "17"]).into(),
        click_id_kind: dice.of(&["", "gclid"]).into(),
        click_id: dice.of(&["", "c1", "c2", "c3"]).into(),
        country: dice.of(&["DE", "AT"]).into(),
        device: dice.of(&["desktop", "mobile", "server"]).into(),
        ..Event::default()
    }
}

fn settings() -> Settings {
    Settings { timeout_us: 30 * MINUTE, zone: TimeZone::get("Europe/Berlin").unwrap() }
}

async fn facts(lake: &Lake, kept: Kept, before: Option<Arc<SessionFacts>>) -> SessionFacts {
    let wanted = Wanted { settings: settings(), kept, kept_max: usize::MAX, before };
    renew(&lake.snapshot(), &wanted).await.unwrap()
}

type Told = (u64, i64, u64, Vec<String>, Vec<String>);

fn told(facts: &SessionFacts, (session, place): (Session, Option<u32>)) -> Told {
    let text = |code: u32| facts.texts.text(code).to_owned();
    let mut words: Vec<String> = session.codes().into_iter().map(text).collect();
    words.extend([text(session.campaign_id), format!("{:?} {}", session.agent_class, session.engaged)]);
    words.push(format!("{} {} {} {}", session.day, session.seconds, session.pages, session.direct));
    let mut pages: Vec<String> =
        place.map_or(&[][..], |place| facts.pages_of(place)).iter().map(|page| text(*page)).collect();
    pages.sort();
    (session.person, session.start, session.offset, words, pages)
}

fn all(facts: &SessionFacts) -> Vec<Told> {
    let mut found: Vec<Told> =
        facts.rows().zip(0..).map(|(session, place)| told(facts, (session, Some(place)))).collect();
    found.sort();
    found
}

type Counts = BTreeMap<(i32, Vec<String>, String), u64>;

fn cells(facts: &SessionFacts) -> Counts {
    let mut counts = Counts::new();
    for cell in facts.cells(i32::MIN, i32::MAX) {
        let words = cell.codes.iter().map(|code| facts.texts.text(*code).to_owned()).collect();
        let who = format!("{:?} {}", cell.agent_class, cell.engaged);
        *counts.entry((cell.day, words, who)).or_default() += u64::from(cell.sessions);
    }
    counts
}

fn counted(sessions: &[Told], kept: &Kept) -> Counts {
    let mut counts = Counts::new();
    for (person, _, _, words, _) in sessions.iter().filter(|told| !kept.has(told.0, told.1)) {
        let day = words[10].split(' ').next().unwrap().parse().unwrap();
        *counts.entry((day, words[..8].to_vec(), words[9].clone())).or_default() += 1;
        assert!(*person > 0);
    }
    counts
}

/// Person, start, seconds, offset, source, landing page, pages, engaged.
type Plain = (u64, i64, i64, u64, String, String, u32, bool);

/// What the plain fold of the lake says, cut in no way.
async fn plain(lake: &Lake) -> Vec<Plain> {
    let found = lake.fold(&SessionFold::default(), &FoldOptions::default()).await.unwrap();
    let row = |row: &SessionRow| {
        let text = |code| found.text(code).to_owned();
        let seconds = row.engaged_us() / 1_000_000;
        (row.person, row.start, seconds, row.offset, text(row.source), text(row.landing_path), row.pages, row.engaged)
    };
    let mut rows: Vec<_> = found.rows.iter().map(row).collect();
    rows.sort();
    rows
}

fn as_plain(facts: &SessionFacts) -> Vec<Plain> {
    let text = |code: u32| facts.texts.text(code).to_owned();
    let row = |one: Session| {
        (
            one.person,
            one.start,
            i64::from(one.seconds),
            one.offset,
            text(one.source),
            text(one.landing),
            one.pages,
            one.engaged,
        )
    };
    let mut rows: Vec<_> = facts.rows().map(row).collect();
    rows.sort();
    rows
}

fn unsaid(text: String) -> String {
    if text == super::NOT_SET_TEXT { String::new() } else { text }
}

fn starts(facts: &SessionFacts) -> Vec<Told> {
    facts.campaign_starts.iter().map(|session| told(facts, (*session, None))).collect()
}

fn some(dice: &mut Dice) -> Kept {
    let people: Vec<u64> = (1..=PEOPLE).filter(|_| dice.below(3) == 0).collect();
    let until = |person| (person, if dice.below(2) == 0 { i64::MAX } else { moment(dice) });
    Kept::People(Arc::new(people.into_iter().map(until).collect()))
}

/// Everything that is kept from step to step equals what is made anew, and that equals the plain fold.
async fn check(lake: &Lake, kept: &Kept, [whole, part]: [&SessionFacts; 2], label: &str) {
    let sessions = all(whole);
    let plain: Vec<_> = plain(lake)
        .await
        .into_iter()
        .map(|row| (row.0, row.1, row.2, row.3, row.4, unsaid(row.5), row.6, row.7))
        .collect();
    assert_eq!(as_plain(whole), plain, "{label}: against the plain fold");
    let fresh = facts(lake, Kept::Everybody, None).await;
    assert_eq!(sessions, all(&fresh), "{label}: kept months against new ones");
    let kept_rows: Vec<Told> = sessions.iter().filter(|told| kept.has(told.0, told.1)).cloned().collect();
    assert_eq!(all(part), kept_rows, "{label}: whole sessions of some people");
    assert_eq!(cells(part), counted(&sessions, kept), "{label}: the others counted");
    for other in [part, &fresh] {
        assert_eq!(starts(whole), starts(other), "{label}: when campaigns began");
        assert_eq!(*whole.touches, *other.touches, "{label}: what spend is joined on");
    }
}

/// Those that are only counted can be seen one by one, as they were when they were counted.
async fn check_extra(lake: &Lake, kept: &Kept, [whole, part]: [&SessionFacts; 2]) {
    let sessions = all(whole);
    let (from, to) = (part.calendar.day(START + 30 * DAY), part.calendar.day(START + 59 * DAY));
    let wanted = Extra { days: vec![(from, to)], only: None };
    let (seen, texts) = extra(&lake.snapshot(), part, &part.texts, wanted.clone()).await.unwrap();
    assert!(texts.len() >= part.texts.len());
    let meant = |told: &&Told| {
        let day = part.calendar.day(told.1);
        kept.has(told.0, told.1) || (from <= day && day <= to)
    };
    assert_eq!(all(&seen), sessions.iter().filter(meant).cloned().collect::<Vec<_>>());
    if let Some(cell) = part.cells(from, to).next() {
        let only = Some(Arc::new(HashSet::from([(cell.day, cell.codes)])));
        let (seen, _) = extra(&lake.snapshot(), part, &part.texts, Extra { only, ..wanted }).await.unwrap();
        let alike = part.cells(from, to).filter(|other| (other.day, other.codes) == (cell.day, cell.codes));
        let more: u32 = alike.map(|cell| cell.sessions).sum();
        assert_eq!(seen.len(), part.len() + more as usize);
    }
    let others: HashSet<u64> = (1..=PEOPLE).filter(|person| kept.until(*person).is_none()).collect();
    let (found, texts) = firsts(&lake.snapshot(), part, &part.texts, Arc::new(others.clone())).await.unwrap();
    let mut expected: HashMap<u64, u64> = HashMap::new();
    for session in whole.rows().filter(|one| one.is_human() && others.contains(&one.person)) {
        expected.entry(session.person).or_insert(session.offset);
    }
    for person in &others {
        let humans = whole.of(*person).filter(|(_, session)| session.is_human());
        let first = humans.min_by_key(|(_, session)| (session.start, session.offset)).map(|(_, session)| session);
        assert_eq!(found.get(person).map(|session| session.offset), first.map(|session| session.offset));
        assert_eq!(
            found.get(person).map(|session| texts.text(session.landing).to_owned()),
            first.map(|session| whole.texts.text(session.landing).to_owned())
        );
    }
}

#[tokio::test]
async fn kept_months_equal_one_fold_over_everything() {
    for seed in 0..40 {
        let folder = tempfile::tempdir().unwrap();
        let lake = lake_at(folder.path()).await;
        let mut dice = Dice::new(seed);
        let (mut number, mut merges) = (0, HashMap::new());
        let (mut whole, mut part): (Option<Arc<SessionFacts>>, Option<Arc<SessionFacts>>) = (None, None);
        let mut kept = some(&mut dice);
        for step in 0..7 {
            let label = format!("seed {seed}, step {step}");
            match dice.below(5) {
                0 => lake.seal().await.unwrap(),
                1 => {
                    let (from, to) = (1 + dice.below(PEOPLE), 1 + dice.below(PEOPLE));
                    if from != to && !merges.values().any(|into| *into == from) && !merges.contains_key(&to) {
                        merges.insert(from, to);
                    } else {
                        merges.remove(&from);
                    }
                    lake.set_merges(Arc::new(merges.clone()));
                }
                2 => kept = some(&mut dice),
                _ => {
                    let count = 1 + dice.below(40);
                    let events = (number..number + count).map(|number| event(&mut dice, number)).collect();
                    number += count;
                    admit(&lake, events).await;
                }
            }
            let next = [
                Arc::new(facts(&lake, Kept::Everybody, whole).await),
                Arc::new(facts(&lake, kept.clone(), part).await),
            ];
            check(&lake, &kept, [&next[0], &next[1]], &label).await;
            check_extra(&lake, &kept, [&next[0], &next[1]]).await;
            let [next_whole, next_part] = next;
            (whole, part) = (Some(next_whole), Some(next_part));
        }
    }
}

/// A month that is over is not read again when events of another one come.
#[tokio::test]
async fn a_month_that_is_over_stays() {
    let folder = tempfile::tempdir().unwrap();
    let lake = lake_at(folder.path()).await;
    let mut dice = Dice::new(3);
    let old: Vec<Event> = (0..60).map(|number| Event { at: START + DAY, ..event(&mut dice, number) }).collect();
    admit(&lake, old).await;
    lake.seal().await.unwrap();
    let first = Arc::new(facts(&lake, Kept::Everybody, None).await);
    let new: Vec<Event> = (60..90).map(|number| Event { at: START + 50 * DAY, ..event(&mut dice, number) }).collect();
    admit(&lake, new).await;
    let second = facts(&lake, Kept::Everybody, Some(first.clone())).await;
    assert!(Arc::ptr_eq(&first.months[0].1.rows, &second.months[0].1.rows), "January is the very same");
    assert_eq!(second.months.len(), first.months.len() + 1);
    assert!(second.len() > first.len());
}

/// What is asked for is bounded: more sessions than may be kept whole are refused, not read.
#[tokio::test]
async fn more_than_may_be_kept_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let lake = lake_at(folder.path()).await;
    let mut dice = Dice::new(5);
    admit(&lake, (0..80).map(|number| event(&mut dice, number)).collect()).await;
    let wanted = Wanted { settings: settings(), kept: Kept::Everybody, kept_max: 3, before: None };
    assert!(matches!(renew(&lake.snapshot(), &wanted).await, Err(lake::LakeError::TooLarge)));
    let wanted = Wanted { kept: Kept::People(Arc::default()), ..wanted };
    let counted = renew(&lake.snapshot(), &wanted).await.unwrap();
    assert!(counted.is_empty() && counted.sessions() > 3 && !counted.is_whole());
}
