//! Laws of identity, on random histories.

use super::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

type Event = Vec<Identifier>;

fn identifier() -> impl Strategy<Value = Identifier> {
    (0_u8..4, 0_u8..6).prop_map(|(kind, number)| {
        let kind = match kind {
            0 => Kind::UserId,
            1 => Kind::External("crm".to_owned()),
            2 => Kind::External("shop".to_owned()),
            _ => Kind::AnonymousId,
        };
        Identifier::new(kind, &format!("v{number}")).unwrap()
    })
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    prop::collection::vec(prop::collection::vec(identifier(), 1..4), 1..24)
}

/// A graph with every merge edge that was made, in order.
fn replay(rules: &Rules, events: &[Event]) -> (Graph, Vec<MergeEdge>) {
    let (mut graph, mut edges, mut next) = (Graph::default(), Vec::new(), 0);
    for event in events {
        let decision = decide(rules, event, false, &graph);
        if let Outcome::Merge(new) = &decision.outcome {
            edges.extend(new.clone());
        }
        graph.apply(&decision, || {
            next += 1;
            next
        });
    }
    (graph, edges)
}

/// The partition of the identifiers that is seen from outside.
fn partition(events: &[Event], owner: impl Fn(&Identifier) -> Option<u64>) -> BTreeSet<BTreeSet<Identifier>> {
    let mut groups: BTreeMap<u64, BTreeSet<Identifier>> = BTreeMap::new();
    for identifier in events.iter().flatten() {
        if let Some(person) = owner(identifier) {
            groups.entry(person).or_default().insert(identifier.clone());
        }
    }
    groups.into_values().collect()
}

fn seen(events: &[Event], graph: &Graph) -> BTreeSet<BTreeSet<Identifier>> {
    partition(events, |identifier| graph.home(identifier).map(|home| graph.canonical(home)))
}

const NO_LIMITS: Rules = Rules { user_ids_max: u32::MAX, anonymous_ids_max: u32::MAX, others_max: u32::MAX };

proptest! {
    #[test]
    fn where_no_rule_forbids_the_order_of_events_does_not_matter(
        (events, shuffled) in events().prop_flat_map(|events| (Just(events.clone()), Just(events).prop_shuffle())),
    ) {
        let (first, _) = replay(&NO_LIMITS, &events);
        let (second, _) = replay(&NO_LIMITS, &shuffled);
        prop_assert_eq!(seen(&events, &first), seen(&events, &second));
    }

    #[test]
    fn replaying_a_history_changes_nothing(events in events()) {
        let rules = Rules::default();
        let (mut graph, _) = replay(&rules, &events);
        let before = seen(&events, &graph);
        for event in &events {
            let decision = decide(&rules, event, false, &graph);
            prop_assert_ne!(&decision.outcome, &Outcome::Create, "a known event makes nobody");
            graph.apply(&decision, || unreachable!());
        }
        prop_assert_eq!(before, seen(&events, &graph));
    }

    #[test]
    fn no_component_exceeds_a_limit(events in events()) {
        let rules = Rules { user_ids_max: 1, anonymous_ids_max: 3, others_max: 2 };
        let (graph, _) = replay(&rules, &events);
        for group in seen(&events, &graph) {
            for identifier in &group {
                let count = group.iter().filter(|other| other.kind() == identifier.kind()).count();
                prop_assert!(count <= usize::try_from(rules.limit(identifier.kind())).unwrap());
            }
        }
    }

    #[test]
    fn what_flatten_says_is_what_the_graph_says_in_any_order(
        pairs in prop::collection::vec((1_u64..12, 1_u64..12), 0..16).prop_flat_map(|pairs| {
            (Just(pairs.clone()), Just(pairs).prop_shuffle())
        }),
    ) {
        let (ordered, shuffled) = pairs;
        let flat = flatten(ordered.clone());
        prop_assert_eq!(&flat, &flatten(shuffled));
        for (person, canonical) in &flat {
            prop_assert!(canonical < person, "the oldest gives its name");
            prop_assert!(!flat.contains_key(canonical), "one step reaches the canonical person");
        }
    }

    /// MA-11, AN-J: an unmerge restores both sides exactly, whatever was merged before or after.
    #[test]
    fn taking_an_edge_away_leaves_exactly_the_others(events in events(), pick in any::<prop::sample::Index>()) {
        let (graph, edges) = replay(&NO_LIMITS, &events);
        prop_assume!(!edges.is_empty());
        let out = pick.index(edges.len());
        let pairs = |skip: Option<usize>| {
            edges.iter().enumerate().filter(move |(n, _)| Some(*n) != skip).map(|(_, edge)| edge.pair())
        };
        let whole = flatten(pairs(None));
        let owner = |flat: &BTreeMap<u64, u64>, i: &Identifier| {
            graph.home(i).map(|home| flat.get(&home).copied().unwrap_or(home))
        };
        prop_assert_eq!(partition(&events, |i| owner(&whole, i)), seen(&events, &graph));

        // Every edge joined two components when it was made, so taking one away splits exactly one component in two …
        let without = flatten(pairs(Some(out)));
        let split = partition(&events, |i| owner(&without, i));
        prop_assert_eq!(split.len(), seen(&events, &graph).len() + 1);
        // … and putting it back restores the whole.
        let back = flatten(pairs(Some(out)).chain([edges[out].pair()]));
        prop_assert_eq!(back, whole);
    }

    #[test]
    fn no_text_makes_the_normal_form_panic_and_it_is_stable(text in ".{0,60}") {
        for kind in [Kind::UserId, Kind::Email, Kind::AnonymousId, Kind::Phone, Kind::External("crm".to_owned())] {
            if let Ok(identifier) = Identifier::new(kind.clone(), &text) {
                prop_assert_eq!(Identifier::new(kind, identifier.value()), Ok(identifier));
            }
        }
    }
}
