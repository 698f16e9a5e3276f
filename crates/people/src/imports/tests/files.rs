//! The way of a file through the states, with the small ledger.

use super::super::{Counts, ImportState, Mapping, MappingChange, Outcome, Phase, Silent};
use super::{StopAt, import, imports, rows, upload};
use crate::sheets::DateOrder;
use kernel::scope::Role;
use platform::params;
use std::fmt::Write as _;
use testkit::{TestPlatform, platforms};

const GOOGLE: &str = "Campaign report\n\"January 1, 2026 - January 31, 2026\"\nDay,Campaign,Currency code,Cost,Impr.,Clicks\n\
2026-01-01,Brand,EUR,\"1,234.50\",\"1,000\",7\n2026-01-01,\"Pipe, \"\"5 in\"\"\",EUR,3.00,10,1\n2026-01-02,Brand,EUR, --,0,0\n\
2026-01-03,Brand,EUR,\"$5\",0,0\n2026-01-04,Brand,EUR\nTotal: Campaigns, --, --,\"1,237.50\",\"1,010\",8\nTotal: Account, --, --,\"1,237.50\",\"1,010\",8\n";

async fn ledger(test: &TestPlatform) -> Vec<(String, String)> {
    test.db.query("select name, value from meta where name like '2026%' order by name", params![]).await.unwrap()
}

