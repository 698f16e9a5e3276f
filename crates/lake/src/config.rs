//! Settings of a lake, and the points where a test may make it fail.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Settings of a lake. The defaults fit the small machine: idle under 100 MB, loaded under 512 MB.
#[derive(Debug, Clone)]
pub struct LakeConfig {
    /// The workspace's folder; `log/`, `events/` and `dedup/` are made in it.
    pub folder: PathBuf,
    /// Buckets of people. Fixed when the workspace is made.
    pub buckets: u16,
    /// A log segment is closed at this size, in bytes.
    pub segment_bytes: u64,
    /// Bytes that may wait to be written to the log before appends are refused.
    pub queue_bytes_max: usize,
    /// Bytes of the log that may wait to be admitted before appends are refused.
    pub pending_bytes_max: usize,
    /// Of those, bytes that are kept in memory; the others are read again from the log.
    pub ready_bytes_max: usize,
    /// Seal when this many events are hot.
    pub hot_events_max: usize,
    /// Seal when the hot events take this many bytes.
    pub hot_bytes_max: usize,
    /// Seal when the oldest hot event was admitted this many microseconds ago.
    pub hot_age_us_max: i64,
    /// Files of one bucket and month before they are merged.
    pub files_max: usize,
    /// Runs of event ids before they are merged.
    pub runs_max: usize,
    /// Bytes of memory for the filters over event ids; larger ones stay on disk.
    pub filter_bytes_max: usize,
    /// Threads of one fold.
    pub fold_threads: usize,
    /// Folds that run at the same time; others wait.
    pub folds_max: usize,
    /// SQL questions that run at the same time; others wait.
    pub sql_max: usize,
    /// How long one waits for its turn before it is told to come back.
    pub sql_wait_max: Duration,
    /// Where a test makes a step fail.
    pub faults: Faults,
}

impl LakeConfig {
    /// The defaults, in a folder.
    #[must_use]
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            buckets: 16,
            segment_bytes: 64 << 20,
            queue_bytes_max: 32 << 20,
            pending_bytes_max: 1 << 30,
            ready_bytes_max: 24 << 20,
            hot_events_max: 200_000,
            hot_bytes_max: 40 << 20,
            hot_age_us_max: kernel::time::HOUR,
            files_max: 8,
            runs_max: 8,
            filter_bytes_max: 32 << 20,
            fold_threads: std::thread::available_parallelism().map_or(2, |cores| cores.get().clamp(2, 8)),
            folds_max: 4,
            sql_max: 2,
            sql_wait_max: Duration::from_secs(5),
            faults: Faults::default(),
        }
    }
}

type Hook = dyn Fn(&'static str) -> std::io::Result<()> + Send + Sync;

/// Named steps at which a test makes the lake fail; nothing in production.
#[derive(Clone, Default)]
pub struct Faults(Option<Arc<Hook>>);

impl Faults {
    /// Calls `hook` with the name of each step; an error is what the step then returns.
    pub fn new(hook: impl Fn(&'static str) -> std::io::Result<()> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(hook)))
    }

    /// The error of this step, if it is to fail.
    pub(crate) fn check(&self, step: &'static str) -> std::io::Result<()> {
        self.0.as_ref().map_or(Ok(()), |hook| hook(step))
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Faults(on)" } else { "Faults(off)" })
    }
}
