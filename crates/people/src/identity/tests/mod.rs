//! Identity on both databases.

mod again;
mod groups;
mod remember;

use super::*;
use crate::companies::{Companies, CompanyInput};
use crate::upsert::{Reverted, Source, Upserted};
use kernel::time::{SECOND, Timestamp};
use serde_json::json;
use testkit::{TestPlatform, platforms};

fn event(offset: u64) -> Observation {
    Observation {
        offset,
        at: testkit::START.plus(i64::try_from(offset).unwrap() * SECOND),
        received_at: testkit::START,
        event_id: format!("m-{offset}"),
        human: true,
        ..Observation::default()
    }
}

fn of(offset: u64, parts: &[(&str, &str)]) -> Observation {
    let mut event = event(offset);
    for (name, value) in parts {
        let value = Some((*value).to_owned());
        match *name {
            "user" => event.user_id = value,
            "anon" => event.anonymous_id = value,
            "email" => event.email = value,
            "phone" => event.phone = value,
            "group" => {
                event.group_id = value;
                event.kind = ObservationKind::Group;
            }
            "previous" => {
                event.previous_id = value;
                event.kind = ObservationKind::Alias;
            }
            other => {
                event.traits.get_or_insert_default().insert(other.to_owned(), json!(value));
                event.kind = ObservationKind::Identify;
            }
        }
    }
    event
}

async fn people_of(test: &TestPlatform) -> Vec<(u64, String, String, Option<i64>)> {
    let sql = "select person, email, name, coalesce(lead_us, 0) from people where state = 'live' order by person";
    let rows: Vec<(u64, String, String, i64)> = test.db.query(sql, Vec::new()).await.unwrap();
    rows.into_iter().map(|(p, e, n, l)| (p, e, n, (l != 0).then_some(l))).collect()
}

async fn count(test: &TestPlatform, sql: &str) -> i64 {
    test.db.query_one::<(i64,)>(sql, Vec::new()).await.unwrap().0
}

async fn canonical(identity: &Identity, test: &TestPlatform, person: PersonId) -> u64 {
    let merges = identity.merges(&test.scope).await.unwrap();
    merges.get(&person.number()).copied().unwrap_or(person.number())
}

/// A dump of all that identity holds, to compare two states of a workspace.
async fn dump(test: &TestPlatform) -> Vec<String> {
    let mut lines = Vec::new();
    for sql in [
        "select person || '|' || state || '|' || own_created_us || '|' || own_first_seen_us || '|' || own_last_seen_us \
         || '|' || traits || '|' || created_us || '|' || first_seen_us || '|' || last_seen_us || '|' || \
         coalesce(lead_us, 0) || '|' || email || '|' || name || '|' || coalesce(company, '') from people",
        "select identifier || '|' || person || '|' || state || '|' || source || '|' || via from person_identifiers",
        "select identifier || '|' || reason || '|' || person from person_refusals",
        "select person || '|' || other || '|' || state || '|' || source from person_merge_edges",
        "select person || '|' || canonical from person_merges",
        "select person || '|' || company || '|' || how || '|' || since_us from company_members",
        "select company_key || '|' || company || '|' || state from company_keys",
    ] {
        lines.extend(test.db.query::<(String,)>(sql, Vec::new()).await.unwrap().into_iter().map(|row| row.0));
    }
    lines.sort();
    lines
}

#[tokio::test]
async fn an_1_6_the_golden_test_on_a_store() {
    for test in platforms().await {
        let identity = Identity::new(&test.platform);
        let first = [of(1, &[("user", "abc123"), ("email", "jane@example1.com")])];
        let one = identity.resolve(&test.scope, &first).await.unwrap();
        let second = [of(2, &[("user", "abc456"), ("email", "jane@example1.com")])];
        let two = identity.resolve(&test.scope, &second).await.unwrap();
        assert_ne!(one[0].person, two[0].person);
        let people = people_of(&test).await;
        assert_eq!(people.len(), 2);
        assert_eq!((people[0].1.as_str(), people[1].1.as_str()), ("jane@example1.com", ""), "the e-mail is dropped");
        let refused: (String, String, u64) =
            test.db.query_one("select identifier, reason, owner from person_refusals", Vec::new()).await.unwrap();
        assert_eq!(refused, ("email:jane@example1.com".to_owned(), "over_limit".to_owned(), one[0].person.number()));
    }
}

