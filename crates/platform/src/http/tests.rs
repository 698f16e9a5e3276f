use super::{
    Access, ApiJson, ApiPath, ApiQuery, ApiResult, Authenticator, Caller, ClientAddress, Credentials, Edge,
    EdgeSettings, Routes, Scoped, SignedIn, Stranger, problem_response, serve, sse,
};
use crate::world::World;
use async_trait::async_trait;
use axum::Json;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::IntoResponse;
use kernel::ids::{SessionId, UserId, WorkspaceId};
use kernel::page::PageRequest;
use kernel::problem::{Class, Problem};
use kernel::scope::{Actor, Permission, Role, Scope, WorkspaceRef};
use kernel::time::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::Notify;
use tower::ServiceExt as _;
use utoipa_axum::routes;

/// Knows the sessions `viewer`, `owner`, `outsider` and `temporary`.
struct Known(World);

#[async_trait]
impl Authenticator for Known {
    async fn caller(&self, credentials: &Credentials, workspace: Option<&str>) -> Result<Caller, Problem> {
        let (Credentials::Session(name) | Credentials::Key(name)) = credentials;
        let role = match name.as_str() {
            "viewer" | "outsider" => Role::Viewer,
            "owner" | "temporary" => Role::Owner,
            _ => return Err(Problem::new(Class::Unauthenticated, "not_signed_in", "Who are you?")),
        };
        let (now, mut rng) = (Timestamp::from_micros(0), self.0.rng());
        let user = UserId::new(now, &mut rng);
        let slug = workspace.unwrap_or("acme").to_owned();
        let workspace = WorkspaceRef { id: WorkspaceId::new(now, &mut rng), slug };
        let scope = Scope { workspace, actor: Actor::User(user.clone()), permissions: role.permissions() };
        let session = SessionId::new(now, &mut rng);
        let user = matches!(credentials, Credentials::Session(_)).then_some((user, session));
        let scope = (name != "outsider").then_some(scope);
        Ok(Caller { scope, user, must_change_password: name == "temporary" })
    }
}

#[derive(Deserialize, utoipa::ToSchema)]
struct Form {
    count: u32,
}

#[utoipa::path(get, path = "/open", operation_id = "t_open", responses((status = 200, body = String)))]
async fn open(address: ClientAddress) -> String {
    address.0.to_string()
}

async fn collect(stranger: Stranger) -> axum::response::Response {
    let problem = Problem::new(Class::Unauthenticated, "unknown_write_key", "Whose key?");
    problem_response(stranger.told(problem))
}

#[utoipa::path(get, path = "/things", operation_id = "t_list", params(PageRequest), responses((status = 200)))]
async fn list(Scoped(scope): Scoped, ApiQuery(page): ApiQuery<PageRequest>) -> String {
    format!("{} {}", scope.workspace.slug, page.rows())
}

#[utoipa::path(post, path = "/things", operation_id = "t_create", request_body = Form, responses((status = 200)))]
async fn create(_: Scoped, ApiJson(form): ApiJson<Form>) -> String {
    form.count.to_string()
}

#[utoipa::path(get, path = "/things/{id}", operation_id = "t_get", params(("id" = UserId, Path)), responses((status = 200)))]
async fn get(ApiPath(id): ApiPath<UserId>) -> ApiResult<Json<Value>> {
    Err(Problem::not_found("thing", id).into())
}

#[utoipa::path(get, path = "/me", operation_id = "t_me", responses((status = 200)))]
async fn me(signed_in: SignedIn) -> String {
    signed_in.scope.is_some().to_string()
}

#[utoipa::path(get, path = "/panic", operation_id = "t_panic", responses((status = 200)))]
async fn panics() -> String {
    panic!("the secret cause")
}

#[utoipa::path(get, path = "/broken", operation_id = "t_broken", responses((status = 200)))]
async fn broken() -> ApiResult<String> {
    Err(Problem::new(Class::Internal, "internal", "the secret cause").into())
}

#[utoipa::path(get, path = "/large", operation_id = "t_large", responses((status = 200)))]
async fn large() -> Json<Vec<u32>> {
    Json((0..2_000).collect())
}

#[utoipa::path(get, path = "/stream", operation_id = "t_stream", responses((status = 200)))]
async fn stream() -> impl IntoResponse {
    sse(futures::stream::iter([1, 2]))
}

