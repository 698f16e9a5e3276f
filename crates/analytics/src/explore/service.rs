//! Questions about what people did, against a workspace.

use super::choices::company_tests;
use crate::answers::{Cache, Stamp};
use crate::explore_engine::{Kept, Reader, as_of, check};
use crate::explore_model::{
    Cell, Exploration, ExploreAnswer, ExploreBridge, Found, PeopleBehind, PeopleRequest, PersonBehind, PropertyChoice,
    TextChoice,
};
use crate::facts::{Day, day_of};
use crate::ingest::Lakes;
use crate::metrics::Figure;
use crate::upkeep::PropertyUses;
use kernel::ids::{PersonId, WorkspaceId};
use kernel::limits::FOLD_MEMORY_BYTES_MAX;
use kernel::page::PageRequest;
use kernel::problem::{Class, Problem};
use kernel::scope::{Permission, Scope};
use kernel::time::{HOUR, MINUTE, TimeRange};
use lake::KnownAt;
use parking_lot::Mutex;
use people::companies::Companies;
use people::identity::Identity;
use people::merge_history::merges_at;
use people::profiles::Profiles;
use platform::Platform;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

/// Bytes of answers that are kept.
const ANSWERS_BYTES_MAX: usize = 16 << 20;
/// Bytes of parts of trends, and of what the other questions found, that are kept.
const PARTS_BYTES_MAX: usize = 96 << 20;
/// Bytes of lists of people that are kept.
const PEOPLE_BYTES_MAX: usize = 64 << 20;

pub(super) struct Shared {
    platform: Platform,
    lakes: Lakes,
    identity: Identity,
    profiles: Profiles,
    uses: PropertyUses,
    answers: Cache<ExploreAnswer>,
    people: Cache<Vec<u64>>,
    /// Parts of trends that are over, and what the other questions found.
    parts: Arc<Kept>,
    /// How often events of each workspace had been removed when it asked last.
    removals: Mutex<HashMap<WorkspaceId, u64>>,
    pub(super) companies: Companies,
    pub(super) texts: Cache<Vec<TextChoice>>,
    pub(super) properties: Cache<Vec<PropertyChoice>>,
}

/// Explorations of all workspaces. Clones share what was answered before.
#[derive(Clone)]
pub struct Explore(pub(super) Arc<Shared>);

/// A question, and what answers to it depend on.
pub(super) struct Ready {
    pub(super) reader: Reader,
    pub(super) stamp: Stamp,
    /// What the same question has in common, whoever asks.
    pub(super) key: String,
}

impl Explore {
    /// Over these parts of the program.
    #[must_use]
    pub fn new(platform: &Platform, lakes: Lakes, identity: Identity, profiles: Profiles, uses: PropertyUses) -> Self {
        Self(Arc::new(Shared {
            platform: platform.clone(),
            lakes,
            identity,
            profiles,
            uses,
            answers: Cache::new(ANSWERS_BYTES_MAX),
            people: Cache::new(PEOPLE_BYTES_MAX),
            parts: Arc::new(Kept::new(PARTS_BYTES_MAX)),
            removals: Mutex::default(),
            companies: Companies::new(platform),
            texts: Cache::new(ANSWERS_BYTES_MAX),
            properties: Cache::new(ANSWERS_BYTES_MAX),
        }))
    }

    pub(super) fn platform(&self) -> &Platform {
        &self.0.platform
    }

    /// Today in the workspace's time zone.
    pub(super) async fn today(&self, scope: &Scope) -> Result<Day, Problem> {
        let zone = self.0.platform.accounts.settings(&scope.workspace).await?.zone();
        Ok(day_of(self.0.platform.world.now().date_in(&zone)))
    }

