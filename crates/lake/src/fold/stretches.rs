//! The sources of a bucket, those together whose events lie among each other in time: a month each, as a rule.

use crate::view::Source;

/// Sources by stretches of time that do not overlap, in the order of time.
pub(super) struct Stretches {
    /// Each with its place among all.
    sources: Vec<Vec<(usize, Source)>>,
    spans: Vec<(i64, i64)>,
}

impl Stretches {
    /// Keeps the order of the sources within a stretch.
    pub(super) fn of(sources: Vec<Source>) -> Self {
        let mut order: Vec<(i64, i64, usize)> = Vec::with_capacity(sources.len());
        // A source without events is in no stretch.
        order.extend(sources.iter().enumerate().filter_map(|(place, source)| {
            let (first, last) = source.span()?;
            Some((first, last, place))
        }));
        order.sort_unstable();
        let mut spans: Vec<(i64, i64)> = Vec::new();
        let mut stretch_of = vec![0; sources.len()];
        for (first, last, place) in order {
            match spans.last_mut() {
                Some(span) if first <= span.1 => span.1 = span.1.max(last),
                _ => spans.push((first, last)),
            }
            stretch_of[place] = spans.len() - 1;
        }
        let mut stretches: Vec<Vec<(usize, Source)>> = Vec::new();
        stretches.resize_with(spans.len(), Vec::new);
        for ((place, source), stretch) in sources.into_iter().enumerate().zip(stretch_of) {
            if let Some(stretch) = stretches.get_mut(stretch) {
                stretch.push((place, source));
            }
        }
        Self { sources: stretches, spans }
    }

    pub(super) fn len(&self) -> usize {
        self.spans.len()
    }

    /// When the first and the last event of each happened.
    pub(super) fn spans(&self) -> &[(i64, i64)] {
        &self.spans
    }

    /// All of them as one.
    pub(super) fn into_one(self) -> Self {
        let (Some((first, _)), Some(last)) = (self.spans.first(), self.spans.iter().map(|span| span.1).max()) else {
            return self;
        };
        let mut sources: Vec<(usize, Source)> = self.sources.into_iter().flatten().collect();
        sources.sort_unstable_by_key(|(place, _)| *place);
        Self { sources: vec![sources], spans: vec![(*first, last)] }
    }

    /// The sources of each.
    pub(super) fn sources(self) -> impl Iterator<Item = impl Iterator<Item = Source>> {
        self.sources.into_iter().map(|sources| sources.into_iter().map(|(_, source)| source))
    }
}
