//! People, companies and deals from files of other systems.

use super::super::{Counts, ImportState, Outcome, Phase, Silent};
use super::{import, imports, rows, upload};
use platform::params;
use std::fmt::Write as _;
use testkit::{TestPlatform, platforms};

async fn count(test: &TestPlatform, table: &str) -> i64 {
    let (count,): (i64,) = test.db.query_one(&format!("select count(*) from {table}"), params![]).await.unwrap();
    count
}

const CONTACTS: &str = "\u{feff}Record ID,First Name,Last Name,Email,Lead Status,Create Date,Associated Company,Country/Region,Favourite colour\n\
101,Ada,Lovelace,ada@analytical.example,Open,2026-01-05 10:00,Analytical Engines,United Kingdom,blue\n\
102,Grace,Hopper,grace@navy.example,New,2026-01-06 11:30,Navy,USA,\n\
103,\"Jean\nLuc\",Godard,jl@,Open,2026-01-07 09:00,,,\n\
101,Ada,King,ADA@analytical.example,Open,2026-01-05 10:00,Analytical Engines,GB,red\n\
104,No,Mail,,,,,,\n";

#[tokio::test]
async fn hubspot_contacts_come_in_once_and_only_once_ma_12() {
    for test in platforms().await {
        let imports = imports(&test);
        let one = upload(&imports, &test, "contacts.csv", CONTACTS.as_bytes()).await;
        assert_eq!(one.preset_title.as_deref(), Some("HubSpot contacts"));
        assert_eq!(one.mapping.system, "hubspot");
        let done = import(&imports, &test, CONTACTS.as_bytes()).await;
        assert_eq!(done.applied, Counts { create: 3, update: 1, rejected: 1, ..Counts::default() });
        let updated = rows(&imports, &test, &done, Phase::Apply, Some(Outcome::Update)).await;
        let fields: Vec<&str> = updated[0].changes.iter().map(|change| change.field.as_str()).collect();
        assert_eq!(updated[0].line, 6, "the row before spans two lines");
        assert!(fields.contains(&"last_name") && fields.contains(&"Favourite colour"), "{fields:?}");
        let again = import(&imports, &test, CONTACTS.as_bytes()).await;
        assert_eq!(again.applied.create, 0);
        assert_eq!(again.applied.total(), 5);
        assert_eq!(count(&test, "people").await, 3);
    }
}

#[tokio::test]
async fn an_import_of_people_can_be_taken_back_ma_12() {
    for test in platforms().await {
        let imports = imports(&test);
        let first = "email,first name\nada@analytical.example,Ada\n";
        import(&imports, &test, first.as_bytes()).await;
        let second = "email,first name,city\nada@analytical.example,Augusta,London\nbob@navy.example,Bob,\n";
        let done = import(&imports, &test, second.as_bytes()).await;
        assert_eq!(done.applied, Counts { create: 1, update: 1, ..Counts::default() });
        let undone = imports.undo_now(&test.scope, &done.id, &Silent).await.unwrap();
        assert_eq!((undone.undo.reverted, undone.undo.refused), (2, 0));
        let again = import(&imports, &test, first.as_bytes()).await;
        assert_eq!(again.applied, Counts { unchanged: 1, ..Counts::default() }, "Ada says what she said before");
    }
}

#[tokio::test]
async fn companies_are_found_by_id_domain_and_name() {
    for test in platforms().await {
        let imports = imports(&test);
        let text = "Account ID,Account Name,Website,Industry,Billing Country,Employees\n\
                    001A,Acme GmbH,https://www.acme.example/de,Tools,Deutschland,\"1,200\"\n\
                    001B,Beta Ltd,beta.example,Software,UK,12\n001C,,,,,\n";
        let one = upload(&imports, &test, "accounts.csv", text.as_bytes()).await;
        assert_eq!(one.preset_title.as_deref(), Some("Salesforce accounts"));
        let done = import(&imports, &test, text.as_bytes()).await;
        assert_eq!(done.applied.create + done.applied.rejected, 3, "{:?}", done.applied);
        let again = import(&imports, &test, text.as_bytes()).await;
        assert_eq!(again.applied.create + again.applied.update, 0, "{:?}", again.applied);
        let undone = imports.undo_now(&test.scope, &done.id, &Silent).await.unwrap();
        assert_eq!(undone.state, ImportState::Undone);
    }
}

#[tokio::test]
async fn a_large_file_with_repeated_people_is_told_exactly_beforehand() {
    for test in platforms().await {
        let imports = imports(&test);
        let mut text = "email,first name,city\n".to_owned();
        for number in 0..5_000 {
            let person = if number % 1_000 == 999 { 3 } else { number };
            let _ = writeln!(text, "person{person}@site{}.example,Name {number},", person % 50);
        }
        let done = import(&imports, &test, text.as_bytes()).await;
        assert_eq!(done.applied, Counts { create: 4_995, update: 5, ..Counts::default() });
        assert_eq!(count(&test, "people").await, 4_995);
    }
}

#[tokio::test]
async fn deals_with_their_history_and_roles_come_in_and_go_out() {
    for test in platforms().await {
        let imports = imports(&test);
        let deals = "Opportunity ID,Opportunity Name,Stage,Amount,Close Date,Created Date,Account Name,Lead Source,Won,Closed\n\
                     006A,Acme renewal,Negotiation,\"12,000.50\",2026-03-31,2026-01-10,Acme,Web,FALSE,FALSE\n\
                     006B,Beta start,Closed Won,900.00,2026-02-28,2026-01-12,Beta,Event,TRUE,TRUE\n";
        let one = upload(&imports, &test, "opportunities.csv", deals.as_bytes()).await;
        assert_eq!(one.preset_title.as_deref(), Some("Salesforce opportunities"));
        let done = import(&imports, &test, deals.as_bytes()).await;
        assert_eq!(done.applied, Counts { create: 2, ..Counts::default() });
        let history = "Id,OpportunityId,StageName,CreatedDate\n1,006A,Discovery,2026-01-11T09:00:00.000Z\n\
                       2,006A,Negotiation,2026-02-01T09:00:00.000Z\n3,006X,Discovery,2026-02-01T09:00:00.000Z\n";
        let staged = import(&imports, &test, history.as_bytes()).await;
        assert_eq!(staged.kind, "stage_history");
        assert_eq!(staged.applied.rejected + staged.applied.conflict, 1, "there is no deal 006X: {:?}", staged.applied);
        let people = "Id,LastName,Email,AccountId\n003A,Lovelace,ada@analytical.example,001A\n";
        import(&imports, &test, people.as_bytes()).await;
        let roles = "Id,OpportunityId,ContactId,Role,IsPrimary\n1,006A,003A,Decision Maker,true\n";
        let part = import(&imports, &test, roles.as_bytes()).await;
        assert_eq!((part.kind.as_str(), part.applied.total()), ("contact_roles", 1));
        assert_eq!(part.applied.rejected + part.applied.conflict, 0, "{:?}", part.applied);
        for (file, kind) in [(deals, "deals"), (history, "stage history"), (roles, "roles")] {
            let again = import(&imports, &test, file.as_bytes()).await;
            assert_eq!(again.applied.create + again.applied.update, 0, "{kind}: {:?}", again.applied);
        }
        for one in [&part, &staged] {
            let undone = imports.undo_now(&test.scope, &one.id, &Silent).await.unwrap();
            assert_eq!(undone.undo.refused, 0, "{}", one.kind);
        }
    }
}
