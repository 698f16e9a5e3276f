//! What a report said at a moment is what it says later as of that moment, over random histories of a whole workspace.

use crate::tests_life::{Life, Told, queries};
use analytics::metrics::{DateRange, Figure, METRICS, Query, Step};
use kernel::ids::PersonId;
use kernel::time::{DAY, HOUR, SECOND, Timestamp};
use people::identity::{Kind, PersonInput, upsert_people};
use rand::Rng;
use std::collections::BTreeMap;
use testkit::{TestPlatform, platforms};

/// The tables of what was.
const WAS: [&str; 7] = [
    "person_was",
    "company_was",
    "deal_was",
    "deal_people_was",
    "deal_stages_was",
    "ledger_rates_was",
    "ledger_mappings_was",
];

/// Lives one life, and asks at its end about every moment of it; and what lies between. Counts what was done, and the rows of
/// what was.
async fn lives(test: TestPlatform, seed: u64, moments: usize, all: &mut BTreeMap<&'static str, u64>) {
    let mut life = Life::new(test, seed).await;
    let queries = queries(&mut life.dice);
    let mut saved: Vec<(Timestamp, Vec<Told>)> = Vec::new();
    for moment in 0..moments {
        let hours = i64::try_from(1 + life.below(30)).unwrap();
        life.test.advance(hours * HOUR);
        for _ in 0..1 + life.below(3) {
            life.live().await;
        }
        life.test.advance(SECOND);
        let mut answers = Vec::new();
        for query in &queries {
            answers.push(life.now_says(query).await);
        }
        saved.push((life.now(), answers));
        life.test.advance(SECOND);
        if moment % 7 == 6 {
            let (at, answers) = &saved[usize::try_from(life.dice.next_u64() % saved.len() as u64).unwrap()];
            for (query, answer) in queries.iter().zip(answers) {
                assert_eq!(life.said(query, *at).await, *answer, "seed {seed}, {at}, in between: {query:?}");
            }
        }
    }
    for (number, (at, answers)) in saved.iter().enumerate() {
        for (query, answer) in queries.iter().zip(answers) {
            assert_eq!(life.said(query, *at).await, *answer, "seed {seed}, moment {number} {at}: {query:?}");
        }
    }
    for _ in 0..2 {
        let (at, answers) = &saved[usize::try_from(life.below(saved.len() as u64)).unwrap()];
        for (query, answer) in queries.iter().zip(answers).take(METRICS.len().div_ceil(20)) {
            bridged(&life, query, *at, answer).await;
        }
    }
    for table in WAS {
        let sql = format!("select count(*) from {table}");
        let (rows,): (u64,) = life.test.db.query_one(&sql, Vec::new()).await.unwrap();
        *all.entry(table).or_default() += rows;
    }
    for (what, times) in &life.done {
        *all.entry(what).or_default() += times;
    }
    life.lakes.close().await;
}

/// AN part 3, 2: a bridge begins with what was said then, ends with what is said now, and its items add up to what lies between.
async fn bridged(life: &Life, query: &Query, at: Timestamp, then: &Told) {
    let asked = Query { as_of: Some(at), ..query.clone() };
    let bridge = life.metrics.bridge(&life.test.scope, &asked).await.unwrap();
    let now = life.now_says(query).await;
    for (place, metric) in bridge.metrics.iter().enumerate() {
        let value = |told: &Told| told["totals"][place].get("value").cloned();
        let shown = |figure: &Option<Figure>| figure.as_ref().map(|figure| serde_json::to_value(figure).unwrap());
        assert_eq!(shown(&metric.then), value(then), "{} then", metric.id);
        assert_eq!(shown(&metric.now), value(&now), "{} now", metric.id);
        assert_eq!(metric.steps.iter().map(|step| step.step).collect::<Vec<_>>(), Step::ALL);
        let mut before = metric.then.clone();
        for step in &metric.steps {
            match (&before, &step.value, &step.change) {
                (Some(Figure::Money(before)), Some(Figure::Money(after)), Some(Figure::Money(change))) => {
                    assert_eq!(before.micros + change.micros, after.micros);
                }
                (Some(before), Some(after), Some(change)) => {
                    assert!((before.number() + change.number() - after.number()).abs() < 1e-9);
                }
                (_, _, change) => assert_eq!(*change, None),
            }
            before.clone_from(&step.value);
        }
        assert_eq!(before, metric.now);
    }
}

