//! First run, sign-in, sessions, passwords and workspaces, through the API.

use kernel::time::{DAY, HOUR, MINUTE};
use platform::accounts::{self, AccountSettings, Accounts, NewOwner, NewWorkspace, PasswordCost, SignInFrom};
use platform::audit::Chain;
use platform::params;
use serde_json::{Value, json};
use testkit::{Client, TestPlatform, platforms};

fn client(test: &TestPlatform) -> Client {
    Client::new(&test.platform, vec![accounts::routes(test.platform.accounts.clone())])
}

fn credentials(password: &str) -> Value {
    json!({"email": " ADA@example.com", "password": password})
}

async fn signed_in(test: &TestPlatform) -> Client {
    let client = client(test);
    let answer = client.post("/api/v1/session", &credentials(TestPlatform::PASSWORD)).await.expect(204);
    client.session(&answer.session_token().unwrap())
}

fn setup_form() -> Value {
    json!({"name": "Grace", "email": "grace@example.com", "password": "another good secret",
           "workspace_name": "Globex", "currency": "usd", "time_zone": "America/New_York"})
}

/// Deletes all users, so that the first run is to come.
async fn empty(test: &TestPlatform) {
    let control = test.platform.databases.control();
    control.execute("delete from users", vec![]).await.unwrap();
    control.execute("delete from workspaces", vec![]).await.unwrap();
}

#[tokio::test]
async fn the_first_run_makes_owner_workspace_and_write_key_and_signs_in() {
    for test in platforms().await {
        empty(&test).await;
        let client = client(&test);
        assert_eq!(client.get("/api/v1/setup").await.expect(200).json(), json!({"needed": true}));
        let answer = client.post("/api/v1/setup", &setup_form()).await.expect(201);
        let cookie = answer.headers["set-cookie"].to_str().unwrap().to_owned();
        for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=7776000"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        assert!(!cookie.contains("Secure"), "plain http");
        let made = answer.json();
        assert_eq!((&made["workspace"]["slug"], &made["workspace"]["currency"]), (&json!("globex"), &json!("USD")));
        let secret = made["write_key"]["secret"].as_str().unwrap();
        let opens = test.platform.accounts.authenticate_write_key(secret).await.unwrap();
        assert_eq!(opens.unwrap().0.slug, "globex");

        let session = client.clone().session(&answer.session_token().unwrap());
        let view = session.get("/api/v1/session").await.expect(200).json();
        assert_eq!(view["user"]["email"], "grace@example.com");
        assert_eq!(view["workspaces"], json!([{"slug": "globex", "name": "Globex", "role": "owner"}]));
        assert_eq!(view["workspace"]["time_zone"], "America/New_York");
        assert!(view["permissions"].as_array().unwrap().contains(&json!("members.write")));

        assert_eq!(client.get("/api/v1/setup").await.json(), json!({"needed": false}));
        assert_eq!(client.post("/api/v1/setup", &setup_form()).await.expect(409).code(), "already_set_up");
    }
}

#[tokio::test]
async fn the_first_run_names_the_field_that_is_wrong() {
    for test in platforms().await {
        empty(&test).await;
        let client = client(&test);
        for (field, value) in [
            ("email", "nobody"),
            ("email", "a b@example.com"),
            ("password", "short"),
            ("password", "grace@example.com"),
            ("name", "  "),
            ("workspace_name", ""),
            ("time_zone", "Mars/Olympus"),
            ("currency", "euros"),
        ] {
            let mut form = setup_form();
            form[field] = json!(value);
            let problem = client.post("/api/v1/setup", &form).await.expect(422).json();
            assert_eq!(problem["field"], field, "{problem}");
        }
        assert_eq!(client.get("/api/v1/setup").await.json(), json!({"needed": true}), "nothing was kept");
    }
}

