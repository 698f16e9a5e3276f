//! Deals on both databases.

use super::*;
use crate::companies::CompanyInput;
use crate::identity::Kind;
use crate::upsert::{Reverted, Source};
use kernel::money::Money;
use kernel::time::{DAY, Timestamp};
use testkit::{TestPlatform, platforms};

fn source() -> Source {
    Source::Import("imp_01k8x0w3c5r7n0000000000000".parse().unwrap())
}

fn key(key: &str) -> DealKey {
    DealKey::External("hubspot".to_owned(), key.to_owned())
}

fn euros(amount: i64) -> Money {
    Money::new(amount * 1_000_000, "EUR".parse().unwrap())
}

fn day(days: i64) -> Timestamp {
    testkit::START.plus(days * DAY)
}

fn deal(id: &str, stage: &str, amount: i64) -> DealInput {
    let mut company = CompanyInput::new(day(9), source());
    "Globex".clone_into(&mut company.name);
    DealInput {
        name: Some(format!("Deal {id}")),
        stage: Some(stage.to_owned()),
        amount: Some(euros(amount)),
        created_at: Some(day(1)),
        company: Some(company),
        people: vec![DealPersonInput {
            identifiers: vec![(Kind::Email, format!("buyer{id}@globex.com"))],
            role: "champion".to_owned(),
            primary: true,
        }],
        source_row: id.to_owned(),
        ..DealInput::new(key(id), day(9), source())
    }
}

async fn put(test: &TestPlatform, rows: &[DealInput]) -> Vec<Upserted<DealId>> {
    let mut tx = test.db.begin().await.unwrap();
    let done = upsert_deals(&mut tx, &test.platform.world, rows).await.unwrap();
    tx.commit().await.unwrap();
    done
}

fn undo_of(done: &[Upserted<DealId>]) -> Vec<(DealId, serde_json::Value)> {
    done.iter()
        .filter_map(|one| match one {
            Upserted::Created { id, undo } | Upserted::Updated { id, undo, .. } => Some((id.clone(), undo.clone())),
            _ => None,
        })
        .collect()
}

async fn revert(test: &TestPlatform, undo: &[(DealId, serde_json::Value)]) -> Vec<Reverted> {
    let mut tx = test.db.begin().await.unwrap();
    let done = revert_deals(&mut tx, &test.platform.world, undo).await.unwrap();
    tx.commit().await.unwrap();
    done
}

