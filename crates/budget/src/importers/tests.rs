//! Files of spend against each other: what restates what, and what undoing leaves.

use super::{PlanImporter, RateImporter, SpendImporter};
use crate::ledger::tests::{apply, context, kinds, row, total, undo};
use crate::ledger::{Ledger, PlanChange, RateLine};
use analytics::channels::Channel;
use async_trait::async_trait;
use kernel::ids::ImportId;
use people::imports::{Importer as _, Imports, Outcome, Progress, Silent, Undone};
use platform::jobs::JobError;
use serde_json::json;
use std::sync::Arc;
use testkit::platforms;

/// AN-C: what one source, account or currency states takes nothing of another's back; nor does a file of another layout.
#[tokio::test]
async fn reports_of_different_sources_stand_beside_each_other() {
    for test in platforms().await {
        let (ledger, importer) = (Ledger::new(&test.platform), SpendImporter::new(test.platform.clone()));
        let line = |cells: &[(&str, &str)]| {
            let fixed = [("date", "2026-02-01"), ("campaign", "Spring"), ("cost", "10")];
            let cells: Vec<(&str, &str)> = cells.iter().chain(&fixed).copied().collect();
            vec![row(&importer, 2, &cells)]
        };
        let different = [
            line(&[("source", "google")]),
            line(&[("source", "bing")]),
            line(&[("source", "google"), ("account", "Agency")]),
            line(&[("source", "google"), ("currency", "USD")]),
        ];
        for rows in &different {
            assert_eq!(kinds(&apply(&test, &importer, &context(&test, "file"), rows).await), [Outcome::Create]);
        }
        for rows in &different {
            assert_eq!(kinds(&apply(&test, &importer, &context(&test, "file"), rows).await), [Outcome::Unchanged]);
        }
        let mut other = context(&test, "file");
        other.feed = "day,campaign,spend".to_owned();
        assert_eq!(kinds(&apply(&test, &importer, &other, &different[0]).await), [Outcome::Create]);
        assert_eq!(total(&ledger, &test.scope).await, 40_000_000);
        let platform = context(&test, "google_ads");
        assert_eq!(kinds(&apply(&test, &importer, &platform, &different[0]).await), [Outcome::Create]);
        other.import = ImportId::new(other.now, &mut test.platform.world.rng());
        "google_ads".clone_into(&mut other.system);
        let again = apply(&test, &importer, &other, &different[0]).await;
        assert_eq!(kinds(&again), [Outcome::Unchanged], "a platform's report may show other columns");
    }
}

/// A plan in another currency counts for the months to come, and what no rate converts is counted as that.
#[tokio::test]
async fn a_plan_in_another_currency_counts_for_coming_months() {
    for test in platforms().await {
        let ledger = Ledger::new(&test.platform);
        let change = |month: &str| {
            let body =
                json!({"month": month, "channel": Channel::Email, "planned": {"amount": "100", "currency": "USD"}});
            serde_json::from_value::<PlanChange>(body).unwrap()
        };
        ledger.set_plan(&test.scope, vec![change("2026-01"), change("2026-12")]).await.unwrap();
        let planned = async || {
            let summary = ledger.summary(&test.scope, None, None).await.unwrap();
            (summary.total.planned.micros, summary.unconverted)
        };
        assert_eq!(planned().await, (0, 2));
        let date = "2026-03-02".parse().unwrap();
        let line = RateLine { date, from: "USD".parse().unwrap(), to: None, rate: "0.9".into() };
        ledger.set_rates(&test.scope, vec![line]).await.unwrap();
        assert_eq!(planned().await, (90_000_000, 1));
    }
}

/// A rate is read as its column writes numbers: thousands are thousands, and no place is lost.
#[tokio::test]
async fn a_rate_of_thousands_is_not_a_thousandth_of_it() {
    for test in platforms().await {
        let (ledger, importer) = (Ledger::new(&test.platform), Arc::new(RateImporter::new(test.platform.clone())));
        let imports = Imports::new(&test.platform, vec![importer]);
        let file =
            "Date;From;To;Rate\n2026-02-06;EUR;IDR;17.250,5\n2026-02-07;EUR;IDR;17.251\n2026-02-06;IDR;EUR;0,000058\n";
        let mut upload = imports.begin_upload(&test.scope).await.unwrap();
        upload.write(file.as_bytes()).await.unwrap();
        let one = imports.finish_upload(&test.scope, upload, "rates.csv", Some("rates")).await.unwrap();
        assert_eq!(one.questions, vec![]);
        imports.check_now(&test.scope, &one.id, &Silent).await.unwrap();
        let done = imports.apply_now(&test.scope, &one.id, &Silent).await.unwrap();
        assert_eq!(done.applied.create, 3, "{:?}", done.applied);
        let rates = ledger.rates(&test.scope, None, &kernel::page::PageRequest::default()).await.unwrap();
        let mut rates: Vec<String> = rates.items.into_iter().map(|line| line.rate).collect();
        rates.sort();
        assert_eq!(rates, ["0.000058", "17250.5", "17251"]);
    }
}

