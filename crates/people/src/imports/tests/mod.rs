//! Imports on both databases: recognised, checked, applied, resumed, undone (MA-12, OS 2.8).

mod files;
mod ledger;
mod people;

use super::{Import, ImportState, Imports, Outcome, Phase, Progress, RowReport};
use async_trait::async_trait;
use kernel::page::PageRequest;
use platform::jobs::JobError;
use std::sync::atomic::{AtomicU64, Ordering};
use testkit::TestPlatform;

/// Imports with the importers of this crate and a small ledger in place of the real one.
fn imports(test: &TestPlatform) -> Imports {
    Imports::new(&test.platform, vec![std::sync::Arc::new(ledger::TestLedger)])
}

async fn upload(imports: &Imports, test: &TestPlatform, name: &str, bytes: &[u8]) -> Import {
    // Ids are ordered by time, so two files of one moment would have no order.
    test.advance(kernel::time::SECOND);
    let mut upload = imports.begin_upload(&test.scope).await.unwrap();
    for piece in bytes.chunks(1_000) {
        upload.write(piece).await.unwrap();
    }
    imports.finish_upload(&test.scope, upload, name, None).await.unwrap()
}

/// Checks and applies, and demands that the dry run told exactly what then happened.
async fn import(imports: &Imports, test: &TestPlatform, bytes: &[u8]) -> Import {
    let uploaded = upload(imports, test, "file.csv", bytes).await;
    assert_eq!(uploaded.questions, vec![]);
    let checked = imports.check_now(&test.scope, &uploaded.id, &super::Silent).await.unwrap();
    assert_eq!(checked.state, ImportState::Checked);
    let applied = imports.apply_now(&test.scope, &uploaded.id, &super::Silent).await.unwrap();
    assert_eq!(applied.state, ImportState::Applied);
    assert_eq!(checked.checked, Some(applied.applied), "the dry run tells what happens");
    applied
}

async fn rows(
    imports: &Imports,
    test: &TestPlatform,
    one: &Import,
    phase: Phase,
    outcome: Option<Outcome>,
) -> Vec<RowReport> {
    let mut all = Vec::new();
    let mut page = PageRequest { limit: Some(3), cursor: None };
    loop {
        let found = imports.rows(&test.scope, &one.id, phase, outcome, &page).await.unwrap();
        all.extend(found.items);
        if found.next_cursor.is_none() {
            return all;
        }
        page.cursor = found.next_cursor;
    }
}

/// Stops a run at its n-th report, as a process that dies would.
struct StopAt {
    left: AtomicU64,
    cancelled: bool,
}

impl StopAt {
    fn new(reports: u64, cancelled: bool) -> Self {
        Self { left: AtomicU64::new(reports), cancelled }
    }
}

#[async_trait]
impl Progress for StopAt {
    async fn report(&self, _: u64, _: u64, _: &str) -> Result<(), JobError> {
        let left = self.left.fetch_sub(1, Ordering::SeqCst);
        match (left, self.cancelled) {
            (1, true) => Err(JobError::Cancelled),
            (1, false) => Err(JobError::Interrupted),
            _ => Ok(()),
        }
    }
}
