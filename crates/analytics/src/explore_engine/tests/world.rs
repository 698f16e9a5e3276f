//! A small random world, in a lake and as plain rows.

use crate::explore_engine::Reader;
use crate::explore_model::{
    Condition, EventChoice, Exploration, Match, PropertyCondition, PropertyOp, PropertyType, Segment,
};
use crate::facts::tests_world::Dice;
use crate::metrics::FilterOp;
use jiff::tz::TimeZone;
use kernel::time::{DAY, HOUR, SimClock, Timestamp};
use lake::{AgentClass, Col, Event, FileCatalog, Lake, LakeConfig};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// 2026-03-02T00:00:00Z, a Monday; the clocks of Berlin change within the world.
pub(super) const START: i64 = 1_772_409_600_000_000;
pub(super) const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];
pub(super) const CHANNELS: [&str; 4] = ["", "Email", "Organic Search", "Über uns"];
/// A session of the world ends after so long.
pub(super) const SESSION_TIMEOUT: i64 = 3 * HOUR;
const PROPERTIES: [&str; 5] = [
    "",
    r#"{"plan":"pro","seats":12.5,"trial":true}"#,
    r#"{"seats":"7","plan":"Free","trial":"false"}"#,
    r#"{"seats":3,"plan":null}"#,
    r#"{"plan":"","seats":"many","deep":{"plan":"pro"}}"#,
];
const PATHS: [&str; 4] = ["", "/", "/Pricing", "/docs"];

pub(super) struct World {
    pub(super) rows: Vec<Event>,
    merges: BTreeMap<u64, u64>,
    _folder: tempfile::TempDir,
    pub(super) reader: Reader,
}

/// The days of a world.
pub(super) const DAYS: Range<u64> = 0..45;

fn row(dice: &mut Dice, place: usize, days: &Range<u64>) -> Event {
    let quarter = days.start * 96 + dice.below((days.end - days.start) * 96);
    let at = START + i64::try_from(quarter).unwrap() * HOUR / 4;
    let name = dice.of(&NAMES);
    Event {
        event_id: format!("e{place}"),
        at,
        received_at: at,
        person: dice.below(14) + 1,
        name: name.to_owned(),
        channel: dice.of(&CHANNELS).to_owned(),
        path: dice.of(&PATHS).to_owned(),
        properties: dice.of(&PROPERTIES).to_owned(),
        value: (name == "a").then(|| i64::try_from(dice.below(1_000)).unwrap() * 1_000_000),
        currency: if name == "a" { "EUR".to_owned() } else { String::new() },
        agent_class: if dice.below(9) == 0 { AgentClass::Bot } else { AgentClass::Human },
        ..Event::default()
    }
}

/// Lets events come in, each for its person.
async fn put(lake: &Lake, rows: &mut [Event]) {
    let appended = lake.append(rows.to_vec()).await.unwrap();
    for (place, row) in rows.iter_mut().enumerate() {
        row.offset = appended.first + place as u64;
    }
    let mut events = Vec::new();
    while lake.watermark().appended_offset > events.last().map_or(0, |event: &Event| event.offset) {
        events.extend(lake.next(1_000).await.unwrap());
    }
    assert!(lake.dedup(&mut events).await.unwrap().is_empty());
    for (event, row) in events.iter_mut().zip(rows) {
        assert_eq!(event.event_id, row.event_id);
        event.person = row.person;
    }
    lake.admit(events, appended.last).await.unwrap();
}

impl World {
    /// Some more events, of any time of these days.
    pub(super) async fn more(&mut self, dice: &mut Dice, days: Range<u64>) {
        let first = self.rows.len();
        let mut rows: Vec<Event> = (first..=first + 3).map(|place| row(dice, place, &days)).collect();
        put(&self.reader.lake, &mut rows).await;
        self.rows.extend(rows);
    }

    /// Somebody does these things on a day, one after the other.
    pub(super) async fn does(&mut self, person: u64, day: i64, names: &[&str]) {
        let first = self.rows.len();
        let event = |(place, name): (usize, &&str)| {
            let at = START + day * DAY + i64::try_from(place + 12).unwrap() * HOUR;
            let (event_id, name) = (format!("e{}", first + place), (*name).to_owned());
            Event { event_id, at, received_at: at, person, name, ..Event::default() }
        };
        let mut rows: Vec<Event> = names.iter().enumerate().map(event).collect();
        put(&self.reader.lake, &mut rows).await;
        self.rows.extend(rows);
    }

