//! Persons on both databases, with a lake.

use super::*;
use crate::companies::CompanyInput;
use crate::identity::{Identity, Kind, Observation, ObservationKind, PersonInput, upsert_people};
use crate::upsert::{Source, Upserted};
use kernel::time::SECOND;
use lake::{EventKind, FileCatalog, LakeConfig};
use serde_json::json;
use testkit::{TestPlatform, platforms};

struct OneLake(Lake);

#[async_trait]
impl EventSource for OneLake {
    async fn lake(&self, _: &Scope) -> Result<Lake, Problem> {
        Ok(self.0.clone())
    }
}

async fn profiles(test: &TestPlatform) -> (Profiles, Lake) {
    let folder = test.platform.databases.folder(&test.scope.workspace).join("lake");
    let catalog = Arc::new(FileCatalog::new(folder.join("catalog.json")));
    let lake = Lake::open(LakeConfig::at(&folder), catalog, test.platform.world.clock()).await.unwrap();
    (Profiles::new(&test.platform, Arc::new(OneLake(lake.clone()))), lake)
}

fn visit(n: u64, anonymous: &str, user: Option<&str>) -> Observation {
    Observation {
        offset: n,
        at: testkit::START.plus(i64::try_from(n).unwrap() * SECOND),
        event_id: format!("m-{n}"),
        anonymous_id: Some(anonymous.to_owned()),
        user_id: user.map(str::to_owned),
        human: true,
        ..Observation::default()
    }
}

async fn import(test: &TestPlatform, names: &[(&str, &str)]) -> Vec<PersonId> {
    let source = Source::Import("imp_01k8x0w3c5r7n0000000000000".parse().unwrap());
    let rows: Vec<PersonInput> = names
        .iter()
        .map(|(name, email)| {
            let mut row = PersonInput::new(testkit::START, source.clone());
            row.identifiers = vec![(Kind::Email, (*email).to_owned())];
            row.traits = json!({"name": name, "country": "AT"}).as_object().cloned().unwrap();
            let mut company = CompanyInput::new(testkit::START, source.clone());
            "Globex".clone_into(&mut company.name);
            row.company = Some(company);
            row
        })
        .collect();
    let mut tx = test.db.begin().await.unwrap();
    let done = upsert_people(&mut tx, &test.platform.world, &rows).await.unwrap();
    tx.commit().await.unwrap();
    done.iter().filter_map(Upserted::id).copied().collect()
}

#[tokio::test]
async fn people_are_found_sorted_and_paged_without_gaps() {
    for test in platforms().await {
        let (profiles, _) = profiles(&test).await;
        let people: Vec<(String, String)> =
            (0..23).map(|n| (format!("Person {:02}", n % 7), format!("p{n}@globex.com"))).collect();
        let people: Vec<(&str, &str)> = people.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        import(&test, &people).await;
        Identity::new(&test.platform).resolve(&test.scope, &[visit(1, "a", None)]).await.unwrap();
        for sort in [PeopleSort::Name, PeopleSort::Created, PeopleSort::LastSeen] {
            let filter = PeopleFilter { sort, ..PeopleFilter::default() };
            let (mut seen, mut cursor) = (Vec::new(), None);
            loop {
                let page = PageRequest { limit: Some(5), cursor };
                let page = profiles.list(&test.scope, &filter, &page).await.unwrap();
                assert_eq!(page.total, Some(24));
                seen.extend(page.items.into_iter().map(|one| one.id));
                cursor = page.next_cursor;
                if cursor.is_none() {
                    break;
                }
            }
            let distinct: std::collections::HashSet<PersonId> = seen.iter().copied().collect();
            assert_eq!((seen.len(), distinct.len()), (24, 24), "{sort:?}");
        }
        let count = async |filter: PeopleFilter| {
            profiles.list(&test.scope, &filter, &PageRequest::default()).await.unwrap().total.unwrap()
        };
        let any = PeopleFilter::default;
        assert_eq!(count(PeopleFilter { q: "P12@GLOB".to_owned(), ..any() }).await, 1);
        assert_eq!(count(PeopleFilter { q: "person 03".to_owned(), ..any() }).await, 3);
        assert_eq!(count(PeopleFilter { q: "100%_".to_owned(), ..any() }).await, 0, "what is typed is no pattern");
        assert_eq!(count(PeopleFilter { known: Some(false), ..any() }).await, 1);
        assert_eq!(count(PeopleFilter { country: "AT".to_owned(), known: Some(true), ..any() }).await, 23);
        assert_eq!(count(PeopleFilter { origin: Some(OriginKind::Import), ..any() }).await, 23);
        assert_eq!(count(PeopleFilter { origin: Some(OriginKind::Manual), ..any() }).await, 0);
        let latest = PeopleFilter { sort: PeopleSort::LastSeen, ..any() };
        let first = profiles.list(&test.scope, &latest, &PageRequest::default()).await.unwrap().items.remove(0);
        assert!(!first.known && first.last_seen.is_some(), "whoever was active comes first");
        let refused = profiles.list(&test.scope_as(kernel::scope::Role::Viewer), &any(), &PageRequest::default()).await;
        assert_eq!(refused.unwrap_err().code, "forbidden");
    }
}