    pub(super) async fn ready(&self, scope: &Scope, text: &str) -> Result<Ready, Problem> {
        scope.require(Permission::MetricsRead)?;
        let shared = &self.0;
        let settings = shared.platform.accounts.settings(&scope.workspace).await?;
        let (zone, currency) = (settings.zone(), settings.currency);
        let lake = shared.lakes.get(&scope.workspace).await?;
        let merges = shared.identity.merges(scope).await?;
        lake.set_merges(merges.clone());
        let now = shared.platform.world.now();
        let (watermark, hour) = (lake.watermark(), now.micros().div_euclid(HOUR));
        let (offset, removals) = (watermark.offset, watermark.removals);
        let before = shared.removals.lock().insert(scope.workspace.id.clone(), removals);
        if before.is_some_and(|before| before != removals) {
            self.forget(&scope.workspace.id);
        }
        let stamp = Stamp { offset, removals, hour, merges: Arc::downgrade(&merges) };
        let place = zone.iana_name().unwrap_or_default();
        let key = format!("{}\n{place}\n{currency}\n{text}", scope.workspace.id);
        let session_timeout_us = i64::from(shared.platform.config.events.session_timeout_minutes) * MINUTE;
        let kept = Some((Arc::clone(&shared.parts), scope.workspace.id.to_string()));
        let (companies, known, found_bytes_max) = (Vec::new(), None, FOLD_MEMORY_BYTES_MAX);
        let reader = Reader { lake, zone, currency, now, session_timeout_us, companies, known, kept, found_bytes_max };
        Ok(Ready { reader, stamp, key })
    }

    /// Forgets all answers of a workspace. Once events were removed they hold no more, and what they say of somebody who was
    /// erased is not to stay in memory; the next question sees to it, whatever it asks.
    pub fn forget(&self, workspace: &WorkspaceId) {
        let (shared, beginning) = (&self.0, format!("{workspace}\n"));
        shared.answers.forget(&beginning);
        shared.people.forget(&beginning);
        shared.texts.forget(&beginning);
        shared.properties.forget(&beginning);
        shared.parts.forget(workspace.as_str());
    }

    /// How much is kept of answers, and of what was found for them.
    #[cfg(test)]
    pub(super) fn kept_bytes(&self) -> [usize; 2] {
        [self.0.answers.weight(), self.0.parts.bytes()]
    }

    /// For a question, with what was known at its moment.
    async fn ready_for(&self, scope: &Scope, asked: &Exploration) -> Result<Ready, Problem> {
        let mut ready = self.ready(scope, &canonical(asked)?).await?;
        if let Some(at) = asked.as_of {
            if at > ready.reader.now {
                return Err(Problem::invalid("as_of", "This moment is still to come."));
            }
            ready.reader.known = Some(KnownAt::new(at, merges_at(&self.0.platform, scope, at).await?));
        }
        if let Some(segment) = asked.segment.as_ref().filter(|segment| !segment.companies.is_empty()) {
            let (tests, print) = company_tests(&self.0.companies, scope, &segment.companies).await?;
            ready.reader.companies = tests;
            // What is known of a company can change without an event.
            ready.key.push_str(&print);
        }
        Ok(ready)
    }

    /// What lies between the answer of a moment and that of now.
    ///
    /// # Errors
    /// As [`Explore::ask`], and 422 when the question names no moment.
    pub async fn bridge(&self, scope: &Scope, asked: &Exploration) -> Result<ExploreBridge, Problem> {
        check(asked, None)?;
        if asked.as_of.is_none() {
            return Err(Problem::invalid("as_of", "From which moment? Say when."));
        }
        let mut ready = self.ready_for(scope, asked).await?;
        let then = headline(&ready.reader.answer(asked).await?.found);
        if let Some(known) = &mut ready.reader.known {
            known.rules_at = Some(known.at);
            known.at = TimeRange::ALL.to;
        }
        let received = headline(&ready.reader.answer(asked).await?.found);
        if let Some(known) = &mut ready.reader.known {
            known.rules_at = None;
        }
        let ruled = headline(&ready.reader.answer(asked).await?.found);
        ready.reader.known = None;
        let now = headline(&ready.reader.answer(asked).await?.found);
        let (late_events, rule_changes, merges) = (received - then, ruled - received, now - ruled);
        Ok(ExploreBridge { then, late_events, rule_changes, merges, now })
    }

    /// Answers a question.
    ///
    /// # Errors
    /// 403 without `metrics.read`; 422 naming the field when it is too much or means nothing.
    pub async fn ask(&self, scope: &Scope, asked: &Exploration) -> Result<ExploreAnswer, Problem> {
        check(asked, None)?;
        let ready = self.ready_for(scope, asked).await?;
        self.0.uses.note(&scope.workspace.id, asked.properties());
        Ok(ExploreAnswer::clone(&*self.answer(&ready, asked).await?))
    }

