//! What the resolver remembers between batches never changes an answer.

use super::*;

/// The persons of these events, with the merges applied, as numbers from 0 in the order they come up.
async fn persons(identity: &Identity, test: &TestPlatform, batches: &[Vec<Observation>]) -> Vec<usize> {
    let mut all = Vec::new();
    for batch in batches {
        all.extend(identity.resolve(&test.scope, batch).await.unwrap());
    }
    let mut known: Vec<u64> = Vec::new();
    let mut numbers = Vec::new();
    for answer in all {
        let person = canonical(identity, test, answer.person).await;
        let place = known.iter().position(|one| *one == person);
        numbers.push(place.unwrap_or_else(|| {
            known.push(person);
            known.len() - 1
        }));
    }
    numbers
}

/// One text in two kinds is two identifiers, also when both are remembered; a blocked value is nobody's.
#[tokio::test]
async fn what_is_remembered_is_of_one_kind() {
    for test in platforms().await {
        let identity = Identity::new(&test.platform);
        let events = |from: u64| {
            vec![
                of(from, &[("anon", "same")]),
                of(from + 1, &[("user", "same")]),
                of(from + 2, &[("anon", "other")]),
                of(from + 3, &[("user", "null"), ("anon", "other")]),
                of(from + 4, &[("user", "null")]),
            ]
        };
        let first = identity.resolve(&test.scope, &events(1)).await.unwrap();
        let again = identity.resolve(&test.scope, &events(11)).await.unwrap();
        let people = |found: &[Resolved]| found.iter().take(4).map(|one| one.person).collect::<Vec<_>>();
        assert_eq!(people(&first), people(&again));
        assert_ne!(first[0].person, first[1].person);
        assert_eq!(first[2].person, first[3].person, "the blocked value does not count");
        assert!(is_light(first[4].person) && is_light(again[4].person));
    }
}

/// A resolver that remembers, one that forgot (a restart), and one whose memory others made stale all say the same: after a
/// merge by an identifier, and after it was taken back.
#[tokio::test]
async fn a_memory_is_never_older_than_a_merge_or_its_end() {
    for test in platforms().await {
        let identity = Identity::new(&test.platform);
        let other = Identity::new(&test.platform);
        let seen = |from: u64| vec![of(from, &[("anon", "a1")]), of(from + 1, &[("anon", "a2")])];
        let before = identity.resolve(&test.scope, &seen(1)).await.unwrap();
        // Somebody else, with a memory of its own, finds out that both are one.
        let joined = vec![
            of(3, &[("user", "u1"), ("anon", "a1"), ("plan", "x")]),
            of(4, &[("user", "u1"), ("anon", "a2"), ("plan", "x")]),
        ];
        other.resolve(&test.scope, &joined).await.unwrap();
        let both = [vec![of(5, &[("user", "u1"), ("anon", "a2")])], seen(6)];
        assert_eq!(persons(&identity, &test, &both).await, [0, 0, 0]);
        let fresh = Identity::new(&test.platform);
        assert_eq!(persons(&fresh, &test, &[seen(8)]).await, [0, 0]);
        let (one, two) = (before[0].person, before[1].person);
        fresh.separate(&test.scope, one, two).await.unwrap();
        for resolver in [&identity, &other, &fresh, &Identity::new(&test.platform)] {
            assert_eq!(persons(resolver, &test, &[seen(10)]).await, [0, 1], "taken back for everybody");
            let homes: Vec<PersonId> =
                resolver.resolve(&test.scope, &seen(12)).await.unwrap().into_iter().map(|one| one.person).collect();
            assert_eq!(homes, [one, two]);
        }
    }
}
