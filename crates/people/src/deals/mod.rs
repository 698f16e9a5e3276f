//! Deals: pipelines, stages with their history, amounts, and the people who take part.
//!
//! **Invariant:** a key of another system belongs to at most one deal.
//! **Invariant:** whether a deal is won or lost follows from its stage, unless the source says otherwise.
//! **Invariant:** every change of stage is an entry with its moment; the amount is integer micros of a currency.

pub mod api;
mod model;
mod revert;
mod rounds;
mod sides;
mod store;
#[cfg(test)]
mod tests;
mod upsert;

pub use model::{
    Deal, DealFact, DealInput, DealKey, DealOutcome, DealPart, DealPerson, DealPersonInput, DealRoleInput, DealSummary,
    Pipeline, Stage, StageEntry, StageEntryInput,
};
pub use revert::revert_deals;
pub use rounds::upsert_deals;
pub use upsert::{upsert_deal_roles, upsert_stage_history};

use crate::companies::properties_of;
use crate::pipelines;
use crate::upsert::{Clash, Upserted};
use hashbrown::HashMap;
use kernel::ids::{CompanyId, DealId};
use kernel::page::{Page, PageRequest};
use kernel::problem::{Class, Problem};
use kernel::scope::{Permission, Scope};
use kernel::time::Timestamp;
use parking_lot::Mutex;
use platform::Platform;
use serde_json::json;
use std::sync::Arc;

/// What a list of deals is narrowed by.
#[derive(Debug, Clone, Default)]
pub struct DealFilter {
    /// Part of the name.
    pub q: String,
    /// The key of a pipeline; empty for all.
    pub pipeline: String,
    /// The key of a stage; empty for all.
    pub stage: String,
    /// How they stand.
    pub outcome: Option<DealOutcome>,
    /// With a company.
    pub company: Option<CompanyId>,
}

type Cached = (i64, Arc<Vec<DealFact>>);

/// Deals of a workspace.
#[derive(Clone)]
pub struct Deals {
    platform: Platform,
    facts: Arc<Mutex<HashMap<String, Cached>>>,
}

impl Deals {
    /// Deals on this platform.
    #[must_use]
    pub fn new(platform: &Platform) -> Self {
        Self { platform: platform.clone(), facts: Arc::default() }
    }

    /// One page of deals, the newest first.
    ///
    /// # Errors
    /// [`Problem`] without permission, or when the database fails.
    pub async fn list(
        &self,
        scope: &Scope,
        filter: &DealFilter,
        page: &PageRequest,
    ) -> Result<Page<DealSummary>, Problem> {
        scope.require(Permission::DealsRead)?;
        let narrow = store::Narrow {
            q: filter.q.clone(),
            pipeline: filter.pipeline.clone(),
            stage: filter.stage.clone(),
            outcome: filter.outcome,
            company: filter.company.clone(),
        };
        Ok(store::list(&self.platform.db(scope).await?, &narrow, page).await?)
    }

    /// One deal with its people, stages and values.
    ///
    /// # Errors
    /// [`Problem`] `deal_not_found`.
    pub async fn get(&self, scope: &Scope, id: &DealId) -> Result<Deal, Problem> {
        scope.require(Permission::DealsRead)?;
        let db = self.platform.db(scope).await?;
        let (summary, row) = store::get(&db, id).await?.ok_or_else(|| Problem::not_found("deal", id))?;
        Ok(Deal {
            summary,
            reason: row.reason,
            keys: store::keys(&db, id).await?,
            people: store::people(&db, id).await?,
            stages: store::stages(&db, id).await?,
            properties: properties_of(&row.properties),
            origin: row.origin,
        })
    }

    /// Creates or changes one deal, on the record: `deal.create`, `deal.update`.
    ///
    /// # Errors
    /// [`Problem`] without permission, when the deal is not there, or when a value is wrong.
    pub async fn put(&self, scope: &Scope, input: DealInput) -> Result<Deal, Problem> {
        scope.require(Permission::DealsWrite)?;
        let now = self.now();
        let mut tx = self.platform.db(scope).await?.begin().await?;
        let done = upsert_deals(&mut tx, &self.platform.world, std::slice::from_ref(&input)).await?;
        let id = match done.into_iter().next() {
            Some(Upserted::Created { id, .. }) => {
                let details = json!({ "name": input.name });
                platform::audit::record(&mut tx, scope, now, "deal.create", id.as_str(), &details).await?;
                id
            }
            Some(Upserted::Updated { id, changes, .. }) => {
                let changes: Vec<_> =
                    changes.iter().map(|one| json!({"field": one.field, "from": one.from, "to": one.to})).collect();
                let details = json!({ "changes": changes });
                platform::audit::record(&mut tx, scope, now, "deal.update", id.as_str(), &details).await?;
                id
            }
            Some(Upserted::Unchanged { id }) => id,
            Some(Upserted::Conflict(clash)) => return Err(problem(clash, Class::Conflict)),
            Some(Upserted::Rejected(clash)) if clash.code == "unknown_deal" => {
                return Err(Problem::new(Class::NotFound, "deal_not_found", clash.message));
            }
            Some(Upserted::Rejected(clash)) => return Err(problem(clash, Class::Invalid)),
            None => return Err(Problem::new(Class::Internal, "internal", "an upsert gave no answer")),
        };
        tx.commit().await?;
        self.get(scope, &id).await
    }

    /// The moment, as this slice sees it.
    fn now(&self) -> Timestamp {
        self.platform.world.now()
    }

    /// All pipelines with their stages in order.
    ///
    /// # Errors
    /// [`Problem`] without permission, or when the database fails.
    pub async fn pipelines(&self, scope: &Scope) -> Result<Vec<Pipeline>, Problem> {
        scope.require(Permission::DealsRead)?;
        Ok(pipelines::list(&self.platform.db(scope).await?).await?)
    }

    /// Every deal with its people and stages, the oldest first; read again only when a deal was written.
    ///
    /// # Errors
    /// [`Problem`] when the database fails.
    pub async fn facts(&self, scope: &Scope) -> Result<Arc<Vec<DealFact>>, Problem> {
        let db = self.platform.db(scope).await?;
        let changes = store::changes(&db).await?;
        let slug = scope.workspace.slug.as_str();
        if let Some((known, facts)) = self.facts.lock().get(slug)
            && *known == changes
        {
            return Ok(facts.clone());
        }
        let facts = Arc::new(store::facts(&db, None).await?);
        self.facts.lock().insert(slug.to_owned(), (changes, facts.clone()));
        Ok(facts)
    }

    /// Every deal as it was known at a moment, the oldest first.
    ///
    /// # Errors
    /// [`Problem`] when the database fails.
    pub async fn facts_at(&self, scope: &Scope, at: Timestamp) -> Result<Vec<DealFact>, Problem> {
        Ok(store::facts(&self.platform.db(scope).await?, Some(at)).await?)
    }
}

fn problem(clash: Clash, class: Class) -> Problem {
    let problem = Problem::new(class, clash.code, clash.message);
    match clash.field {
        Some(field) => problem.at(field),
        None => problem,
    }
}
