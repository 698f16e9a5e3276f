//! Which events a step, a cohort or a report counts.

use crate::event::{Col, Columns};
use crate::fold::{Dict, EventRef, Run, RunCodes};
use crate::value::{Property, ValueTest};

/// A condition on one event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventFilter {
    /// Its name; any when none.
    pub name: Option<String>,
    /// Columns, each with the texts of which it must be one. An empty text stands for an event that does not say.
    pub is: Vec<(Col, Vec<String>)>,
    /// Columns, each with what else its text must obey.
    pub texts: Vec<(Col, TextTest)>,
    /// Properties by key, each with what its value must obey.
    pub properties: Vec<(String, ValueTest)>,
    /// Whether events of bots and AI agents are left out.
    pub humans_only: bool,
}

/// What a text must obey, beside being one of some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextTest {
    /// None of these; an empty text stands for an event that does not say.
    IsNot(Vec<String>),
    /// Contains one of these, whatever the case. They are in lower case.
    Contains(Vec<String>),
    /// Contains none of these, whatever the case. They are in lower case.
    ContainsNot(Vec<String>),
}

impl TextTest {
    /// Whether a text obeys.
    #[must_use]
    pub fn admits(&self, text: &str) -> bool {
        match self {
            Self::IsNot(texts) => !texts.iter().any(|one| one == text),
            Self::Contains(parts) => has_part(text, parts),
            Self::ContainsNot(parts) => !has_part(text, parts),
        }
    }
}

/// Whether a text contains one of these parts, which are in lower case.
fn has_part(text: &str, parts: &[String]) -> bool {
    if text.is_ascii() {
        let bytes = text.as_bytes();
        let has = |part: &[u8]| part.is_empty() || bytes.windows(part.len()).any(|at| at.eq_ignore_ascii_case(part));
        return parts.iter().any(|part| has(part.as_bytes()));
    }
    let text = text.to_lowercase();
    parts.iter().any(|part| text.contains(part.as_str()))
}

impl EventFilter {
    /// Events of this name.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..Self::default() }
    }

    /// And with this text in a column.
    #[must_use]
    pub fn with(mut self, column: Col, text: impl Into<String>) -> Self {
        self.is.push((column, vec![text.into()]));
        self
    }

    /// The columns it reads.
    #[must_use]
    pub fn columns(&self) -> Columns {
        let texts = self.texts.iter().map(|(column, _)| *column);
        let columns: Vec<Col> = self.is.iter().map(|(column, _)| *column).chain(texts).collect();
        let columns = Columns::of(&columns);
        let columns = if self.name.is_some() { columns.and(Columns::of(&[Col::Name])) } else { columns };
        if self.humans_only { columns.with_agent_class() } else { columns }
    }
}

/// Most filters that are asked at once.
pub const FILTERS_MAX: usize = 32;

/// The names of the events that these filters admit; none when one of them admits every name.
pub(crate) fn names_of<'a>(filters: impl IntoIterator<Item = &'a EventFilter>) -> Option<Vec<String>> {
    filters.into_iter().map(|filter| filter.name.clone()).collect()
}

/// The texts of several filters as literals of a fold, each once, and the properties they look at.
#[derive(Debug, Clone, Default)]
pub struct Literals {
    /// For [`crate::Fold::literals`].
    pub texts: Vec<String>,
    /// For [`crate::Fold::properties`].
    pub properties: Vec<String>,
}

impl Literals {
    /// The code of a text, which becomes a literal.
    pub fn code(&mut self, text: &str) -> u32 {
        if text.is_empty() {
            return 0;
        }
        let place = self.texts.iter().position(|known| known == text).unwrap_or_else(|| {
            self.texts.push(text.to_owned());
            self.texts.len() - 1
        });
        Dict::literal(place)
    }

    /// The place of a property, which the fold reads.
    pub fn property(&mut self, key: &str) -> usize {
        self.properties.iter().position(|known| known == key).unwrap_or_else(|| {
            self.properties.push(key.to_owned());
            self.properties.len() - 1
        })
    }

    /// A filter with codes instead of texts.
    pub(crate) fn coded(&mut self, filter: &EventFilter) -> CodedFilter {
        let name = filter.name.as_deref().map(|name| self.code(name));
        let is = filter.is.iter();
        let is = is.map(|(column, texts)| (*column, texts.iter().map(|text| self.code(text)).collect())).collect();
        let properties = filter.properties.iter().map(|(key, test)| (self.property(key), test.clone())).collect();
        let texts = filter.texts.clone();
        CodedFilter { name, is, texts, properties, humans_only: filter.humans_only }
    }
}

/// A filter that compares codes.
#[derive(Debug, Clone)]
pub(crate) struct CodedFilter {
    name: Option<u32>,
    is: Vec<(Col, Vec<u32>)>,
    texts: Vec<(Col, TextTest)>,
    properties: Vec<(usize, ValueTest)>,
    humans_only: bool,
}

impl CodedFilter {
    /// Whether the event is admitted, whose name was looked at, and who caused it.
    fn admits_rest(&self, event: &EventRef<'_>) -> bool {
        self.is.iter().all(|(column, codes)| codes.contains(&event.code(*column)))
            && self.texts.iter().all(|(column, test)| test.admits(event.text(*column)))
            && self.properties.iter().all(|(place, test)| {
                let value = event.dict().text(event.property(*place));
                test.admits(Property::of(value))
            })
    }