#[tokio::test]
async fn anonymous_history_joins_at_identify_and_a_second_browser_merges() {
    for test in platforms().await {
        let identity = Identity::new(&test.platform);
        let batch = [
            of(1, &[("anon", "a")]),
            of(2, &[("anon", "b")]),
            of(3, &[("anon", "a"), ("user", "u"), ("email", "jo@acme.com"), ("first_name", "Jo"), ("last_name", "Ek")]),
            of(4, &[("anon", "a")]),
            of(5, &[("anon", "b"), ("user", "u")]),
            of(6, &[("anon", "b")]),
        ];
        let got = identity.resolve(&test.scope, &batch).await.unwrap();
        let person: Vec<PersonId> = got.iter().map(|one| one.person).collect();
        assert_eq!(person[0], person[2], "MA-9: the history before the sign-in is the same person's");
        assert_eq!(person[0], person[3]);
        assert_ne!(person[1], person[0]);
        assert_eq!(person[4], person[0], "the event belongs to the home of its user id");
        assert_eq!(person[5], person[1], "a merge moves nothing: the browser keeps its home");
        assert_eq!(canonical(&identity, &test, person[1]).await, person[0].number());
        assert_eq!(identity.watch_merges(&test.scope).borrow().len(), 1);
        let people = people_of(&test).await;
        assert_eq!(people.len(), 1);
        assert_eq!((people[0].1.as_str(), people[0].2.as_str()), ("jo@acme.com", "Jo Ek"));
        assert_eq!(people[0].3, Some(batch[2].at.micros()), "a lead since the first e-mail address");
        assert!(got[3].company.is_some() && got[3].company == got[2].company, "MA-2: the company of acme.com");
        let edge: (String, String, String) = test
            .db
            .query_one("select identifier, other_identifier, source from person_merge_edges", Vec::new())
            .await
            .unwrap();
        assert_eq!(edge, ("user_id:u".to_owned(), "anonymous_id:b".to_owned(), "event:5".to_owned()));
    }
}

#[tokio::test]
async fn resolving_again_after_a_crash_adds_nothing() {
    for test in platforms().await {
        let batch: Vec<Observation> = vec![
            of(1, &[("anon", "a")]),
            of(2, &[("anon", "b"), ("email", "x@acme.com"), ("plan", "pro")]),
            of(3, &[("anon", "a"), ("email", "x@acme.com")]),
            of(4, &[("anon", "c"), ("email", "y@acme.com"), ("phone", "+4930123456")]),
            of(5, &[("anon", "c"), ("email", "z@acme.com"), ("phone", "+4930123456")]),
            of(6, &[("user", "null"), ("anon", "d")]),
            of(7, &[("user", "u7"), ("group", "g1")]),
            of(8, &[("user", "u8"), ("previous", "u7")]),
        ];
        let first = Identity::new(&test.platform).resolve(&test.scope, &batch).await.unwrap();
        let before = dump(&test).await;
        let warm = Identity::new(&test.platform);
        for _ in 0..2 {
            assert_eq!(warm.resolve(&test.scope, &batch).await.unwrap(), first);
        }
        assert_eq!(dump(&test).await, before);
    }
}

