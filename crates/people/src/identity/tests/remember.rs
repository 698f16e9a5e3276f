//! What the resolver remembers between batches never changes an answer.

use super::*;

/// One text in two kinds is two identifiers, also when both are remembered; a blocked value is nobody's.
#[tokio::test]
async fn what_is_remembered_is_of_one_kind() {
    for test in platforms().await {
        let identity = Identity::new(&test.platform);
        let parts: [&[(&str, &str)]; 5] = [
            &[("anon", "same")],
            &[("user", "same")],
            &[("anon", "other")],
            &[("user", "null"), ("anon", "other")],
            &[("user", "null")],
        ];
        let mut found = Vec::new();
        for from in [1, 11] {
            let events: Vec<Observation> = (from..).zip(parts).map(|(offset, parts)| of(offset, parts)).collect();
            found.push(identity.resolve(&test.scope, &events).await.unwrap());
        }
        assert_eq!(found[0][..4], found[1][..4]);
        assert_ne!(found[0][0].person, found[0][1].person);
        assert_eq!(found[0][2].person, found[0][3].person, "the blocked value does not count");
        assert!(is_light(found[0][4].person) && is_light(found[1][4].person));
    }
}

/// A resolver that remembers and one that knows nothing say the same after somebody else's merge, and after its end.
#[tokio::test]
async fn a_memory_is_never_older_than_a_merge_or_its_end() {
    for test in platforms().await {
        let (identity, other) = (Identity::new(&test.platform), Identity::new(&test.platform));
        let seen = |from: u64| [of(from, &[("anon", "a1")]), of(from + 1, &[("anon", "a2")])];
        let before = identity.resolve(&test.scope, &seen(1)).await.unwrap();
        let (one, two) = (before[0].person, before[1].person);
        let joined =
            |at: u64| [of(at, &[("user", "u1"), ("anon", "a1")]), of(at + 1, &[("user", "u1"), ("anon", "a2")])];
        other.resolve(&test.scope, &joined(3)).await.unwrap();
        for resolver in [&identity, &other, &Identity::new(&test.platform)] {
            assert_eq!(resolver.resolve(&test.scope, &seen(5)).await.unwrap(), before, "homes stay");
            assert_eq!(canonical(resolver, &test, two).await, canonical(resolver, &test, one).await);
        }
        other.separate(&test.scope, one, two).await.unwrap();
        for resolver in [&identity, &other, &Identity::new(&test.platform)] {
            assert_eq!(resolver.resolve(&test.scope, &seen(7)).await.unwrap(), before);
            assert_ne!(canonical(resolver, &test, two).await, canonical(resolver, &test, one).await, "taken back");
        }
    }
}
