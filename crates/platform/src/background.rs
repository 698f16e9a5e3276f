//! Threads for work that nobody waits for at the moment: it yields to whatever answers a request.
//!
//! **Invariant:** on a busy machine an answer does not wait for this work, and this work goes on, slower.

use std::future::Future;
use std::io;
use thread_priority::{ThreadPriority, ThreadPriorityValue, set_current_thread_priority};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

/// Threads that run futures.
const THREADS: usize = 2;
/// Threads that may block: for a merge and a seal at a time, and what comes in meanwhile.
const BLOCKING: usize = 3;
/// How often the system lets these threads run, of 99; an ordinary thread has about half of it. On Unix it is a niceness
/// of 5: beside a busy thread they get a quarter of a core.
const PRIORITY: u8 = 34;

/// The threads; their work is given up when this is dropped.
#[derive(Debug)]
pub struct Background(Option<Runtime>);

impl Background {
    /// Starts the threads under a name.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub fn start(name: &str) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(THREADS)
            .max_blocking_threads(BLOCKING)
            .thread_name(name)
            .on_thread_start(yield_to_others)
            .enable_all()
            .build()?;
        Ok(Self(Some(runtime)))
    }

    /// Runs a future there; what it spawns runs there too.
    pub fn spawn<F>(&self, work: F) -> Option<JoinHandle<F::Output>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.0.as_ref().map(|runtime| runtime.spawn(work))
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // Whoever drops it may itself run a future, and may not wait.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// A thread that is not allowed to yield runs as others do.
fn yield_to_others() {
    let yielded = ThreadPriorityValue::try_from(PRIORITY)
        .map(ThreadPriority::Crossplatform)
        .and_then(|priority| set_current_thread_priority(priority).map_err(|error| error.to_string()));
    if let Err(error) = yielded {
        tracing::warn!(error, "a background thread runs as often as others");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The niceness of this thread, and its name.
    #[cfg(target_os = "linux")]
    fn here() -> (Option<String>, Option<i32>) {
        let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
        let niceness = stat.rsplit(") ").next().unwrap().split(' ').nth(16);
        (std::thread::current().name().map(str::to_owned), niceness.map(|text| text.parse().unwrap()))
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn work_runs_on_threads_that_yield() {
        let background = Background::start("yielding").unwrap();
        let before = here().1;
        let work = async { [here(), tokio::task::spawn_blocking(here).await.unwrap()] };
        for (name, niceness) in background.spawn(work).unwrap().await.unwrap() {
            assert_eq!(name.as_deref(), Some("yielding"));
            assert_eq!(niceness, Some(5));
        }
        assert_eq!(here().1, before, "this thread is as it was");
        drop(background);
    }
}
