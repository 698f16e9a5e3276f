//! Companies on both databases.

use super::*;
use crate::upsert::{Reverted, Source, Upserted};
use kernel::time::DAY;
use serde_json::json;
use testkit::{TestPlatform, platforms};

fn company(day: i64, name: &str, domain: &str, external: &[&str]) -> CompanyInput {
    let source = Source::Import("imp_01k8x0w3c5r7n0000000000000".parse().unwrap());
    let mut input = CompanyInput::new(testkit::START.plus(day * DAY), source);
    name.clone_into(&mut input.name);
    domain.clone_into(&mut input.domain);
    input.external = external.iter().map(|key| ("hubspot".to_owned(), (*key).to_owned())).collect();
    input
}

async fn put(test: &TestPlatform, rows: &[CompanyInput]) -> Vec<Upserted<CompanyId>> {
    let mut tx = test.db.begin().await.unwrap();
    let done = upsert_companies(&mut tx, &test.platform.world, rows).await.unwrap();
    tx.commit().await.unwrap();
    done
}

#[tokio::test]
async fn ma_2_one_company_by_id_domain_or_name() {
    for test in platforms().await {
        let companies = Companies::new(&test.platform);
        let mut hinted = company(1, "Initech", "", &[]);
        "bob@mail.initech.com".clone_into(&mut hinted.email_domain);
        let rows = [
            company(0, "Acme", "https://www.acme.com/about", &["1"]),
            company(1, "Acme Inc.", "jane@shop.acme.com", &[]),
            company(0, "  ACME   inc. ", "", &[]),
            company(0, "", "gmail.com", &[]),
            hinted.clone(),
            company(1, "", "initech.com", &[]),
            company(1, "Umbrella", "umbrella.com", &["2"]),
            company(1, "Confused", "umbrella.com", &["1"]),
        ];
        let done = put(&test, &rows).await;
        let ids: Vec<Option<&CompanyId>> = done.iter().map(Upserted::id).collect();
        assert_eq!(ids[0], ids[1], "one registrable domain is one company");
        assert_eq!(ids[1], ids[2], "a name finds it, case and spacing aside");
        assert!(matches!(&done[3], Upserted::Rejected(clash) if clash.code == "no_key"), "{:?}", done[3]);
        assert_eq!(ids[4], ids[5], "the domain of somebody's address became the company's");
        assert!(matches!(&done[7], Upserted::Conflict(clash) if clash.code == "two_companies"), "{:?}", done[7]);
        let again = put(&test, &rows[4..7]).await;
        assert!(again.iter().all(|one| matches!(one, Upserted::Unchanged { .. })), "{again:?}");
        let whole = companies.get(&test.scope, ids[0].unwrap()).await.unwrap();
        let keys: Vec<String> = whole.keys.iter().map(|key| format!("{}:{}", key.kind, key.value)).collect();
        assert_eq!(keys, ["domain:acme.com", "hubspot:1"]);
        let mut names = Vec::new();
        let mut cursor = None;
        loop {
            let page = PageRequest { limit: Some(2), cursor };
            let page = companies.list(&test.scope, "", CompanySort::Name, &page).await.unwrap();
            assert_eq!(page.total, Some(3));
            names.extend(page.items.into_iter().map(|one| one.name));
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(names[1..], ["Initech".to_owned(), "Umbrella".to_owned()]);
        let found = companies.list(&test.scope, "UMBRELLA.c", CompanySort::Created, &PageRequest::default()).await;
        assert_eq!(found.unwrap().items.len(), 1);
    }
}

#[tokio::test]
async fn ma_12_companies_are_taken_back_where_nothing_changed_since() {
    for test in platforms().await {
        let companies = Companies::new(&test.platform);
        let first = put(&test, &[company(0, "Acme", "acme.com", &[])]).await;
        let acme = first[0].id().unwrap().clone();
        let mut update = company(1, "Acme Corp", "acme.com", &["9"]);
        update.properties = json!({"industry": "Energy"}).as_object().cloned().unwrap();
        let done = put(&test, &[update, company(1, "Globex", "globex.com", &[]), company(1, "Hooli", "", &[])]).await;
        put(&test, &[company(2, "Hooli Inc", "hooli.com", &["7"])]).await;
        let mut hooli = company(2, "", "", &[]);
        hooli.id = done[2].id().cloned();
        hooli.properties = json!({"country": "US"}).as_object().cloned().unwrap();
        put(&test, &[hooli]).await;
        let undo: Vec<(CompanyId, serde_json::Value)> = done
            .iter()
            .filter_map(|one| match one {
                Upserted::Created { id, undo } | Upserted::Updated { id, undo, .. } => Some((id.clone(), undo.clone())),
                _ => None,
            })
            .collect();
        let mut tx = test.db.begin().await.unwrap();
        let back = revert_companies(&mut tx, &test.platform.world, &undo).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(back[..2], [Reverted::Done, Reverted::Done]);
        assert!(matches!(&back[2], Reverted::Refused(clash) if clash.code == "changed_since"), "{:?}", back[2]);
        let now = companies.get(&test.scope, &acme).await.unwrap();
        assert_eq!((now.summary.name.as_str(), now.summary.industry.as_str()), ("Acme", ""));
        assert_eq!(now.keys.len(), 1, "the key of the import is free again");
        let gone = companies.get(&test.scope, done[1].id().unwrap()).await;
        assert_eq!(gone.unwrap_err().code, "company_not_found");
    }
}
