//! Profiles: lists of people, one person, the timeline.
//!
//! **Invariant:** a person is shown once: what was merged is shown under the canonical person, and the id of any member
//! finds it. Bots are not people and are in no list.

pub mod api;
mod model;
mod store;
#[cfg(test)]
mod tests;
mod visitors;

pub use model::{
    IdentifierEdge, Identifiers, MergeEvidence, OriginKind, PeopleFacts, PeopleFilter, PeopleSort, Person, PersonDeal,
    PersonFact, PersonSummary, Place, RefusedIdentifier, TimelineEvent,
};

pub use visitors::Visitors;

use async_trait::async_trait;
use hashbrown::HashMap;
use kernel::ids::PersonId;
use kernel::limits::PAGE_ROWS_MAX;
use kernel::page::{Page, PageRequest};
use kernel::problem::{Class, Problem};
use kernel::scope::{Permission, Scope};
use kernel::time::Timestamp;
use lake::{Event, Lake};
use platform::Platform;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::Mutex;

/// Where the events of a workspace are: handed in when the program is wired, because ingest owns the lakes.
#[async_trait]
pub trait EventSource: Send + Sync + 'static {
    /// The lake of a workspace.
    ///
    /// # Errors
    /// [`Problem`] when it cannot be opened.
    async fn lake(&self, scope: &Scope) -> Result<Lake, Problem>;
}

/// Persons of a workspace.
#[derive(Clone)]
pub struct Profiles {
    platform: Platform,
    events: Arc<dyn EventSource>,
    facts: Arc<Mutex<HashMap<String, Cached>>>,
}

/// The number of the write up to which facts were read, and the facts.
type Cached = (i64, Arc<PeopleFacts>);

impl Profiles {
    /// Persons on this platform, with their events from `events`.
    #[must_use]
    pub fn new(platform: &Platform, events: Arc<dyn EventSource>) -> Self {
        Self { platform: platform.clone(), events, facts: Arc::default() }
    }

    /// One page of people.
    ///
    /// # Errors
    /// [`Problem`] without permission, or when the database fails.
    pub async fn list(
        &self,
        scope: &Scope,
        filter: &PeopleFilter,
        page: &PageRequest,
    ) -> Result<Page<PersonSummary>, Problem> {
        scope.require(Permission::PeopleRead)?;
        Ok(store::list(&self.platform.db(scope).await?, filter, page).await?)
    }

    /// These of the people that are in lists; canonical ones, at most a page of them.
    ///
    /// # Errors
    /// [`Problem`] without permission, or when the database fails.
    pub async fn named(&self, scope: &Scope, people: &[PersonId]) -> Result<Vec<PersonSummary>, Problem> {
        scope.require(Permission::PeopleRead)?;
        let people = &people[..people.len().min(PAGE_ROWS_MAX as usize)];
        if people.is_empty() {
            return Ok(Vec::new());
        }
        Ok(store::named(&self.platform.db(scope).await?, people).await?)
    }

    /// One person: values, companies, deals, and why it is one person. The id of a merged person finds the whole.
    ///
    /// # Errors
    /// [`Problem`] `person_not_found`.
    pub async fn get(&self, scope: &Scope, id: PersonId) -> Result<Person, Problem> {
        scope.require(Permission::PeopleRead)?;
        let db = self.platform.db(scope).await?;
        let members = store::members(&db, id).await?;
        store::get(&db, id, &members).await?.ok_or_else(|| Problem::not_found("person", id))
    }

    /// Why this is one person: identifiers, merges, and what was left out.
    ///
    /// # Errors
    /// [`Problem`] `person_not_found`.
    pub async fn identifiers(&self, scope: &Scope, id: PersonId) -> Result<Identifiers, Problem> {
        scope.require(Permission::PeopleRead)?;
        let db = self.platform.db(scope).await?;
        let members = store::members(&db, id).await?;
        if members.is_empty() {
            return Err(Problem::not_found("person", id));
        }
        Ok(store::identifiers(&db, &members).await?)
    }

