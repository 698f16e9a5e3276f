//! Since when the ledger says something: not before its turn to write, not since an import began, and never before what it said
//! until then.

use crate::importers::{PlanImporter, RateImporter, SpendImporter};
use crate::ledger::tests::{apply, context, money, row, undo};
use crate::ledger::{Ledger, Mapping, PlanChange, RateLine, store};
use crate::ledger_history::{mappings_at, rates_at};
use analytics::channels::Channel;
use analytics::metrics::{SpendSource, TouchIndex};
use kernel::time::{DAY, HOUR, SECOND, Timestamp};
use people::imports::{Importer, Undone};
use std::time::Duration;
use testkit::{TestPlatform, platforms};

fn hour(hours: i64) -> Timestamp {
    testkit::START.plus(hours * HOUR)
}

fn to(campaign: &str) -> Mapping {
    Mapping { spend_key: String::new(), campaign: campaign.to_owned(), channel: None }
}

fn rate(rate: &str) -> Vec<RateLine> {
    let (date, from) = ("2026-02-10".parse().unwrap(), "USD".parse().unwrap());
    vec![RateLine { date, from, to: None, rate: rate.to_owned() }]
}

fn plan(amount: &str) -> Vec<PlanChange> {
    let (month, planned) = ("2026-02".to_owned(), Some(money(amount)));
    vec![PlanChange { month, channel: Channel::Email, planned, note: String::new() }]
}

/// The lines and the plan as of a moment, in micros.
async fn said(ledger: &Ledger, test: &TestPlatform, at: Timestamp) -> (i64, i64) {
    let facts = ledger.spend_at(&test.scope, &TouchIndex::default(), at).await.unwrap();
    let lines = facts.entries.iter().filter_map(|entry| entry.micros).sum();
    (lines, facts.plan.iter().filter_map(|plan| plan.micros).sum())
}

/// Somebody waits for the turn to write: what is entered then is not known since the moment of asking.
#[tokio::test]
async fn what_is_entered_is_known_since_its_turn() {
    for test in platforms().await {
        let ledger = Ledger::new(&test.platform);
        let line = serde_json::from_value(serde_json::json!({
            "date": "2026-02-10", "amount": money("5 EUR"), "channel": Channel::Email
        }));
        let mut other = test.db.begin().await.unwrap();
        store::hold(&mut other).await.unwrap();
        let entering = {
            let (ledger, scope) = (ledger.clone(), test.scope.clone());
            tokio::spawn(async move {
                ledger.enter(&scope, line.unwrap()).await.unwrap();
                ledger.map(&scope, "manual/name:spring", Some(to("spring"))).await.unwrap();
                ledger.set_rates(&scope, rate("0.9")).await.unwrap();
                ledger.set_plan(&scope, plan("100 EUR")).await.unwrap();
            })
        };
        // Long enough to have asked.
        tokio::time::sleep(Duration::from_millis(200)).await;
        test.advance(HOUR);
        other.rollback().await.unwrap();
        entering.await.unwrap();
        let just_before = hour(1).plus(-1);
        assert_eq!(said(&ledger, &test, just_before).await, (0, 0));
        assert_eq!(said(&ledger, &test, hour(1)).await, (5_000_000, 100_000_000));
        assert!(mappings_at(&test.db, just_before).await.unwrap().is_empty());
        assert!(rates_at(&test.db, just_before).await.unwrap().is_empty());
    }
}