/// MA-12: taking imports back in the order they came, the last one first, leaves nothing.
#[tokio::test]
async fn undoing_the_last_import_first_leaves_nothing() {
    for test in platforms().await {
        let (ledger, importer) = (Ledger::new(&test.platform), SpendImporter::new(test.platform.clone()));
        let file = |cost| vec![row(&importer, 2, &[("date", "2026-02-01"), ("campaign", "Spring"), ("cost", cost)])];
        let mut imports = Vec::new();
        for cost in ["20", "25.5", "31"] {
            let context = context(&test, "meta");
            let outcomes = apply(&test, &importer, &context, &file(cost)).await;
            imports.push((context, outcomes));
        }
        let mut left = Vec::new();
        for (context, outcomes) in imports.iter().rev() {
            assert_eq!(undo(&test, &importer, context, outcomes).await, [Undone::Reverted]);
            left.push(total(&ledger, &test.scope).await);
        }
        assert_eq!(left, [25_500_000, 20_000_000, 0]);
        let (context, outcomes) = &imports[0];
        assert!(matches!(undo(&test, &importer, context, outcomes).await[..], [Undone::Refused(_)]), "once only");
    }
}

#[tokio::test]
async fn two_rows_of_one_key_in_one_file_are_two_lines() {
    for test in platforms().await {
        let (ledger, importer) = (Ledger::new(&test.platform), SpendImporter::new(test.platform.clone()));
        let cells = |amount| [("date", "2026-02-01"), ("cost", amount), ("campaign", "Spring")];
        let rows = |one, two| vec![row(&importer, 2, &cells(one)), row(&importer, 3, &cells(two))];
        let (one, two) = (context(&test, "meta"), context(&test, "meta"));
        assert_eq!(kinds(&apply(&test, &importer, &one, &rows("3", "4")).await), [Outcome::Create, Outcome::Create]);
        assert_eq!(kinds(&apply(&test, &importer, &two, &rows("3", "5")).await), [Outcome::Unchanged, Outcome::Update]);
        assert_eq!(total(&ledger, &test.scope).await, 8_000_000);
    }
}

/// Reports and plans that come at the same moment, on many connections, count once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn files_that_come_at_once_count_once() {
    for test in platforms().await {
        let ledger = Ledger::new(&test.platform);
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..24 {
            let (platform, db, scope, ledger) =
                (test.platform.clone(), test.db.clone(), test.scope.clone(), ledger.clone());
            let context = context(&test, "meta");
            tasks.spawn(async move {
                let (spend, plan) = (SpendImporter::new(platform.clone()), PlanImporter::new(platform));
                let mut tx = db.begin().await.unwrap();
                if number % 2 == 0 {
                    let rows = [row(&spend, 2, &[("date", "2026-02-01"), ("campaign", "Spring"), ("cost", "10")])];
                    spend.apply(&context, &mut tx, &rows).await.unwrap();
                } else {
                    let rows = [row(&plan, 2, &[("month", "2026-02"), ("channel", "email"), ("planned", "70")])];
                    plan.apply(&context, &mut tx, &rows).await.unwrap();
                }
                tx.commit().await.unwrap();
                let body = json!({"month": "2026-02", "channel": Channel::Email, "planned": {"amount": "70", "currency": "EUR"}});
                ledger.set_plan(&scope, vec![serde_json::from_value(body).unwrap()]).await.unwrap();
            });
        }
        tasks.join_all().await;
        assert_eq!(total(&ledger, &test.scope).await, 10_000_000);
        let versions = ledger.plan(&test.scope, (None, None), true).await.unwrap();
        assert_eq!(versions.len(), 1, "one says what all say");
    }
}