    /// One page of what happened to a person, the newest first. A bot's number works too.
    ///
    /// # Errors
    /// [`Problem`] `person_not_found`, or when the lake fails.
    pub async fn timeline(
        &self,
        scope: &Scope,
        id: PersonId,
        page: &PageRequest,
    ) -> Result<Page<TimelineEvent>, Problem> {
        scope.require(Permission::PeopleRead)?;
        let db = self.platform.db(scope).await?;
        let mut members = store::members(&db, id).await?;
        let lead_at = match members.first() {
            Some(canonical) => {
                let sql = "select coalesce(lead_us, 0) from people where person = $1";
                let (lead,): (i64,) = db.query_one(sql, platform::params![*canonical]).await?;
                (lead != 0).then_some(lead)
            }
            None if crate::identity::is_light(id) => {
                members.push(id);
                None
            }
            None => return Err(Problem::not_found("person", id)),
        };
        let before = page.cursor.as_deref().and_then(|cursor| {
            let (at, offset) = cursor.split_once('.')?;
            Some((at.parse().ok()?, offset.parse().ok()?))
        });
        let rows = usize::try_from(page.rows()).unwrap_or(1);
        let numbers: Vec<u64> = members.iter().map(|member| member.number()).collect();
        let lake = self.events.lake(scope).await?;
        let mut events = lake
            .events_of(&numbers, before, rows + 1)
            .await
            .map_err(|error| Problem::new(Class::Internal, "internal", format!("timeline of {id}: {error}")))?;
        let more = events.len() > rows;
        events.truncate(rows);
        let next_cursor = events.last().filter(|_| more).map(|last| format!("{}.{}", last.at, last.offset));
        let items = events.into_iter().filter_map(|event| shown(event, lead_at)).collect();
        Ok(Page { items, next_cursor, total: None })
    }

    /// Every person, for metrics: read once, then only what changed.
    ///
    /// # Errors
    /// [`Problem`] when the database fails.
    pub async fn facts(&self, scope: &Scope) -> Result<Arc<PeopleFacts>, Problem> {
        let db = self.platform.db(scope).await?;
        let mut all = self.facts.lock().await;
        let slug = scope.workspace.slug.as_str();
        let (read, known) = all.get(slug).cloned().unwrap_or_default();
        let changes = store::changes(&db).await?;
        if read == changes {
            return Ok(known);
        }
        // What was written after `changes` was read is read again next time; reading it twice does no harm.
        let facts = if known.is_empty() {
            let mut facts = PeopleFacts { changes, ..PeopleFacts::default() };
            let mut after = None;
            // Everybody, a page at a time: most persons are kept as little more than a number.
            loop {
                let page = store::facts_after(&db, after, FACTS_AT_ONCE).await?;
                let Some(last) = page.last() else { break };
                after = Some(last.0.person);
                let (people, visitors) = apart(page);
                facts.people.extend(people.into_iter().filter(|fact| fact.1).map(|fact| fact.0));
                facts.visitors = facts.visitors.with(&visitors);
            }
            Arc::new(facts)
        } else {
            let news = store::facts_since(&db, read).await?;
            if news.is_empty() {
                known
            } else {
                let (people, visitors) = apart(news);
                let people = with_news(&known.people, people);
                Arc::new(PeopleFacts { people, visitors: known.visitors.with(&visitors), changes })
            }
        };
        all.insert(slug.to_owned(), (changes, facts.clone()));
        Ok(facts)
    }
}

/// Rows that are read at once.
const FACTS_AT_ONCE: u32 = 50_000;

/// News for those of whom something is known, and for the others: each is news for both.
fn apart(news: Vec<store::Fact>) -> (Vec<store::Fact>, Vec<(u64, Option<i64>)>) {
    let visitor = |store::Fact(fact, is_live): &store::Fact| {
        let at = (*is_live && fact.is_visitor()).then(|| fact.created_at.micros());
        (fact.person.number(), at)
    };
    let visitors = news.iter().map(visitor).collect();
    let known = news.into_iter().map(|store::Fact(fact, is_live)| {
        let is_known = is_live && !fact.is_visitor();
        store::Fact(fact, is_known)
    });
    (known.collect(), visitors)
}

/// The facts with the news put in, in the order of ids.
fn with_news(known: &[PersonFact], news: Vec<store::Fact>) -> Vec<PersonFact> {
    let mut news: BTreeMap<PersonId, store::Fact> = news.into_iter().map(|fact| (fact.0.person, fact)).collect();
    let mut people = Vec::with_capacity(known.len() + news.len());
    for old in known {
        let later = news.split_off(&old.person);
        people.extend(news.into_values().filter(|fact| fact.1).map(|fact| fact.0));
        news = later;
        match news.remove(&old.person) {
            Some(store::Fact(fact, true)) => people.push(fact),
            Some(_) => {}
            None => people.push(old.clone()),
        }
    }
    people.extend(news.into_values().filter(|fact| fact.1).map(|fact| fact.0));
    people
}

fn shown(event: Event, lead_at: Option<i64>) -> Option<TimelineEvent> {
    Some(TimelineEvent {
        offset: event.offset,
        at: Timestamp::from_micros(event.at),
        kind: event.kind.as_str().to_owned(),
        name: event.name,
        url: event.url,
        title: event.title,
        referrer: event.referrer,
        channel: event.channel,
        source: event.source,
        medium: event.medium,
        campaign: event.campaign,
        device: event.device,
        country: event.country,
        agent_class: event.agent_class.as_str().to_owned(),
        person: PersonId::from_number(event.person).ok()?,
        before_known: lead_at.is_none_or(|lead| event.at < lead),
        properties: serde_json::from_str(&event.properties).unwrap_or(serde_json::Value::Null),
    })
}
