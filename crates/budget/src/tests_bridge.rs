//! One cause between a report and the same one later: the step of that cause tells it, and no other does.

use crate::ledger::tests::money;
use crate::ledger::{NewEntry, PlanChange, RateLine};
use crate::tests_life::{Life, Rules, Undo, undo_of};
use analytics::channels::Channel;
use analytics::metrics::{DateRange, METRICS, Query, Step};
use kernel::time::{DAY, HOUR, MINUTE, SECOND, Timestamp};
use people::deals::{DealInput, DealKey, upsert_deals};
use people::identity::{Kind, PersonInput, upsert_people};
use people::upsert::Source;
use serde_json::json;
use testkit::platforms;

/// What happens between the two.
#[derive(Debug, Clone, Copy)]
enum Cause {
    LateEvent,
    Rules,
    Merge,
    Separation,
    UndoneFiles,
    DealByHand,
    Rate,
    Entry,
    Midnight,
}

/// Every cause, the metrics it changes, and the step that says so.
const CASES: [(Cause, &[&str], Step); 9] = [
    (Cause::LateEvent, &["sessions", "people"], Step::LateEvents),
    (Cause::Rules, &["sessions"], Step::RuleChanges),
    (Cause::Merge, &["people"], Step::Merges),
    (Cause::Separation, &["people"], Step::Merges),
    (Cause::UndoneFiles, &["deals_created", "pipeline_created", "new_leads"], Step::RecordChanges),
    (Cause::DealByHand, &["pipeline_created"], Step::RecordChanges),
    (Cause::Rate, &["spend", "spend_to_plan"], Step::LedgerChanges),
    (Cause::Entry, &["spend", "spend_to_plan"], Step::LedgerChanges),
    (Cause::Midnight, &["spend_to_plan"], Step::DaysPassed),
];

fn ago(days: i64) -> Timestamp {
    testkit::START.plus(-days * DAY)
}

fn deal(life: &Life, amount: &str, source: Source) -> DealInput {
    let mut input = DealInput::new(DealKey::External("crm".to_owned(), "1".to_owned()), life.now(), source);
    (input.name, input.stage) = (Some("Deal".to_owned()), Some("Demo".to_owned()));
    (input.amount, input.created_at) = (Some(money(amount)), Some(ago(5)));
    input
}

async fn rate(life: &Life, rate: &str) {
    let line = RateLine {
        date: ago(4).date_in(&jiff::tz::TimeZone::UTC),
        from: "USD".parse().unwrap(),
        to: None,
        rate: rate.to_owned(),
    };
    life.ledger.set_rates(&life.test.scope, vec![line]).await.unwrap();
}

fn entry(amount: &str) -> NewEntry {
    let date = ago(4).date_in(&jiff::tz::TimeZone::UTC);
    serde_json::from_value(json!({"date": date, "amount": money(amount), "channel": Channel::Email})).unwrap()
}

/// Visitors of whom two are one, files of a deal and of a contact, an entry and a plan of this month.
async fn begin(life: &mut Life) {
    // No rules of these tests but those of one version change the second event, and none the others.
    life.page("e2", "a0", "u0", ago(3)).await;
    life.page("e1", "a1", "", ago(2)).await;
    life.page("e3", "a2", "", ago(2)).await;
    life.page("e4", "a2", "u0", ago(2).plus(MINUTE)).await;
    life.lake.seal().await.unwrap();
    let mut contact = PersonInput::new(life.now(), life.import());
    contact.identifiers = vec![(Kind::Email, "contact@firm1.com".to_owned())];
    contact.created_at = Some(ago(10));
    let source = life.import();
    let input = deal(life, "100 EUR", source);
    let mut tx = life.test.db.begin().await.unwrap();
    let world = life.test.platform.world.clone();
    life.undo.push(Undo::People(undo_of(upsert_people(&mut tx, &world, &[contact]).await.unwrap())));
    life.undo.push(Undo::Deals(undo_of(upsert_deals(&mut tx, &world, &[input]).await.unwrap())));
    tx.commit().await.unwrap();
    rate(life, "0.9").await;
    life.ledger.enter(&life.test.scope, entry("100 USD")).await.unwrap();
    let month = testkit::START.date_in(&jiff::tz::TimeZone::UTC).strftime("%Y-%m").to_string();
    let planned = Some(money("310 EUR"));
    let change = PlanChange { month, channel: Channel::Email, planned, note: String::new() };
    life.ledger.set_plan(&life.test.scope, vec![change]).await.unwrap();
}

async fn happens(cause: Cause, life: &mut Life) {
    let scope = life.test.scope.clone();
    match cause {
        Cause::LateEvent => life.page("e7", "a9", "", ago(1)).await,
        Cause::Rules => life.lake.rederive(Box::new(Rules(10)), &Default::default()).await.map(drop).unwrap(),
        Cause::Merge => life.page("e7", "a1", "u0", ago(2).plus(MINUTE)).await,
        Cause::Separation => life.separate().await,
        Cause::UndoneFiles => {
            life.undo_import().await;
            life.undo_import().await;
        }
        Cause::DealByHand => {
            let input = deal(life, "250 EUR", Source::Actor(scope.actor.clone()));
            life.deals.put(&scope, input).await.map(drop).unwrap();
        }
        Cause::Rate => rate(life, "0.8").await,
        Cause::Entry => life.ledger.enter(&scope, entry("7 EUR")).await.map(drop).unwrap(),
        Cause::Midnight => life.test.advance(DAY),
    }
}

/// AN part 3, 2: each item of a bridge is of its own cause.
#[tokio::test]
async fn one_cause_is_told_by_its_own_step() {
    let day = |days: i64| testkit::START.plus(days * DAY).date_in(&jiff::tz::TimeZone::UTC);
    let range = DateRange { from: day(-20), to: day(20) };
    for (cause, changed, expected) in CASES {
        for test in platforms().await {
            let mut life = Life::new(test, 1).await;
            begin(&mut life).await;
            life.test.advance(HOUR);
            let at = life.now();
            life.test.advance(SECOND);
            happens(cause, &mut life).await;
            life.test.advance(SECOND);
            assert!(changed.iter().all(|id| METRICS.iter().any(|metric| metric.id == *id)));
            let query = Query { as_of: Some(at), ..Query::new(changed, range) };
            life.now_says(&Query { as_of: None, ..query.clone() }).await;
            let bridge = life.metrics.bridge(&life.test.scope, &query).await.unwrap();
            assert_eq!(bridge.metrics.len(), changed.len());
            for metric in &bridge.metrics {
                for step in &metric.steps {
                    let change = step.change.as_ref().unwrap().number();
                    let told = change.abs() > 1e-9;
                    assert_eq!(told, step.step == expected, "{cause:?}, {}: {:?}", metric.id, metric.steps);
                }
            }
            life.lakes.close().await;
        }
    }
}