/// MA-3: pipelines, stage history, currency, contact roles; MA-12: what becomes of each row.
#[tokio::test]
async fn ma_3_deals_with_stages_roles_and_amounts() {
    for test in platforms().await {
        let deals = Deals::new(&test.platform);
        let done = put(&test, &[deal("1", "Demo", 1_000), deal("2", "Closed Won", 2_500)]).await;
        assert!(done.iter().all(|one| matches!(one, Upserted::Created { .. })), "{done:?}");
        let again = put(&test, &[deal("1", "Demo", 1_000), deal("2", "Closed Won", 2_500)]).await;
        assert!(again.iter().all(|one| matches!(one, Upserted::Unchanged { .. })), "{again:?}");
        let moved = put(&test, &[deal("1", "Closed Lost", 900)]).await;
        let Upserted::Updated { changes, .. } = &moved[0] else { panic!("{moved:?}") };
        let fields: Vec<&str> = changes.iter().map(|change| change.field.as_str()).collect();
        assert_eq!(fields, ["amount", "stage"]);

        let mut tx = test.db.begin().await.unwrap();
        let entry = |id: &str, stage: &str, days| StageEntryInput {
            deal: key(id),
            stage: stage.to_owned(),
            entered_at: day(days),
            source: source(),
        };
        let rows = [entry("2", "Demo", 3), entry("2", "Demo", 3), entry("9", "Demo", 3)];
        let history = upsert_stage_history(&mut tx, &test.platform.world, &rows).await.unwrap();
        assert!(matches!(history[0], Upserted::Updated { .. }));
        assert!(matches!(history[1], Upserted::Unchanged { .. }));
        assert!(matches!(&history[2], Upserted::Rejected(clash) if clash.code == "unknown_deal"));
        let role = DealRoleInput {
            deal: key("2"),
            person: DealPersonInput {
                identifiers: vec![(Kind::Email, "cfo@globex.com".to_owned())],
                role: "decision_maker".to_owned(),
                primary: false,
            },
            at: day(9),
            source: source(),
        };
        let roles = upsert_deal_roles(&mut tx, &test.platform.world, std::slice::from_ref(&role)).await.unwrap();
        assert!(matches!(roles[0], Upserted::Updated { .. }));
        tx.commit().await.unwrap();

        let id = done[1].id().unwrap();
        let whole = deals.get(&test.scope, id).await.unwrap();
        assert_eq!((whole.summary.company_name.as_str(), whole.summary.outcome), ("Globex", DealOutcome::Won));
        assert_eq!(whole.keys, ["hubspot:2"]);
        let people: Vec<(&str, &str, bool)> =
            whole.people.iter().map(|p| (p.email.as_str(), p.role.as_str(), p.primary)).collect();
        assert_eq!(people, [("buyer2@globex.com", "champion", true), ("cfo@globex.com", "decision_maker", false)]);
        let stages: Vec<(&str, Timestamp)> = whole.stages.iter().map(|s| (s.name.as_str(), s.entered_at)).collect();
        assert_eq!(stages, [("Closed Won", day(1)), ("Demo", day(3))]);
        assert_eq!(whole.stages[0].left_at, Some(day(3)));

        let facts = deals.facts(&test.scope).await.unwrap();
        assert_eq!(facts.len(), 2);
        let total: i64 = facts.iter().filter_map(|fact| fact.amount).map(|amount| amount.micros).sum();
        assert_eq!(total, euros(3_400).micros);
        let fact = facts.iter().find(|fact| fact.deal == *id).unwrap();
        assert_eq!((fact.people.len(), fact.source_row.as_str()), (2, "2"), "the row of the file, once");
        assert!(Arc::ptr_eq(&facts, &deals.facts(&test.scope).await.unwrap()), "read again only after a write");
        let lost = DealFilter { outcome: Some(DealOutcome::Lost), ..DealFilter::default() };
        let page = deals.list(&test.scope, &lost, &PageRequest::default()).await.unwrap();
        assert_eq!((page.total, page.items[0].name.as_str()), (Some(1), "Deal 1"));
    }
}

#[tokio::test]
async fn ma_12_deals_are_taken_back_where_nothing_changed_since() {
    for test in platforms().await {
        let deals = Deals::new(&test.platform);
        put(&test, &[deal("1", "Demo", 1_000)]).await;
        let before = deals.get(&test.scope, &deals.facts(&test.scope).await.unwrap()[0].deal).await.unwrap();
        let mut changed = deal("1", "Closed Won", 1_200);
        changed.people[0].role = "decision_maker".to_owned();
        let done = put(&test, &[changed, deal("2", "Demo", 5), deal("3", "Demo", 7)]).await;
        put(&test, &[deal("3", "Proposal", 8)]).await;
        let back = revert(&test, &undo_of(&done)).await;
        assert_eq!(back[..2], [Reverted::Done, Reverted::Done]);
        assert!(matches!(&back[2], Reverted::Refused(clash) if clash.code == "changed_since"), "{back:?}");
        assert_eq!(deals.get(&test.scope, &before.summary.id).await.unwrap(), before);
        let gone = done[1].id().unwrap();
        assert_eq!(deals.get(&test.scope, gone).await.unwrap_err().code, "deal_not_found");
        let again = put(&test, &[deal("2", "Demo", 5)]).await;
        assert!(matches!(again[0], Upserted::Created { .. }), "the key is free again");
    }
}

