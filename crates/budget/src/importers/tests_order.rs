//! Imports of spend that are undone, stopped or continued out of turn, and beside lines entered by hand.

use super::SpendImporter;
use crate::ledger::Ledger;
use crate::ledger::tests::{apply, context, kinds, row, total, undo};
use analytics::channels::Channel;
use async_trait::async_trait;
use kernel::ids::ImportId;
use people::imports::{Counts, Import, Importer as _, Imports, Outcome, Phase, Progress, Silent, Undone};
use platform::jobs::JobError;
use serde_json::json;
use std::sync::Arc;
use testkit::{TestPlatform, platforms};

/// Files of the importer, each later than the one before.
struct Files<'a> {
    test: &'a TestPlatform,
    ledger: Ledger,
    imports: Imports,
}

impl<'a> Files<'a> {
    fn new(test: &'a TestPlatform) -> Self {
        let importer = Arc::new(SpendImporter::new(test.platform.clone()));
        Self { test, ledger: Ledger::new(&test.platform), imports: Imports::new(&test.platform, vec![importer]) }
    }

    /// Uploads and checks a file of lines of 2026-02-01: campaign, cost, channel.
    async fn checked(&self, lines: &str) -> Import {
        self.test.advance(kernel::time::SECOND);
        let mut text = "Date,Campaign,Cost,Channel,Source\n".to_owned();
        lines.lines().for_each(|line| text.push_str(&format!("2026-02-01,{},google\n", line.trim())));
        let scope = &self.test.scope;
        let mut upload = self.imports.begin_upload(scope).await.unwrap();
        upload.write(text.as_bytes()).await.unwrap();
        let one = self.imports.finish_upload(scope, upload, "spend.csv", Some("spend")).await.unwrap();
        assert_eq!(one.questions, vec![]);
        self.imports.check_now(scope, &one.id, &Silent).await.unwrap()
    }

    async fn apply(&self, id: &ImportId) -> Counts {
        self.test.advance(kernel::time::SECOND);
        self.imports.apply_now(&self.test.scope, id, &Silent).await.unwrap().applied
    }

    /// Applies the first batch of a file only.
    async fn stop(&self, id: &ImportId) {
        self.test.advance(kernel::time::SECOND);
        let stopped = self.imports.apply_now(&self.test.scope, id, &AfterABatch).await.unwrap_err();
        assert_eq!(stopped.code, "import_cancelled");
    }

    async fn total(&self) -> i64 {
        total(&self.ledger, &self.test.scope).await / 1_000_000
    }
}

/// Cancels a run when it has written something.
struct AfterABatch;

#[async_trait]
impl Progress for AfterABatch {
    async fn report(&self, done: u64, _: u64, _: &str) -> Result<(), JobError> {
        if done > 0 { Err(JobError::Cancelled) } else { Ok(()) }
    }
}

/// Lines of other campaigns, one each, that fill a batch up to `rows`.
fn filling(rows: usize) -> String {
    (0..rows).map(|number| format!("Filler {number},1,\n")).collect()
}

/// MA-12: what several reports state goes with the last of them, in whatever order the later ones are undone.
#[tokio::test]
async fn the_order_in_which_later_imports_are_undone_does_not_matter() {
    for order in [[1, 2], [2, 1]] {
        for test in platforms().await {
            let (ledger, importer) = (Ledger::new(&test.platform), SpendImporter::new(test.platform.clone()));
            let rows = [row(&importer, 2, &[("date", "2026-02-01"), ("campaign", "Spring"), ("cost", "10")])];
            let mut imports = Vec::new();
            for outcome in [Outcome::Create, Outcome::Unchanged, Outcome::Unchanged] {
                let context = context(&test, "meta");
                let outcomes = apply(&test, &importer, &context, &rows).await;
                assert_eq!(kinds(&outcomes), [outcome]);
                imports.push((context, outcomes));
            }
            for later in order {
                let (context, outcomes) = &imports[later];
                assert_eq!(undo(&test, &importer, context, outcomes).await, [Undone::Reverted]);
                assert_eq!(total(&ledger, &test.scope).await, 10_000_000);
            }
            let (context, outcomes) = &imports[0];
            assert_eq!(undo(&test, &importer, context, outcomes).await, [Undone::Reverted], "after {order:?}");
            assert_eq!(total(&ledger, &test.scope).await, 0);
        }
    }
}

/// MA-12: of four reports the third, the last and then the second are undone: until then the line is stated twice.
#[tokio::test]
async fn a_report_that_is_not_undone_holds_its_line() {
    for test in platforms().await {
        let (ledger, importer) = (Ledger::new(&test.platform), SpendImporter::new(test.platform.clone()));
        let cost = |cost| [row(&importer, 2, &[("date", "2026-02-01"), ("campaign", "Spring"), ("cost", cost)])];
        let mut imports = Vec::new();
        for file in [cost("10"), cost("10"), cost("10"), cost("12")] {
            let context = context(&test, "meta");
            let outcomes = apply(&test, &importer, &context, &file).await;
            imports.push((context, outcomes));
        }
        let undo = async |place: usize| {
            let (context, outcomes) = &imports[place];
            let undone = undo(&test, &importer, context, outcomes).await;
            (undone == [Undone::Reverted], total(&ledger, &test.scope).await / 1_000_000)
        };
        assert_eq!(undo(2).await, (true, 12));
        assert_eq!(undo(3).await, (true, 10));
        assert_eq!(undo(0).await, (false, 10), "the second states it too");
        assert_eq!(undo(1).await, (true, 10));
        assert_eq!(undo(0).await, (true, 0));
    }
}