#[tokio::test]
async fn a_google_ads_report_is_recognised_and_its_totals_are_not_spend_ma_12() {
    for test in platforms().await {
        let imports = imports(&test);
        let one = upload(&imports, &test, "google.csv", GOOGLE.as_bytes()).await;
        assert_eq!(one.preset_title.as_deref(), Some("Google Ads report"));
        assert_eq!((one.kind.as_str(), one.form.header_line, one.state), ("spend", 3, ImportState::Mapped));
        let done = import(&imports, &test, GOOGLE.as_bytes()).await;
        assert_eq!(done.applied, Counts { create: 2, rejected: 3, skipped: 2, ..Counts::default() });
        assert_eq!(done.rows_total, Some(done.applied.total()), "every row is counted");
        let wrong = rows(&imports, &test, &done, Phase::Apply, Some(Outcome::Rejected)).await;
        let wrong: Vec<_> = wrong.iter().map(|row| (row.line, row.problem.as_ref().unwrap().code.clone())).collect();
        let expected = [(6, "missing_field"), (7, "other_currency"), (8, "wrong_width")];
        assert_eq!(wrong, expected.map(|(line, code)| (line, code.to_owned())));
        assert_eq!(
            ledger(&test).await,
            [("2026-01-01 Brand", "1234500000 EUR"), ("2026-01-01 Pipe, \"5 in\"", "3000000 EUR")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }
}

#[tokio::test]
async fn a_localised_meta_report_with_semicolons_in_windows_1252_is_read() {
    for test in platforms().await {
        let imports = imports(&test);
        let text = "Tag;Kampagnenname;Ausgegebener Betrag (CHF);Impressionen;Link-Klicks\n\
                    13.01.2026;Frühling für Köln;1.234,50;1.000;7\n14.01.2026;Größe;0,5;10;1\n;;1.235,00;1.010;8\n";
        let (bytes, _, _) = encoding_rs::WINDOWS_1252.encode(text);
        let done = import(&imports, &test, &bytes).await;
        assert_eq!((done.form.encoding.as_str(), done.form.delimiter.as_str()), ("windows-1252", ";"));
        assert_eq!(done.applied, Counts { create: 2, skipped: 1, ..Counts::default() });
        assert_eq!(ledger(&test).await[0], ("2026-01-13 Frühling für Köln".to_owned(), "1234500000 CHF".to_owned()));
    }
}

#[tokio::test]
async fn an_ambiguous_column_is_asked_about_and_never_guessed() {
    for test in platforms().await {
        let imports = imports(&test);
        let text = "date,campaign,cost,colour\n03/04/2026,Brand,5.00,red\n05/06/2026,Brand,6.00,red\n";
        let one = upload(&imports, &test, "own.csv", text.as_bytes()).await;
        assert_eq!(one.state, ImportState::Uploaded);
        assert_eq!(
            one.questions.iter().map(|q| (q.code.as_str(), q.column)).collect::<Vec<_>>(),
            [("ambiguous_date", Some(0))]
        );
        let refused = imports.check_now(&test.scope, &one.id, &Silent).await.unwrap_err();
        assert_eq!(refused.code, "mapping_incomplete");
        let mut mapping: Mapping = one.mapping.clone();
        mapping.columns[0].date_order = Some(DateOrder::DayFirst);
        let change = MappingChange { mapping: Some(mapping), ..MappingChange::default() };
        let mapped = imports.set_mapping(&test.scope, &one.id, change).await.unwrap();
        assert_eq!((mapped.state, mapped.questions.len()), (ImportState::Mapped, 0));
        imports.check_now(&test.scope, &one.id, &Silent).await.unwrap();
        imports.apply_now(&test.scope, &one.id, &Silent).await.unwrap();
        assert_eq!(ledger(&test).await[0].0, "2026-04-03 Brand");
        let late = imports.set_mapping(&test.scope, &one.id, MappingChange::default()).await.unwrap_err();
        assert_eq!(late.code, "import_busy");
    }
}

/// 9 000 lines, of which some keys come back thousands of lines later.
fn long_file() -> String {
    let mut text = "date,campaign,cost\n".to_owned();
    for number in 0..9_000 {
        let campaign = if number % 1_500 == 1_499 { 7 } else { number };
        let _ = writeln!(text, "2026-01-15,campaign {campaign},{}.5", number % 4);
    }
    text
}

#[tokio::test]
async fn rows_about_one_record_are_counted_exactly_wherever_they_stand() {
    for test in platforms().await {
        let imports = imports(&test);
        let done = import(&imports, &test, long_file().as_bytes()).await;
        // Campaign 7 is created, then each of six later rows says another amount than the one before, or the same.
        assert_eq!(done.applied.total(), 9_000);
        assert_eq!(done.applied.create, 8_994);
        assert_eq!(done.applied.update + done.applied.unchanged, 6);
        let again = upload(&imports, &test, "again.csv", long_file().as_bytes()).await;
        assert_eq!(again.same_as, Some(done.id));
    }
}

#[tokio::test]
async fn the_same_file_again_changes_nothing() {
    for test in platforms().await {
        let imports = imports(&test);
        let text = "date,campaign,cost\n2026-01-15,a,1\n2026-01-15,b,2\n";
        import(&imports, &test, text.as_bytes()).await;
        let again = import(&imports, &test, text.as_bytes()).await;
        assert_eq!(again.applied, Counts { unchanged: 2, ..Counts::default() });
    }
}

#[tokio::test]
async fn interrupted_anywhere_and_continued_equals_one_run() {
    for test in platforms().await {
        let imports = imports(&test);
        let one = upload(&imports, &test, "long.csv", long_file().as_bytes()).await;
        imports.check_now(&test.scope, &one.id, &StopAt::new(3, false)).await.unwrap_err();
        let checked = imports.check_now(&test.scope, &one.id, &Silent).await.unwrap();
        for stop in [1, 2, 3] {
            imports.apply_now(&test.scope, &one.id, &StopAt::new(stop, false)).await.unwrap_err();
        }
        let done = imports.apply_now(&test.scope, &one.id, &Silent).await.unwrap();
        assert_eq!((done.state, Some(done.applied)), (ImportState::Applied, checked.checked));
        assert_eq!(ledger(&test).await.len(), 8_994);
        imports.undo_now(&test.scope, &one.id, &StopAt::new(3, false)).await.unwrap_err();
        let undone = imports.undo_now(&test.scope, &one.id, &Silent).await.unwrap();
        assert_eq!(undone.state, ImportState::Undone);
        assert_eq!(undone.undo.reverted, done.applied.create + done.applied.update);
        assert_eq!(undone.undo.refused, 0);
        assert_eq!(ledger(&test).await, []);
    }
}

#[tokio::test]
async fn undo_leaves_what_was_changed_since_and_lists_it() {
    for test in platforms().await {
        let imports = imports(&test);
        let text = "date,campaign,cost\n2026-01-15,a,1\n2026-01-15,b,2\n2026-01-15,c,3\n";
        let done = import(&imports, &test, text.as_bytes()).await;
        test.db.execute("update meta set value = 'x' where name = '2026-01-15 b'", params![]).await.unwrap();
        let undone = imports.undo_now(&test.scope, &done.id, &Silent).await.unwrap();
        assert_eq!((undone.undo.reverted, undone.undo.refused), (2, 1));
        let refused = rows(&imports, &test, &done, Phase::Undo, None).await;
        assert_eq!((refused.len(), refused[0].line), (1, 3));
        assert_eq!(ledger(&test).await.len(), 1);
    }
}

#[tokio::test]
async fn a_stopped_import_can_be_continued_or_undone() {
    for test in platforms().await {
        let imports = imports(&test);
        let one = upload(&imports, &test, "long.csv", long_file().as_bytes()).await;
        imports.check_now(&test.scope, &one.id, &Silent).await.unwrap();
        imports.apply_now(&test.scope, &one.id, &StopAt::new(3, true)).await.unwrap_err();
        let stopped = imports.get(&test.scope, &one.id).await.unwrap();
        assert_eq!((stopped.state, stopped.applied.total()), (ImportState::Cancelled, 4_000));
        let undone = imports.undo_now(&test.scope, &one.id, &Silent).await.unwrap();
        assert_eq!(undone.undo.refused, 0);
        assert_eq!(ledger(&test).await, []);
        let problem = imports.apply_now(&test.scope, &one.id, &Silent).await.unwrap_err();
        assert_eq!(problem.code, "import_busy");
    }
}

#[tokio::test]
async fn the_jobs_do_the_same_and_a_waiting_one_can_be_cancelled() {
    for test in platforms().await {
        let imports = imports(&test);
        let one = upload(&imports, &test, "google.csv", GOOGLE.as_bytes()).await;
        let checking = imports.check(&test.scope, &one.id).await.unwrap();
        assert_eq!(checking.state, ImportState::Checking);
        assert!(checking.job.is_some());
        assert_eq!(imports.cancel(&test.scope, &one.id).await.unwrap().state, ImportState::Mapped);
        imports.check(&test.scope, &one.id).await.unwrap();
        assert_eq!(test.platform.jobs.run_due(&test.scope.workspace).await.unwrap(), 1);
        assert_eq!(imports.get(&test.scope, &one.id).await.unwrap().state, ImportState::Checked);
        imports.apply(&test.scope, &one.id).await.unwrap();
        test.platform.jobs.run_due(&test.scope.workspace).await.unwrap();
        assert_eq!(imports.get(&test.scope, &one.id).await.unwrap().applied.create, 2);
        imports.undo(&test.scope, &one.id).await.unwrap();
        test.platform.jobs.run_due(&test.scope.workspace).await.unwrap();
        assert_eq!(imports.get(&test.scope, &one.id).await.unwrap().state, ImportState::Undone);
        let page = imports.list(&test.scope, &kernel::page::PageRequest::default()).await.unwrap();
        assert_eq!(page.items.len(), 1);
    }
}

#[tokio::test]
async fn the_error_file_holds_the_rows_and_the_reasons() {
    for test in platforms().await {
        let imports = imports(&test);
        let text = "date,campaign,cost\n2026-01-15,a,1\nsoon,=b,2\n2026-01-15,\"c\nd\",-3\n2026-01-16,e,4\n";
        let one = upload(&imports, &test, "own.csv", text.as_bytes()).await;
        imports.check_now(&test.scope, &one.id, &Silent).await.unwrap();
        let (_, mut pieces) = imports.error_file(&test.scope, &one.id).await.unwrap();
        let mut bytes = Vec::new();
        while let Some(piece) = pieces.recv().await {
            bytes.extend_from_slice(&piece.unwrap());
        }
        let file = String::from_utf8(bytes).unwrap();
        let lines: Vec<&str> = file.trim_start_matches('\u{feff}').split("\r\n").collect();
        assert_eq!(
            lines[0],
            "\"date\",\"campaign\",\"cost\",\"mainspring_line\",\"mainspring_outcome\",\"mainspring_reason\""
        );
        assert!(
            lines[1].starts_with("\"soon\",\"'=b\",\"2\",\"3\",\"rejected\",\"`soon` in `Date` is not a date"),
            "{file}"
        );
        assert!(lines[2].starts_with("\"2026-01-15\",\"c\nd\",\"-3\",\"4\",\"conflict\","), "{file}");
        assert_eq!(lines.len(), 4, "two rows, and the end");
    }
}

#[tokio::test]
async fn other_files_and_other_roles_are_refused() {
    for test in platforms().await {
        let imports = imports(&test);
        let mut upload = imports.begin_upload(&test.scope).await.unwrap();
        let problem = upload.write(b"PK\x03\x04rest").await.unwrap_err();
        assert_eq!((problem.status(), problem.code.as_str()), (415, "not_a_text_file"));
        let empty = imports.begin_upload(&test.scope).await.unwrap();
        let problem = imports.finish_upload(&test.scope, empty, "x.csv", None).await.unwrap_err();
        assert_eq!(problem.code, "empty_file");
        drop(upload);
        let left = std::fs::read_dir(test.platform.databases.folder(&test.scope.workspace).join("blobs/imports"));
        assert_eq!(left.unwrap().count(), 0, "what is refused leaves nothing behind");
        let analyst = test.scope_as(Role::Analyst);
        assert_eq!(
            imports.begin_upload(&analyst).await.err().map(|problem| problem.code),
            Some("forbidden".to_owned())
        );
        let viewer = test.scope_as(Role::Viewer);
        let problem = imports.list(&viewer, &kernel::page::PageRequest::default()).await.unwrap_err();
        assert_eq!(problem.code, "forbidden");
    }
}

/// A mapping that was read before a run began does not overwrite what runs by then, whichever database says so.
#[tokio::test]
async fn a_mapping_that_comes_too_late_changes_nothing() {
    use super::super::store;
    for test in platforms().await {
        let imports = imports(&test);
        let one = upload(&imports, &test, "people.csv", b"email\na@acme.com\n").await;
        let mut stale = store::get(&test.db, &one.id).await.unwrap().unwrap();
        "elsewhere".clone_into(&mut stale.mapping.system);
        let late = async |stale: &store::ImportRow| {
            let mut tx = test.db.begin().await.unwrap();
            let set = store::set_mapping(&mut tx, stale).await.unwrap();
            tx.commit().await.unwrap();
            let now = store::get(&test.db, &one.id).await.unwrap().unwrap();
            (set, now.state, now.mapping.system)
        };
        imports.check(&test.scope, &one.id).await.unwrap();
        assert_eq!(late(&stale).await, (false, ImportState::Checking, one.mapping.system.clone()));
        imports.cancel(&test.scope, &one.id).await.unwrap();
        imports.check_now(&test.scope, &one.id, &Silent).await.unwrap();
        imports.apply_now(&test.scope, &one.id, &Silent).await.unwrap();
        assert_eq!(late(&stale).await, (false, ImportState::Applied, one.mapping.system.clone()));
        let again = imports.set_mapping(&test.scope, &one.id, MappingChange::default()).await.unwrap_err();
        assert_eq!(again.code, "import_busy");
        let other = upload(&imports, &test, "others.csv", b"email\nb@acme.com\n").await;
        let changed = imports.set_mapping(&test.scope, &other.id, MappingChange::default()).await.unwrap();
        assert_eq!(changed.state, ImportState::Mapped);
    }
}
