//! Files that come again, and events from before.

use super::*;

fn at_globex(at: Timestamp, company: &str, role: &str) -> PersonInput {
    let mut input = row(at, &[(Kind::Email, "jo@acme.com")], json!({}));
    let mut stated = CompanyInput::new(at, input.source.clone());
    company.clone_into(&mut stated.name);
    stated.domain = format!("{}.com", company.to_lowercase());
    (input.company, input.company_role) = (Some(stated), role.to_owned());
    input
}

fn fields(done: &[Upserted<PersonId>]) -> Vec<(String, Option<String>, String)> {
    let Upserted::Updated { changes, .. } = &done[0] else { panic!("{done:?}") };
    changes.iter().map(|one| (one.field.clone(), one.from.clone(), one.to.clone())).collect()
}

/// Takes the rows of an upsert back.
pub(super) async fn undo(test: &TestPlatform, done: &[Upserted<PersonId>]) -> Vec<Reverted> {
    let undo: Vec<(PersonId, serde_json::Value)> = done
        .iter()
        .filter_map(|one| match one {
            Upserted::Created { id, undo } | Upserted::Updated { id, undo, .. } => Some((*id, undo.clone())),
            _ => None,
        })
        .collect();
    let mut tx = test.db.begin().await.unwrap();
    let back = revert_people(&mut tx, &test.platform.world, &undo).await.unwrap();
    tx.commit().await.unwrap();
    back
}

/// MA-12: a contact whose place in a company is known is unchanged by the file that says so again, also where another
/// company counts; and an undo ends only the places its own import began.
#[tokio::test]
async fn a_place_that_is_known_is_no_change() {
    for test in platforms().await {
        let at = |days: i64| testkit::START.plus(days * kernel::time::DAY);
        let company = async || -> String {
            let sql = "select c.name from people p join companies c on c.id = p.company";
            test.db.query_one::<(String,)>(sql, Vec::new()).await.unwrap().0
        };
        import(&test, &[row(at(1), &[(Kind::Email, "jo@acme.com")], json!({}))]).await;
        let first = import(&test, &[at_globex(at(2), "Globex", "")]).await;
        let said = fields(&first);
        assert_eq!((said.len(), said[0].0.as_str(), said[0].1.is_some()), (1, "company", true), "{said:?}");
        assert_eq!(company().await, "Globex");
        let second = import(&test, &[at_globex(at(3), "Initech", "")]).await;
        assert_eq!((fields(&second)[0].1.as_ref(), company().await.as_str()), (Some(&said[0].2), "Initech"));
        // Globex is an earlier place by now: the first file again states what is known and moves nothing.
        let again = import(&test, &[at_globex(at(4), "Globex", "")]).await;
        assert!(matches!(again[0], Upserted::Unchanged { .. }), "{again:?}");
        assert_eq!(company().await, "Initech");
        let titled = at_globex(at(5), "Globex", "");
        let titled = PersonInput { traits: json!({"title": "CTO"}).as_object().cloned().unwrap(), ..titled };
        let titled = import(&test, &[titled]).await;
        assert_eq!(fields(&titled), [("title".to_owned(), None, "CTO".to_owned())]);
        assert_eq!(undo(&test, &titled).await, [Reverted::Done]);
        let stays = "select count(*) from company_members where how = 'import' and until_us is null";
        assert_eq!(count(&test, stays).await, 2, "the places of the first two files stay");
        assert_eq!(undo(&test, &second).await, [Reverted::Done]);
        assert_eq!((count(&test, stays).await, company().await.as_str()), (1, "Globex"));
        assert_eq!(undo(&test, &first).await, [Reverted::Done]);
        assert_eq!((count(&test, stays).await, company().await.as_str()), (0, "acme.com"));
    }
}

/// MA-12: another role in a known company is a change of its own, and goes back to the one before.
#[tokio::test]
async fn a_role_in_a_company_is_taken_back() {
    for test in platforms().await {
        let at = |days: i64| testkit::START.plus(days * kernel::time::DAY);
        let role = async || -> (String, i64) {
            let sql = "select role, coalesce(until_us, 0) from company_members where how = 'import'";
            test.db.query_one(sql, Vec::new()).await.unwrap()
        };
        import(&test, &[at_globex(at(1), "Globex", "buyer")]).await;
        let changed = import(&test, &[at_globex(at(2), "Globex", "owner")]).await;
        assert_eq!(fields(&changed), [("company_role".to_owned(), Some("buyer".to_owned()), "owner".to_owned())]);
        assert_eq!(role().await, ("owner".to_owned(), 0));
        assert_eq!(undo(&test, &changed).await, [Reverted::Done]);
        assert_eq!(role().await, ("buyer".to_owned(), 0), "the place itself was there before");
    }
}

/// MA-12: two rows of a file about one place, with different roles, end it when they are undone together, whether the
/// file brought the contact or only the place.
#[tokio::test]
async fn a_place_that_two_rows_state_ends_with_both() {
    for test in platforms().await {
        let at = |days: i64| testkit::START.plus(days * kernel::time::DAY);
        let rows = |day: i64| [at_globex(at(day), "Globex", "buyer"), at_globex(at(day + 1), "Globex", "owner")];
        let open = "select count(*) from company_members where until_us is null";
        let placed = "select count(*) from people where company is not null";
        let mut brought = import(&test, &rows(1)).await;
        assert!(matches!(brought[..], [Upserted::Created { .. }, Upserted::Updated { .. }]), "{brought:?}");
        assert_eq!(count(&test, &format!("{open} and role = 'owner'")).await, 1);
        brought.reverse();
        assert_eq!(undo(&test, &brought).await, [Reverted::Done, Reverted::Done]);
        assert_eq!((count(&test, open).await, count(&test, placed).await), (0, 0));

        import(&test, &[row(at(5), &[(Kind::Email, "jo@acme.com")], json!({}))]).await;
        let mut stated = import(&test, &rows(6)).await;
        assert_eq!(fields(&stated[1..])[0].0, "company_role");
        stated.reverse();
        assert_eq!(undo(&test, &stated).await, [Reverted::Done, Reverted::Done]);
        let by = |how: &str| format!("{open} and how = '{how}'");
        assert_eq!((count(&test, &by("import")).await, count(&test, &by("domain")).await), (0, 1));
        assert_eq!(count(&test, placed).await, 1, "the company of the e-mail address");
    }
}

/// A late event of a browser that is remembered moves the day its person is counted on, as it does for one that is not.
#[tokio::test]
async fn an_event_from_before_moves_the_day_a_person_is_counted_on() {
    for test in platforms().await {
        let identity = Identity::new(&test.platform);
        identity.resolve(&test.scope, &[of(50, &[("anon", "a")])]).await.unwrap();
        let dates = async || -> (i64, i64) {
            test.db.query_one("select created_us, first_seen_us from people", Vec::new()).await.unwrap()
        };
        let (late, between) = (of(20, &[("anon", "a")]), of(30, &[("anon", "a")]));
        let changes = async || count(&test, "select max(changed) from people").await;
        identity.resolve(&test.scope, std::slice::from_ref(&late)).await.unwrap();
        assert_eq!(dates().await, (late.at.micros(), late.at.micros()));
        let known = changes().await;
        identity.resolve(&test.scope, &[between]).await.unwrap();
        assert_eq!((dates().await.0, changes().await), (late.at.micros(), known), "what is later tells nothing new");
    }
}
