//! Facts of the running program: what its configuration does to them.

use super::{FactStore, LiveSource};
use crate::ingest::Lakes;
use crate::metrics::NoSpend;
use async_trait::async_trait;
use kernel::problem::Problem;
use kernel::scope::Scope;
use kernel::time::MINUTE;
use lake::{Event, EventKind, Lake};
use people::companies::Companies;
use people::deals::Deals;
use people::identity::Identity;
use people::profiles::{EventSource, Profiles};
use std::sync::Arc;
use testkit::TestPlatform;

struct LakesOfProfiles(Lakes);

#[async_trait]
impl EventSource for LakesOfProfiles {
    async fn lake(&self, scope: &Scope) -> Result<Lake, Problem> {
        Ok(self.0.get(&scope.workspace).await?)
    }
}

pub(crate) fn live(test: &TestPlatform) -> (Lakes, LiveSource) {
    let platform = &test.platform;
    let identity = Identity::new(platform);
    let lakes = Lakes::new(platform, Arc::new(identity.clone()));
    let profiles = Profiles::new(platform, Arc::new(LakesOfProfiles(lakes.clone())));
    let (companies, deals) = (Companies::new(platform), Deals::new(platform));
    (lakes.clone(), LiveSource::new(platform, lakes, identity, profiles, companies, deals))
}

/// AN 1.2: the time after which a session ends can be set, and acts on the past: in the facts, and in SQL over them.
#[tokio::test]
async fn an_1_2_the_configured_timeout_cuts_the_sessions() {
    for (minutes, expected) in [(30, 3), (60, 2), (120, 1)] {
        let mut test = testkit::platform(testkit::Backend::Sqlite).await;
        let mut config = (*test.platform.config).clone();
        config.events.session_timeout_minutes = minutes;
        test.platform.config = Arc::new(config);
        let (lakes, source) = live(&test);
        let lake = lakes.get(&test.scope.workspace).await.unwrap();
        let start = test.platform.world.now().micros();
        let view = |minute: i64| Event {
            event_id: format!("v{minute}"),
            anonymous_id: "a1".into(),
            at: start + minute * MINUTE,
            received_at: start + minute * MINUTE,
            kind: EventKind::Page,
            name: "Page viewed".into(),
            path: "/".into(),
            device: "desktop".into(),
            ..Event::default()
        };
        lake.append([0, 45, 155].map(view).to_vec()).await.unwrap();
        while lake.watermark().offset < 3 {
            tokio::task::yield_now().await;
        }
        let store = FactStore::new(Arc::new(source), Arc::new(NoSpend), test.platform.world.clone());
        let ready = store.get(&test.scope).await.unwrap();
        assert_eq!(ready.facts.sessions.len(), expected, "{minutes} minutes");
        let console = crate::sql_console::SqlConsole::new(store, &test.platform);
        let request = serde_json::json!({"sql": "select count(*) from sessions"});
        let answer = console.run(&test.scope, serde_json::from_value(request).unwrap()).await.unwrap();
        assert_eq!(answer.rows, [[serde_json::json!(expected)]]);
        lakes.close().await;
    }
}