    /// An event that came before: it is not admitted, and the log is further.
    pub(super) async fn again(&mut self, dice: &mut Dice) {
        let lake = &self.reader.lake;
        let place = usize::try_from(dice.below(self.rows.len() as u64)).unwrap();
        let appended = lake.append(vec![self.rows[place].clone()]).await.unwrap();
        let mut events = lake.next(1).await.unwrap();
        assert_eq!(lake.dedup(&mut events).await.unwrap().len(), 1);
        lake.admit(events, appended.last).await.unwrap();
    }

    pub(super) async fn random(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let folder = tempfile::tempdir().unwrap();
        let catalog = Arc::new(FileCatalog::new(folder.path().join("catalog.json")));
        let clock = Arc::new(SimClock::new(Timestamp::from_micros(START)));
        let config = LakeConfig { buckets: 4, ..LakeConfig::at(folder.path()) };
        let lake = Lake::open(config, catalog, clock).await.unwrap();
        let mut rows: Vec<Event> =
            (0..60 + usize::try_from(dice.below(140)).unwrap()).map(|place| row(&mut dice, place, &DAYS)).collect();
        let half = rows.len() / 2;
        put(&lake, &mut rows[..half]).await;
        lake.seal().await.unwrap();
        put(&lake, &mut rows[half..]).await;
        // Some of the first are the same as one of the last.
        let merges: BTreeMap<u64, u64> = (0..3).map(|_| (1 + dice.below(4), 8 + dice.below(6))).collect();
        lake.set_merges(Arc::new(merges.iter().map(|(from, to)| (*from, *to)).collect()));
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let now = Timestamp::from_micros(START + 40 * DAY + HOUR);
        let reader = Reader {
            lake,
            zone,
            currency: "EUR".parse().unwrap(),
            now,
            session_timeout_us: SESSION_TIMEOUT,
            companies: Vec::new(),
            known: None,
            kept: None,
            found_bytes_max: kernel::limits::FOLD_MEMORY_BYTES_MAX,
        };
        Self { rows, merges, _folder: folder, reader }
    }

    /// Each person's events between two moments in order, without those whom the segment leaves out.
    pub(super) fn people(&self, asked: &Exploration, from: i64, to: i64) -> BTreeMap<u64, Vec<&Event>> {
        let mut people: BTreeMap<u64, Vec<&Event>> = BTreeMap::new();
        for row in self.rows.iter().filter(|row| from <= row.at && row.at < to) {
            let person = self.merges.get(&row.person).unwrap_or(&row.person);
            people.entry(*person).or_default().push(row);
        }
        people.values_mut().for_each(|rows| rows.sort_by_key(|row| (row.at, row.offset)));
        if let Some(segment) = &asked.segment {
            people.retain(|_, rows| belongs(rows, segment, asked.humans_only));
        }
        people
    }

    /// Where a range of dates begins and ends.
    pub(super) fn range(&self, asked: &Exploration) -> (i64, i64) {
        let start = |date: jiff::civil::Date| Timestamp::start_of(date, &self.reader.zone).micros();
        (start(asked.range.from), start(asked.range.to.tomorrow().unwrap()))
    }
}

fn belongs(rows: &[&Event], segment: &Segment, humans_only: bool) -> bool {
    let holds = |condition: &crate::explore_model::SegmentCondition| {
        let times = rows.iter().filter(|row| admits(&condition.event, row, humans_only)).count() as u64;
        condition.did == (times >= condition.times)
    };
    match segment.all {
        Match::All => segment.conditions.iter().all(holds),
        Match::Any => segment.conditions.iter().any(holds),
    }
}