#[tokio::test]
async fn one_event_at_a_time_is_the_same_as_all_at_once() {
    for test in platforms().await {
        let other = testkit::platform(testkit::Backend::Sqlite).await;
        let batch: Vec<Observation> = (0..60)
            .map(|n| match n % 5 {
                0 => of(n, &[("anon", &format!("a{}", n % 7))]),
                1 => of(n, &[("anon", &format!("a{}", n % 7)), ("user", &format!("u{}", n % 3))]),
                2 => of(n, &[("user", &format!("u{}", n % 3)), ("email", &format!("e{}@acme.com", n % 4))]),
                3 => of(n, &[("anon", &format!("a{}", n % 7)), ("email", &format!("e{}@acme.com", n % 4))]),
                _ => of(n, &[("user", &format!("u{}", n % 3)), ("plan", &format!("p{n}"))]),
            })
            .collect();
        let whole = Identity::new(&test.platform);
        let got = whole.resolve(&test.scope, &batch).await.unwrap();
        let single = Identity::new(&other.platform);
        let mut one_by_one = Vec::new();
        for event in &batch {
            one_by_one.extend(single.resolve(&other.scope, std::slice::from_ref(event)).await.unwrap());
        }
        let shape = |all: &[Resolved]| -> Vec<usize> {
            all.iter().map(|one| all.iter().position(|other| other.person == one.person).unwrap()).collect()
        };
        assert_eq!(shape(&got), shape(&one_by_one));
        let strip = |people: Vec<(u64, String, String, Option<i64>)>| -> Vec<_> {
            people.into_iter().map(|(_, email, name, lead)| (email, name, lead)).collect()
        };
        assert_eq!(strip(people_of(&test).await), strip(people_of(&other).await));
    }
}

/// MA-1: a thousand parallel upserts of one key give exactly one record.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ma_1_a_thousand_parallel_upserts_of_one_key_make_one_person() {
    for test in platforms().await {
        let identity = Identity::new(&test.platform);
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..1_000_u64 {
            let (identity, scope, platform, db) =
                (identity.clone(), test.scope.clone(), test.platform.clone(), test.db.clone());
            tasks.spawn(async move {
                if n % 2 == 0 {
                    let event = of(n, &[("email", "Same@Example.org"), ("anon", &format!("a{}", n % 10))]);
                    return identity.resolve(&scope, &[event]).await.unwrap()[0].person;
                }
                let mut tx = db.begin().await.unwrap();
                let mut input = PersonInput::new(testkit::START, Source::Actor(scope.actor.clone()));
                input.identifiers = vec![(Kind::Email, "same@example.org ".to_owned())];
                let done = upsert_people(&mut tx, &platform.world, &[input]).await.unwrap();
                tx.commit().await.unwrap();
                *done[0].id().unwrap()
            });
        }
        let people: std::collections::HashSet<PersonId> = tasks.join_all().await.into_iter().collect();
        assert_eq!(people.len(), 1);
        assert_eq!(count(&test, "select count(*) from people").await, 1);
        let sql = "select count(*) from person_identifiers where identifier = 'email:same@example.org'";
        assert_eq!(count(&test, sql).await, 1);
    }
}

#[tokio::test]
async fn ma_34_two_people_one_browser() {
    for test in platforms().await {
        let identity = Identity::new(&test.platform);
        let batch = [
            of(1, &[("anon", "a"), ("email", "ann@x.org"), ("name", "Ann")]),
            of(2, &[("anon", "a"), ("email", "bob@x.org"), ("name", "Bob")]),
            of(3, &[("anon", "a")]),
        ];
        let got = identity.resolve(&test.scope, &batch).await.unwrap();
        assert_ne!(got[0].person, got[1].person);
        assert_eq!(got[2].person, got[0].person, "the browser stays with the first");
        let people = people_of(&test).await;
        let names: Vec<(&str, &str)> = people.iter().map(|p| (p.1.as_str(), p.2.as_str())).collect();
        assert_eq!(names, [("ann@x.org", "Ann"), ("bob@x.org", "Bob")]);
    }
}

#[tokio::test]
async fn bots_and_nobodies_never_become_people() {
    for test in platforms().await {
        let identity = Identity::new(&test.platform);
        let mut bot = of(1, &[("anon", "crawler"), ("email", "bot@acme.com")]);
        bot.human = false;
        let nobody = of(2, &[("user", "null")]);
        let got = identity.resolve(&test.scope, &[bot.clone(), nobody, bot]).await.unwrap();
        assert!(got.iter().all(|one| is_light(one.person)));
        assert_eq!(got[0], got[2], "the same crawler is the same number");
        assert_ne!(got[0].person, got[1].person);
        assert_eq!(count(&test, "select count(*) from people").await, 0);
        assert_eq!(count(&test, "select count(*) from companies").await, 0);
    }
}

