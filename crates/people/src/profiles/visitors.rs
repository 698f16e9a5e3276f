//! Persons of whom nothing is known but when they came: most of those of a web site, so they take little room.

use std::sync::Arc;

/// Most persons of a piece.
const PIECE: usize = if cfg!(test) { 8 } else { 1 << 16 };

/// Persons by number, each with when it came into being, microseconds UTC. Clones share them; what changes is a piece.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Visitors {
    pieces: Vec<Arc<Vec<(u64, i64)>>>,
}

impl Visitors {
    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pieces.iter().map(|piece| piece.len()).sum()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Number and moment of each, in the order of numbers.
    pub fn iter(&self) -> impl Iterator<Item = (u64, i64)> {
        self.pieces.iter().flat_map(|piece| piece.iter().copied())
    }

    /// When a person came into being.
    #[must_use]
    pub fn get(&self, person: u64) -> Option<i64> {
        let piece = self.pieces.partition_point(|piece| piece.last().is_some_and(|last| last.0 < person));
        let piece = self.pieces.get(piece)?;
        piece.binary_search_by_key(&person, |visitor| visitor.0).ok().map(|place| piece[place].1)
    }

    /// The same with news, in the order of numbers: a moment for whoever is one, none for whoever is not one any more.
    #[must_use]
    pub fn with(&self, news: &[(u64, Option<i64>)]) -> Self {
        let mut pieces: Vec<Arc<Vec<(u64, i64)>>> = Vec::with_capacity(self.pieces.len() + 1);
        let mut rest = news;
        for (number, piece) in self.pieces.iter().enumerate() {
            let is_last = number + 1 == self.pieces.len();
            let end = self.pieces.get(number + 1).and_then(|next| next.first()).map_or(u64::MAX, |first| first.0);
            let own = rest.partition_point(|one| is_last || one.0 < end);
            let (here, later) = rest.split_at(own);
            rest = later;
            if here.is_empty() {
                pieces.push(Arc::clone(piece));
            } else {
                pieces.extend(cut(merged(piece, here)));
            }
        }
        pieces.extend(cut(merged(&[], rest)));
        Self { pieces }
    }
}

fn merged(known: &[(u64, i64)], news: &[(u64, Option<i64>)]) -> Vec<(u64, i64)> {
    let mut found = Vec::with_capacity(known.len() + news.len());
    let mut old = known.iter().copied().peekable();
    for (person, at) in news {
        while let Some(before) = old.next_if(|one| one.0 < *person) {
            found.push(before);
        }
        old.next_if(|one| one.0 == *person);
        found.extend(at.map(|at| (*person, at)));
    }
    found.extend(old);
    found
}

fn cut(all: Vec<(u64, i64)>) -> Vec<Arc<Vec<(u64, i64)>>> {
    if all.len() <= PIECE {
        return if all.is_empty() { Vec::new() } else { vec![Arc::new(all)] };
    }
    all.chunks(PIECE).map(|piece| Arc::new(piece.to_vec())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn visitors_are_a_map(steps in prop::collection::vec(prop::collection::btree_map(0_u64..90, prop::option::of(0_i64..9), 0..40), 0..8)) {
            let (mut visitors, mut map) = (Visitors::default(), BTreeMap::new());
            for step in steps {
                let news: Vec<(u64, Option<i64>)> = step.into_iter().collect();
                for (person, at) in &news {
                    match at {
                        Some(at) => map.insert(*person, *at),
                        None => map.remove(person),
                    };
                }
                visitors = visitors.with(&news);
                prop_assert_eq!(visitors.iter().collect::<Vec<_>>(), map.clone().into_iter().collect::<Vec<_>>());
                prop_assert_eq!(visitors.len(), map.len());
                for person in 0..90 {
                    prop_assert_eq!(visitors.get(person), map.get(&person).copied());
                }
            }
        }
    }
}
