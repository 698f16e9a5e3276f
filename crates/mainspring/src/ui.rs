//! The web app, embedded in the program: hashed assets are immutable, `index.html` is never cached, and a path that is
//! no file is the app's own (its router decides).

use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};

#[derive(rust_embed::RustEmbed)]
#[folder = "$OUT_DIR/ui"]
struct Files;

/// What a page of ours may load: itself, nothing else.
const POLICY: &str = "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; \
     script-src 'self'; font-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'self'; \
     form-action 'self'";

/// Serves the files, and `index.html` for every other path.
pub(crate) fn pages() -> MethodRouter {
    get(serve)
}

async fn serve(uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    if let Some(file) = Files::get(path).filter(|_| !path.is_empty() && path != "index.html") {
        let kind = mime_guess::from_path(path).first_or_octet_stream();
        let lasting =
            if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "public, max-age=3600" };
        return respond(kind.as_ref(), lasting, file.data.into_owned());
    }
    match Files::get("index.html") {
        Some(page) => respond("text/html; charset=utf-8", "no-cache", page.data.into_owned()),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn respond(kind: &str, caching: &'static str, body: Vec<u8>) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    if let Ok(kind) = HeaderValue::from_str(kind) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}