#[tokio::test]
async fn a_deal_by_hand_is_on_the_record_and_names_its_first_stage() {
    for test in platforms().await {
        let deals = Deals::new(&test.platform);
        let by_hand = Source::Actor(test.scope.actor.clone());
        let mut input = DealInput::new(DealKey::New, day(0), by_hand.clone());
        input.name = Some("Big one".to_owned());
        let made = deals.put(&test.scope, input.clone()).await.unwrap();
        assert_eq!((made.summary.pipeline.as_str(), made.summary.stage.as_str()), ("sales", "sales/qualified"));
        let mut won = DealInput::new(DealKey::Id(made.summary.id.clone()), day(5), by_hand.clone());
        won.stage = Some("won".to_owned());
        let after = deals.put(&test.scope, won).await.unwrap();
        assert_eq!((after.summary.outcome, after.summary.closed_at), (DealOutcome::Won, Some(day(5))));
        assert_eq!(after.stages.len(), 2);
        assert_eq!(deals.pipelines(&test.scope).await.unwrap()[0].stages.len(), 6);
        let sql = "select count(*) from audit where action in ('deal.create', 'deal.update')";
        assert_eq!(test.db.query_one::<(i64,)>(sql, Vec::new()).await.unwrap().0, 2);
        let missing = deals.put(&test.scope, DealInput::new(DealKey::New, day(0), by_hand.clone())).await;
        assert_eq!(missing.unwrap_err().code, "missing_field");
        let denied = deals.put(&test.scope_as(kernel::scope::Role::Analyst), input).await;
        assert_eq!(denied.unwrap_err().code, "forbidden");
    }
}

fn named(name: &str, company: &str, amount: i64) -> DealInput {
    let mut input = deal(name, "Demo", amount);
    (input.key, input.name) = (DealKey::Name(name.to_owned()), Some(name.to_owned()));
    input.people.clear();
    input.company = input.company.filter(|_| !company.is_empty());
    if let Some(one) = input.company.as_mut() {
        company.clone_into(&mut one.name);
    }
    input
}

/// MA-12: in a file without ids a deal is its name and company; the same file again changes nothing.
#[tokio::test]
async fn a_deal_without_an_id_is_its_name_and_company() {
    for test in platforms().await {
        let file = [
            named("Renewal", "Globex", 10),
            named("Renewal", "Initech", 20),
            named("renewal ", "Hooli", 30),
            named("Start", "", 40),
        ];
        let done = put(&test, &file).await;
        assert!(done.iter().all(|one| matches!(one, Upserted::Created { .. })), "{done:?}");
        for row in &file {
            let again = put(&test, std::slice::from_ref(row)).await;
            assert!(matches!(again[0], Upserted::Unchanged { .. }), "{again:?}");
        }
        let again = put(&test, &file).await;
        assert!(again.iter().all(|one| matches!(one, Upserted::Unchanged { .. })), "{again:?}");
        let changed = put(&test, &[named("Renewal", "Initech", 21)]).await;
        assert_eq!(changed[0].id(), done[1].id());
        let unclear = put(&test, &[named("Renewal", "", 50)]).await;
        assert!(matches!(&unclear[0], Upserted::Conflict(clash) if clash.code == "several_deals"), "{unclear:?}");
        let only = put(&test, &[named("Start", "Globex", 40)]).await;
        assert!(matches!(&only[0], Upserted::Created { .. }), "a deal of another company: {only:?}");
        assert_eq!(Deals::new(&test.platform).facts(&test.scope).await.unwrap().len(), 5);
    }
}

/// MA-12: a file that is imported again states nothing new, and does not stand in the way of undoing the first time.
#[tokio::test]
async fn the_same_file_again_does_not_block_the_undo() {
    for test in platforms().await {
        let row = |at| DealInput { at: day(at), properties: properties("field", "Web"), ..deal("1", "Demo", 10) };
        let done = put(&test, &[row(9)]).await;
        let again = put(&test, &[row(10)]).await;
        assert!(matches!(again[0], Upserted::Unchanged { .. }), "{again:?}");
        assert_eq!(revert(&test, &undo_of(&done)).await, [Reverted::Done]);
        assert!(Deals::new(&test.platform).facts(&test.scope).await.unwrap().is_empty());
    }
}

