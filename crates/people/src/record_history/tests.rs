//! Versions on both databases: when one is written, and what is read of them.

use super::people::Reading;
use super::people_at;
use crate::companies::{Companies, CompanyInput, upsert_companies};
use crate::deals::{DealInput, DealKey, Deals, revert_deals, upsert_deals};
use crate::identity::{Kind, PersonInput, revert_people, upsert_people};
use crate::upsert::{Source, Upserted};
use kernel::money::Money;
use kernel::time::{DAY, HOUR, Timestamp};
use serde_json::{Value as Json, json};
use testkit::{TestPlatform, platforms};

fn source() -> Source {
    Source::Import("imp_01k8x0w3c5r7n0000000000000".parse().unwrap())
}

fn person(test: &TestPlatform, number: u32, country: &str) -> PersonInput {
    let mut row = PersonInput::new(test.platform.world.now(), source());
    row.identifiers = vec![(Kind::Email, format!("p{number}@globex.com"))];
    row.created_at = Some(testkit::START.plus(-90 * DAY));
    row.traits = json!({"country": country, "title": format!("Title of {number}")}).as_object().cloned().unwrap();
    row
}

async fn put<I>(
    test: &TestPlatform,
    rows: &[PersonInput],
    take: impl Fn(Upserted<kernel::ids::PersonId>) -> I,
) -> Vec<I> {
    let mut tx = test.db.begin().await.unwrap();
    let done = upsert_people(&mut tx, &test.platform.world, rows).await.unwrap();
    tx.commit().await.unwrap();
    done.into_iter().map(take).collect()
}

async fn rows_of(test: &TestPlatform, table: &str) -> i64 {
    test.db.query_one::<(i64,)>(&format!("select count(*) from {table}"), Vec::new()).await.unwrap().0
}

fn undo<I>(done: Upserted<I>) -> Option<(I, Json)> {
    match done {
        Upserted::Created { id, undo } | Upserted::Updated { id, undo, .. } => Some((id, undo)),
        _ => None,
    }
}

/// A file of new people writes no version; a value that no metric counts writes none; one that counts writes one a person.
#[tokio::test]
async fn a_version_is_written_where_a_number_may_change() {
    for test in platforms().await {
        let first = test.platform.world.now();
        let rows: Vec<PersonInput> = (0..50).map(|number| person(&test, number, "DE")).collect();
        let made = put(&test, &rows, |done| undo(done).unwrap()).await;
        assert_eq!((rows_of(&test, "people").await, rows_of(&test, "person_was").await), (50, 0));
        assert_eq!(rows_of(&test, "company_was").await, 0);

        test.advance(DAY);
        let mut titles: Vec<PersonInput> = (0..50).map(|number| person(&test, number, "DE")).collect();
        for row in &mut titles {
            row.traits.insert("title".to_owned(), json!("Another"));
        }
        put(&test, &titles, drop).await;
        assert_eq!(rows_of(&test, "person_was").await, 0, "a title is in no metric");

        put(&test, &[person(&test, 7, "FR")], drop).await;
        assert_eq!(rows_of(&test, "person_was").await, 1);
        // Within the same moment nothing was known in between.
        put(&test, &[person(&test, 7, "GB")], drop).await;
        assert_eq!(rows_of(&test, "person_was").await, 1);

        let seventh = made[7].0;
        let country = async |at: Timestamp| {
            let then = people_at(&test.platform, &test.scope, at).await.unwrap();
            let found = then.people.into_iter().find(|fact| fact.person == seventh);
            (found.map(|fact| fact.country), then.stated_since.contains(&seventh.number()))
        };
        assert_eq!(country(first.plus(-1)).await, (None, true), "not known before it was recorded");
        assert_eq!(country(first).await, (Some("DE".to_owned()), true));
        let now = test.platform.world.now();
        assert_eq!(country(now.plus(-1)).await, (Some("DE".to_owned()), true));
        assert_eq!(country(now).await, (Some("GB".to_owned()), false));

        test.advance(DAY);
        let mut tx = test.db.begin().await.unwrap();
        revert_people(&mut tx, &test.platform.world, &made[10..12]).await.unwrap();
        tx.commit().await.unwrap();
        let then = people_at(&test.platform, &test.scope, now).await.unwrap();
        let undone = people_at(&test.platform, &test.scope, test.platform.world.now()).await.unwrap();
        assert!(then.people.len() == 50 && undone.people.len() < 50, "an undone file was known until it was undone");
    }
}

