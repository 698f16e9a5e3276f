//! All routes of the program, in one closed list.

use crate::ui;
use crate::wiring::App;
use anyhow::Result;
use axum::Router;
use platform::http::{Edge, EdgeSettings, MetricsAccess, RouteRecord, health_routes};
use std::sync::Arc;
use utoipa::openapi::OpenApi;

/// The server: its router, its OpenAPI document and the list of its routes.
pub(crate) fn build(app: &App) -> (Router, OpenApi, Vec<RouteRecord>) {
    let platform = &app.platform;
    let settings = EdgeSettings {
        requests_per_minute: platform.config.server.requests_per_minute,
        trust_proxy: platform.config.server.trust_proxy,
    };
    Edge::new(Arc::new(platform.accounts.clone()), platform.world.clone(), settings)
        .routes(health_routes(platform.databases.clone(), vec![Arc::new(app.lakes.clone())], MetricsAccess::of(&platform.config.server)))
        .routes(platform::accounts::routes(platform.accounts.clone()))
        .routes(platform::audit::routes(platform.databases.clone()))
        .routes(platform::jobs::routes(platform.jobs.clone()))
        .routes(analytics::events::routes(app.lakes.clone()))
        .routes(analytics::channels::routes())
        .routes(people::identity::routes(app.identity.clone()))
        .routes(people::profiles::api::routes(app.profiles.clone()))
        .routes(people::companies::api::routes(app.companies.clone()))
        .routes(people::deals::api::routes(app.deals.clone()))
        .routes(people::imports::routes(app.imports.clone()))
        .routes(budget::ledger::routes(app.ledger.clone()))
        .routes(analytics::metrics::routes(app.metrics.clone()))
        .routes(analytics::attribution::routes(app.metrics.clone()))
        .routes(analytics::dashboards::routes(app.dashboards.clone()))
        .routes(analytics::sql_console::routes(app.sql.clone()))
        .add_open(analytics::ingest::sender_routes(app.lakes.clone()))
        .pages(ui::pages())
        .into_parts()
}

/// The OpenAPI document as text.
pub(crate) async fn openapi() -> Result<String> {
    let folder = std::env::temp_dir().join(format!("mainspring-openapi-{}", std::process::id()));
    let mut config = platform::config::Config::default();
    config.data.folder.clone_from(&folder);
    let app = App::open(config, platform::World::system()).await?;
    let (_, document, _) = build(&app);
    app.close().await;
    std::fs::remove_dir_all(&folder)?;
    Ok(serde_json::to_string_pretty(&document)?)
}