    /// Whether the name alone decides, and who caused the event.
    fn is_plain(&self) -> bool {
        self.is.is_empty() && self.texts.is_empty() && self.properties.is_empty()
    }
}

/// Several filters, and for each code of a name which of them may admit an event of it: one lookup instead of many.
#[derive(Debug, Clone)]
pub struct Filters {
    all: Vec<CodedFilter>,
    /// For each literal's code, a bit for each filter; the last entry is for every other name.
    by_name: Vec<u32>,
    /// A bit for each filter that looks at more than the name, and at who caused the event.
    careful: u32,
    /// A bit for each filter that leaves out bots and AI agents.
    humans: u32,
}

impl Filters {
    /// At most [`FILTERS_MAX`] filters.
    #[must_use]
    pub fn new(filters: &[&EventFilter], literals: &mut Literals) -> Self {
        let all: Vec<CodedFilter> = filters.iter().take(FILTERS_MAX).map(|filter| literals.coded(filter)).collect();
        let codes = all.iter().filter_map(|filter| filter.name).max().unwrap_or(0);
        let mask = |code: Option<u32>| {
            let may = |filter: &CodedFilter| filter.name.is_none() || (code.is_some() && filter.name == code);
            all.iter().enumerate().filter(|(_, filter)| may(filter)).fold(0, |mask, (place, _)| mask | 1 << place)
        };
        let by_name = (0..=codes).map(Some).chain([None]).map(mask).collect();
        let careful = |mask: u32, (place, filter): (usize, &CodedFilter)| {
            if filter.is_plain() { mask } else { mask | 1 << place }
        };
        let careful = all.iter().enumerate().fold(0, careful);
        let humans = all.iter().enumerate().filter(|(_, filter)| filter.humans_only);
        let humans = humans.fold(0, |mask, (place, _)| mask | 1 << place);
        Self { all, by_name, careful, humans }
    }

    /// Whether the name of an event alone decides, as long as nothing is of a machine.
    pub(crate) fn are_plain(&self) -> bool {
        self.careful == 0
    }

    /// Whether some of these events may be left out for who caused them.
    #[inline]
    pub(crate) fn leaves_out(&self, run: &Run<'_>) -> bool {
        self.humans != 0 && run.has_machines()
    }

    /// A bit for each filter that may admit an event of this name.
    #[inline]
    #[must_use]
    pub fn by_name(&self, code: u32) -> u32 {
        let other = self.by_name.len() - 1;
        self.by_name[(code as usize).min(other)]
    }

    /// A bit for each filter that admits the event, out of those of [`Filters::by_name`].
    #[inline]
    #[must_use]
    pub fn admit(&self, mask: u32, event: &EventRef<'_>) -> u32 {
        let is_left_out = mask & self.humans != 0 && event.agent_class().is_machine();
        let mask = if is_left_out { mask & !self.humans } else { mask };
        let mut admitted = mask & !self.careful;
        let mut open = mask & self.careful;
        while open != 0 {
            let place = open.trailing_zeros();
            open &= open - 1;
            if self.all[place as usize].admits_rest(event) {
                admitted |= 1 << place;
            }
        }
        admitted
    }
}

/// What [`Filters::by_name`] says of each key of a column's own dictionary: computed once a dictionary, so that an event costs
/// one lookup.
#[derive(Debug, Clone, Default)]
pub(crate) struct Masks {
    table: u64,
    by_key: Vec<u32>,
}

impl Masks {
    /// For the names of a run.
    #[inline]
    pub(crate) fn fit(&mut self, filters: &Filters, names: RunCodes<'_>) {
        let (table, codes) = names.table();
        if self.table != table {
            self.table = table;
            self.by_key.clear();
            self.by_key.extend(codes.iter().map(|code| filters.by_name(*code)));
        }
    }

    /// Of one of the keys.
    #[inline]
    pub(crate) fn of(&self, key: u32) -> u32 {
        self.by_key[key as usize]
    }

    /// A bit for each filter that admits the event at a place of a run, whose name has this key.
    #[inline]
    pub(crate) fn admitted(&self, filters: &Filters, key: u32, run: &Run<'_>, place: usize) -> u32 {
        let mask = self.of(key);
        if mask & filters.careful != 0 {
            return filters.admit(mask, &run.event(place));
        }
        if mask & filters.humans != 0 && run.is_machine(place) { mask & !filters.humans } else { mask }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_tested_whatever_its_case() {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let cases = [
            (TextTest::Contains(texts(&["pric"])), "/Pricing/", true),
            (TextTest::Contains(texts(&["über"])), "Über uns", true),
            (TextTest::Contains(texts(&["nothing", "uns"])), "Über uns", true),
            (TextTest::Contains(texts(&["pricing-page"])), "/pricing", false),
            (TextTest::ContainsNot(texts(&["pric"])), "/PRICING", false),
            (TextTest::ContainsNot(texts(&["pric"])), "", true),
            (TextTest::IsNot(texts(&["", "a"])), "", false),
            (TextTest::IsNot(texts(&["a"])), "A", true),
        ];
        for (test, text, admits) in cases {
            assert_eq!(test.admits(text), admits, "{test:?} {text}");
        }
    }
}