#[tokio::test]
async fn two_first_runs_at_once_make_one_owner() {
    for test in platforms().await {
        empty(&test).await;
        let tasks: Vec<_> = (0..6)
            .map(|number| {
                let accounts = test.platform.accounts.clone();
                let workspace = NewWorkspace {
                    name: "Acme".to_owned(),
                    currency: "EUR".parse().unwrap(),
                    time_zone: "UTC".to_owned(),
                };
                let owner = NewOwner {
                    name: "Ada".to_owned(),
                    email: format!("ada{number}@example.com"),
                    password: None,
                    workspace,
                };
                tokio::spawn(async move { accounts.set_up(owner, &SignInFrom::default()).await })
            })
            .collect();
        let mut made = 0;
        for task in tasks {
            match task.await.unwrap() {
                Ok(set_up) => {
                    assert!(set_up.one_time_password.is_some() && set_up.user.must_change_password);
                    made += 1;
                }
                Err(problem) => assert_eq!(problem.code, "already_set_up"),
            }
        }
        assert_eq!(made, 1);
    }
}

#[tokio::test]
async fn signing_in_and_out() {
    for test in platforms().await {
        let client = client(&test);
        assert_eq!(client.get("/api/v1/session").await.expect(401).code(), "not_signed_in");
        assert_eq!(client.clone().session("forged").get("/api/v1/session").await.expect(401).code(), "not_signed_in");
        let session = signed_in(&test).await;
        session.get("/api/v1/session").await.expect(200);
        let out = session.delete("/api/v1/session").await.expect(204);
        assert!(out.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
        session.get("/api/v1/session").await.expect(401);
    }
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_get_the_same_answer() {
    for test in platforms().await {
        let client = client(&test);
        let wrong = client.post("/api/v1/session", &credentials("not the password")).await.expect(401);
        let unknown = json!({"email": "nobody@example.com", "password": "not the password"});
        let unknown = client.post("/api/v1/session", &unknown).await.expect(401);
        assert_eq!(wrong.json(), unknown.json());
        assert!(wrong.session_token().is_none());
    }
}

#[tokio::test]
async fn guessing_has_to_wait_and_does_not_lock_out_others() {
    for test in platforms().await {
        let (guesser, owner) = (client(&test).header("x-forwarded-for", "10.0.0.9"), client(&test));
        for _ in 0..10 {
            guesser.post("/api/v1/session", &credentials("guess guess guess")).await.expect(401);
        }
        let refused = guesser.post("/api/v1/session", &credentials(TestPlatform::PASSWORD)).await.expect(429);
        assert_eq!(refused.code(), "too_many_sign_ins");
        assert_eq!(refused.headers["retry-after"], "901");
        let unknown = json!({"email": "nobody@example.com", "password": "guess guess guess"});
        for _ in 0..10 {
            guesser.post("/api/v1/session", &unknown).await.expect(401);
        }
        guesser.post("/api/v1/session", &unknown).await.expect(429);
        owner.post("/api/v1/session", &credentials(TestPlatform::PASSWORD)).await.expect(204);
        test.advance(15 * MINUTE);
        guesser.post("/api/v1/session", &credentials(TestPlatform::PASSWORD)).await.expect(204);
    }
}

#[tokio::test]
async fn one_address_that_guesses_many_accounts_has_to_wait() {
    for test in platforms().await {
        let guesser = client(&test).header("x-forwarded-for", "1.1.1.1, 10.0.0.9");
        for number in 0..50 {
            let body = json!({"email": format!("user{number}@example.com"), "password": "guess guess guess"});
            guesser.post("/api/v1/session", &body).await.expect(401);
        }
        let body = json!({"email": "another@example.com", "password": "guess guess guess"});
        guesser.post("/api/v1/session", &body).await.expect(429);
        let claimed = client(&test).header("x-forwarded-for", "2.2.2.2, 10.0.0.9");
        claimed.post("/api/v1/session", &body).await.expect(429);
    }
}

#[tokio::test]
async fn a_session_lives_while_it_is_used_and_not_for_ever() {
    for test in platforms().await {
        let session = signed_in(&test).await;
        for _ in 0..8 {
            test.advance(10 * DAY);
            session.get("/api/v1/session").await.expect(200);
        }
        test.advance(10 * DAY);
        session.get("/api/v1/session").await.expect(401);

        let session = signed_in(&test).await;
        test.advance(14 * DAY);
        session.get("/api/v1/session").await.expect(401);
    }
}

#[tokio::test]
async fn tokens_and_passwords_are_stored_as_hashes_only() {
    for test in platforms().await {
        let control = test.platform.databases.control();
        let (hash,): (String,) = control.query_one("select password_hash from users", vec![]).await.unwrap();
        assert!(hash.starts_with("$argon2id$") && !hash.contains(TestPlatform::PASSWORD));
        let (token,): (Vec<u8>,) = control.query_one("select token_hash from sessions", vec![]).await.unwrap();
        assert_eq!(token.len(), 32);
        let (key,): (Vec<u8>,) = control.query_one("select secret_hash from api_keys", vec![]).await.unwrap();
        assert_eq!(key.len(), 32);
        assert!(test.set_up.session.token.len() >= 52, "260 bits in base 32");
    }
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    for test in platforms().await {
        let (here, there) = (signed_in(&test).await, signed_in(&test).await);
        let change = |current: &str, new: &str| json!({"current_password": current, "new_password": new});
        for (body, field) in [
            (change("wrong wrong wrong", "a better password"), "current_password"),
            (change(TestPlatform::PASSWORD, "short"), "new_password"),
            (change(TestPlatform::PASSWORD, TestPlatform::PASSWORD), "new_password"),
        ] {
            let problem = here.put("/api/v1/session/password", &body).await.expect(422).json();
            assert_eq!(problem["field"], field);
        }
        let body = change(TestPlatform::PASSWORD, "a better password");
        here.put("/api/v1/session/password", &body).await.expect(204);
        here.get("/api/v1/session").await.expect(200);
        there.get("/api/v1/session").await.expect(401);
        let client = client(&test);
        client.post("/api/v1/session", &credentials(TestPlatform::PASSWORD)).await.expect(401);
        client.post("/api/v1/session", &credentials("a better password")).await.expect(204);
    }
}

#[tokio::test]
async fn a_reset_password_is_for_one_use() {
    for test in platforms().await {
        let session = signed_in(&test).await;
        let password = test.platform.accounts.reset_password("ada@example.com").await.unwrap();
        session.get("/api/v1/session").await.expect(401);
        let client = client(&test);
        let answer = client.post("/api/v1/session", &credentials(&password)).await.expect(204);
        let session = client.session(&answer.session_token().unwrap());
        assert_eq!(session.get("/api/v1/session").await.json()["user"]["must_change_password"], json!(true));
        assert_eq!(session.get("/api/v1/members").await.expect(403).code(), "password_change_needed");
        let body = json!({"current_password": password, "new_password": "a better password"});
        session.put("/api/v1/session/password", &body).await.expect(204);
        session.get("/api/v1/members").await.expect(200);
        assert_eq!(test.platform.accounts.reset_password("no@example.com").await.unwrap_err().code, "user_not_found");
    }
}

#[tokio::test]
async fn workspaces_are_created_by_owners_and_chosen_by_header_or_query() {
    for test in platforms().await {
        let session = signed_in(&test).await;
        let body = json!({"name": "Acme", "currency": "USD", "time_zone": "UTC"});
        test.advance(HOUR);
        let made = session.post("/api/v1/workspaces", &body).await.expect(201).json();
        assert_eq!(made["workspace"]["slug"], "acme-2", "a short name is never taken twice");
        let all = session.get("/api/v1/workspaces").await.expect(200).json();
        assert_eq!(all.as_array().unwrap().len(), 2);
        let first = session.get("/api/v1/workspace").await.expect(200).json();
        assert_eq!(first["slug"], "acme");
        let other = session.clone().header("mainspring-workspace", "acme-2").get("/api/v1/workspace").await.json();
        let query = session.get("/api/v1/workspace?workspace=acme-2").await.expect(200).json();
        assert_eq!((&other["slug"], &query["currency"]), (&json!("acme-2"), &json!("USD")));
        let unknown = session.clone().header("mainspring-workspace", "nope").get("/api/v1/workspace").await;
        assert_eq!(unknown.expect(404).code(), "workspace_not_found");
        let folder = test.platform.databases.folder(&test.scope.workspace);
        assert!(folder.ends_with("workspaces/acme") && folder.is_dir());
        drop_schema(&test, "ws_acme_2").await;
    }
}

/// A workspace a test made beside the platform's own has a schema of its own.
async fn drop_schema(test: &TestPlatform, name: &str) {
    let control = test.platform.databases.control();
    if control.is_postgres() {
        let sql = "select replace(current_schema()::text, 'control', '')";
        let (prefix,): (String,) = control.query_one(sql, vec![]).await.unwrap();
        control.execute(&format!("drop schema {prefix}{name} cascade"), vec![]).await.unwrap();
    }
}

#[tokio::test]
async fn a_workspaces_settings_change_and_each_change_is_in_the_audit() {
    for test in platforms().await {
        let session = signed_in(&test).await;
        let body = json!({"name": "Acme Europe", "currency": "CHF"});
        let changed = session.patch("/api/v1/workspace", &body).await.expect(200).json();
        assert_eq!((&changed["name"], &changed["slug"]), (&json!("Acme Europe"), &json!("acme")));
        let settings = test.platform.accounts.settings(&test.scope.workspace).await.unwrap();
        assert_eq!((settings.currency.as_str(), settings.zone().iana_name()), ("CHF", Some("Europe/Berlin")));
        let problem = session.patch("/api/v1/workspace", &json!({"time_zone": "Nowhere"})).await.expect(422).json();
        assert_eq!(problem["field"], "time_zone");
        let control = test.platform.databases.control();
        let sql = "select details from control_audit where action = $1";
        let (details,): (String,) = control.query_one(sql, params!["workspace.update"]).await.unwrap();
        assert_eq!(details, r#"{"name":"Acme Europe","currency":"CHF"}"#);
        assert_eq!(Chain::Control.verify(&control).await.unwrap().broken_at, None);
    }
}

#[tokio::test]
async fn the_cookie_is_for_https_only_where_the_server_is() {
    for test in platforms().await {
        let settings =
            AccountSettings { secure_cookie: true, password_cost: PasswordCost::Test, ..AccountSettings::default() };
        let accounts = Accounts::new(test.platform.databases.clone(), test.platform.world.clone(), settings);
        let client = Client::new(&test.platform, vec![accounts::routes(accounts)]);
        let answer = client.post("/api/v1/session", &credentials(TestPlatform::PASSWORD)).await.expect(204);
        assert!(answer.headers["set-cookie"].to_str().unwrap().ends_with("; Secure"));
    }
}

/// Who changes the name and who changes the zone at the same time both find their change.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_of_settings_at_the_same_time_all_stay() {
    for test in platforms().await {
        let session = signed_in(&test).await;
        for round in 0..10 {
            let zone = ["Europe/Paris", "Asia/Tokyo"][round % 2];
            let currency = ["USD", "EUR"][round % 2];
            let name = format!("Acme {round}");
            let changes = [json!({"name": name}), json!({"time_zone": zone}), json!({"currency": currency})];
            let [one, two, three] = changes.each_ref().map(|change| session.patch("/api/v1/workspace", change));
            let answers = tokio::join!(one, two, three);
            for answer in [answers.0, answers.1, answers.2] {
                answer.expect(200);
            }
            let found = test.platform.accounts.workspace(&test.scope.workspace).await.unwrap();
            let found = (found.name, found.time_zone, found.currency.to_string());
            assert_eq!(found, (name, zone.to_owned(), currency.to_owned()), "round {round}");
        }
    }
}
