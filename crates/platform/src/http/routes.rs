//! The routes of a slice, each with what its caller must be allowed to do.

use super::{gate, layers};
use axum::extract::Extension;
use axum::middleware::from_fn;
use axum::routing::MethodRouter;
use kernel::problem::Problem;
use kernel::scope::Permission;
use utoipa::openapi::path::{Operation, PathItem, Paths};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::Schema;
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{Content, OpenApi, Ref, RefOr};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody, so many times a minute.
    Public,
    /// Whoever the route itself lets in: it stands outside the gate.
    Open,
    /// Anybody who is signed in, in whatever role, also outside every workspace.
    SignedIn,
    /// A user or an API key with this permission in the workspace of the request.
    Needs(Permission),
}

impl Access {
    /// The access in a word: a permission's name, or who else it is.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Open => "open",
            Self::SignedIn => "signed_in",
            Self::Needs(permission) => permission.as_str(),
        }
    }
}

/// One route, for the reference docs and for the test of every route with every role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteRecord {
    /// The method, in capitals.
    pub method: &'static str,
    /// The path with its parameters in braces, from the root.
    pub path: String,
    /// The OpenAPI operation id.
    pub operation: String,
    /// Who may call it.
    pub access: Access,
}

/// The routes of one slice.
///
/// ```ignore
/// Routes::new().add(Access::Needs(Permission::DealsRead), routes!(list, get), deals)
/// ```
pub struct Routes {
    prefix: &'static str,
    router: OpenApiRouter,
    records: Vec<RouteRecord>,
}

impl Default for Routes {
    fn default() -> Self {
        Self::new()
    }
}

impl Routes {
    /// Routes of the API: their paths are written without `/api/v1`.
    #[must_use]
    pub fn new() -> Self {
        Self { prefix: "/api/v1", router: OpenApiRouter::default(), records: Vec::new() }
    }

    /// Routes at the root of the server.
    #[must_use]
    pub fn at_root() -> Self {
        Self { prefix: "", ..Self::new() }
    }

    /// Adds handlers, collected with `routes!`, all with the same access and state.
    #[must_use]
    pub fn add<S>(self, access: Access, (schemas, paths, handlers): UtoipaMethodRouter<S>, state: S) -> Self
    where
        S: Clone + Send + Sync + 'static,
    {
        self.insert(access, schemas, paths, handlers.with_state(state).route_layer(from_fn(layers::deadline)))
    }

    /// Adds handlers that may take as long as they need, such as the upload of a large file.
    #[must_use]
    pub fn add_slow<S>(self, access: Access, (schemas, paths, handlers): UtoipaMethodRouter<S>, state: S) -> Self
    where
        S: Clone + Send + Sync + 'static,
    {
        self.insert(access, schemas, paths, handlers.with_state(state))
    }

    fn insert(
        mut self,
        access: Access,
        schemas: Vec<(String, RefOr<Schema>)>,
        paths: Paths,
        handlers: MethodRouter,
    ) -> Self {
        let mut prefixed = Paths::new();
        for (path, mut item) in paths.paths {
            let path = format!("{}{path}", self.prefix);
            for (method, operation) in operations(&mut item) {
                describe(operation, access);
                let operation = operation.operation_id.clone().unwrap_or_default();
                self.records.push(RouteRecord { method, path: path.clone(), operation, access });
            }
            prefixed.paths.insert(path, item);
        }
        let guarded = handlers.route_layer(from_fn(gate::guard)).route_layer(Extension(access));
        self.router = self.router.routes((schemas, prefixed, guarded));
        self
    }

    /// The routes of both.
    #[must_use]
    pub fn merge(mut self, other: Routes) -> Self {
        self.router = self.router.merge(other.router);
        self.records.extend(other.records);
        self
    }

    /// The router, its OpenAPI document, and the list of its routes.
    pub fn into_parts(self) -> (axum::Router, OpenApi, Vec<RouteRecord>) {
        let (router, document) = self.router.split_for_parts();
        (router, document, self.records)
    }
}

fn operations(item: &mut PathItem) -> Vec<(&'static str, &mut Operation)> {
    [
        ("GET", &mut item.get),
        ("PUT", &mut item.put),
        ("POST", &mut item.post),
        ("DELETE", &mut item.delete),
        ("PATCH", &mut item.patch),
        ("HEAD", &mut item.head),
        ("OPTIONS", &mut item.options),
    ]
    .into_iter()
    .filter_map(|(method, operation)| operation.as_mut().map(|operation| (method, operation)))
    .collect()
}

/// What every operation has in common: its permission, its security, and how it fails.
fn describe(operation: &mut Operation, access: Access) {
    let extensions = operation.extensions.get_or_insert_default();
    extensions.insert("x-permission".to_owned(), serde_json::Value::from(access.label()));
    if !matches!(access, Access::Public | Access::Open) {
        let none: [&str; 0] = [];
        let mut security = vec![SecurityRequirement::new("session", none)];
        if access != Access::SignedIn {
            security.push(SecurityRequirement::new("api_key", none));
        }
        operation.security = Some(security);
    }
    operation.responses.responses.entry("default".to_owned()).or_insert_with(|| RefOr::T(failure()));
}

fn failure() -> Response {
    let schema = Ref::from_schema_name(<Problem as utoipa::ToSchema>::name());
    ResponseBuilder::new()
        .description("What went wrong, in which field, and what to do about it")
        .content("application/problem+json", Content::new(Some(schema)))
        .build()
}