fn properties(name: &str, value: &str) -> serde_json::Map<String, serde_json::Value> {
    std::iter::once((name.to_owned(), json!(value))).collect()
}

fn role(deal: &str, role: &str) -> DealRoleInput {
    let identifiers = vec![(Kind::Email, "cfo@globex.com".to_owned())];
    let person = DealPersonInput { identifiers, role: role.to_owned(), primary: false };
    DealRoleInput { deal: key(deal), person, at: day(9), source: source() }
}

async fn put_roles(test: &TestPlatform, rows: &[DealRoleInput]) -> Vec<Upserted<DealId>> {
    let mut tx = test.db.begin().await.unwrap();
    let done = upsert_deal_roles(&mut tx, &test.platform.world, rows).await.unwrap();
    tx.commit().await.unwrap();
    done
}

/// MA-12: rows that changed one part after the other are taken back together, the last one first.
#[tokio::test]
async fn roles_that_follow_each_other_are_taken_back() {
    for test in platforms().await {
        put(&test, &[deal("1", "Demo", 10)]).await;
        let done = put_roles(&test, &[role("1", "user"), role("1", "decision_maker")]).await;
        assert!(done.iter().all(|one| matches!(one, Upserted::Updated { .. })), "{done:?}");
        let mut undo = undo_of(&done);
        undo.reverse();
        assert_eq!(revert(&test, &undo).await, [Reverted::Done, Reverted::Done]);
        let sql = "select role from deal_people order by role";
        let roles: Vec<(String,)> = test.db.query(sql, Vec::new()).await.unwrap();
        assert_eq!(roles, [("champion".to_owned(),)], "only the one that was there before");
    }
}

/// MA-12: an undo takes the persons and companies that the rows brought with them, but nobody who is needed elsewhere.
#[tokio::test]
async fn what_a_deal_brought_goes_with_it() {
    for test in platforms().await {
        let live = async |table: &str| -> i64 {
            let sql = format!("select count(*) from {table} where state = 'live'");
            test.db.query_one::<(i64,)>(&sql, Vec::new()).await.unwrap().0
        };
        let mut other = deal("2", "Demo", 20);
        "buyer@initech.com".clone_into(&mut other.people[0].identifiers[0].1);
        let done = put(&test, &[deal("1", "Demo", 10), other]).await;
        assert_eq!(
            (live("people").await, live("companies").await),
            (2, 3),
            "two named or by domain, and the deal's own"
        );
        let kept = put_roles(&test, &[DealRoleInput { deal: key("1"), ..role_of("2", "buyer@initech.com") }]).await;
        let mut undo = undo_of(&done);
        undo.reverse();
        assert_eq!(revert(&test, &undo[..1]).await, [Reverted::Done]);
        assert_eq!(live("people").await, 2, "the second buyer takes part in the first deal too");
        assert_eq!(revert(&test, &undo_of(&kept)).await, [Reverted::Done]);
        assert_eq!(revert(&test, &undo[1..]).await, [Reverted::Done]);
        let sql = "select count(*) from people where state = 'live' and email = 'buyer1@globex.com'";
        assert_eq!(test.db.query_one::<(i64,)>(sql, Vec::new()).await.unwrap().0, 0);
        let before = (live("people").await, live("companies").await);
        let whole = put(&test, &[deal("3", "Demo", 10)]).await;
        assert_eq!((live("people").await, live("companies").await), (before.0 + 1, before.1 + 2));
        assert_eq!(revert(&test, &undo_of(&whole)).await, [Reverted::Done]);
        assert_eq!((live("people").await, live("companies").await), before);
    }
}

fn role_of(deal: &str, email: &str) -> DealRoleInput {
    let mut input = role(deal, "user");
    email.clone_into(&mut input.person.identifiers[0].1);
    input
}