#[tokio::test]
async fn one_person_explains_why_it_is_one_and_shows_the_whole_timeline() {
    for test in platforms().await {
        let (profiles, lake) = profiles(&test).await;
        let identity = Identity::new(&test.platform);
        let mut sign_in = visit(3, "b", Some("u"));
        sign_in.kind = ObservationKind::Identify;
        sign_in.traits = json!({"name": "Jo", "plan": "pro"}).as_object().cloned();
        sign_in.email = Some("jo@acme.com".to_owned());
        let batch = [visit(1, "a", Some("u")), visit(2, "b", None), sign_in, visit(4, "b", None)];
        let resolved = identity.resolve(&test.scope, &batch).await.unwrap();
        let events: Vec<Event> = batch
            .iter()
            .map(|seen| Event {
                event_id: seen.event_id.clone(),
                at: seen.at.micros(),
                kind: EventKind::Page,
                name: "Page viewed".to_owned(),
                properties: "{\"n\":1}".to_owned(),
                ..Event::default()
            })
            .collect();
        lake.append(events).await.unwrap();
        let mut events = lake.next(100).await.unwrap();
        for (event, resolved) in events.iter_mut().zip(&resolved) {
            event.person = resolved.person.number();
        }
        let up_to = events.last().unwrap().offset;
        lake.admit(events, up_to).await.unwrap();
        lake.set_merges(identity.merges(&test.scope).await.unwrap());

        let person = profiles.get(&test.scope, resolved[1].person).await.unwrap();
        assert_eq!(person.merged_from, Some(resolved[1].person), "a merged id finds the whole");
        assert_eq!(person.summary.id, resolved[0].person);
        assert_eq!((person.summary.name.as_str(), person.summary.company_name.as_str()), ("Jo", "acme.com"));
        assert_eq!(person.traits.iter().find(|one| one.name == "plan").unwrap().source, "event:3");
        let edges: Vec<(&str, &str)> =
            person.identifiers.edges.iter().map(|edge| (edge.kind.as_str(), edge.source.as_str())).collect();
        assert_eq!(
            edges,
            [("anonymous_id", "event:1"), ("user_id", "event:1"), ("anonymous_id", "event:2"), ("email", "event:3")]
        );
        assert_eq!(person.identifiers.merges.len(), 1);

        let page = PageRequest { limit: Some(3), cursor: None };
        let first = profiles.timeline(&test.scope, resolved[0].person, &page).await.unwrap();
        let page = PageRequest { limit: Some(3), cursor: first.next_cursor.clone() };
        let second = profiles.timeline(&test.scope, resolved[0].person, &page).await.unwrap();
        let moments: Vec<Timestamp> = first.items.iter().chain(&second.items).map(|event| event.at).collect();
        let expected: Vec<Timestamp> = batch.iter().rev().map(|seen| seen.at).collect();
        assert_eq!(moments, expected, "all four, the newest first");
        assert_eq!(second.next_cursor, None);
        assert_eq!(first.items[0].properties, json!({"n": 1}));
        let missing = PersonId::from_number(5).unwrap();
        assert_eq!(profiles.timeline(&test.scope, missing, &page).await.unwrap_err().code, "person_not_found");
    }
}

#[tokio::test]
async fn facts_follow_what_changed() {
    for test in platforms().await {
        let (profiles, _) = profiles(&test).await;
        let identity = Identity::new(&test.platform);
        assert!(profiles.facts(&test.scope).await.unwrap().is_empty());
        let first = identity.resolve(&test.scope, &[visit(1, "a", None), visit(2, "b", None)]).await.unwrap();
        let facts = profiles.facts(&test.scope).await.unwrap();
        assert_eq!(facts.len(), 2);
        assert_eq!(facts.visitors.len(), 2, "nothing is known of them");
        assert_eq!(facts.get(first[0].person.number()).unwrap().lead_at, None);
        identity.resolve(&test.scope, &[visit(3, "a", None)]).await.unwrap();
        let same = profiles.facts(&test.scope).await.unwrap();
        assert!(Arc::ptr_eq(&facts, &same), "being seen again changes no fact");
        let known = [visit(4, "a", Some("u")), visit(5, "b", Some("u"))];
        identity.resolve(&test.scope, &known).await.unwrap();
        let ids = import(&test, &[("New", "n@globex.com")]).await;
        let facts = profiles.facts(&test.scope).await.unwrap();
        let people: Vec<u64> = facts.people.iter().map(|fact| fact.person.number()).collect();
        assert_eq!(people, [first[0].person.number(), ids[0].number()], "the merged person is not one any more");
        assert_eq!(facts.people[0].lead_at, Some(known[0].at));
        assert!(facts.people[1].company.is_some());
    }
}