fn edge(settings: EdgeSettings) -> Edge {
    let world = World::simulated(Timestamp::from_micros(0), 1);
    let routes = Routes::new()
        .add(Access::Public, routes!(open), ())
        .add(Access::Needs(Permission::MetricsRead), routes!(list), ())
        .add(Access::Needs(Permission::PeopleWrite), routes!(create), ())
        .add(Access::Needs(Permission::MetricsRead), routes!(get), ())
        .add(Access::SignedIn, routes!(me), ())
        .add(Access::Public, routes!(panics), ())
        .add(Access::Public, routes!(broken), ())
        .add(Access::Public, routes!(large), ())
        .add_slow(Access::Public, routes!(stream), ());
    Edge::new(Arc::new(Known(world.clone())), world, settings).routes(routes)
}

struct Answer {
    status: u16,
    headers: axum::http::HeaderMap,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }
}

async fn call_on(edge: Edge, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (router, _, _) = edge.into_parts();
    let response = router.oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    Answer { status, headers, text: String::from_utf8_lossy(&bytes).into_owned() }
}

async fn call(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    call_on(edge(EdgeSettings::default()), method, path, headers, body).await
}

const VIEWER: (&str, &str) = ("cookie", "mainspring_session=viewer");
const OWNER: (&str, &str) = ("cookie", "a=b; mainspring_session=owner");
const OWN_PAGE: (&str, &str) = ("mainspring-client", "web");
const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test]
async fn a_route_lets_in_whom_it_says() {
    for (method, path, headers, status, code) in [
        ("GET", "/api/v1/open", &[][..], 200, ""),
        ("GET", "/api/v1/things", &[], 401, "not_signed_in"),
        ("GET", "/api/v1/things", &[("cookie", "mainspring_session=forged")], 401, "not_signed_in"),
        ("GET", "/api/v1/things", &[VIEWER], 200, ""),
        ("GET", "/api/v1/things", &[("authorization", "bearer viewer")], 200, ""),
        ("GET", "/api/v1/things", &[("cookie", "mainspring_session=outsider")], 403, "no_workspace"),
        ("GET", "/api/v1/things", &[("cookie", "mainspring_session=temporary")], 403, "password_change_needed"),
        ("POST", "/api/v1/things", &[VIEWER, OWN_PAGE, JSON], 403, "forbidden"),
        ("POST", "/api/v1/things", &[OWNER, JSON], 403, "client_header_missing"),
        ("POST", "/api/v1/things", &[OWNER, OWN_PAGE, JSON], 200, ""),
        ("POST", "/api/v1/things", &[("authorization", "Bearer owner"), JSON], 200, ""),
        ("GET", "/api/v1/me", &[], 401, "not_signed_in"),
        ("GET", "/api/v1/me", &[("authorization", "Bearer owner")], 403, "needs_a_person"),
        ("GET", "/api/v1/me", &[("cookie", "mainspring_session=outsider")], 200, ""),
        ("GET", "/api/v1/me", &[("cookie", "mainspring_session=temporary")], 200, ""),
    ] {
        let answer = call(method, path, headers, r#"{"count": 3}"#).await;
        assert_eq!(answer.status, status, "{method} {path} {headers:?}: {}", answer.text);
        if status >= 400 {
            assert_eq!(answer.json()["code"], code);
            assert_eq!(answer.headers["content-type"], "application/problem+json");
        }
    }
}

#[tokio::test]
async fn the_workspace_comes_from_the_header_or_the_query() {
    for (path, headers, text) in [
        ("/api/v1/things", &[VIEWER][..], "acme 50"),
        ("/api/v1/things?limit=7&workspace=globex", &[VIEWER], "globex 7"),
        ("/api/v1/things?workspace=globex", &[VIEWER, ("mainspring-workspace", "initech")], "initech 50"),
    ] {
        assert_eq!(call("GET", path, headers, "").await.text, text);
    }
}

#[tokio::test]
async fn what_is_wrong_is_said_with_its_name() {
    let user = "usr_01k8x0w3c5r7n0000000000000";
    for (method, path, headers, body, status, field) in [
        ("GET", "/api/v1/things?limit=many", &[OWNER][..], "", 422, Some("limit")),
        ("POST", "/api/v1/things", &[OWNER, OWN_PAGE, JSON], r#"{"count": -1}"#, 422, Some("count")),
        ("POST", "/api/v1/things", &[OWNER, OWN_PAGE, JSON], "{}", 422, Some("count")),
        ("POST", "/api/v1/things", &[OWNER, OWN_PAGE, JSON], "{", 400, None),
        ("POST", "/api/v1/things", &[OWNER, OWN_PAGE], r#"{"count": 1}"#, 415, None),
        ("GET", "/api/v1/things/nonsense", &[OWNER], "", 404, None),
        ("GET", &format!("/api/v1/things/{user}"), &[OWNER], "", 404, None),
        ("GET", "/api/v1/nothing", &[], "", 404, None),
        ("GET", "/nothing", &[], "", 404, None),
        ("PUT", "/api/v1/things", &[OWNER], "", 405, None),
    ] {
        let answer = call(method, path, headers, body).await;
        assert_eq!(answer.status, status, "{method} {path} {body}: {}", answer.text);
        let problem = answer.json();
        assert_eq!(problem["field"].as_str(), field, "{problem}");
        assert_eq!(problem["status"], status);
        assert!(problem["message"].as_str().unwrap().ends_with('.'), "{problem}");
    }
}

#[tokio::test]
async fn a_body_has_a_limit() {
    let body = format!(r#"{{"count": 1, "x": "{}"}}"#, "x".repeat(kernel::limits::BODY_BYTES_MAX));
    let answer = call("POST", "/api/v1/things", &[OWNER, OWN_PAGE, JSON], &body).await;
    assert_eq!((answer.status, answer.json()["code"].as_str()), (413, Some("body_too_large")));
}

#[tokio::test]
async fn a_failure_of_our_own_shows_an_opaque_id_only() {
    for path in ["/api/v1/panic", "/api/v1/broken"] {
        let answer = call("GET", path, &[], "").await;
        assert_eq!(answer.status, 500);
        assert!(!answer.text.contains("secret"), "{}", answer.text);
        let id = answer.headers["x-request-id"].to_str().unwrap();
        assert!(answer.json()["message"].as_str().unwrap().contains(id), "{}", answer.text);
    }
}

#[tokio::test]
async fn too_many_requests_have_to_wait_each_caller_for_itself() {
    let settings = EdgeSettings { requests_per_minute: 3, trust_proxy: false };
    let (router, _, _) = edge(settings).into_parts();
    let send = async |who: &str| {
        let request = Request::get("/api/v1/things").header("authorization", format!("Bearer {who}"));
        router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    };
    let open =
        async || router.clone().oneshot(Request::get("/api/v1/open").body(Body::empty()).unwrap()).await.unwrap();
    for _ in 0..3 {
        assert_eq!(open().await.status(), StatusCode::OK);
    }
    let refused = open().await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    let seconds: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=21).contains(&seconds), "{seconds}");
    assert_eq!(send("owner").await.status(), StatusCode::OK);
}

/// Who guesses keys gets 401 until the address has had its number; who is known at it is served, and who brings no key is
/// led to sign in, also when an open route has had its number.
#[tokio::test]
async fn who_is_not_known_has_to_wait_too() {
    let open = axum::Router::new().route("/v1/collect", axum::routing::get(collect));
    let settings = EdgeSettings { requests_per_minute: 3, trust_proxy: true };
    let (router, _, _) = edge(settings).add_open(open, &[("GET", "/v1/collect")]).into_parts();
    let collect = async || {
        let request = Request::get("/v1/collect").header("x-forwarded-for", "203.0.113.7").body(Body::empty()).unwrap();
        router.clone().oneshot(request).await.unwrap().status()
    };
    for status in [401, 401, 401, 429] {
        assert_eq!(collect().await, status);
    }
    let send = async |address: &str, who: Option<&str>| {
        let mut request = Request::get("/api/v1/things").header("x-forwarded-for", address);
        if let Some(who) = who {
            request = request.header("authorization", format!("Bearer {who}"));
        }
        router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    };
    for guess in ["guess 1", "guess 2", "guess 3"] {
        assert_eq!(send("203.0.113.7", None).await.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(send("203.0.113.7", Some(guess)).await.status(), StatusCode::UNAUTHORIZED);
    }
    let refused = send("203.0.113.7", Some("guess 4")).await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    let seconds: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=21).contains(&seconds), "{seconds}");
    for _ in 0..4 {
        assert_eq!(send("203.0.113.7", None).await.status(), StatusCode::UNAUTHORIZED);
    }
    assert_eq!(send("203.0.113.7", Some("owner")).await.status(), StatusCode::OK);
    assert_eq!(send("203.0.113.8", Some("guess 4")).await.status(), StatusCode::UNAUTHORIZED);
    let sign_in = Request::get("/api/v1/open").header("x-forwarded-for", "203.0.113.7").body(Body::empty()).unwrap();
    assert_eq!(router.clone().oneshot(sign_in).await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn a_proxy_is_believed_only_where_it_is_trusted_and_only_its_own_word() {
    let header = ("x-forwarded-for", "6.6.6.6, 10.1.2.3");
    for (trust_proxy, address) in [(false, "0.0.0.0"), (true, "10.1.2.3")] {
        let edge = edge(EdgeSettings { trust_proxy, ..EdgeSettings::default() });
        assert_eq!(call_on(edge, "GET", "/api/v1/open", &[header], "").await.text, address);
    }
}

#[tokio::test]
async fn answers_are_compressed_hardened_and_not_kept() {
    let answer = call("GET", "/api/v1/large", &[("accept-encoding", "gzip")], "").await;
    assert_eq!(answer.headers["content-encoding"], "gzip");
    assert!(answer.text.len() < 8_000, "{}", answer.text.len());
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(answer.headers[name], value);
    }
    assert!(answer.headers["content-security-policy"].to_str().unwrap().contains("default-src 'self'"));
}

#[tokio::test]
async fn a_stream_is_not_compressed_or_buffered() {
    let answer = call("GET", "/api/v1/stream", &[("accept-encoding", "gzip")], "").await;
    assert_eq!(answer.text, "data: 1\n\ndata: 2\n\n");
    assert!(answer.headers.get("content-encoding").is_none());
    assert_eq!(answer.headers["x-accel-buffering"], "no");
}

#[tokio::test]
async fn pages_answer_outside_the_api_only() {
    let with_pages = || edge(EdgeSettings::default()).pages(axum::routing::get(async || "a page"));
    for (path, status, text) in [
        ("/people/per_1", 200, "a page"),
        ("/", 200, "a page"),
        ("/api/v1/nothing", 404, "no_such_route"),
        ("/v1/nothing", 404, "no_such_route"),
    ] {
        let answer = call_on(with_pages(), "GET", path, &[], "").await;
        assert_eq!(answer.status, status, "{path}");
        assert!(answer.text.contains(text), "{path}: {}", answer.text);
    }
}

#[test]
fn the_document_says_who_may_and_how_it_fails() {
    let (_, document, records) = edge(EdgeSettings::default()).into_parts();
    let document = serde_json::to_value(&document).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let create = &document["paths"]["/api/v1/things"]["post"];
    assert_eq!((&create["operationId"], &create["x-permission"]), (&json!("t_create"), &json!("people.write")));
    assert_eq!(create["security"], json!([{"session": []}, {"api_key": []}]));
    let failure = &create["responses"]["default"]["content"]["application/problem+json"]["schema"]["$ref"];
    assert_eq!(failure, "#/components/schemas/Problem");
    assert!(document["components"]["schemas"]["Problem"]["properties"]["code"].is_object());
    assert!(document["components"]["securitySchemes"]["session"].is_object());
    assert_eq!(document["paths"]["/api/v1/open"]["get"]["x-permission"], "public");
    assert!(document["paths"]["/api/v1/open"]["get"].get("security").is_none());
    let found: Vec<_> = records.iter().map(|record| (record.method, record.path.as_str(), record.access)).collect();
    assert!(found.contains(&("POST", "/api/v1/things", Access::Needs(Permission::PeopleWrite))));
    assert_eq!(found.len(), 9);
}

#[tokio::test]
async fn stopping_lets_open_requests_finish() {
    let (began, go_on, stop) = (Arc::new(Notify::new()), Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (handler_began, handler_go_on) = (began.clone(), go_on.clone());
    let router = axum::Router::new().route(
        "/slow",
        axum::routing::get(async move || {
            handler_began.notify_one();
            handler_go_on.notified().await;
            "finished"
        }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stopping = stop.clone();
    let server = tokio::spawn(serve(listener, router, async move { stopping.notified().await }));
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    began.notified().await;
    stop.notify_one();
    go_on.notify_one();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("finished"), "{answer}");
    server.await.unwrap().unwrap();
}
