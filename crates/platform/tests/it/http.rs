//! The platform's own routes with every role, and what one sees from outside.

use kernel::scope::{Permission, Role};
use platform::http::{Access, MetricsAccess, Readiness, Ready, Routes, health_routes};
use platform::{accounts, audit, jobs, telemetry};
use serde_json::json;
use testkit::{Client, TestPlatform, platforms};

/// The test client stands behind a proxy.
fn access(token: &str) -> MetricsAccess {
    MetricsAccess { token: token.to_owned(), trust_proxy: true }
}

fn all_routes(test: &TestPlatform) -> Routes {
    accounts::routes(test.platform.accounts.clone())
        .merge(audit::routes(test.platform.databases.clone()))
        .merge(jobs::routes(test.platform.jobs.clone()))
        .merge(health_routes(test.platform.databases.clone(), vec![], Some(access(""))))
}

/// A signed-in client for each role.
async fn clients(test: &TestPlatform) -> Vec<(Role, Client)> {
    let owner = test.client(vec![all_routes(test)]);
    let mut all = vec![(Role::Owner, owner.clone())];
    for role in Role::ALL.iter().filter(|role| **role != Role::Owner) {
        let email = format!("{}@example.com", role.as_str());
        let body = json!({"email": email, "name": role.as_str(), "role": role});
        let added = owner.post("/api/v1/members", &body).await.expect(201).json();
        let password = added["one_time_password"].as_str().unwrap();
        let body = json!({"email": email, "password": password});
        let answer = owner.clone().without("cookie").post("/api/v1/session", &body).await.expect(204);
        let client = owner.clone().session(&answer.session_token().unwrap());
        let body = json!({"current_password": password, "new_password": "chosen by myself"});
        client.put("/api/v1/session/password", &body).await.expect(204);
        all.push((*role, client));
    }
    all
}

#[tokio::test]
async fn every_route_with_every_role() {
    for test in platforms().await {
        let (_, _, records) = all_routes(&test).into_parts();
        assert!(records.len() > 20);
        let nobody = Client::new(&test.platform, vec![all_routes(&test)]);
        let clients = clients(&test).await;
        for record in &records {
            let path = record.path.replace("{id}", "nothing");
            if record.operation == "session_end" {
                continue;
            }
            let answer = nobody.send(record.method, &path, None).await;
            if record.operation == "health_metrics" {
                assert_eq!(answer.code(), "metrics_local_only", "a test of its own says who may");
                continue;
            }
            if record.access == Access::Public {
                assert!(answer.status != 401 && answer.status != 403, "{record:?}: {}", answer.text());
                continue;
            }
            assert_eq!(answer.status, 401, "{record:?} lets anybody in: {}", answer.text());
            for (role, client) in &clients {
                let answer = client.send(record.method, &path, None).await;
                let allowed = match record.access {
                    Access::Needs(permission) => role.permissions().has(permission),
                    _ => true,
                };
                let refused = answer.code() == "forbidden";
                assert_eq!(!refused, allowed, "{record:?} as {role:?}: {} {}", answer.status, answer.text());
                let forged = client.clone().without("mainspring-client").send(record.method, &path, None).await;
                if record.method != "GET" {
                    assert_eq!(forged.code(), "client_header_missing", "{record:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn an_api_key_with_one_permission_passes_where_it_is_needed_and_nowhere_else() {
    for test in platforms().await {
        let owner = test.client(vec![all_routes(&test)]);
        let (_, _, records) = all_routes(&test).into_parts();
        for permission in [Permission::WorkspaceRead, Permission::AuditRead, Permission::JobsWrite] {
            let body = json!({"kind": "api", "name": "K", "permissions": [permission]});
            let made = owner.post("/api/v1/keys", &body).await.expect(201).json();
            let key = owner.clone().key(made["secret"].as_str().unwrap());
            for record in &records {
                let answer = key.send(record.method, &record.path.replace("{id}", "nothing"), None).await;
                match record.access {
                    Access::Public | Access::Open => {}
                    Access::SignedIn => assert_eq!(answer.code(), "needs_a_person", "{record:?}"),
                    Access::Needs(needed) => assert_eq!(answer.status != 403, needed == permission, "{record:?}"),
                }
            }
        }
    }
}

#[tokio::test]
async fn operations_have_unique_names_of_the_form_slice_verb() {
    for test in platforms().await {
        let (_, document, records) = all_routes(&test).into_parts();
        let mut names: Vec<&str> = records.iter().map(|record| record.operation.as_str()).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(names.iter().all(|name| name.contains('_')), "{names:?}");
        let document = serde_json::to_value(&document).unwrap();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                assert!(operation["tags"][0].is_string(), "{method} {path} has no tag");
                assert!(operation["summary"].is_string(), "{method} {path} has no summary");
            }
        }
    }
}

#[tokio::test]
async fn health_and_numbers_are_seen_from_outside() {
    telemetry::start_metrics();
    for test in platforms().await {
        let client = Client::new(&test.platform, vec![all_routes(&test)]);
        assert_eq!(client.get("/healthz").await.expect(200).text(), "ok");
        assert_eq!(client.get("/readyz").await.expect(200).text(), "ready");
        client.get("/api/v1/session").await.expect(401);
        client.send("BREW", "/api/v1/session", None).await.expect(405);
        client.get("/metrics").await.expect(403);
        let here = client.clone().header("x-forwarded-for", "127.0.0.1");
        let numbers = here.get("/metrics").await.expect(200).text();
        let line = r#"mainspring_http_requests_total{method="GET",route="/api/v1/session",status="401"}"#;
        assert!(numbers.contains(line), "{numbers}");
        assert!(numbers.contains("mainspring_http_request_seconds_bucket"), "{numbers}");
        assert!(numbers.contains(r#"method="other""#) && !numbers.contains("BREW"), "{numbers}");
        test.platform.databases.close().await;
        assert_eq!(client.get("/readyz").await.status, 503);
    }
}

#[tokio::test]
async fn numbers_are_for_who_has_the_token() {
    for test in platforms().await {
        let routes = |access| vec![health_routes(test.platform.databases.clone(), vec![], access)];
        let client = Client::new(&test.platform, routes(Some(access("s3cret"))));
        let here = client.clone().header("x-forwarded-for", "127.0.0.1");
        assert_eq!(here.get("/metrics").await.expect(401).code(), "metrics_token_needed");
        here.header("authorization", "Bearer other").get("/metrics").await.expect(401);
        client.header("authorization", "Bearer s3cret").get("/metrics").await.expect(200);
        let untrusting = MetricsAccess { trust_proxy: false, ..access("") };
        let client = Client::new(&test.platform, routes(Some(untrusting)));
        client.header("x-forwarded-for", "127.0.0.1").get("/metrics").await.expect(403);
        Client::new(&test.platform, routes(None)).get("/metrics").await.expect(404);
    }
}

struct Part(Readiness);

impl Ready for Part {
    fn readiness(&self) -> Readiness {
        self.0.clone()
    }
}

#[tokio::test]
async fn a_part_that_is_not_ready_says_so() {
    let test = testkit::platform(testkit::Backend::Sqlite).await;
    for (readiness, status, text) in [
        (Readiness::Ready, 200, "ready"),
        (Readiness::Partly("one is not".to_owned()), 200, "ready, but one is not"),
        (Readiness::No("none is".to_owned()), 503, "none is"),
    ] {
        let routes = health_routes(test.platform.databases.clone(), vec![std::sync::Arc::new(Part(readiness))], None);
        let answer = Client::new(&test.platform, vec![routes]).get("/readyz").await.expect(status);
        assert_eq!(answer.text(), text);
    }
}