/// The point 5, AN part 3, 2: "what did this report say on that day" has the answer that was given on that day: whatever came
/// late, was merged or separated, derived again, changed, imported, undone or corrected since; for every metric.
#[tokio::test]
async fn an_3_2_a_report_as_of_a_moment_says_what_it_said_then() {
    let mut all = BTreeMap::new();
    for seed in 0..6 {
        for (number, test) in platforms().await.into_iter().enumerate() {
            // One life on Postgres is enough: what differs there are the statements.
            if number == 0 || seed == 0 {
                lives(test, seed, 18, &mut all).await;
            }
        }
    }
    let done =
        ["deals put", "lines reversed", "mappings set", "mappings taken away", "people separated", "rows taken back"];
    for what in done.iter().chain(&WAS) {
        assert!(all.get(what).is_some_and(|times| *times > 0), "{what}: {all:?}");
    }
}

/// A life of a visitor whom somebody else joined for a time: a contact of a file, of another country and a company, with visits
/// of his own. Without him when `alone`. Gives back the moments of it.
async fn joined_for_a_time(life: &mut Life, alone: bool) -> (Vec<Timestamp>, Option<PersonId>) {
    let long_ago = testkit::START.plus(-3 * DAY);
    let (mut moments, mut contact) = (Vec::new(), None);
    life.page("e1", "a0", "", long_ago).await;
    for step in 0..4 {
        life.test.advance(HOUR);
        if !alone {
            match step {
                0 => {
                    let mut row = PersonInput::new(life.now(), life.import());
                    row.identifiers =
                        vec![(Kind::UserId, "u9".to_owned()), (Kind::Email, "contact@firm1.com".to_owned())];
                    row.created_at = Some(testkit::START.plus(-60 * DAY));
                    row.traits.insert("country".to_owned(), "FR".into());
                    let mut tx = life.test.db.begin().await.unwrap();
                    let done = upsert_people(&mut tx, &life.test.platform.world, &[row]).await.unwrap();
                    tx.commit().await.unwrap();
                    contact = done[0].id().copied();
                    life.page("e2", "a9", "u9", long_ago).await;
                }
                1 => life.page("e3", "a0", "u9", long_ago.plus(DAY)).await,
                2 => {
                    let sql = "select person, other from person_merge_edges where identifier like '%a0%' \
                        or other_identifier like '%a0%'";
                    let (person, other): (PersonId, PersonId) = life.test.db.query_one(sql, Vec::new()).await.unwrap();
                    life.identity.separate(&life.test.scope, person, other).await.unwrap();
                }
                _ => {}
            }
        }
        life.test.advance(HOUR);
        if step == 3 {
            life.page("e4", "a0", "", long_ago.plus(2 * DAY)).await;
        }
        moments.push(life.now());
    }
    life.test.advance(HOUR);
    (moments, contact)
}

/// Once a person is erased, what reports say as of any moment is what they would have said without that person: also as of
/// the time in which it was one with somebody else.
#[tokio::test]
async fn answers_of_then_forget_the_erased() {
    for (with, without) in platforms().await.into_iter().zip(platforms().await) {
        let (mut with, mut without) = (Life::new(with, 1).await, Life::new(without, 1).await);
        let day = |days: i64| testkit::START.plus(days * DAY).date_in(&jiff::tz::TimeZone::UTC);
        let ids: Vec<&str> = METRICS.iter().map(|metric| metric.id).collect();
        let range = DateRange { from: day(-80), to: day(40) };
        let goal = Some("event:Page viewed".to_owned());
        let queries: Vec<Query> =
            ids.chunks(20).map(|ids| Query { goal: goal.clone(), ..Query::new(ids, range) }).collect();
        let (moments, contact) = joined_for_a_time(&mut with, false).await;
        let (same, _) = joined_for_a_time(&mut without, true).await;
        assert_eq!(moments, same);
        let mut differ = 0;
        for query in &queries {
            for at in &moments {
                differ += u32::from(with.said(query, *at).await != without.said(query, *at).await);
            }
        }
        assert!(differ >= 4, "every moment knew of him");
        with.erase(contact.unwrap()).await;
        for query in &queries {
            for at in &moments {
                assert_eq!(with.said(query, *at).await, without.said(query, *at).await, "{at}: {query:?}");
            }
        }
        with.lakes.close().await;
        without.lakes.close().await;
    }
}
