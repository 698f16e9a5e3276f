//! The Segment HTTP API (AN 1.5, OS §4.2), the settings that a browser SDK asks for, and the browser snippet.
//!
//! These routes are for senders, who have a write key and no session, on pages of any origin: they stand outside the
//! gate, look after themselves, and allow every origin because nothing here depends on a cookie.

use super::intake::{Arrival, Taken, take};
use super::lakes::Lakes;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{FromRequest as _, Path, RawQuery, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use kernel::limits;
use kernel::problem::{Class, Problem};
use lake::EventKind;
use platform::http::{Stranger, problem_response};
use serde_json::json;
use std::time::Duration;

/// The snippet, minified; built from `crates/analytics/snippet`.
const SNIPPET: &str = include_str!("../../snippet/mainspring.min.js");

/// Methods and paths of the routes for senders; each also answers `OPTIONS`.
pub const SENDER_ROUTES: [(&str, &str); 3] =
    [("POST", "/v1/{call}"), ("GET", "/v1/projects/{key}/settings"), ("GET", "/mainspring.js")];

/// The routes for senders, to be put beside the gate.
pub fn sender_routes(lakes: Lakes) -> Router {
    Router::new()
        .route("/v1/{call}", post(collect).options(preflight))
        .route("/v1/projects/{key}/settings", get(settings).options(preflight))
        .route("/mainspring.js", get(snippet).options(preflight))
        .with_state(lakes)
}

/// The call of an address: its name or its first letter; `None` inside for a batch.
fn call_of(name: &str) -> Option<Option<EventKind>> {
    match name {
        "batch" | "b" | "import" => Some(None),
        "track" | "t" => Some(Some(EventKind::Track)),
        "identify" | "i" => Some(Some(EventKind::Identify)),
        "page" | "p" => Some(Some(EventKind::Page)),
        "screen" | "s" => Some(Some(EventKind::Screen)),
        "group" | "g" => Some(Some(EventKind::Group)),
        "alias" | "a" => Some(Some(EventKind::Alias)),
        _ => None,
    }
}

/// The key in the query string; keys have no letters that need escaping.
fn key_in_query(query: &str) -> &str {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.into_iter().find(|(name, _)| matches!(*name, "writeKey" | "write_key")).map_or("", |(_, key)| key)
}

async fn collect(
    State(lakes): State<Lakes>,
    Path(call): Path<String>,
    RawQuery(query): RawQuery,
    stranger: Stranger,
    request: Request,
) -> Response {
    let Some(kind) = call_of(&call) else {
        let message = format!("There is no call `{}`.", call.chars().take(40).collect::<String>());
        return open(problem_response(Problem::new(Class::NotFound, "no_such_call", message)));
    };
    let headers = request.headers().clone();
    let body = match body_of(request, lakes.platform().config.server.body_seconds_max).await {
        Ok(body) => body,
        Err(response) => return open(*response),
    };
    let basic = basic_user(&headers);
    let arrival = Arrival {
        kind,
        body: &body,
        write_key: basic
            .as_deref()
            .filter(|key| !key.is_empty())
            .unwrap_or_else(|| key_in_query(query.as_deref().unwrap_or_default())),
        user_agent: text(&headers, "user-agent"),
        edge_country: edge_country(&headers),
        gpc: text(&headers, "sec-gpc").trim() == "1",
    };
    open(match take(&lakes, arrival).await {
        Ok(taken) => answer(&taken),
        Err(problem) if problem.class == Class::Unauthenticated => problem_response(stranger.told(problem)),
        Err(problem) => problem_response(problem),
    })
}

/// The body, when all of it comes in time: what trickles holds a connection and what came of it.
async fn body_of(request: Request, seconds_max: u32) -> Result<Bytes, Box<Response>> {
    let whole = Bytes::from_request(request, &());
    match tokio::time::timeout(Duration::from_secs(seconds_max.into()), whole).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => {
            let message =
                format!("The body could not be read to its end, or is larger than {} bytes.", limits::BODY_BYTES_MAX);
            Err(Box::new(problem_response(Problem::new(Class::Malformed, "body_unreadable", message))))
        }
        Err(_) => {
            let message = format!("The body did not arrive within {seconds_max} s. Nothing of it was stored.");
            let problem = Problem::new(Class::Unavailable, "body_too_slow", message).retry_after(1);
            let mut response = problem_response(problem);
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            Err(Box::new(response))
        }
    }
}

