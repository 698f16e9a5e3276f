//! Members and their roles.

use kernel::ids::UserId;
use kernel::scope::Role;
use platform::accounts;
use platform::audit::Chain;
use serde_json::{Value, json};
use testkit::{Client, TestPlatform, platforms};

fn owner(test: &TestPlatform) -> Client {
    test.client(vec![accounts::routes(test.platform.accounts.clone())])
}

async fn add(client: &Client, name: &str, role: Role) -> Value {
    let body = json!({"email": format!("{name}@example.com"), "name": name, "role": role});
    client.post("/api/v1/members", &body).await.expect(201).json()
}

/// Adds a member and signs them in with a password of their own.
async fn member(test: &TestPlatform, name: &str, role: Role) -> (UserId, Client) {
    let added = add(&owner(test), name, role).await;
    let password = added["one_time_password"].as_str().unwrap();
    let client = owner(test).without("cookie");
    let body = json!({"email": format!("{name}@example.com"), "password": password});
    let answer = client.post("/api/v1/session", &body).await.expect(204);
    let client = client.session(&answer.session_token().unwrap());
    let body = json!({"current_password": password, "new_password": format!("the own secret of {name}")});
    client.put("/api/v1/session/password", &body).await.expect(204);
    (added["member"]["id"].as_str().unwrap().parse().unwrap(), client)
}

#[tokio::test]
async fn a_new_member_gets_a_password_for_one_use_and_must_change_it() {
    for test in platforms().await {
        let (_, client) = member(&test, "grace", Role::Analyst).await;
        let view = client.get("/api/v1/session").await.expect(200).json();
        assert_eq!((&view["role"], &view["user"]["must_change_password"]), (&json!("analyst"), &json!(false)));
        let members = client.get("/api/v1/members?limit=1").await.expect(200).json();
        assert_eq!(members["items"][0]["email"], "ada@example.com");
        let next = format!("/api/v1/members?cursor={}", members["next_cursor"].as_str().unwrap());
        let rest = client.get(&next).await.expect(200).json();
        assert_eq!(rest["items"][0]["email"], "grace@example.com");
        assert!(rest["items"][0]["signed_in_at"].is_string() && rest.get("next_cursor").is_none());
    }
}

#[tokio::test]
async fn somebody_with_an_account_is_added_without_a_password_and_only_once() {
    for test in platforms().await {
        let client = owner(&test);
        add(&client, "grace", Role::Analyst).await;
        let body = json!({"email": "GRACE@example.com", "name": "G", "role": "viewer"});
        let again = client.post("/api/v1/members", &body).await.expect(409);
        assert_eq!((again.code().as_str(), &again.json()["field"]), ("already_member", &json!("email")));
        let id = client.get("/api/v1/members").await.json()["items"][1]["id"].as_str().unwrap().to_owned();
        client.delete(&format!("/api/v1/members/{id}")).await.expect(204);
        let added = client.post("/api/v1/members", &body).await.expect(201).json();
        assert_eq!((&added["one_time_password"], &added["member"]["id"]), (&Value::Null, &json!(id)));
    }
}

#[tokio::test]
async fn the_last_owner_stays() {
    for test in platforms().await {
        let client = owner(&test);
        let me = test.set_up.user.id.clone();
        let path = format!("/api/v1/members/{me}");
        assert_eq!(client.delete(&path).await.expect(409).code(), "last_owner");
        assert_eq!(client.patch(&path, &json!({"role": "viewer"})).await.expect(409).code(), "last_owner");
        client.patch(&path, &json!({"role": "owner"})).await.expect(200);
        let (other, _) = member(&test, "grace", Role::Owner).await;
        client.patch(&path, &json!({"role": "viewer"})).await.expect(200);
        assert_eq!(client.delete(&format!("/api/v1/members/{other}")).await.expect(403).code(), "forbidden");
    }
}

#[tokio::test]
async fn two_owners_who_leave_at_once_leave_one() {
    for test in platforms().await {
        let (other, _) = member(&test, "grace", Role::Owner).await;
        let ids = [test.set_up.user.id.clone(), other];
        let tasks = ids.map(|id| {
            let (accounts, scope) = (test.platform.accounts.clone(), test.scope.clone());
            let scope = kernel::scope::Scope { actor: kernel::scope::Actor::User(id.clone()), ..scope };
            tokio::spawn(async move { accounts.remove_member(&scope, &id).await })
        });
        let mut removed = 0;
        for task in tasks {
            match task.await.unwrap() {
                Ok(()) => removed += 1,
                Err(problem) => assert_eq!(problem.code, "last_owner"),
            }
        }
        assert_eq!(removed, 1);
    }
}