#[tokio::test]
async fn traits_are_newest_by_event_time_not_by_arrival() {
    for test in platforms().await {
        let identity = Identity::new(&test.platform);
        let newer = of(9, &[("user", "u"), ("title", "CEO")]);
        let older = of(3, &[("user", "u"), ("title", "CTO"), ("city", "Graz")]);
        identity.resolve(&test.scope, &[newer]).await.unwrap();
        identity.resolve(&test.scope, std::slice::from_ref(&older)).await.unwrap();
        let row: (String, String, i64, i64) =
            test.db.query_one("select title, city, first_seen_us, lead_us from people", Vec::new()).await.unwrap();
        assert_eq!(row, ("CEO".to_owned(), "Graz".to_owned(), older.at.micros(), older.at.micros()));
    }
}

#[tokio::test]
async fn an_alias_joins_what_was_known_before_and_what_comes_later() {
    for test in platforms().await {
        let identity = Identity::new(&test.platform);
        let batch = [
            of(1, &[("user", "old")]),
            of(2, &[("user", "new")]),
            of(3, &[("user", "new"), ("previous", "old")]),
            of(4, &[("user", "late"), ("previous", "unseen")]),
            of(5, &[("user", "unseen")]),
        ];
        let got = identity.resolve(&test.scope, &batch).await.unwrap();
        let merges = identity.merges(&test.scope).await.unwrap();
        assert_eq!(merges.get(&got[1].person.number()), Some(&got[0].person.number()));
        assert_eq!(got[3].person, got[4].person, "an id that was aliased before it was seen");
    }
}

#[tokio::test]
async fn groups_make_companies_and_explicit_wins_over_domain() {
    for test in platforms().await {
        let identity = Identity::new(&test.platform);
        let companies = Companies::new(&test.platform);
        let mut group = of(2, &[("user", "u"), ("group", "g-7")]);
        group.group_traits = json!({"name": "Globex", "industry": "Energy"}).as_object().cloned();
        let batch = [of(1, &[("user", "u"), ("email", "jo@acme.com")]), group, of(3, &[("user", "u")])];
        let got = identity.resolve(&test.scope, &batch).await.unwrap();
        let company = companies.get(&test.scope, got[2].company.as_ref().unwrap()).await.unwrap();
        assert_eq!((company.summary.name.as_str(), company.summary.industry.as_str()), ("Globex", "Energy"));
        assert_eq!(company.members.len(), 1);
        assert_eq!(company.members[0].email, "jo@acme.com");
        let page = kernel::page::PageRequest::default();
        let all = companies.list(&test.scope, "", crate::companies::CompanySort::Name, &page).await.unwrap();
        let names: Vec<(String, u64)> = all.items.into_iter().map(|c| (c.name, c.people)).collect();
        assert_eq!(names, [("acme.com".to_owned(), 0), ("Globex".to_owned(), 1)]);
        let free = identity.resolve(&test.scope, &[of(4, &[("email", "x@gmail.com")])]).await.unwrap();
        assert_eq!(free[0].company, None);
    }
}

/// MA-11, AN-J: un-merge restores both records exactly, and later events do not merge them again.
#[tokio::test]
async fn ma_11_separating_restores_both_records_exactly() {
    for test in platforms().await {
        let identity = Identity::new(&test.platform);
        let before = [
            of(1, &[("anon", "a"), ("name", "Browser"), ("group", "g1")]),
            of(2, &[("user", "u"), ("email", "jo@acme.com"), ("plan", "pro")]),
        ];
        let got = identity.resolve(&test.scope, &before).await.unwrap();
        let people = "select person || state || traits || created_us || first_seen_us || coalesce(lead_us, 0) || email \
            || name || coalesce(company, '') from people order by person";
        let shown: Vec<(String,)> = test.db.query(people, Vec::new()).await.unwrap();
        let merge = of(3, &[("anon", "a"), ("user", "u")]);
        identity.resolve(&test.scope, std::slice::from_ref(&merge)).await.unwrap();
        assert_eq!(people_of(&test).await.len(), 1);
        let merges = identity.separate(&test.scope, got[0].person, got[1].person).await.unwrap();
        assert!(merges.is_empty());
        let after: Vec<(String,)> = test.db.query(people, Vec::new()).await.unwrap();
        assert_eq!(after, shown);
        let again = identity.resolve(&test.scope, &[merge]).await.unwrap();
        assert_eq!(again[0].person, got[1].person);
        assert_eq!(people_of(&test).await.len(), 2, "what was separated by hand stays separate");
        assert_eq!(count(&test, "select count(*) from audit where action = 'person.separate'").await, 1);
        let viewer = test.scope_as(kernel::scope::Role::Viewer);
        let refused = identity.separate(&viewer, got[0].person, got[1].person).await.unwrap_err();
        assert_eq!(refused.code, "forbidden");
    }
}

