//! API keys and write keys.

use kernel::scope::{Permission, Role};
use kernel::time::{DAY, MINUTE};
use platform::accounts;
use serde_json::{Value, json};
use testkit::{Client, TestPlatform, platforms};

fn owner(test: &TestPlatform) -> Client {
    test.client(vec![accounts::routes(test.platform.accounts.clone())])
}

async fn make(client: &Client, permissions: &[Permission]) -> Value {
    let body = json!({"kind": "api", "name": "Export", "permissions": permissions});
    client.post("/api/v1/keys", &body).await.expect(201).json()
}

fn secret(made: &Value) -> &str {
    made["secret"].as_str().unwrap()
}

#[tokio::test]
async fn an_api_key_does_what_it_was_made_for_and_nothing_else() {
    for test in platforms().await {
        let client = owner(&test);
        let made = make(&client, &[Permission::KeysRead, Permission::WorkspaceRead]).await;
        let key = client.clone().key(secret(&made));
        key.get("/api/v1/workspace").await.expect(200);
        assert_eq!(key.post("/api/v1/keys", &json!({})).await.expect(403).code(), "forbidden");
        assert_eq!(key.get("/api/v1/session").await.expect(403).code(), "needs_a_person");
        let other = key.clone().header("mainspring-workspace", "globex").get("/api/v1/workspace").await;
        assert_eq!(other.expect(403).code(), "key_of_another_workspace");
        let wrong = client.clone().key("mk_wrong").get("/api/v1/workspace").await;
        assert_eq!(wrong.expect(401).code(), "key_unknown");

        let listed = key.get("/api/v1/keys").await.expect(200);
        assert!(!listed.text().contains(secret(&made)), "a secret is shown once");
        let listed = listed.json();
        let items = listed["items"].as_array().unwrap();
        let item = items.iter().find(|item| item["id"] == made["key"]["id"]).unwrap();
        assert_eq!(item["prefix"], json!(&secret(&made)[..7]));
        assert_eq!(item["permissions"], json!(["workspace.read", "keys.read"]));
        assert!(item["last_used_at"].is_string());
    }
}

#[tokio::test]
async fn a_write_key_sends_events_and_opens_nothing_else() {
    for test in platforms().await {
        let client = owner(&test);
        let body = json!({"kind": "write", "name": "Shop"});
        let made = client.post("/api/v1/keys", &body).await.expect(201).json();
        let accounts = &test.platform.accounts;
        let (workspace, id) = accounts.authenticate_write_key(secret(&made)).await.unwrap().unwrap();
        assert_eq!((workspace, json!(id)), (test.scope.workspace.clone(), made["key"]["id"].clone()));
        client.clone().key(secret(&made)).get("/api/v1/workspace").await.expect(401);
        assert_eq!(accounts.authenticate_write_key("wk_unknown").await.unwrap(), None);
        let api = make(&client, &[Permission::WorkspaceRead]).await;
        assert_eq!(accounts.authenticate_write_key(secret(&api)).await.unwrap(), None, "an API key sends no events");
        let body = json!({"kind": "write", "name": "Shop", "permissions": ["people.read"]});
        assert_eq!(client.post("/api/v1/keys", &body).await.expect(422).json()["field"], "permissions");
    }
}