/// Whoever changes while everybody is read is there all the same, as it was: whether its page was read already, is being
/// read, or is still to come; and whoever comes into being meanwhile, or is erased, is not.
#[tokio::test]
async fn a_change_while_everybody_is_read_loses_nobody() {
    const PEOPLE: u32 = 8;
    for test in platforms().await {
        let rows: Vec<PersonInput> = (0..PEOPLE).map(|number| person(&test, number, "DE")).collect();
        let mut made = put(&test, &rows, |done| undo(done).unwrap().0).await;
        let at = test.platform.world.now();
        test.advance(DAY);
        let (mut reading, mut number) = (Reading::new(&test.db, at), 0_u32);
        loop {
            let page = reading.standing(2).await.unwrap();
            if page.is_empty() {
                break;
            }
            // One of this page, one of the next, and one of the page before; the last for the second time.
            for (number, country) in [(number, "FR"), (number + 3, "GB"), (number.wrapping_sub(1), "AT")] {
                if number < PEOPLE {
                    put(&test, &[person(&test, number, country)], drop).await;
                }
            }
            reading.take(page).await.unwrap();
            if number == 2 {
                put(&test, &[person(&test, 99, "DE")], drop).await;
                let gone = made.remove(6).number();
                for sql in ["delete from person_was where person = $1", ERASE] {
                    test.db.execute(sql, platform::params![gone]).await.unwrap();
                }
            }
            number += 2;
        }
        let found: Vec<_> = reading.then.people.iter().map(|fact| (fact.person, fact.country.as_str())).collect();
        assert_eq!(found, made.iter().map(|person| (*person, "DE")).collect::<Vec<_>>());
        assert_eq!(reading.then.people, people_at(&test.platform, &test.scope, at).await.unwrap().people);
    }
}

const ERASE: &str = "update people set state = 'erased', known_us = null, known_by_event = false where person = $1";

/// What was there before versions were kept is known since its id was made.
#[tokio::test]
async fn records_from_before_are_known_since_they_came_into_being() {
    for test in platforms().await {
        put(&test, &[person(&test, 1, "DE")], drop).await;
        let mut deal = DealInput::new(DealKey::New, test.platform.world.now(), source());
        deal.name = Some("Old".to_owned());
        let mut tx = test.db.begin().await.unwrap();
        upsert_deals(&mut tx, &test.platform.world, &[deal]).await.unwrap();
        for table in ["people", "deals", "deal_people", "deal_stages", "companies"] {
            tx.execute(&format!("update {table} set known_us = null"), Vec::new()).await.unwrap();
        }
        tx.commit().await.unwrap();
        let (deals, companies) = (Deals::new(&test.platform), Companies::new(&test.platform));
        for (at, known) in [(testkit::START.plus(-DAY), 0), (testkit::START, 1)] {
            assert_eq!(people_at(&test.platform, &test.scope, at).await.unwrap().people.len(), known);
            assert_eq!(deals.facts_at(&test.scope, at).await.unwrap().len(), known);
            assert_eq!(companies.names_at(&test.scope, at).await.unwrap().len(), known);
        }
    }
}