fn row(at: Timestamp, identifiers: &[(Kind, &str)], traits: serde_json::Value) -> PersonInput {
    let import = "imp_01k8x0w3c5r7n0000000000000".parse().unwrap();
    let mut input = PersonInput::new(at, Source::Import(import));
    input.identifiers = identifiers.iter().map(|(kind, value)| (kind.clone(), (*value).to_owned())).collect();
    input.traits = traits.as_object().cloned().unwrap_or_default();
    input
}

async fn import(test: &TestPlatform, rows: &[PersonInput]) -> Vec<Upserted<PersonId>> {
    let mut tx = test.db.begin().await.unwrap();
    let done = upsert_people(&mut tx, &test.platform.world, rows).await.unwrap();
    tx.commit().await.unwrap();
    done
}

/// MA-12: create, update, unchanged, conflict and rejected, and the way back.
#[tokio::test]
async fn ma_12_rows_are_created_updated_left_alone_refused_and_taken_back() {
    for test in platforms().await {
        let identity = Identity::new(&test.platform);
        let crm = || Kind::External("hubspot".to_owned());
        identity.resolve(&test.scope, &[of(1, &[("user", "u1"), ("email", "seen@acme.com")])]).await.unwrap();
        let at = testkit::START.plus(3_600 * SECOND);
        let mut with_company =
            row(at, &[(Kind::Email, "new@globex.com"), (crm(), "1")], json!({"first_name": "New", "country": "AT"}));
        let mut company = CompanyInput::new(at, with_company.source.clone());
        "Globex".clone_into(&mut company.name);
        with_company.company = Some(company);
        let rows = [
            with_company,
            row(at, &[(Kind::Email, "SEEN@acme.com"), (crm(), "2")], json!({"title": "CTO"})),
            row(at, &[(Kind::Email, "new@globex.com"), (crm(), "2")], json!({})),
            row(at, &[(Kind::Email, "seen@acme.com"), (Kind::UserId, "u2")], json!({})),
            row(at, &[(Kind::Phone, "+4930123456")], json!({})),
            row(at, &[(Kind::Email, "not an address")], json!({})),
        ];
        let done = import(&test, &rows).await;
        assert!(matches!(&done[0], Upserted::Created { .. }), "{:?}", done[0]);
        let Upserted::Updated { changes, .. } = &done[1] else { panic!("{:?}", done[1]) };
        let fields: Vec<&str> = changes.iter().map(|change| change.field.as_str()).collect();
        assert_eq!(fields, ["ext:hubspot", "title"]);
        let codes: Vec<&str> = done[2..]
            .iter()
            .map(|one| match one {
                Upserted::Conflict(clash) | Upserted::Rejected(clash) => clash.code.as_str(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(codes, ["two_people", "identity_rule", "no_key", "no_key"]);

        let again = import(&test, &rows[..2]).await;
        assert!(again.iter().all(|one| matches!(one, Upserted::Unchanged { .. })), "{again:?}");
        let shown: (String, String) = test
            .db
            .query_one(
                "select c.name, c.domain from people p join companies c on c.id = p.company where p.email = 'new@globex.com'",
                Vec::new(),
            )
            .await
            .unwrap();
        assert_eq!(shown, ("Globex".to_owned(), "globex.com".to_owned()), "one company by name and domain, not two");

        identity.resolve(&test.scope, &[of(9_000, &[("email", "seen@acme.com"), ("title", "CEO")])]).await.unwrap();
        let back = again::undo(&test, &done).await;
        assert_eq!(back[0], Reverted::Done);
        assert!(matches!(&back[1], Reverted::Refused(clash) if clash.code == "changed_since"), "{:?}", back[1]);
        assert_eq!(people_of(&test).await.len(), 1);
        let fresh = import(&test, &rows[..1]).await;
        assert!(matches!(&fresh[0], Upserted::Created { id, .. } if Some(id) != done[0].id()), "the key is free again");
    }
}

#[tokio::test]
async fn the_resolver_sees_what_an_import_made_and_undid() {
    for test in platforms().await {
        let identity = Identity::new(&test.platform);
        let visit = |n| of(n, &[("email", "a@acme.com")]);
        let done = import(&test, &[row(testkit::START, &[(Kind::Email, "a@acme.com")], json!({}))]).await;
        let Upserted::Created { id, undo } = done[0].clone() else { panic!("{done:?}") };
        assert_eq!(identity.resolve(&test.scope, &[visit(1)]).await.unwrap()[0].person, id);
        let mut tx = test.db.begin().await.unwrap();
        let back = revert_people(&mut tx, &test.platform.world, &[(id, undo)]).await.unwrap();
        tx.commit().await.unwrap();
        assert!(matches!(&back[0], Reverted::Refused(_)), "somebody who has been active is not taken away");
    }
}

/// A batch that is dropped half-way leaves nothing behind, in the database or in memory.
#[tokio::test]
async fn a_batch_that_is_dropped_leaves_nothing() {
    for test in platforms().await {
        let identity = Identity::new(&test.platform);
        let first = identity.resolve(&test.scope, &[of(1, &[("anon", "a")])]).await.unwrap();
        let batch: Vec<Observation> = (2..200).map(|n| of(n, &[("anon", &format!("b{n}")), ("user", "u")])).collect();
        for polls in 1..12 {
            let mut call = Box::pin(identity.resolve(&test.scope, &batch));
            for _ in 0..polls {
                if futures::poll!(&mut call).is_ready() {
                    break;
                }
                tokio::task::yield_now().await;
            }
            drop(call);
        }
        let got = identity.resolve(&test.scope, &batch).await.unwrap();
        let homes = count(&test, "select count(distinct person) from person_identifiers where kind = 'user_id'").await;
        assert_eq!(homes, 1);
        let known = count(&test, "select count(*) from people").await;
        let people: std::collections::HashSet<PersonId> = got.iter().chain(&first).map(|one| one.person).collect();
        assert_eq!(known, i64::try_from(people.len()).unwrap());
    }
}

/// MA-12: the dates of a person are values like others: a row that moves them says so, and takes them back.
#[tokio::test]
async fn the_dates_of_a_person_are_taken_back() {
    for test in platforms().await {
        let dates = async || -> (i64, Option<i64>) {
            let sql = "select own_created_us, own_lead_us from people";
            test.db.query_one(sql, Vec::new()).await.unwrap()
        };
        let at = |days: i64| testkit::START.plus(days * kernel::time::DAY);
        let dated = |days: i64| {
            let mut input = row(at(9), &[(Kind::Email, "a@acme.com")], json!({}));
            input.created_at = Some(at(days));
            input
        };
        import(&test, &[dated(5)]).await;
        assert_eq!(dates().await, (at(5).micros(), Some(at(5).micros())));
        let done = import(&test, &[dated(2)]).await;
        let Upserted::Updated { id, changes, undo } = done[0].clone() else { panic!("{done:?}") };
        let fields: Vec<&str> = changes.iter().map(|change| change.field.as_str()).collect();
        assert_eq!(fields, ["created_at", "lead_at"]);
        assert_eq!(dates().await, (at(2).micros(), Some(at(2).micros())));
        let mut tx = test.db.begin().await.unwrap();
        let back = revert_people(&mut tx, &test.platform.world, &[(id, undo)]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(back, [Reverted::Done]);
        assert_eq!(dates().await, (at(5).micros(), Some(at(5).micros())));
    }
}
