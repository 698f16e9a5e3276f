//! What questions can be made of: names, columns, properties and their values; and which people the conditions on companies
//! mean.

use super::service::Explore;
use super::suggest::{Seen, SuggestFold};
use crate::explore_engine::value_test;
use crate::explore_model::{Column, ColumnChoice, ExploreChoices, PropertyChoice, PropertyCondition, TextChoice};
use hashbrown::HashSet;
use kernel::ids::CompanyId;
use kernel::problem::Problem;
use kernel::scope::Scope;
use kernel::time::{DAY, TimeRange};
use lake::folds::counts::{Count, CountFold};
use lake::folds::predicates::{Predicate, Test};
use lake::tally::session_columns;
use lake::{FoldOptions, Property};
use people::companies::{Companies, CompanyKnown};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Names of events, and texts of a column, that are offered.
const OFFERED_MAX: usize = 500;
/// Texts of a column that are offered at once.
const TEXTS_MAX: usize = 50;
/// Days of events that names and texts are taken from.
const OFFERED_DAYS: i64 = 92;
/// Days of events that properties and their values are taken from.
const PROPERTY_DAYS: i64 = 14;

impl Explore {
    /// What questions can be made of: names of events of the last months, columns, and properties of companies.
    ///
    /// # Errors
    /// 403 without `metrics.read`.
    pub async fn choices(&self, scope: &Scope) -> Result<ExploreChoices, Problem> {
        let texts = self.texts_of(scope, Column::Name).await?;
        let columns = Column::ALL.iter().map(|column| ColumnChoice { id: *column, name: column.title().to_owned() });
        let of_sessions = Column::ALL.iter().copied().filter(|column| session_columns().contains(&column.col()));
        let companies = self.0.companies.known(scope).await?;
        let names: BTreeSet<String> = companies.into_iter().flat_map(|company| company.values.into_keys()).collect();
        Ok(ExploreChoices {
            names: texts.iter().take(OFFERED_MAX).cloned().collect(),
            names_total: texts.len(),
            columns: columns.collect(),
            session_columns: of_sessions.collect(),
            company_properties: names.into_iter().take(OFFERED_MAX).collect(),
        })
    }

    /// Texts of a column in the last months that contain `part`, whatever the case; those of most people first.
    ///
    /// # Errors
    /// 403 without `metrics.read`.
    pub async fn texts(&self, scope: &Scope, column: Column, part: &str) -> Result<Vec<TextChoice>, Problem> {
        let part = part.to_lowercase();
        let texts = self.texts_of(scope, column).await?;
        Ok(texts.iter().filter(|text| text.value.to_lowercase().contains(&part)).take(TEXTS_MAX).cloned().collect())
    }

    async fn texts_of(&self, scope: &Scope, column: Column) -> Result<Arc<Vec<TextChoice>>, Problem> {
        let ready = self.ready(scope, column.title()).await?;
        if let Some(known) = self.0.texts.get(&ready.key, &ready.stamp) {
            return Ok(known);
        }
        let from = ready.reader.now.plus(-OFFERED_DAYS * DAY);
        let range = TimeRange { from, to: TimeRange::ALL.to };
        let fold = CountFold { by: column.col(), humans_only: true };
        let counts = ready.reader.lake.fold(&fold, &FoldOptions::over(range)).await?.into_map();
        let text = |(value, count): (String, Count)| TextChoice { value, events: count.events, people: count.people };
        let mut texts: Vec<TextChoice> = counts.into_iter().map(text).collect();
        texts.sort_by(|one, other| other.people.cmp(&one.people).then_with(|| one.value.cmp(&other.value)));
        let weight = texts.iter().map(|text| text.value.len() + size_of::<TextChoice>()).sum();
        let texts = Arc::new(texts);
        self.0.texts.put(ready.key, ready.stamp, texts.clone(), weight);
        Ok(texts)
    }

    /// Properties of the events of a name that came in last, those of most events first.
    ///
    /// # Errors
    /// 403 without `metrics.read`.
    pub async fn properties(&self, scope: &Scope, event: Option<&str>) -> Result<Vec<PropertyChoice>, Problem> {
        let ready = self.ready(scope, &format!("properties {}", event.unwrap_or_default())).await?;
        if let Some(known) = self.0.properties.get(&ready.key, &ready.stamp) {
            return Ok(known.to_vec());
        }
        let range = TimeRange { from: ready.reader.now.plus(-PROPERTY_DAYS * DAY), to: TimeRange::ALL.to };
        let fold = SuggestFold::new(event, None);
        let seen = ready.reader.lake.fold(&fold, &FoldOptions::over(range)).await?.texts;
        let choice =
            |(property, seen): (String, Seen)| PropertyChoice { property, kind: seen.kind(), events: seen.events };
        let mut all: Vec<PropertyChoice> = seen.into_iter().map(choice).collect();
        all.sort_by(|one, other| other.events.cmp(&one.events).then_with(|| one.property.cmp(&other.property)));
        all.truncate(OFFERED_MAX);
        let weight = all.iter().map(|one| one.property.len() + size_of::<PropertyChoice>()).sum();
        self.0.properties.put(ready.key, ready.stamp, Arc::new(all.clone()), weight);
        Ok(all)
    }

