//! Server-sent events: a stream of JSON values that a browser can follow.

use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::{Stream, StreamExt as _};
use std::convert::Infallible;
use std::time::Duration;

/// Sends each value as one event with its JSON; a comment every 15 seconds keeps proxies from hanging up.
pub fn sse<T: serde::Serialize>(values: impl Stream<Item = T> + Send + 'static) -> impl IntoResponse {
    let events = values.map(|value| {
        let event = Event::default().json_data(&value).unwrap_or_else(|error| {
            tracing::error!(%error, "a value could not be written as an event");
            Event::default().event("error")
        });
        Ok::<_, Infallible>(event)
    });
    // Layers around the body may ask once more after the end, which an unfold does not survive.
    let events = events.fuse();
    let response = Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)));
    // Proxies that buffer would hold events back.
    ([("x-accel-buffering", "no")], response)
}