#[tokio::test]
async fn a_revoked_key_opens_nothing_at_once() {
    for test in platforms().await {
        let client = owner(&test);
        let api = make(&client, &[Permission::WorkspaceRead]).await;
        let accounts = &test.platform.accounts;
        let write = &test.set_up.write_key;
        assert!(accounts.authenticate_write_key(&write.secret).await.unwrap().is_some());
        let key = client.clone().key(secret(&api));
        key.get("/api/v1/workspace").await.expect(200);
        for id in [api["key"]["id"].as_str().unwrap(), write.key.id.as_str()] {
            let revoked = client.delete(&format!("/api/v1/keys/{id}")).await.expect(200).json();
            let again = client.delete(&format!("/api/v1/keys/{id}")).await.expect(200).json();
            assert!(revoked["revoked_at"].is_string());
            assert_eq!(revoked["revoked_at"], again["revoked_at"]);
        }
        key.get("/api/v1/workspace").await.expect(401);
        assert_eq!(accounts.authenticate_write_key(&write.secret).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_key_ends_when_it_says() {
    for test in platforms().await {
        let client = owner(&test);
        let end = test.platform.world.now().plus(DAY);
        let body = json!({"kind": "api", "name": "K", "permissions": ["workspace.read"], "expires_at": end});
        let api = client.post("/api/v1/keys", &body).await.expect(201).json();
        let body = json!({"kind": "write", "name": "K", "expires_at": end});
        let write = client.post("/api/v1/keys", &body).await.expect(201).json();
        let accounts = &test.platform.accounts;
        let key = client.clone().key(secret(&api));
        key.get("/api/v1/workspace").await.expect(200);
        assert!(accounts.authenticate_write_key(secret(&write)).await.unwrap().is_some());
        test.advance(DAY);
        key.get("/api/v1/workspace").await.expect(401);
        assert_eq!(accounts.authenticate_write_key(secret(&write)).await.unwrap(), None, "also when it is remembered");
        let problem = client.post("/api/v1/keys", &body).await.expect(422).json();
        assert_eq!(problem["field"], "expires_at");
    }
}

#[tokio::test]
async fn a_key_never_may_more_than_its_maker() {
    for test in platforms().await {
        let client = owner(&test);
        let body = json!({"kind": "api", "name": "K", "permissions": ["workspace.read", "events.ingest"]});
        assert_eq!(client.post("/api/v1/keys", &body).await.expect(422).json()["field"], "permissions[1]");
        let body = json!({"kind": "api", "name": "K", "permissions": []});
        assert_eq!(client.post("/api/v1/keys", &body).await.expect(422).json()["field"], "permissions");

        let scope = test.scope_as(Role::AutomationSpecialist);
        let request = accounts::KeyRequest {
            kind: accounts::KeyKind::Api,
            name: "K".to_owned(),
            permissions: vec![Permission::AuditRead],
            expires_at: None,
        };
        let problem = test.platform.accounts.create_key(&scope, request).await.unwrap_err();
        assert_eq!(problem.field.as_deref(), Some("permissions[0]"));
    }
}

#[tokio::test]
async fn a_key_follows_its_makers_role_and_ends_when_they_leave() {
    for test in platforms().await {
        let client = owner(&test);
        let body = json!({"email": "g@example.com", "name": "Grace", "role": "owner"});
        let added = client.post("/api/v1/members", &body).await.expect(201).json();
        let id: kernel::ids::UserId = added["member"]["id"].as_str().unwrap().parse().unwrap();
        let scope = kernel::scope::Scope { actor: kernel::scope::Actor::User(id.clone()), ..test.scope.clone() };
        let request = accounts::KeyRequest {
            kind: accounts::KeyKind::Api,
            name: "K".to_owned(),
            permissions: vec![Permission::KeysRead, Permission::WorkspaceRead],
            expires_at: None,
        };
        let made = test.platform.accounts.create_key(&scope, request).await.unwrap();
        let key = client.clone().key(&made.secret);
        key.get("/api/v1/keys").await.expect(200);
        client.patch(&format!("/api/v1/members/{id}"), &json!({"role": "viewer"})).await.expect(200);
        key.get("/api/v1/keys").await.expect(403);
        key.get("/api/v1/workspace").await.expect(200);
        client.delete(&format!("/api/v1/members/{id}")).await.expect(204);
        key.get("/api/v1/workspace").await.expect(401);
        let listed = client.get("/api/v1/keys").await.json();
        let items = listed["items"].as_array().unwrap();
        let item = items.iter().find(|item| item["id"] == json!(made.key.id)).unwrap();
        assert!(item["revoked_at"].is_string(), "and is shown as revoked");
    }
}

async fn last_use(key: &Client, made: &Value) -> Value {
    let listed = key.get("/api/v1/keys").await.expect(200).json();
    let items = listed["items"].as_array().unwrap();
    items.iter().find(|item| item["id"] == made["key"]["id"]).unwrap()["last_used_at"].clone()
}

#[tokio::test]
async fn the_last_use_is_noted_to_the_minute() {
    for test in platforms().await {
        let client = owner(&test);
        let made = make(&client, &[Permission::KeysRead]).await;
        let key = client.clone().key(secret(&made));
        let start = test.platform.world.now();
        let mut noted = Vec::new();
        for step in [MINUTE / 2, MINUTE / 2] {
            noted.push(last_use(&key, &made).await);
            test.advance(step);
        }
        noted.push(last_use(&key, &made).await);
        assert_eq!(noted, [json!(start), json!(start), json!(start.plus(MINUTE))]);
    }
}
