//! The audit trail: every write is in it, and no entry can be changed unseen.

use kernel::scope::Permission;
use platform::audit::{self, Chain};
use platform::params;
use serde_json::json;
use testkit::{TestPlatform, platforms};

async fn record(test: &TestPlatform, target: &str) {
    let mut tx = test.db.begin().await.unwrap();
    let now = test.platform.world.now();
    audit::record(&mut tx, &test.scope, now, "thing.change", target, &json!({"to": target})).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_whole_chain_is_intact_and_any_change_breaks_it() {
    for test in platforms().await {
        for target in ["a", "b", "c"] {
            record(&test, target).await;
        }
        let whole = audit::verify(&test.db).await.unwrap();
        assert_eq!((whole.entries, whole.broken_at), (3, None));
        for (attack, undo, broken_at) in [
            (
                "update audit set details = '{\"to\":\"x\"}' where sequence = 2",
                "update audit set details = '{\"to\":\"b\"}' where sequence = 2",
                2,
            ),
            (
                "update audit set at_us = at_us + 1 where sequence = 3",
                "update audit set at_us = at_us - 1 where sequence = 3",
                3,
            ),
            ("update audit set sequence = 9 where sequence = 1", "update audit set sequence = 1 where sequence = 9", 1),
            ("update audit_head set sequence = 4", "update audit_head set sequence = 3", 4),
        ] {
            test.db.execute(attack, vec![]).await.unwrap();
            let report = audit::verify(&test.db).await.unwrap();
            assert_eq!(report.broken_at, Some(broken_at), "{attack}");
            test.db.execute(undo, vec![]).await.unwrap();
            assert_eq!(audit::verify(&test.db).await.unwrap().broken_at, None, "{undo}");
        }
        test.db.execute("delete from audit where sequence = 3", vec![]).await.unwrap();
        assert_eq!(audit::verify(&test.db).await.unwrap().broken_at, Some(3), "the last entry is missed too");
    }
}

#[tokio::test]
async fn an_entry_is_kept_with_its_change_or_not_at_all() {
    for test in platforms().await {
        let mut tx = test.db.begin().await.unwrap();
        let now = test.platform.world.now();
        audit::record(&mut tx, &test.scope, now, "thing.change", "a", &json!({})).await.unwrap();
        tx.rollback().await.unwrap();
        assert_eq!(audit::verify(&test.db).await.unwrap().entries, 0);
    }
}

#[tokio::test]
async fn writers_at_the_same_time_make_one_chain() {
    for test in platforms().await {
        let tasks: Vec<_> = (0..12)
            .map(|number| {
                let (db, scope, now) = (test.db.clone(), test.scope.clone(), test.platform.world.now());
                tokio::spawn(async move {
                    let mut tx = db.begin().await.unwrap();
                    let target = format!("t{number}");
                    audit::record(&mut tx, &scope, now, "thing.change", &target, &json!({})).await.unwrap();
                    tx.commit().await.unwrap();
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let report = audit::verify(&test.db).await.unwrap();
        assert_eq!((report.entries, report.broken_at), (12, None));
    }
}

#[tokio::test]
async fn a_chain_that_grows_while_it_is_followed_is_intact() {
    for test in platforms().await {
        record(&test, "first").await;
        let (db, scope, now) = (test.db.clone(), test.scope.clone(), test.platform.world.now());
        let writer = tokio::spawn(async move {
            for number in 0..60 {
                let mut tx = db.begin().await.unwrap();
                let target = format!("t{number}");
                audit::record(&mut tx, &scope, now, "thing.change", &target, &json!({})).await.unwrap();
                tx.commit().await.unwrap();
            }
        });
        while !writer.is_finished() {
            assert_eq!(audit::verify(&test.db).await.unwrap().broken_at, None);
        }
        writer.await.unwrap();
        assert_eq!(audit::verify(&test.db).await.unwrap().entries, 61);
        let inserted = "insert into audit select sequence + 1, id || 'x', at_us, workspace_id, actor, action, target, \
                        details, hash from audit where sequence = 61";
        test.db.execute(inserted, vec![]).await.unwrap();
        assert_eq!(audit::verify(&test.db).await.unwrap().broken_at, Some(62), "one after the head is no entry");
    }
}

#[tokio::test]
async fn the_list_shows_both_chains_newest_first_page_by_page() {
    for test in platforms().await {
        for number in 0..5 {
            test.advance(1_000_000);
            record(&test, &format!("t{number}")).await;
        }
        let client = test.client(vec![audit::routes(test.platform.databases.clone())]);
        let mut seen: Vec<String> = Vec::new();
        let mut path = "/api/v1/audit?limit=3".to_owned();
        loop {
            let page = client.get(&path).await.expect(200).json();
            for item in page["items"].as_array().unwrap() {
                seen.push(format!(
                    "{} {}",
                    item["action"].as_str().unwrap(),
                    item["details"]["to"].as_str().unwrap_or("")
                ));
            }
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            path = format!("/api/v1/audit?limit=3&cursor={cursor}");
        }
        let changes: Vec<String> = (0..5).rev().map(|number| format!("thing.change t{number}")).collect();
        assert_eq!(seen[..5], changes);
        assert_eq!(seen[5..], ["key.create ", "workspace.create "]);
        let check = client.get("/api/v1/audit/check").await.expect(200).json();
        assert_eq!(check, json!({"intact": true, "entries": 5, "broken_at": null, "accounts_intact": true}));
        let newest = audit::newest(&test.platform.databases, &test.scope, 6).await.unwrap();
        let actions: Vec<&str> = newest.iter().map(|entry| entry.action.as_str()).collect();
        assert_eq!(actions[4..], ["thing.change", "key.create"]);
        let control = test.platform.databases.control();
        control.execute("update control_audit set target = 'x' where sequence = 2", vec![]).await.unwrap();
        let check = client.get("/api/v1/audit/check").await.expect(200).json();
        assert_eq!(check, json!({"intact": false, "entries": 5, "broken_at": null, "accounts_intact": false}));
        assert!(!test.scope_as(kernel::scope::Role::Specialist).permissions.has(Permission::AuditRead));
    }
}

#[tokio::test]
async fn the_chain_of_accounts_holds_too() {
    for test in platforms().await {
        let control = test.platform.databases.control();
        let report = Chain::Control.verify(&control).await.unwrap();
        assert_eq!((report.entries, report.broken_at), (3, None), "user, workspace, key");
        control
            .execute("update control_audit set actor = $1 where sequence = 2", params!["user:usr_other"])
            .await
            .unwrap();
        assert_eq!(Chain::Control.verify(&control).await.unwrap().broken_at, Some(2));
    }
}
