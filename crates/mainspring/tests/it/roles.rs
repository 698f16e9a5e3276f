//! Every route with every role: who lacks the permission is refused, who has it is not (DESIGN §11).

use crate::server::{Backend, Site, client, json_of};
use kernel::scope::{Permission, Role};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

/// A method, a path with its parameters filled, and the permission it needs; `None` for a route that needs a session only.
struct Route {
    method: Method,
    path: String,
    needs: Option<Permission>,
}

fn routes(document: &Value) -> Vec<Route> {
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let access =
                operation["x-permission"].as_str().unwrap_or_else(|| panic!("{method} {path} says no permission"));
            let needs = match access {
                "public" => continue,
                "signed_in" => None,
                name => Some(Permission::parse(name).unwrap_or_else(|| panic!("{path}: no permission `{name}`"))),
            };
            let path = path.replace("{offset}", "1").replace("{id}", "xyz_00000000000000000000000000");
            routes.push(Route { method: method.to_uppercase().parse().unwrap(), path, needs });
        }
    }
    routes
}

/// A member of the role, signed in with a password of their own; the cookie.
async fn member(address: &str, http: &Client, role: Role, password: &str) -> String {
    let email = format!("as-{}@example.org", role.as_str());
    let sign_in = |password: String| {
        let request = http.post(format!("{address}/api/v1/session")).header("Mainspring-Client", "test");
        request.json(&json!({ "email": email, "password": password })).send()
    };
    let answer = sign_in(password.to_owned()).await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    let cookie = cookie_of(&answer);
    let changed = http
        .put(format!("{address}/api/v1/session/password"))
        .header("Mainspring-Client", "test")
        .header("Cookie", &cookie)
        .json(&json!({ "current_password": password, "new_password": "quite-long-and-own-7" }))
        .send()
        .await
        .unwrap();
    assert!(changed.status().is_success(), "{}", changed.text().await.unwrap());
    cookie_of(&sign_in("quite-long-and-own-7".to_owned()).await.unwrap())
}

fn cookie_of(answer: &reqwest::Response) -> String {
    let cookie = answer.headers().get("set-cookie").unwrap().to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

async fn call(http: &Client, address: &str, route: &Route, cookie: Option<&str>) -> StatusCode {
    let mut request = http.request(route.method.clone(), format!("{address}{}", route.path));
    request = request.header("Mainspring-Client", "test");
    if let Some(cookie) = cookie {
        request = request.header("Cookie", cookie);
    }
    if route.method != Method::GET {
        request = request.json(&json!({}));
    }
    request.send().await.unwrap().status()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_refuses_every_role_without_its_permission() {
    let site = Site::new(Backend::Sqlite);
    let document = json_of(&mut Site::bare(&["openapi"]));
    let routes = routes(&document);
    assert!(routes.len() > 50, "only {} routes are guarded", routes.len());
    let passwords: Vec<String> = Role::ALL
        .iter()
        .map(|role| {
            let email = format!("as-{}@example.org", role.as_str());
            let added = json_of(&mut site.command(&["user", "add", &email, "--role", role.as_str(), "--json"]));
            added["one_time_password"].as_str().unwrap().to_owned()
        })
        .collect();
    let server = site.start_with(&[("MAINSPRING_SERVER__REQUESTS_PER_MINUTE", "1000000")]);
    let http = client();
    for route in &routes {
        let status = call(&http, &server.address, route, None).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{} {} without a session", route.method, route.path);
    }
    for (role, password) in Role::ALL.iter().zip(&passwords) {
        let cookie = member(&server.address, &http, *role, password).await;
        for route in routes.iter().filter(|route| !route.path.ends_with("/session")) {
            let Some(needs) = route.needs else { continue };
            let status = call(&http, &server.address, route, Some(&cookie)).await;
            let label = format!("{role:?}: {} {}", route.method, route.path);
            if role.permissions().has(needs) {
                assert_ne!(status, StatusCode::FORBIDDEN, "{label} has {}", needs.as_str());
                assert_ne!(status, StatusCode::UNAUTHORIZED, "{label}");
            } else {
                assert_eq!(status, StatusCode::FORBIDDEN, "{label} lacks {}", needs.as_str());
            }
        }
    }
}