/// A won deal without a date is not won on the day its file is read; its stages say when.
#[tokio::test]
async fn a_deal_without_dates_takes_those_of_its_stages() {
    for test in platforms().await {
        let deals = Deals::new(&test.platform);
        let undated = DealInput { created_at: None, ..deal("1", "Closed Won", 10) };
        put(&test, &[undated]).await;
        let whole = deals.facts(&test.scope).await.unwrap()[0].clone();
        assert_eq!((whole.outcome, whole.closed_at, whole.created_at), (DealOutcome::Won, None, day(9)));
        let entry = |stage: &str, days| StageEntryInput {
            deal: key("1"),
            stage: stage.to_owned(),
            entered_at: day(days),
            source: source(),
        };
        let mut tx = test.db.begin().await.unwrap();
        upsert_stage_history(&mut tx, &test.platform.world, &[entry("Demo", 2), entry("Closed Won", 5)]).await.unwrap();
        tx.commit().await.unwrap();
        let whole = deals.facts(&test.scope).await.unwrap()[0].clone();
        assert_eq!((whole.closed_at, whole.created_at), (None, day(2)), "it was there when it entered a stage");
        let entered: Vec<(&str, Timestamp)> = whole.stages.iter().map(|(stage, at)| (stage.as_str(), *at)).collect();
        assert_eq!(entered, [("sales/demo", day(2)), ("sales/closed-won", day(5)), ("sales/closed-won", day(9))]);
    }
}

/// Whoever takes part in a deal was known when it was created, not on the day its file was read.
#[tokio::test]
async fn the_contact_of_a_deal_is_known_since_the_deal() {
    for test in platforms().await {
        put(&test, &[deal("1", "Demo", 10)]).await;
        put_roles(&test, &[role("1", "user")]).await;
        let known: Vec<(i64,)> = test.db.query("select lead_us from people", Vec::new()).await.unwrap();
        assert_eq!(known, [(day(1).micros(),), (day(1).micros(),)]);
    }
}

/// A deal is booked on the day it was won, never on the day it was expected; a deal that is open again has no such day.
#[tokio::test]
async fn a_deal_is_closed_when_its_outcome_is_decided() {
    for test in platforms().await {
        let deals = Deals::new(&test.platform);
        let by_hand = Source::Actor(test.scope.actor.clone());
        let mut expected = DealInput::new(DealKey::New, day(0), by_hand.clone());
        (expected.name, expected.closed_at) = (Some("Big one".to_owned()), Some(day(90)));
        let made = deals.put(&test.scope, expected).await.unwrap();
        assert_eq!((made.summary.outcome, made.summary.closed_at), (DealOutcome::Open, Some(day(90))));
        let change = async |days, stage: &str, closed_at| {
            let key = DealKey::Id(made.summary.id.clone());
            let stage = Some(stage.to_owned()).filter(|stage| !stage.is_empty());
            let input = DealInput { stage, closed_at, ..DealInput::new(key, day(days), by_hand.clone()) };
            let after = deals.put(&test.scope, input).await.unwrap().summary;
            (after.outcome, after.closed_at)
        };
        assert_eq!(change(1, "Demo", None).await, (DealOutcome::Open, Some(day(90))), "still expected then");
        assert_eq!(change(5, "Won", None).await, (DealOutcome::Won, Some(day(5))));
        assert_eq!(change(6, "", None).await, (DealOutcome::Won, Some(day(5))), "another edit moves nothing");
        assert_eq!(change(7, "Lost", None).await, (DealOutcome::Lost, Some(day(7))));
        assert_eq!(change(8, "Demo", None).await, (DealOutcome::Open, None));
        assert_eq!(change(9, "Lost", None).await, (DealOutcome::Lost, Some(day(9))));
        assert_eq!(change(10, "Demo", Some(day(99))).await, (DealOutcome::Open, Some(day(99))));
        assert_eq!(change(11, "Won", Some(day(3))).await, (DealOutcome::Won, Some(day(3))), "who says a day means it");
        let sql = "select details from audit where action = 'deal.update' order by sequence limit 2";
        let said: Vec<(String,)> = test.db.query(sql, Vec::new()).await.unwrap();
        assert!(said[1].0.contains("closed_at"), "the trail says that the day moved: {said:?}");
    }
}