/// Places from before keys held the layout of a file, or folded the case of a source, keep their lines.
#[tokio::test]
async fn places_of_earlier_versions_keep_their_lines() {
    for test in platforms().await {
        let (ledger, importer) = (Ledger::new(&test.platform), SpendImporter::new(test.platform.clone()));
        let line = |number, source, cost| {
            let cells = [("date", "2026-02-01"), ("source", source), ("campaign", "Spring"), ("cost", cost)];
            row(&importer, number, &cells)
        };
        let first = context(&test, "file");
        let rows = [line(2, "LinkedIn", "10"), line(3, "LinkedIn", "20"), line(4, "Bing", "5")];
        let mut outcomes = apply(&test, &importer, &first, &rows).await;
        // As earlier versions left them: without the layout, the source once folded and once as it was written.
        let old = |source: &str| ["file", "2026-02-01", "spring", "", "", "", "", source, "EUR", "", ""].join("\u{1f}");
        let mut tx = test.db.begin().await.unwrap();
        for (outcome, source) in outcomes.iter_mut().zip(["linkedin", "linkedin", "Bing"]) {
            let sql = "update ledger_heads set report_key = $1 where entry = $2";
            let values = platform::params![old(source), outcome.record.clone().unwrap()];
            assert_eq!(tx.execute(sql, values).await.unwrap(), 1);
            outcome.undo.as_mut().unwrap()["place"][0] = json!(old(source));
        }
        tx.commit().await.unwrap();
        let second = context(&test, "file");
        let file = [line(2, "LinkedIn", "10"), line(3, "LINKEDIN", "21"), line(4, "Bing", "5")];
        let again = apply(&test, &importer, &second, &file).await;
        assert_eq!(kinds(&again), [Outcome::Unchanged, Outcome::Update, Outcome::Unchanged]);
        assert_eq!(total(&ledger, &test.scope).await, 36_000_000);
        let third = context(&test, "file");
        let later = apply(&test, &importer, &third, &file).await;
        assert_eq!(kinds(&later), [Outcome::Unchanged; 3], "known by the keys of today");
        for (context, outcomes, left) in [(third, later, 36), (second, again, 35), (first, outcomes, 0)] {
            assert_eq!(undo(&test, &importer, &context, &outcomes).await, vec![Undone::Reverted; 3]);
            assert_eq!(total(&ledger, &test.scope).await, left * 1_000_000);
        }
    }
}

/// The lines of a key sum to what its newest report says, also when it says less; the dry run tells, and undo restores.
#[tokio::test]
async fn a_report_that_comes_with_fewer_rows_takes_the_others_back() {
    for test in platforms().await {
        let (ledger, importer) = (Ledger::new(&test.platform), Arc::new(SpendImporter::new(test.platform.clone())));
        let imports = Imports::new(&test.platform, vec![importer.clone()]);
        let file = async |rows: &[(&str, &str)]| {
            test.advance(kernel::time::SECOND);
            let lines = rows.iter().map(|(campaign, cost)| format!("2026-02-01,{campaign},{cost},google\n"));
            let text: String = std::iter::once("Date,Campaign,Cost,Source\n".to_owned()).chain(lines).collect();
            let mut upload = imports.begin_upload(&test.scope).await.unwrap();
            upload.write(text.as_bytes()).await.unwrap();
            let one = imports.finish_upload(&test.scope, upload, "spend.csv", Some("spend")).await.unwrap();
            let checked = imports.check_now(&test.scope, &one.id, &Silent).await.unwrap();
            let done = imports.apply_now(&test.scope, &one.id, &Silent).await.unwrap();
            assert_eq!(checked.checked, Some(done.applied), "the dry run tells what happens");
            assert_eq!(done.applied.total(), rows.len() as u64, "what is withdrawn is no row");
            (done.id, done.applied)
        };
        let (first, counts) = file(&[("Spring", "3"), ("Spring", "4"), ("Spring", "5"), ("Autumn", "9")]).await;
        assert_eq!((counts.create, counts.withdrawn), (4, 0));
        // One row is left of three; of the other campaign the file says nothing, so its line stays.
        let (second, counts) = file(&[("Spring", "6")]).await;
        assert_eq!((counts.update, counts.withdrawn), (1, 2));
        assert_eq!(total(&ledger, &test.scope).await, 15_000_000);
        let mut tx = test.db.begin().await.unwrap();
        let ended = people::imports::ImportContext { import: second.clone(), ..context(&test, "file") };
        assert_eq!(importer.finish(&ended, &mut tx).await.unwrap(), vec![], "a second end finds nothing to do");
        tx.commit().await.unwrap();
        let (third, counts) = file(&[("Spring", "6"), ("Spring", "7")]).await;
        assert_eq!((counts.unchanged, counts.create, counts.withdrawn), (1, 1, 0));
        let undo = async |id: &ImportId| {
            let undone = imports.undo_now(&test.scope, id, &Silent).await.unwrap().undo;
            (undone.reverted, undone.refused, total(&ledger, &test.scope).await)
        };
        assert_eq!(undo(&third).await, (1, 0, 15_000_000));
        assert_eq!(undo(&second).await, (3, 0, 21_000_000));
        assert_eq!(undo(&first).await, (4, 0, 0));
        assert_eq!(platform::audit::verify(&test.db).await.unwrap().broken_at, None);
    }
}