/// 200 also when events were rejected, as the Segment API answers; 400 when the body or a message is beyond its limit.
fn answer(taken: &Taken) -> Response {
    let problem = if taken.unreadable {
        Some("The body is not JSON of this call. It was kept in the quarantine with the reason.".to_owned())
    } else if taken.too_large > 0 {
        Some(format!(
            "{} of {} messages have more than {} bytes. They are in the quarantine; the others were stored.",
            taken.too_large,
            taken.stored + taken.rejected,
            limits::EVENT_BYTES_MAX
        ))
    } else {
        None
    };
    let code = if taken.unreadable { "unreadable" } else { "message_too_large" };
    match problem {
        Some(message) => problem_response(Problem::new(Class::Malformed, code, message)),
        None => axum::Json(json!({ "success": true })).into_response(),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The country that a network in front of Mainspring found for the visitor.
fn edge_country(headers: &HeaderMap) -> &str {
    ["cf-ipcountry", "cloudfront-viewer-country", "x-vercel-ip-country", "x-country-code"]
        .iter()
        .map(|name| text(headers, name))
        .find(|country| !country.is_empty())
        .unwrap_or_default()
}

/// The user name of Basic authentication; the password is not looked at.
fn basic_user(headers: &HeaderMap) -> Option<String> {
    let encoded = text(headers, "authorization").strip_prefix("Basic ")?;
    let bytes = base64::engine::general_purpose::STANDARD.decode(encoded.trim()).ok()?;
    let pair = String::from_utf8(bytes).ok()?;
    Some(pair.split_once(':').map_or(pair.as_str(), |(user, _)| user).to_owned())
}

/// What lets a page of any origin send and read the answer.
fn open(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("Retry-After"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    response
}

async fn preflight(headers: HeaderMap) -> Response {
    let mut response = open(StatusCode::NO_CONTENT.into_response());
    let asked = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS).cloned();
    let allowed = asked.unwrap_or(HeaderValue::from_static("authorization, content-type, x-retry-count"));
    let set = response.headers_mut();
    set.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
    set.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, OPTIONS"));
    set.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    response
}

/// Where senders reach this server: the configured address, else that of the request.
fn own_address(lakes: &Lakes, headers: &HeaderMap) -> (String, String) {
    let server = &lakes.platform().config.server;
    if let Some((scheme, host)) = server.public_url.trim_end_matches('/').split_once("://") {
        return (scheme.to_owned(), host.to_owned());
    }
    let proxied =
        |name| if server.trust_proxy { text(headers, name).split(',').next().unwrap_or_default().trim() } else { "" };
    let scheme = if proxied("x-forwarded-proto") == "https" { "https" } else { "http" };
    let host = Some(proxied("x-forwarded-host")).filter(|host| !host.is_empty());
    (scheme.to_owned(), host.unwrap_or_else(|| text(headers, "host")).to_owned())
}

/// The settings that `@segment/analytics-next` asks for before it sends: only the delivery to this server, no metrics of
/// the SDK's maker.
async fn settings(
    State(lakes): State<Lakes>,
    Path(key): Path<String>,
    stranger: Stranger,
    headers: HeaderMap,
) -> Response {
    match lakes.platform().accounts.authenticate_write_key(&key).await {
        Ok(Some(_)) => {}
        Ok(None) => {
            let message = "This write key is not known, or was revoked. Create one under Settings, Keys.";
            let problem = Problem::new(Class::NotFound, "unknown_write_key", message);
            return open(problem_response(stranger.told(problem)));
        }
        Err(error) => return open(problem_response(error.into())),
    }
    let (scheme, host) = own_address(&lakes, &headers);
    let delivery = json!({
        "apiKey": key,
        "apiHost": format!("{host}/v1"),
        "protocol": scheme,
        "type": "server",
        "addBundledMetadata": false,
        "unbundledIntegrations": [],
        "maybeBundledConfigIds": {},
        "versionSettings": { "version": "4.4.7", "componentTypes": ["browser"] },
        "retryQueue": true,
    });
    let body = json!({
        "integrations": { "Segment.io": delivery },
        "plan": { "track": { "__default": { "enabled": true, "integrations": {} } } },
        "edgeFunction": {},
        "analyticsNextEnabled": true,
        "middlewareSettings": {},
        "enabledMiddleware": {},
        "metrics": { "sampleRate": 0, "host": format!("{host}/v1"), "protocol": scheme },
        "legacyVideoPluginsEnabled": false,
        "remotePlugins": [],
    });
    let mut response = open(axum::Json(body).into_response());
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    response
}

async fn snippet() -> Response {
    let headers =
        [(header::CONTENT_TYPE, "text/javascript; charset=utf-8"), (header::CACHE_CONTROL, "public, max-age=3600")];
    open((headers, SNIPPET).into_response())
}