/// A file that closes a deal without a day leaves it to the stages, whatever day was expected before.
#[tokio::test]
async fn a_file_that_closes_a_deal_takes_the_expected_day_away() {
    for test in platforms().await {
        let deals = Deals::new(&test.platform);
        put(&test, &[DealInput { closed_at: Some(day(90)), ..deal("1", "Demo", 10) }]).await;
        let won = DealInput { at: day(20), stage_entered_at: Some(day(12)), ..deal("1", "Closed Won", 10) };
        let closed = async || deals.facts(&test.scope).await.unwrap()[0].closed_at;
        let undated = put(&test, &[DealInput { stage_entered_at: None, ..won.clone() }]).await;
        assert_eq!(closed().await, None);
        assert_eq!(revert(&test, &undo_of(&undated)).await, [Reverted::Done]);
        assert_eq!(closed().await, Some(day(90)));
        put(&test, std::slice::from_ref(&won)).await;
        assert_eq!(closed().await, Some(day(12)));
        let again = put(&test, &[won]).await;
        assert!(matches!(again[0], Upserted::Unchanged { .. }), "{again:?}");
    }
}

/// A row that is a conflict, or rejected, writes nothing: no company, no person, no stage. One after it that shares its
/// people is decided as if it had not been there.
#[tokio::test]
async fn a_refused_row_leaves_nothing() {
    for test in platforms().await {
        put(&test, &[deal("1", "Demo", 10), named("Renewal", "Globex", 10), named("Renewal", "Initech", 20)]).await;
        let counts = async || -> Vec<i64> {
            let mut all = Vec::new();
            for table in ["people", "person_identifiers", "companies", "company_members", "deals", "pipeline_stages"] {
                let sql = format!("select count(*) from {table}");
                all.push(test.db.query_one::<(i64,)>(&sql, Vec::new()).await.unwrap().0);
            }
            all
        };
        let person = |identifiers: &[(Kind, &str)]| DealPersonInput {
            identifiers: identifiers.iter().map(|(kind, value)| (kind.clone(), (*value).to_owned())).collect(),
            role: String::new(),
            primary: false,
        };
        let crm = || Kind::External("hubspot".to_owned());
        let before = counts().await;
        // Several deals of the name; no name at all; a person who is two, beside one who would be new.
        let mut several = named("Renewal", "", 50);
        (several.stage, several.people) =
            (Some("Parked".to_owned()), vec![person(&[(crm(), "7"), (Kind::Email, "new@hooli.com")])]);
        let mut nameless = deal("9", "Parked", 5);
        (nameless.name, nameless.company.as_mut().unwrap().name) = (None, "Umbrella".to_owned());
        let mut two = deal("8", "Demo", 5);
        two.company.as_mut().unwrap().name = "Umbrella".to_owned();
        two.people = vec![person(&[(Kind::Email, "fresh@hooli.com")]), person(&[(Kind::Email, "no address")])];
        let refused = put(&test, &[several.clone(), nameless.clone(), two.clone()]).await;
        let codes: Vec<&str> = refused
            .iter()
            .map(|one| match one {
                Upserted::Conflict(clash) | Upserted::Rejected(clash) => clash.code.as_str(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(codes, ["several_deals", "missing_field", "no_key"]);
        assert_eq!(counts().await, before);
        let mut good = deal("6", "Demo", 5);
        good.people = vec![person(&[(crm(), "7"), (Kind::Email, "other@hooli.com")])];
        let mixed = put(&test, &[several, good, nameless, two]).await;
        let kinds: Vec<bool> = mixed.iter().map(|one| one.id().is_some()).collect();
        assert_eq!(kinds, [false, true, false, false], "{mixed:?}");
        let after = counts().await;
        assert_eq!((after[0], after[4]), (before[0] + 1, before[4] + 1));
        let sql = "select count(*) from people where email = 'other@hooli.com'";
        assert_eq!(test.db.query_one::<(i64,)>(sql, Vec::new()).await.unwrap().0, 1);
    }
}
