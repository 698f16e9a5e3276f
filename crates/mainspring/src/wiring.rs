//! Puts the slices together: the one place that knows all of them.

use analytics::dashboards::Dashboards;
use analytics::explore::Explore;
use analytics::facts::{FactStore, LiveSource};
use analytics::ingest::Lakes;
use analytics::metrics::{Metrics, TouchIndex};
use analytics::rederivation::ChannelRules;
use analytics::sql_console::SqlConsole;
use analytics::upkeep::Upkeep;
use anyhow::{Context, Result};
use async_trait::async_trait;
use budget::ledger::{Ledger, TouchSource};
use kernel::problem::Problem;
use kernel::scope::Scope;
use people::companies::Companies;
use people::deals::Deals;
use people::erasure::{Erasures, EventStore, Traces};
use people::identity::Identity;
use people::imports::Imports;
use people::profiles::{EventSource, Profiles};
use platform::config::Config;
use platform::{Platform, World};
use std::sync::Arc;

/// The program: every slice's handle.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) platform: Platform,
    pub(crate) lakes: Lakes,
    pub(crate) identity: Identity,
    pub(crate) profiles: Profiles,
    pub(crate) companies: Companies,
    pub(crate) deals: Deals,
    pub(crate) imports: Imports,
    pub(crate) erasures: Erasures,
    pub(crate) ledger: Ledger,
    pub(crate) metrics: Metrics,
    pub(crate) dashboards: Dashboards,
    pub(crate) sql: SqlConsole,
    pub(crate) upkeep: Upkeep,
    pub(crate) channel_rules: ChannelRules,
    pub(crate) explore: Explore,
}

/// The lakes, as profiles ask for them.
struct LakesOfProfiles(Lakes);

#[async_trait]
impl EventSource for LakesOfProfiles {
    async fn lake(&self, scope: &Scope) -> Result<lake::Lake, Problem> {
        Ok(self.0.get(&scope.workspace).await?)
    }
}

/// The lakes, as erasures ask for them.
struct LakesOfErasures(Lakes);

#[async_trait]
impl EventStore for LakesOfErasures {
    async fn lake(&self, scope: &Scope) -> Result<lake::Lake, Problem> {
        Ok(self.0.get(&scope.workspace).await?)
    }

    async fn forget(&self, scope: &Scope, traces: &Traces) -> Result<u64, Problem> {
        Ok(self.0.forget(&scope.workspace, traces).await?)
    }
}

/// The touches, as the ledger asks for them.
struct TouchesOfLedger(FactStore);

#[async_trait]
impl TouchSource for TouchesOfLedger {
    async fn touches(&self, scope: &Scope) -> Result<Arc<TouchIndex>, Problem> {
        self.0.touch_index(scope).await
    }
}

impl App {
    /// Opens a data folder; nothing runs yet.
    pub(crate) async fn open(config: Config, world: World) -> Result<Self> {
        let folder = config.data.folder.clone();
        std::fs::create_dir_all(&folder).with_context(|| format!("the data folder {}", folder.display()))?;
        // A database that cannot be written says so less clearly.
        let probe = folder.join(".write-test");
        std::fs::write(&probe, b"")
            .and_then(|()| std::fs::remove_file(&probe))
            .with_context(|| format!("the data folder {} cannot be written", folder.display()))?;
        let platform = Platform::open(config, world)
            .await
            .with_context(|| format!("the data in {} could not be opened", folder.display()))?;
        let identity = Identity::new(&platform);
        let lakes = Lakes::new(&platform, Arc::new(identity.clone()));
        let profiles = Profiles::new(&platform, Arc::new(LakesOfProfiles(lakes.clone())));
        let companies = Companies::new(&platform);
        let deals = Deals::new(&platform);
        let ledger = Ledger::new(&platform);
        let imports = Imports::new(&platform, ledger.importers());
        let erasures = Erasures::new(&platform, &identity, Arc::new(LakesOfErasures(lakes.clone())));
        let source = LiveSource::new(
            &platform,
            lakes.clone(),
            identity.clone(),
            profiles.clone(),
            companies.clone(),
            deals.clone(),
        );
        let facts = FactStore::new(Arc::new(source), Arc::new(ledger.clone()), platform.world.clone());
        ledger.read_touches_from(Arc::new(TouchesOfLedger(facts.clone())));
        let upkeep = Upkeep::new(&platform, &lakes);
        let channel_rules = ChannelRules::new(&platform, &lakes);
        let sql = SqlConsole::new(facts.clone(), &platform);
        let explore =
            Explore::new(&platform, lakes.clone(), identity.clone(), profiles.clone(), upkeep.property_uses());
        let metrics = Metrics::new(facts);
        let dashboards = Dashboards::new(metrics.clone());
        Ok(Self {
            platform,
            lakes,
            identity,
            profiles,
            companies,
            deals,
            imports,
            erasures,
            ledger,
            metrics,
            dashboards,
            sql,
            upkeep,
            channel_rules,
            explore,
        })
    }

    /// Starts what runs beside the requests: the pumps of all workspaces. Who holds the events of a workspace is alone with
    /// it, so the jobs that a killed process left go on at once.
    pub(crate) async fn start(&self) {
        self.lakes.open_all().await;
        for workspace in self.platform.accounts.workspaces().await.unwrap_or_default() {
            let taken = match self.lakes.get(&workspace).await {
                Ok(_) => self.platform.jobs.take_over(&workspace).await,
                Err(_) => continue,
            };
            if let Err(error) = taken {
                tracing::error!(workspace = %workspace.slug, %error, "jobs go on only after their lease");
            }
        }
        self.upkeep.start();
    }

    /// Lets go of files and connections.
    pub(crate) async fn close(&self) {
        self.upkeep.close();
        self.lakes.close().await;
        self.platform.databases.close().await;
    }
}