    /// Values of a property of the events of a name that came in last and contain `part`, whatever the case; those of most
    /// people first.
    ///
    /// # Errors
    /// 403 without `metrics.read`.
    pub async fn property_values(
        &self,
        scope: &Scope,
        event: Option<&str>,
        property: &str,
        part: &str,
    ) -> Result<Vec<TextChoice>, Problem> {
        let ready = self.ready(scope, &format!("values {property}\n{}", event.unwrap_or_default())).await?;
        let known = match self.0.texts.get(&ready.key, &ready.stamp) {
            Some(known) => known,
            None => {
                let range = TimeRange { from: ready.reader.now.plus(-PROPERTY_DAYS * DAY), to: TimeRange::ALL.to };
                let fold = SuggestFold::new(event, Some(property));
                let seen = ready.reader.lake.fold(&fold, &FoldOptions::over(range)).await?.texts;
                let seen = seen.into_iter();
                let all =
                    sorted(seen.map(|(value, seen)| TextChoice { value, events: seen.events, people: seen.people }));
                let (weight, all) = (weight(&all), Arc::new(all));
                self.0.texts.put(ready.key, ready.stamp, all.clone(), weight);
                all
            }
        };
        Ok(containing(&known, part))
    }

    /// Values of a property of companies that contain `part`, whatever the case; those of most companies first. `people` and
    /// `events` both say how many companies.
    ///
    /// # Errors
    /// 403 without `metrics.read`.
    pub async fn company_values(&self, scope: &Scope, property: &str, part: &str) -> Result<Vec<TextChoice>, Problem> {
        scope.require(kernel::scope::Permission::MetricsRead)?;
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for company in self.0.companies.known(scope).await? {
            if let Some(value) = Property::of(&said(&company, property)) {
                *counts.entry(value.text().into_owned()).or_default() += 1;
            }
        }
        let choice = |(value, companies)| TextChoice { value, events: companies, people: companies };
        Ok(containing(&sorted(counts.into_iter().map(choice)), part))
    }
}

fn sorted(texts: impl Iterator<Item = TextChoice>) -> Vec<TextChoice> {
    let mut texts: Vec<TextChoice> = texts.collect();
    texts.sort_by(|one, other| other.people.cmp(&one.people).then_with(|| one.value.cmp(&other.value)));
    texts
}

fn weight(texts: &[TextChoice]) -> usize {
    texts.iter().map(|text| text.value.len() + size_of::<TextChoice>()).sum()
}

fn containing(texts: &[TextChoice], part: &str) -> Vec<TextChoice> {
    let part = part.to_lowercase();
    texts.iter().filter(|text| text.value.to_lowercase().contains(&part)).take(TEXTS_MAX).cloned().collect()
}

/// What a company says under a name, as JSON; empty when nothing.
fn said(company: &CompanyKnown, property: &str) -> String {
    company.values.get(property).map(ToString::to_string).unwrap_or_default()
}

/// The conditions on companies as people, and a text that is the same as long as it is the same people.
pub(super) async fn company_tests(
    companies: &Companies,
    scope: &Scope,
    conditions: &[PropertyCondition],
) -> Result<(Vec<Test>, String), Problem> {
    let known = companies.known(scope).await?;
    let (mut tests, mut print) = (Vec::new(), String::new());
    for (place, condition) in conditions.iter().enumerate() {
        let test = value_test(condition, &format!("segment.companies[{place}]"))?;
        // Whoever belongs to no company has one that does not say: where that is enough, those of whom it does not hold are told.
        let holds = !test.admits(None);
        let mut found: HashSet<CompanyId> = HashSet::new();
        for company in &known {
            if test.admits(Property::of(&said(company, &condition.property))) == holds {
                found.insert(company.id.clone());
            }
        }
        let people = companies.people_of(scope, &found).await?;
        print.push_str(&fingerprint(&people));
        tests.push(Test { predicate: Predicate::Among(Arc::new(people)), holds });
    }
    Ok((tests, print))
}

/// A text that differs when the people do.
fn fingerprint(people: &HashSet<u64>) -> String {
    let mut all: Vec<u64> = people.iter().copied().collect();
    all.sort_unstable();
    let bytes: Vec<u8> = all.iter().flat_map(|person| person.to_le_bytes()).collect();
    format!("\n{:032x}", xxhash_rust::xxh3::xxh3_128(&bytes))
}