/// A line that was withdrawn does not come back into a place that a later file has taken.
#[tokio::test]
async fn a_withdrawn_line_stays_away_where_its_place_was_taken() {
    for test in platforms().await {
        let (ledger, importer) = (Ledger::new(&test.platform), SpendImporter::new(test.platform.clone()));
        let rows = |costs: &[&str]| -> Vec<_> {
            let cells = |cost| [("date", "2026-02-01"), ("campaign", "Spring"), ("cost", cost)];
            (2..).zip(costs).map(|(line, cost)| row(&importer, line, &cells(*cost))).collect()
        };
        apply(&test, &importer, &context(&test, "meta"), &rows(&["3", "4"])).await;
        let second = context(&test, "meta");
        apply(&test, &importer, &second, &rows(&["3"])).await;
        let mut tx = test.db.begin().await.unwrap();
        let withdrawn = importer.finish(&second, &mut tx).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!((withdrawn.len(), total(&ledger, &test.scope).await), (1, 3_000_000));
        apply(&test, &importer, &context(&test, "meta"), &rows(&["3", "5"])).await;
        let mut tx = test.db.begin().await.unwrap();
        let undone = importer.undo(&second, &mut tx, &withdrawn).await.unwrap();
        tx.commit().await.unwrap();
        assert!(matches!(&undone[..], [Undone::Refused(problem)] if problem.code == "changed_since"), "{undone:?}");
        assert_eq!(total(&ledger, &test.scope).await, 8_000_000);
    }
}

/// Stops a run once its rows are written, before the end of the file is dealt with: as a process that dies there.
struct BeforeTheEnd;

#[async_trait]
impl Progress for BeforeTheEnd {
    async fn report(&self, done: u64, _: u64, _: &str) -> Result<(), JobError> {
        if done > 0 { Err(JobError::Interrupted) } else { Ok(()) }
    }
}

#[tokio::test]
async fn an_import_that_is_killed_at_its_end_withdraws_once() {
    for test in platforms().await {
        let (ledger, importer) = (Ledger::new(&test.platform), Arc::new(SpendImporter::new(test.platform.clone())));
        let imports = Imports::new(&test.platform, vec![importer]);
        let checked = async |rows: &str| {
            test.advance(kernel::time::SECOND);
            let mut upload = imports.begin_upload(&test.scope).await.unwrap();
            upload.write(format!("Date,Campaign,Cost,Source\n{rows}").as_bytes()).await.unwrap();
            let one = imports.finish_upload(&test.scope, upload, "spend.csv", Some("spend")).await.unwrap();
            imports.check_now(&test.scope, &one.id, &Silent).await.unwrap().id
        };
        let first = checked("2026-02-01,Spring,3,google\n2026-02-01,Spring,4,google\n").await;
        imports.apply_now(&test.scope, &first, &Silent).await.unwrap();
        let second = checked("2026-02-01,Spring,3,google\n").await;
        imports.apply_now(&test.scope, &second, &BeforeTheEnd).await.unwrap_err();
        assert_eq!(total(&ledger, &test.scope).await, 7_000_000);
        for _ in 0..2 {
            // The job of a killed process is taken up where it was, also when only its last word was lost.
            let sql = "update imports set state = 'applying' where id = $1";
            test.db.execute(sql, platform::params![second.clone()]).await.unwrap();
            let done = imports.apply_now(&test.scope, &second, &Silent).await.unwrap().applied;
            assert_eq!((done.unchanged, done.withdrawn, done.total()), (1, 1, 1));
            assert_eq!(total(&ledger, &test.scope).await, 3_000_000);
        }
        let undone = imports.undo_now(&test.scope, &second, &Silent).await.unwrap().undo;
        assert_eq!((undone.reverted, undone.refused, total(&ledger, &test.scope).await), (1, 0, 7_000_000));
    }
}
