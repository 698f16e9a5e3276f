//! Facts from the running program: its lakes, its people, its deals.

use super::build::{DealInput, PersonInput};
use super::model::{Outcome, Part};
use super::source::{Choices, EventStamp, FactSource, Records, RecordsThen, RecordsVersion, SessionsWanted};
use crate::attribution::{GoalFold, GoalRow};
use crate::ingest::Lakes;
use crate::sessions::{Extra, SESSIONS_AT_ONCE_MAX, Session, SessionFacts, Settings, Wanted, extra, firsts, renew};
use async_trait::async_trait;
use kernel::ids::PersonId;
use kernel::problem::Problem;
use kernel::scope::Scope;
use kernel::time::{DAY, MINUTE, Timestamp};
use lake::{Dict, FoldOptions, KnownAt, Lake, LakeError, Snapshot, SqlTurn};
use parking_lot::Mutex;
use people::companies::Companies;
use people::deals::{DealFact, DealOutcome, Deals};
use people::identity::{Identity, Merges};
use people::merge_history::merges_at;
use people::profiles::Profiles;
use people::record_history::people_at;
use platform::Platform;
use platform::audit::AuditEntry;
use platform::params;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use tokio::sync::watch;

/// Most entries of the audit trail that are shown in SQL.
const AUDIT_ROWS_MAX: u32 = 100_000;

/// What was last seen of a workspace. A shared value that is another one than before gets the next number.
#[derive(Default)]
struct Seen {
    merges: Option<(u64, Merges)>,
    follow: Option<watch::Receiver<Merges>>,
    deals: Option<(u64, Arc<Vec<DealFact>>)>,
}

fn numbered<T: ?Sized>(slot: &mut Option<(u64, Arc<T>)>, now: &Arc<T>) -> u64 {
    let number = match slot {
        Some((number, known)) if Arc::ptr_eq(known, now) => return *number,
        Some((number, _)) => *number + 1,
        None => 1,
    };
    *slot = Some((number, now.clone()));
    number
}

/// The facts' source in the running program.
pub struct LiveSource {
    platform: Platform,
    lakes: Lakes,
    identity: Identity,
    profiles: Profiles,
    companies: Companies,
    deals: Deals,
    seen: Mutex<HashMap<String, Seen>>,
}

impl LiveSource {
    /// Over these parts of the program.
    #[must_use]
    pub fn new(
        platform: &Platform,
        lakes: Lakes,
        identity: Identity,
        profiles: Profiles,
        companies: Companies,
        deals: Deals,
    ) -> Self {
        Self { platform: platform.clone(), lakes, identity, profiles, companies, deals, seen: Mutex::default() }
    }

    async fn lake(&self, scope: &Scope) -> Result<Lake, Problem> {
        Ok(self.lakes.get(&scope.workspace).await?)
    }

    /// Which persons are one; read from the database once, then followed.
    async fn merges(&self, scope: &Scope) -> Result<(u64, Merges), Problem> {
        let slug = scope.workspace.slug.as_str();
        let follows = self.seen.lock().get(slug).is_some_and(|seen| seen.follow.is_some());
        if !follows {
            self.identity.merges(scope).await?;
        }
        let mut all = self.seen.lock();
        let seen = all.entry(slug.to_owned()).or_default();
        let follow = seen.follow.get_or_insert_with(|| self.identity.watch_merges(scope));
        let now = follow.borrow_and_update().clone();
        Ok((numbered(&mut seen.merges, &now), now))
    }

    /// The lake as facts know it.
    async fn snapshot_of(&self, scope: &Scope, facts: &SessionFacts) -> Result<Snapshot, Problem> {
        let snapshot = self.lake(scope).await?.snapshot();
        Ok(facts.known.as_ref().map_or_else(|| snapshot.clone(), |known| snapshot.known_at(known)))
    }

    /// The lake, reading persons as one that are one now: it is told of merges by the pump, which may be behind.
    async fn merged_lake(&self, scope: &Scope) -> Result<Lake, Problem> {
        let lake = self.lake(scope).await?;
        lake.set_merges(self.merges(scope).await?.1);
        Ok(lake)
    }
}

