//! Schemas of the test server, dropped when the test is over.

use platform::sql::Scratch;
use std::sync::atomic::{AtomicU64, Ordering};

/// The address of the test server, when there is one.
pub(crate) fn url() -> Option<String> {
    std::env::var("MAINSPRING_TEST_PG_URL").ok().filter(|url| !url.is_empty())
}

static COUNT: AtomicU64 = AtomicU64::new(0);

/// A name no other test has.
pub(crate) fn unique(start: &str) -> String {
    let process = std::process::id();
    let random = rand::random::<u32>();
    format!("{start}_{process}_{}_{random:08x}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Drops schemas when it is dropped.
#[derive(Debug)]
pub(crate) struct DropSchemas {
    pub(crate) url: String,
    pub(crate) schemas: Vec<String>,
}

impl Drop for DropSchemas {
    fn drop(&mut self) {
        let (url, schemas) = (std::mem::take(&mut self.url), std::mem::take(&mut self.schemas));
        // A runtime of its own, because this runs inside the test's.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            if let Ok(runtime) = runtime {
                // A leftover schema harms no other test.
                let _ = runtime.block_on(Scratch::drop_schemas(&url, &schemas));
            }
        });
        let _ = dropping.join();
    }
}