/// A deal has its amount, stage, people and stages of then, also once a file that changed it is undone; a company its name.
#[tokio::test]
async fn deals_and_companies_are_what_they_were() {
    for test in platforms().await {
        let (deals, companies) = (Deals::new(&test.platform), Companies::new(&test.platform));
        let deal = |amount: i64, stage: &str, role: &str| {
            let mut deal = DealInput::new(
                DealKey::External("crm".to_owned(), "1".to_owned()),
                test.platform.world.now(),
                source(),
            );
            deal.name = Some("Deal".to_owned());
            deal.stage = Some(stage.to_owned());
            deal.amount = Some(Money::new(amount * 1_000_000, "EUR".parse().unwrap()));
            deal.people = vec![crate::deals::DealPersonInput {
                identifiers: vec![(Kind::Email, "buyer@globex.com".to_owned())],
                role: role.to_owned(),
                primary: true,
            }];
            deal
        };
        let write = async |input: DealInput| {
            let mut tx = test.db.begin().await.unwrap();
            let done = upsert_deals(&mut tx, &test.platform.world, &[input]).await.unwrap();
            tx.commit().await.unwrap();
            undo(done.into_iter().next().unwrap())
        };
        let name = async |name: &str| {
            let mut company = CompanyInput::new(test.platform.world.now(), source());
            (company.domain, company.name) = ("globex.com".to_owned(), name.to_owned());
            let mut tx = test.db.begin().await.unwrap();
            upsert_companies(&mut tx, &test.platform.world, &[company]).await.unwrap();
            tx.commit().await.unwrap();
        };
        let mut saved = Vec::new();
        let mut save = async || {
            let at = test.platform.world.now();
            test.advance(DAY);
            let now = (*deals.facts(&test.scope).await.unwrap()).clone();
            let names: Vec<String> =
                companies.facts(&test.scope).await.unwrap().into_iter().map(|company| company.name).collect();
            saved.push((at, now, names));
        };
        write(deal(100, "Demo", "champion")).await;
        name("Globex").await;
        save().await;
        let changed = write(deal(250, "Proposal", "decision_maker")).await.unwrap();
        name("Globex Corporation").await;
        save().await;
        let mut tx = test.db.begin().await.unwrap();
        revert_deals(&mut tx, &test.platform.world, &[changed]).await.unwrap();
        tx.commit().await.unwrap();
        save().await;
        write(deal(300, "Closed Won", "champion")).await;
        save().await;
        assert!(saved.windows(2).all(|pair| pair[0].1 != pair[1].1), "every step is another one: {saved:?}");
        for (at, facts, names) in &saved {
            assert_eq!(deals.facts_at(&test.scope, *at).await.unwrap(), *facts);
            let then: Vec<String> = companies.names_at(&test.scope, *at).await.unwrap().into_values().collect();
            assert_eq!(then, *names);
        }
        assert!(deals.facts_at(&test.scope, testkit::START.plus(-1)).await.unwrap().is_empty());
    }
}

/// Where the clock was set back, the versions of parts in deals and of stages follow each other all the same: at no moment
/// are there two.
#[tokio::test]
async fn a_clock_that_was_set_back_makes_no_second_version() {
    for test in platforms().await {
        let deals = Deals::new(&test.platform);
        let write = async |stage: &str, role: &str| {
            let key = DealKey::External("crm".to_owned(), "1".to_owned());
            let mut input = DealInput::new(key, test.platform.world.now(), source());
            (input.name, input.stage) = (Some("Deal".to_owned()), Some(stage.to_owned()));
            input.stage_entered_at = Some(testkit::START.plus(-DAY));
            input.people = vec![crate::deals::DealPersonInput {
                identifiers: vec![(Kind::Email, "buyer@globex.com".to_owned())],
                role: role.to_owned(),
                primary: true,
            }];
            let mut tx = test.db.begin().await.unwrap();
            let done = upsert_deals(&mut tx, &test.platform.world, &[input]).await.unwrap();
            tx.commit().await.unwrap();
            undo(done.into_iter().next().unwrap())
        };
        write("Demo", "champion").await;
        test.advance(DAY);
        let changed = write("Proposal", "decision_maker").await.unwrap();
        test.advance(DAY);
        let mut tx = test.db.begin().await.unwrap();
        revert_deals(&mut tx, &test.platform.world, &[changed]).await.unwrap();
        tx.commit().await.unwrap();
        assert!(rows_of(&test, "deal_people_was").await > 0 && rows_of(&test, "deal_stages_was").await > 0);
        let last = test.platform.world.now();
        // The hours are there for the second time.
        for (hours, stage, role) in [(30, "Proposal", "decision_maker"), (31, "Proposal", "champion")] {
            test.clock.set(testkit::START.plus(hours * HOUR));
            write(stage, role).await;
        }
        for hours in 0..60 {
            let at = testkit::START.plus(hours * HOUR);
            let facts = deals.facts_at(&test.scope, at).await.unwrap();
            let stages: std::collections::HashSet<_> = facts[0].stages.iter().collect();
            assert_eq!((facts.len(), facts[0].people.len()), (1, 1), "{at}: {facts:?}");
            assert_eq!(stages.len(), facts[0].stages.len(), "{at}: {facts:?}");
        }
        assert_eq!(deals.facts_at(&test.scope, last).await.unwrap(), *deals.facts(&test.scope).await.unwrap());
    }
}
