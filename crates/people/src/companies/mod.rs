//! Companies: found by domain or by the id another system gave them; members with role and dates.
//!
//! A company comes into being from an import, a group call, the API, or the domain of a person's e-mail address (mail
//! providers excluded). What somebody said wins over what a domain suggests.
//!
//! **Invariant:** a key (domain, group id, id of another system) belongs to at most one company.

pub mod api;
mod domains;
mod model;
mod store;
#[cfg(test)]
mod tests;
mod upsert;

pub use domains::{company_domain, is_free_mail};
pub use model::{
    Company, CompanyDeal, CompanyFact, CompanyInput, CompanyKey, CompanyKnown, CompanySummary, Member,
    MembershipSource, Property,
};
pub(crate) use store::properties_of;
pub(crate) use upsert::upsert_held;
pub use upsert::{revert_companies, upsert_companies};

use crate::record_history::companies_at;
use hashbrown::HashSet;
use kernel::ids::CompanyId;
use kernel::page::{Page, PageRequest};
use kernel::problem::Problem;
use kernel::scope::{Permission, Scope};
use kernel::time::Timestamp;
use platform::Platform;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The order of a list of companies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CompanySort {
    /// The newest first.
    #[default]
    Created,
    /// By name.
    Name,
}

/// Companies of a workspace.
#[derive(Clone)]
pub struct Companies {
    platform: Platform,
}

impl Companies {
    /// Companies on this platform.
    #[must_use]
    pub fn new(platform: &Platform) -> Self {
        Self { platform: platform.clone() }
    }

    /// One page of companies whose name or domain contains `q`.
    ///
    /// # Errors
    /// [`Problem`] without permission, or when the database fails.
    pub async fn list(
        &self,
        scope: &Scope,
        q: &str,
        sort: CompanySort,
        page: &PageRequest,
    ) -> Result<Page<CompanySummary>, Problem> {
        scope.require(Permission::PeopleRead)?;
        let db = self.platform.db(scope).await?;
        Ok(store::list(&db, &store::Narrow { q: q.to_owned(), sort }, page).await?)
    }

    /// One company with its people and deals.
    ///
    /// # Errors
    /// [`Problem`] `company_not_found`.
    pub async fn get(&self, scope: &Scope, id: &CompanyId) -> Result<Company, Problem> {
        scope.require(Permission::PeopleRead)?;
        let db = self.platform.db(scope).await?;
        store::get(&db, id).await?.ok_or_else(|| Problem::not_found("company", id))
    }

    /// Every company: id, name and domain.
    ///
    /// # Errors
    /// [`Problem`] when the database fails.
    pub async fn facts(&self, scope: &Scope) -> Result<Vec<CompanyFact>, Problem> {
        let db = self.platform.db(scope).await?;
        Ok(store::facts(&db).await?)
    }

    /// Every company with what is known of it now.
    ///
    /// # Errors
    /// [`Problem`] when the database fails.
    pub async fn known(&self, scope: &Scope) -> Result<Vec<CompanyKnown>, Problem> {
        let db = self.platform.db(scope).await?;
        Ok(store::known(&db).await?)
    }

    /// A number that changes with every company that is new or changed. Cheap.
    ///
    /// # Errors
    /// [`Problem`] when the database fails.
    pub async fn version(&self, scope: &Scope) -> Result<i64, Problem> {
        Ok(store::version(&self.platform.db(scope).await?).await?)
    }

    /// Id and name of every company as it was known at a moment.
    ///
    /// # Errors
    /// [`Problem`] when the database fails.
    pub async fn names_at(&self, scope: &Scope, at: Timestamp) -> Result<BTreeMap<CompanyId, String>, Problem> {
        Ok(companies_at(&self.platform.db(scope).await?, at).await?)
    }

    /// The people, by number, who belong to one of these companies now.
    ///
    /// # Errors
    /// [`Problem`] when the database fails.
    pub async fn people_of(&self, scope: &Scope, companies: &HashSet<CompanyId>) -> Result<HashSet<u64>, Problem> {
        let db = self.platform.db(scope).await?;
        Ok(store::people_of(&db, companies).await?)
    }
}