/// The clock is set back, and hours come for the second time: at each moment there is one rate, one mapping and one plan, and
/// what is said last is what is known from then on.
#[tokio::test]
async fn a_clock_that_was_set_back_makes_no_second_version() {
    for test in platforms().await {
        let (ledger, scope) = (Ledger::new(&test.platform), &test.scope);
        let key = "manual/name:spring";
        let say = async |number: u32| {
            ledger.set_rates(scope, rate(&format!("0.{number}"))).await.unwrap();
            ledger.map(scope, key, Some(to(&format!("spring {number}")))).await.unwrap();
            ledger.set_plan(scope, plan(&format!("{number} EUR"))).await.unwrap();
        };
        say(21).await;
        test.clock.set(hour(10));
        say(22).await;
        test.clock.set(hour(20));
        say(23).await;
        ledger.map(scope, key, None).await.unwrap();
        for (hours, number) in [(5, 24), (6, 25), (30, 26)] {
            test.clock.set(hour(hours));
            say(number).await;
        }
        for hours in 0..40 {
            let (rates, mappings) =
                (rates_at(&test.db, hour(hours)).await.unwrap(), mappings_at(&test.db, hour(hours)).await.unwrap());
            let number = match hours {
                0..10 => 21,
                10..20 => 22,
                20..30 => 25,
                _ => 26,
            };
            let found: Vec<String> = rates.iter().map(|rate| rate.3.to_string()).collect();
            assert_eq!(found, [format!("0.{number}")], "{hours}");
            let found: Vec<&str> = mappings.iter().map(|mapping| mapping.campaign.as_str()).collect();
            assert_eq!(found, [format!("spring {number}")], "{hours}");
            assert_eq!(said(&ledger, &test, hour(hours)).await.1, number * 1_000_000, "{hours}");
        }
        // A line and what takes it back: at no moment the second alone.
        let line = serde_json::json!({"date": "2026-02-10", "amount": money("5 EUR"), "channel": Channel::Email});
        test.clock.set(hour(50));
        let entered = ledger.enter(scope, serde_json::from_value(line).unwrap()).await.unwrap();
        test.clock.set(hour(45));
        ledger.reverse(scope, &entered.id, "wrong").await.unwrap();
        for hours in 44..52 {
            assert_eq!(said(&ledger, &test, hour(hours)).await.0, 0, "{hours}");
        }
    }
}

/// Lines of a file are known since they were entered, which may be long after the import began; those that take them back,
/// since the import was undone. So is what files of rates and plans say.
#[tokio::test]
async fn what_a_file_says_is_known_since_it_is_entered() {
    let files: [(&str, &[(&str, &str)]); 3] = [
        ("spend", &[("date", "2026-02-10"), ("cost", "5"), ("channel", "Email"), ("currency", "EUR")]),
        ("plan", &[("month", "2026-02"), ("channel", "Email"), ("planned", "5"), ("currency", "EUR")]),
        ("rates", &[("date", "2026-02-10"), ("from", "USD"), ("rate", "0.9")]),
    ];
    for (kind, cells) in files {
        for test in platforms().await {
            let ledger = Ledger::new(&test.platform);
            let platform = test.platform.clone();
            let importer: Box<dyn Importer> = match kind {
                "spend" => Box::new(SpendImporter::new(platform)),
                "plan" => Box::new(PlanImporter::new(platform)),
                _ => Box::new(RateImporter::new(platform)),
            };
            let context = context(&test, "file");
            test.advance(HOUR);
            let rows = [row(&*importer, 2, cells)];
            let outcomes = apply(&test, &*importer, &context, &rows).await;
            let all = async |at: Timestamp| {
                let (lines, plan) = said(&ledger, &test, at).await;
                (lines, plan, rates_at(&test.db, at).await.unwrap().len())
            };
            let nothing = (0, 0, 0);
            let there = all(hour(1)).await;
            assert_ne!(there, nothing, "{kind}");
            assert_eq!(
                all(hour(1).plus(-SECOND)).await,
                nothing,
                "{kind}: the import had begun, and entered nothing yet"
            );
            test.advance(DAY);
            let undone = undo(&test, &*importer, &context, &outcomes).await;
            assert_eq!(undone, [Undone::Reverted]);
            assert_eq!(all(hour(24)).await, there, "{kind}: not undone yet");
            assert_eq!(all(hour(25)).await, nothing, "{kind}");
        }
    }
}
