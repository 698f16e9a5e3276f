//! Logs and metrics: how one sees from outside what the process does.
//!
//! **Invariant:** nothing leaves the machine; logs go to the standard error, numbers are fetched from `/metrics`.

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use serde::{Deserialize, Serialize};
use std::sync::OnceLock;
use std::time::Duration;
use tracing_subscriber::EnvFilter;

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Starts logging; a second call changes nothing. `filter` is `info`, or `info,platform=debug`.
pub fn start_logs(format: LogFormat, filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let _ = match format {
        LogFormat::Text => builder.with_target(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(false).try_init(),
    };
}

static METRICS: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// How often what was measured is put into its buckets: until then each measurement is kept by itself.
const UPKEEP: Duration = Duration::from_secs(5);

/// Starts counting; a second call changes nothing. Whatever is counted before is lost. Within a runtime, so that memory
/// stays bounded also when nobody ever fetches the numbers.
pub fn start_metrics() {
    METRICS.get_or_init(|| {
        let seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
        let builder =
            PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &seconds).ok()?;
        let handle = builder.install_recorder().ok()?;
        metrics::describe_counter!("mainspring_http_requests_total", "Requests by method, route and status");
        metrics::describe_histogram!("mainspring_http_request_seconds", "Time to the first byte of the response");
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(keep_up(handle.clone()));
        }
        Some(handle)
    });
}

async fn keep_up(handle: PrometheusHandle) {
    let mut often = tokio::time::interval(UPKEEP);
    loop {
        often.tick().await;
        handle.run_upkeep();
    }
}

/// All numbers in the text form of Prometheus; empty before [`start_metrics`].
#[must_use]
pub fn render_metrics() -> String {
    let Some(handle) = METRICS.get().and_then(Option::as_ref) else { return String::new() };
    handle.run_upkeep();
    handle.render()
}