fn failed(error: LakeError) -> Problem {
    error.into()
}

fn one_by_one(error: LakeError) -> Problem {
    match error {
        LakeError::TooLarge => Problem::invalid(
            "range",
            format!(
                "This looks at visits one by one, at most {SESSIONS_AT_ONCE_MAX} for one question. Choose fewer days, or ask \
                 without pages and companies."
            ),
        ),
        error => error.into(),
    }
}

#[async_trait]
impl FactSource for LiveSource {
    async fn choices(&self, scope: &Scope) -> Result<Choices, Problem> {
        let settings = self.platform.accounts.settings(&scope.workspace).await?;
        Ok(Choices { currency: settings.currency, zone: settings.zone() })
    }

    async fn events_stamp(&self, scope: &Scope) -> Result<EventStamp, Problem> {
        let merges = self.merges(scope).await?.0;
        Ok(EventStamp { watermark: self.lake(scope).await?.watermark(), merges })
    }

    async fn sessions(&self, scope: &Scope, wanted: SessionsWanted) -> Result<Option<SessionFacts>, Problem> {
        let mut snapshot = self.merged_lake(scope).await?.snapshot();
        // Read once, when the process starts, and facts live in its memory: a changed setting acts on the whole past.
        let timeout_us = i64::from(self.platform.config.events.session_timeout_minutes) * MINUTE;
        let SessionsWanted { zone, kept, kept_max, before, known } = wanted;
        if let Some(known) = &known {
            snapshot = snapshot.known_at(known);
        }
        // Who was merged since it was said whose are kept is kept under the number of now.
        let kept = kept.under(&snapshot.merges());
        let wanted = Wanted { settings: Settings { timeout_us, zone }, kept, kept_max, before };
        match renew(&snapshot, &wanted).await {
            Ok(mut facts) => {
                facts.known = known;
                Ok(Some(facts))
            }
            Err(LakeError::TooLarge) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    async fn extra(
        &self,
        scope: &Scope,
        facts: &SessionFacts,
        texts: &Dict,
        days: Extra,
    ) -> Result<(SessionFacts, Dict), Problem> {
        let snapshot = self.snapshot_of(scope, facts).await?;
        extra(&snapshot, facts, texts, days).await.map_err(one_by_one)
    }

    async fn firsts(
        &self,
        scope: &Scope,
        facts: &SessionFacts,
        texts: &Dict,
        people: Arc<HashSet<u64>>,
    ) -> Result<(HashMap<u64, Session>, Dict), Problem> {
        let snapshot = self.snapshot_of(scope, facts).await?;
        firsts(&snapshot, facts, texts, people).await.map_err(one_by_one)
    }

    async fn goal(&self, scope: &Scope, name: &str, known: Option<&KnownAt>) -> Result<Vec<GoalRow>, Problem> {
        let lake = self.merged_lake(scope).await?;
        let options = FoldOptions { as_of: known.cloned(), ..FoldOptions::default() };
        lake.fold(&GoalFold { name: name.to_owned() }, &options).await.map_err(failed)
    }

    async fn goal_of(&self, scope: &Scope, name: &str, sessions: &SessionFacts) -> Result<Vec<GoalRow>, Problem> {
        let snapshot = sessions.persons_of(&self.snapshot_of(scope, sessions).await?);
        snapshot.fold(&GoalFold { name: name.to_owned() }, &FoldOptions::default()).await.map_err(failed)
    }

    async fn records_version(&self, scope: &Scope) -> Result<RecordsVersion, Problem> {
        let people = self.profiles.facts(scope).await?.changes;
        let companies = self.companies.version(scope).await?.cast_unsigned();
        let deals = self.deals.facts(scope).await?;
        let mut all = self.seen.lock();
        let seen = all.entry(scope.workspace.slug.clone()).or_default();
        Ok(RecordsVersion { people: people.cast_unsigned(), deals: numbered(&mut seen.deals, &deals), companies })
    }

    async fn records(&self, scope: &Scope) -> Result<Records, Problem> {
        let (_, merges) = self.merges(scope).await?;
        let people = self.profiles.facts(scope).await?;
        let deals = self.deals.facts(scope).await?;
        let companies = self.companies.facts(scope).await?;
        Ok(Records {
            people: people.people.iter().map(person).collect(),
            visitors: people.visitors.clone(),
            companies: companies.into_iter().map(|company| (company.id.to_string(), company.name)).collect(),
            deals: deals.iter().map(|fact| deal(fact, &merges)).collect(),
        })
    }

    async fn records_at(
        &self,
        scope: &Scope,
        at: Timestamp,
        merges: &HashMap<u64, u64>,
    ) -> Result<RecordsThen, Problem> {
        let then = people_at(&self.platform, scope, at).await?;
        let deals = self.deals.facts_at(scope, at).await?;
        let companies = self.companies.names_at(scope, at).await?;
        let records = Records {
            people: then.people.iter().map(person).collect(),
            visitors: then.visitors,
            companies: companies.into_iter().map(|(id, name)| (id.to_string(), name)).collect(),
            deals: deals.iter().map(|fact| deal(fact, merges)).collect(),
        };
        Ok(RecordsThen { records, stated_since: then.stated_since })
    }

    async fn erasures(&self, scope: &Scope) -> Result<u64, Problem> {
        Ok(people::erasure::version(&self.platform, scope).await?)
    }

    async fn audit(&self, scope: &Scope) -> Result<Vec<AuditEntry>, Problem> {
        Ok(platform::audit::newest(&self.platform.databases, scope, AUDIT_ROWS_MAX).await?)
    }

    async fn rejected(&self, scope: &Scope) -> Result<(u64, u64), Problem> {
        let db = self.platform.db(scope).await?;
        let now = self.platform.world.now();
        let text = "select count(*) from quarantine
                    where status = 'rejected' and last_received_at_us >= $1 and last_received_at_us < $2";
        let count = async |from: i64, to: i64| -> Result<u64, Problem> {
            let (count,): (i64,) =
                db.query_one(text, params![now.plus(-from).micros(), now.plus(-to).micros()]).await?;
            Ok(count.unsigned_abs())
        };
        Ok((count(DAY, -DAY).await?, count(8 * DAY, DAY).await?))
    }

    async fn sql_turn(&self, scope: &Scope) -> Result<SqlTurn, Problem> {
        self.lake(scope).await?.sql_turn().await.map_err(failed)
    }

    async fn known_at(&self, scope: &Scope, at: Timestamp) -> Result<KnownAt, Problem> {
        Ok(KnownAt::new(at, merges_at(&self.platform, scope, at).await?))
    }

    async fn sql_lake(&self, scope: &Scope) -> Result<Lake, Problem> {
        self.merged_lake(scope).await
    }
}

fn person(fact: &people::profiles::PersonFact) -> PersonInput {
    PersonInput {
        person: fact.person.number(),
        created_at: fact.created_at.micros(),
        lead_at: fact.lead_at.map(Timestamp::micros),
        company: fact.company.as_ref().map(ToString::to_string),
        country: fact.country.clone(),
    }
}

fn deal(fact: &DealFact, merges: &HashMap<u64, u64>) -> DealInput {
    let canonical = |person: PersonId| merges.get(&person.number()).copied().unwrap_or(person.number());
    let part = |part: &people::deals::DealPart| Part {
        person: canonical(part.person),
        role: part.role.clone(),
        primary: part.primary,
    };
    DealInput {
        id: fact.deal.to_string(),
        name: fact.name.clone(),
        company: fact.company.as_ref().map(ToString::to_string),
        people: fact.people.iter().map(part).collect(),
        amount: fact.amount,
        pipeline: fact.pipeline.clone(),
        stage: fact.stage.clone(),
        outcome: match fact.outcome {
            DealOutcome::Open => Outcome::Open,
            DealOutcome::Won => Outcome::Won,
            DealOutcome::Lost => Outcome::Lost,
        },
        created_at: fact.created_at.micros(),
        closed_at: fact.closed_at.map(Timestamp::micros),
        stages: fact.stages.iter().map(|(stage, at)| (stage.clone(), at.micros())).collect(),
        source_row: fact.source_row.clone(),
    }
}