#[tokio::test]
async fn a_director_manages_members_but_not_owners_nor_themselves() {
    for test in platforms().await {
        let (id, director) = member(&test, "dora", Role::Director).await;
        let ada = &test.set_up.user.id;
        let body = json!({"email": "new@example.com", "name": "New", "role": "owner"});
        assert_eq!(director.post("/api/v1/members", &body).await.expect(403).code(), "owner_needed");
        let added = add(&director, "sam", Role::Specialist).await;
        let sam = added["member"]["id"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/members/{sam}");
        director.patch(&path, &json!({"role": "analyst"})).await.expect(200);
        assert_eq!(director.patch(&path, &json!({"role": "owner"})).await.expect(403).code(), "owner_needed");
        let path = format!("/api/v1/members/{ada}");
        assert_eq!(director.patch(&path, &json!({"role": "viewer"})).await.expect(403).code(), "owner_needed");
        assert_eq!(director.delete(&path).await.expect(403).code(), "owner_needed");
        let path = format!("/api/v1/members/{id}");
        let body = json!({"role": "automation_specialist"});
        assert_eq!(director.patch(&path, &body).await.expect(403).code(), "own_role");
        director.delete(&path).await.expect(204);
        assert_eq!(director.get("/api/v1/members").await.expect(403).code(), "no_workspace");
        director.get("/api/v1/session").await.expect(200);
    }
}

#[tokio::test]
async fn a_key_makes_no_owner_and_gives_no_more_than_it_has() {
    for test in platforms().await {
        let (sam, _) = member(&test, "sam", Role::Specialist).await;
        let with = async |permissions: &[&str]| {
            let body = json!({"kind": "api", "name": "automation", "permissions": permissions});
            let made = owner(&test).post("/api/v1/keys", &body).await.expect(201).json();
            let secret = made["secret"].as_str().unwrap().to_owned();
            owner(&test).without("cookie").header("authorization", &format!("Bearer {secret}"))
        };
        let new = |role: &str| json!({"email": format!("{role}@example.com"), "name": role, "role": role});
        let few = with(&["members.write", "workspace.read", "metrics.read"]).await;
        assert_eq!(few.post("/api/v1/members", &new("owner")).await.expect(403).code(), "owner_needed");
        assert_eq!(few.post("/api/v1/members", &new("analyst")).await.expect(403).code(), "role_beyond_key");
        few.post("/api/v1/members", &new("viewer")).await.expect(201);
        let path = format!("/api/v1/members/{sam}");
        assert_eq!(few.patch(&path, &json!({"role": "owner"})).await.expect(403).code(), "owner_needed");
        assert_eq!(few.patch(&path, &json!({"role": "director"})).await.expect(403).code(), "role_beyond_key");
        few.patch(&path, &json!({"role": "viewer"})).await.expect(200);
        let ada = format!("/api/v1/members/{}", test.set_up.user.id);
        assert_eq!(few.patch(&ada, &json!({"role": "viewer"})).await.expect(403).code(), "owner_needed");
        assert_eq!(few.delete(&ada).await.expect(403).code(), "owner_needed");
        let all: Vec<&str> = Role::Owner.permissions().iter().map(kernel::scope::Permission::as_str).collect();
        let every = with(&all).await;
        assert_eq!(every.post("/api/v1/members", &new("owner")).await.expect(403).code(), "owner_needed");
        every.post("/api/v1/members", &new("director")).await.expect(201);
    }
}

#[tokio::test]
async fn a_role_works_at_once_and_every_change_is_in_the_audit() {
    for test in platforms().await {
        let (id, client) = member(&test, "grace", Role::Viewer).await;
        assert_eq!(client.get("/api/v1/keys").await.expect(403).code(), "forbidden");
        let path = format!("/api/v1/members/{id}");
        owner(&test).patch(&path, &json!({"role": "director"})).await.expect(200);
        client.get("/api/v1/keys").await.expect(200);
        let control = test.platform.databases.control();
        let sql =
            "select action, details from control_audit where target = $1 and workspace_id <> '' order by sequence";
        let entries: Vec<(String, String)> = control.query(sql, platform::params![&id]).await.unwrap();
        let actions: Vec<&str> = entries.iter().map(|(action, _)| action.as_str()).collect();
        assert_eq!(actions, ["member.add", "member.update"]);
        assert!(entries[1].1.contains(r#""from":"viewer","to":"director""#), "{}", entries[1].1);
        assert_eq!(Chain::Control.verify(&control).await.unwrap().broken_at, None);
    }
}

#[tokio::test]
async fn a_member_of_another_workspace_is_not_found() {
    for test in platforms().await {
        let client = owner(&test);
        let world = &test.platform.world;
        let stranger = UserId::new(world.now(), &mut world.rng());
        let path = format!("/api/v1/members/{stranger}");
        assert_eq!(client.delete(&path).await.expect(404).code(), "member_not_found");
        client.delete("/api/v1/members/usr_nonsense").await.expect(404);
        let problem = client.patch(&path, &json!({"role": "emperor"})).await.expect(422).json();
        assert_eq!(problem["field"], "role");
    }
}