    async fn answer(&self, ready: &Ready, asked: &Exploration) -> Result<Arc<ExploreAnswer>, Problem> {
        if let Some(known) = self.0.answers.get(&ready.key, &ready.stamp) {
            return Ok(known);
        }
        let began = Instant::now();
        let mut answer = ready.reader.answer(asked).await?;
        answer.took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let weight = serde_json::to_vec(&answer).map_or(ANSWERS_BYTES_MAX, |bytes| bytes.len());
        let kept = ExploreAnswer { from_cache: true, ..answer.clone() };
        self.0.answers.put(ready.key.clone(), ready.stamp.clone(), Arc::new(kept), weight + ready.key.len());
        Ok(Arc::new(answer))
    }

    /// Who is behind a number of an answer.
    ///
    /// # Errors
    /// 403 without `people.read`; 422 naming the field when there is no such number.
    pub async fn people(&self, scope: &Scope, request: &PeopleRequest) -> Result<PeopleBehind, Problem> {
        scope.require(Permission::PeopleRead)?;
        let asked = &request.exploration;
        check(asked, Some(&request.cell))?;
        let after = match &request.cursor {
            None => 0,
            Some(cursor) => {
                let bad = |_| Problem::invalid("cursor", "This is not a cursor of this list.");
                cursor.parse::<PersonId>().map_err(bad)?.number()
            }
        };
        let ready = self.ready_for(scope, asked).await?;
        let watermark = as_of(ready.reader.watermark(), ready.reader.now);
        let behind = self.behind(&ready, asked, &request.cell).await?;
        let rows = PageRequest { limit: request.limit, cursor: None }.rows() as usize;
        let from = behind.partition_point(|person| *person <= after);
        let page: Vec<PersonId> =
            behind[from..].iter().take(rows).filter_map(|person| PersonId::from_number(*person).ok()).collect();
        let next_cursor = page.last().filter(|_| from + rows < behind.len()).map(ToString::to_string);
        let names: HashMap<PersonId, _> =
            self.0.profiles.named(scope, &page).await?.into_iter().map(|person| (person.id, person)).collect();
        let item = |id: PersonId| match names.get(&id) {
            Some(known) => PersonBehind {
                id,
                name: known.name.clone(),
                email: known.email.clone(),
                company: known.company_name.clone(),
                listed: true,
                last_seen: known.last_seen,
            },
            None => PersonBehind {
                id,
                name: String::new(),
                email: String::new(),
                company: String::new(),
                listed: false,
                last_seen: None,
            },
        };
        let items = page.into_iter().map(item).collect();
        Ok(PeopleBehind { people: behind.len() as u64, items, next_cursor, watermark })
    }

    /// Everybody behind a number, by number.
    async fn behind(&self, ready: &Ready, asked: &Exploration, cell: &Cell) -> Result<Arc<Vec<u64>>, Problem> {
        let key = format!("{}\n{}", ready.key, canonical(cell)?);
        if let Some(known) = self.0.people.get(&key, &ready.stamp) {
            return Ok(known);
        }
        let shown = self.answer(ready, asked).await?;
        let mut people = ready.reader.people(asked, cell, &shown.found).await?;
        people.sort_unstable();
        let (people, weight) = (Arc::new(people), key.len());
        self.0.people.put(key, ready.stamp.clone(), people.clone(), weight + people.len() * 8);
        Ok(people)
    }
}

/// The number of an answer that says most.
#[expect(clippy::cast_precision_loss, reason = "counts of people are below 2^53")]
fn headline(found: &Found) -> f64 {
    match found {
        Found::Trends(trends) => {
            let total = trends.lines.first().and_then(|line| line.total.as_ref());
            total.map_or(0.0, Figure::number)
        }
        Found::Funnel(funnel) => {
            let last = funnel.parts.first().and_then(|part| part.steps.last());
            last.map_or(0.0, |step| step.people as f64)
        }
        Found::Retention(retention) => retention.cohorts.iter().map(|cohort| cohort.people as f64).sum(),
        Found::Paths(paths) => paths.steps.first().into_iter().flatten().map(|stop| stop.people as f64).sum(),
    }
}

/// One text for equal values.
fn canonical(value: &impl serde::Serialize) -> Result<String, Problem> {
    let failed = |_| Problem::new(Class::Internal, "internal", "The question could not be written.");
    serde_json::to_string(value).map_err(failed)
}