/// A row that was not taken may be about a line that its file seems to leave out: nothing is taken back by that file.
#[tokio::test]
async fn a_file_with_a_row_that_is_not_taken_takes_nothing_back() {
    for broken in ["Spring,,", "Spring,4,Nonsense"] {
        for test in platforms().await {
            let files = Files::new(&test);
            files.apply(&files.checked("Spring,3,\nSpring,4,").await.id).await;
            let second = files.checked(&format!("Spring,3,\n{broken}")).await;
            let done = files.apply(&second.id).await;
            assert_eq!(second.checked, Some(done), "the dry run tells what happens");
            assert_eq!(done, Counts { unchanged: 1, rejected: 1, kept: 1, ..Counts::default() });
            assert_eq!(files.total().await, 7);
            let corrected = files.checked("Spring,3,").await;
            let done = files.apply(&corrected.id).await;
            assert_eq!((corrected.checked, done.withdrawn, done.kept), (Some(done), 1, 0));
            assert_eq!(files.total().await, 3);
        }
    }
}

/// An import that was stopped and is continued after a newer report has come restates nothing of it.
#[tokio::test]
async fn an_import_that_is_continued_takes_nothing_of_a_newer_one() {
    for test in platforms().await {
        let files = Files::new(&test);
        let first = files.checked(&format!("Winter,1,\n{}Winter,2,\nSpring,5,\nAutumn,3,", filling(1_999))).await;
        files.stop(&first.id).await;
        assert_eq!(files.total().await, 2_000);
        // The newer one says of Winter and Spring something else.
        let second = files.checked("Winter,8,\nWinter,9,\nSpring,7,\nAutumn,3,").await;
        let done = files.apply(&second.id).await;
        assert_eq!((done.create, done.update, files.total().await), (3, 1, 2_026));
        let done = files.apply(&first.id).await;
        assert_eq!((done.create, done.update, done.unchanged, done.conflict), (2_000, 0, 1, 2), "{done:?}");
        assert_eq!(files.total().await, 2_026);
        let page = kernel::page::PageRequest { limit: Some(10), cursor: None };
        let conflicts = files.imports.rows(&test.scope, &first.id, Phase::Apply, Some(Outcome::Conflict), &page).await;
        let codes = conflicts.unwrap().items.into_iter().map(|row| row.problem.unwrap().code);
        assert_eq!(codes.collect::<Vec<_>>(), ["changed_since", "changed_since"]);
        let third = files.apply(&files.checked("Winter,8,\nWinter,10,").await.id).await;
        assert_eq!((third.unchanged, third.update, files.total().await), (1, 1, 2_027));
    }
}

/// The end of an import that is continued withdraws nothing that a newer one states, itself stopped before its end.
#[tokio::test]
async fn the_end_of_a_continued_import_leaves_what_a_newer_one_states() {
    for test in platforms().await {
        let files = Files::new(&test);
        let lines = format!("Winter,1,\nWinter,2,\n{}Spring,5,", filling(1_998));
        // Uploaded last and begun first: which is the newer is a matter of when they began.
        let second = files.checked("Winter,8,").await;
        let first = files.checked(&lines).await;
        files.stop(&first.id).await;
        files.stop(&second.id).await;
        assert_eq!(files.total().await, 2_008);
        let done = files.apply(&first.id).await;
        assert_eq!((done.create, done.withdrawn, files.total().await), (2_001, 0, 2_013));
        let done = files.apply(&second.id).await;
        assert_eq!((done.update, done.withdrawn, files.total().await), (1, 1, 2_011));
    }
}

/// Lines by hand and files that come at the same moment, on many connections, all count; none waits for the other for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn lines_by_hand_and_files_at_once_all_count() {
    for test in platforms().await {
        let ledger = Ledger::new(&test.platform);
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..48 {
            let (platform, db, scope) = (test.platform.clone(), test.db.clone(), test.scope.clone());
            let (ledger, context) = (ledger.clone(), context(&test, "meta"));
            tasks.spawn(async move {
                if number % 2 == 0 {
                    let line = json!({"date": "2026-02-01", "channel": Channel::Email, "amount": {"amount": "10", "currency": "EUR"}});
                    ledger.enter(&scope, serde_json::from_value(line).unwrap()).await.unwrap();
                    return;
                }
                let spend = SpendImporter::new(platform);
                let campaign = format!("Campaign {number}");
                let rows = [row(&spend, 2, &[("date", "2026-02-01"), ("campaign", &campaign), ("cost", "10")])];
                let mut tx = db.begin().await.unwrap();
                spend.apply(&context, &mut tx, &rows).await.unwrap();
                tx.commit().await.unwrap();
            });
        }
        tasks.join_all().await;
        assert_eq!(total(&ledger, &test.scope).await, 480_000_000);
        assert_eq!(platform::audit::verify(&test.db).await.unwrap().broken_at, None);
    }
}