/// Whether a choice of events means an event.
pub(super) fn admits(choice: &EventChoice, row: &Event, humans_only: bool) -> bool {
    let human = !matches!(row.agent_class, AgentClass::Bot | AgentClass::AiAgent);
    (human || !humans_only)
        && choice.name.as_ref().is_none_or(|name| *name == row.name)
        && choice.conditions.iter().all(|condition| holds(condition, row.text(condition.column.col())))
        && choice.properties.iter().all(|condition| property_holds(condition, row))
}

/// A property of an event as text, the plainest way.
pub(super) fn property(row: &Event, key: &str) -> String {
    let all: serde_json::Value = serde_json::from_str(&row.properties).unwrap_or_default();
    match &all[key] {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn property_holds(condition: &PropertyCondition, row: &Event) -> bool {
    let text = property(row, &condition.property);
    let number = |text: &str| text.parse::<f64>().ok();
    let limit = number(&condition.values[0]);
    match (condition.kind, condition.op) {
        (PropertyType::Text, PropertyOp::In) => condition.values.contains(&text),
        (PropertyType::Text, PropertyOp::NotIn) => !condition.values.contains(&text),
        (PropertyType::Text, PropertyOp::Contains) => text.to_lowercase().contains(&condition.values[0].to_lowercase()),
        (PropertyType::Number, PropertyOp::More) => number(&text).is_some_and(|number| Some(number) > limit),
        (PropertyType::Number, PropertyOp::NotIn) => number(&text).is_some_and(|number| Some(number) != limit),
        (PropertyType::Bool, PropertyOp::In) => text == condition.values[0],
        other => panic!("{other:?} is not in the tests"),
    }
}

fn holds(Condition { op, values, .. }: &Condition, text: &str) -> bool {
    let is = values.iter().any(|value| value == text);
    let contains = values.iter().any(|value| text.to_lowercase().contains(&value.to_lowercase()));
    match op {
        FilterOp::In => is,
        FilterOp::NotIn => !is,
        FilterOp::Contains => contains,
        FilterOp::NotContains => !contains,
    }
}

/// An event by name, sometimes with a condition.
pub(super) fn choice(dice: &mut Dice, name: &str) -> EventChoice {
    use crate::explore_model::Column;
    let named = EventChoice { name: Some(name.to_owned()), ..EventChoice::default() };
    let condition = |column, op, values: &[&str]| Condition {
        column,
        op,
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    };
    let of = |property: &str, kind, op, values: &[&str]| PropertyCondition {
        property: property.to_owned(),
        kind,
        op,
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    };
    let with = |condition| EventChoice { properties: vec![condition], ..named.clone() };
    let one = match dice.below(16) {
        4 => return with(of("plan", PropertyType::Text, PropertyOp::In, &["pro", ""])),
        5 => {
            return with(of(
                "plan",
                PropertyType::Text,
                dice.of(&[PropertyOp::NotIn, PropertyOp::Contains]),
                &["free"],
            ));
        }
        6 => return with(of("seats", PropertyType::Number, PropertyOp::More, &["3"])),
        7 => return with(of("seats", PropertyType::Number, PropertyOp::NotIn, &["7"])),
        8 => return with(of("trial", PropertyType::Bool, PropertyOp::In, &["false"])),
        0 => condition(Column::Channel, FilterOp::In, &["Email", ""]),
        1 => condition(Column::Channel, FilterOp::NotContains, &["ÜBER"]),
        2 => condition(Column::Path, FilterOp::Contains, &["pric", "doc"]),
        3 => condition(Column::Path, FilterOp::NotIn, &["/", "nowhere"]),
        _ => return named,
    };
    EventChoice { conditions: vec![one], ..named }
}

/// A segment, or none.
pub(super) fn segment(dice: &mut Dice) -> Option<Segment> {
    if dice.below(2) == 0 {
        return None;
    }
    let conditions = (0..=dice.below(2)).map(|_| crate::explore_model::SegmentCondition {
        did: dice.below(3) > 0,
        event: {
            let name = dice.of(&NAMES);
            choice(dice, name)
        },
        times: 1 + dice.below(2),
    });
    let conditions = conditions.collect();
    Some(Segment { all: dice.of(&[Match::All, Match::Any]), conditions, companies: Vec::new() })
}

/// The text of a column of an event.
pub(super) fn text(row: &Event, column: Col) -> &str {
    row.text(column)
}
