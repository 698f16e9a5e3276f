//! All routes of the program, in one closed list.

use crate::ui;
use crate::wiring::App;
use anyhow::Result;
use axum::Router;
use platform::http::{Edge, EdgeSettings, MetricsAccess, RouteRecord, health_routes};
use std::sync::Arc;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::{Config, SwaggerUi};

/// The server: its router, its OpenAPI document and the list of its routes.
pub(crate) fn build(app: &App) -> (Router, OpenApi, Vec<RouteRecord>) {
    let platform = &app.platform;
    let settings = EdgeSettings {
        requests_per_minute: platform.config.server.requests_per_minute,
        trust_proxy: platform.config.server.trust_proxy,
    };
    Edge::new(Arc::new(platform.accounts.clone()), platform.world.clone(), settings)
        .routes(health_routes(
            platform.databases.clone(),
            vec![Arc::new(app.lakes.clone())],
            MetricsAccess::of(&platform.config.server),
        ))
        .routes(platform::accounts::routes(platform.accounts.clone()))
        .routes(platform::audit::routes(platform.databases.clone()))
        .routes(platform::jobs::routes(platform.jobs.clone()))
        .routes(analytics::events::routes(app.lakes.clone()))
        .routes(analytics::rederivation::routes(app.channel_rules.clone()))
        .routes(people::identity::routes(app.identity.clone()))
        .routes(people::profiles::api::routes(app.profiles.clone()))
        .routes(people::erasure::routes(app.erasures.clone()))
        .routes(people::companies::api::routes(app.companies.clone()))
        .routes(people::deals::api::routes(app.deals.clone()))
        .routes(people::imports::routes(app.imports.clone()))
        .routes(analytics::upkeep::routes(app.upkeep.clone()))
        .routes(budget::ledger::routes(app.ledger.clone()))
        .routes(analytics::metrics::routes(app.metrics.clone()))
        .routes(analytics::attribution::routes(app.metrics.clone()))
        .routes(analytics::dashboards::routes(app.dashboards.clone()))
        .routes(analytics::sql_console::routes(app.sql.clone()))
        .routes(analytics::explore::routes(app.explore.clone()))
        .add_open(analytics::ingest::sender_routes(app.lakes.clone()), &analytics::ingest::SENDER_ROUTES)
        .documented(reference, &[("GET", DOCUMENT), ("GET", REFERENCE)])
        .pages(ui::pages())
        .into_parts()
}

const DOCUMENT: &str = "/api/v1/openapi.json";
const REFERENCE: &str = "/api/docs";

/// The OpenAPI document, and a page to browse it. Everything the page needs is in the program, and the policy of every
/// other page holds for it too: it loads nothing from elsewhere and asks no validator.
fn reference(document: &OpenApi) -> Router {
    let config = Config::from(DOCUMENT).validator_url("none").try_it_out_enabled(true).with_credentials(true);
    SwaggerUi::new(REFERENCE).url(DOCUMENT, document.clone()).config(config).into()
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

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use axum::http::{Request, StatusCode};
    use tower::ServiceExt as _;

    async fn app() -> (App, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let mut config = platform::config::Config::default();
        config.data.folder = folder.path().to_owned();
        (App::open(config, platform::World::system()).await.unwrap(), folder)
    }

    /// Who may call what is a decision: a change of it stands in the change of this file.
    #[tokio::test]
    async fn the_routes_are_those_of_the_list() {
        let (app, _folder) = app().await;
        let (_, _, records) = build(&app);
        let mut lines: Vec<String> =
            records.iter().map(|route| format!("{} {} {}", route.path, route.method, route.access.label())).collect();
        lines.sort();
        let listed: Vec<&str> = include_str!("routes.txt").lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(lines, listed, "\n{}", lines.join("\n"));
        app.close().await;
    }

    #[tokio::test]
    async fn the_reference_can_be_browsed() {
        let (app, _folder) = app().await;
        let (router, document, _) = build(&app);
        let get = async |path: &str| {
            let response = router.clone().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
            let (parts, body) = response.into_parts();
            (parts, String::from_utf8_lossy(&axum::body::to_bytes(body, 8 << 20).await.unwrap()).into_owned())
        };
        let (parts, body) = get(DOCUMENT).await;
        assert_eq!(parts.status, StatusCode::OK);
        let served: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(served["paths"].as_object().unwrap().len(), document.paths.paths.len());
        let (parts, body) = get("/api/docs/").await;
        assert_eq!(parts.status, StatusCode::OK);
        assert!(parts.headers["content-security-policy"].to_str().unwrap().contains("script-src 'self'"));
        assert!(!body.contains("<script>") && !body.contains("src=\"http") && !body.contains("href=\"http"), "{body}");
        for file in ["swagger-ui-bundle.js", "swagger-ui.css", "swagger-initializer.js"] {
            assert!(body.contains(file), "{file}");
            assert_eq!(get(&format!("/api/docs/{file}")).await.0.status, StatusCode::OK, "{file}");
        }
        assert!(get("/api/docs/swagger-initializer.js").await.1.contains(DOCUMENT));
        app.close().await;
    }
}
