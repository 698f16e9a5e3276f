//! Configuration: defaults compiled in, a file over them, the environment over both.
//!
//! **Invariant:** a key that does not exist is an error that names the nearest one that does; a typing mistake never
//! silently leaves a default in place.
//! **Invariant:** `defaults.toml` holds every key; a test compares it with [`Config`].

#[cfg(test)]
mod tests;

use crate::telemetry::LogFormat;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// The commented defaults, as `mainspring config` prints them.
pub const DEFAULTS: &str = include_str!("defaults.toml");

/// What the variables of the environment begin with.
const PREFIX: &str = "MAINSPRING_";

/// Variables that set no key: options of the command line, and what the tests of this repository use.
pub const OTHER_VARIABLES: [&str; 8] = [
    "MAINSPRING_DATA",
    "MAINSPRING_CONFIG",
    "MAINSPRING_WORKSPACE",
    "MAINSPRING_LISTEN",
    "MAINSPRING_URL",
    "MAINSPRING_KEY",
    "MAINSPRING_BIN",
    "MAINSPRING_TEST_PG_URL",
];

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{path}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{place}: {reason}")]
    Syntax {
        /// Where.
        place: String,
        /// What the parser says.
        reason: String,
    },
    /// There is no such key.
    #[error("{place}: there is no setting `{key}`{suggestion}")]
    Unknown {
        /// The file or the environment variable.
        place: String,
        /// The key that was found.
        key: String,
        /// `; did you mean …?`, or nothing.
        suggestion: String,
    },
    /// A value of another type, or out of bounds.
    #[error("{place}: `{key}` {reason}")]
    Value {
        /// The file or the environment variable.
        place: String,
        /// Which key.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The HTTP server.
    pub server: ServerConfig,
    /// Where the data is.
    pub data: DataConfig,
    /// Which database.
    pub database: DatabaseConfig,
    /// Sign-in.
    pub sessions: SessionConfig,
    /// Background jobs.
    pub jobs: JobConfig,
    /// The log of events and its Parquet files.
    pub events: EventConfig,
    /// Logging.
    pub log: LogConfig,
}

/// The HTTP server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerConfig {
    /// Where it listens.
    pub listen: String,
    /// The address people and SDKs use; empty means the address of the request.
    pub public_url: String,
    /// Whether `X-Forwarded-For` is believed.
    pub trust_proxy: bool,
    /// Requests a caller may make in a minute.
    pub requests_per_minute: u32,
    /// Seconds the body of a request with events may take to arrive.
    pub body_seconds_max: u32,
    /// Whether `/metrics` is served.
    pub metrics: bool,
    /// What a reader of `/metrics` has to send; empty: only this machine may read it.
    pub metrics_token: String,
}

/// Where the data is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// The folder.
    pub folder: PathBuf,
}

/// Which database.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseConfig {
    /// A Postgres address; empty means SQLite.
    pub url: String,
    /// Most connections for one workspace.
    pub connections_max: u32,
}

/// Sign-in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionConfig {
    /// Days without use after which a session ends.
    pub idle_days_max: u32,
    /// Days after which a session ends in any case.
    pub days_max: u32,
    /// Failed sign-ins in a quarter of an hour.
    pub failures_max: u32,
}

/// Background jobs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobConfig {
    /// Jobs that run at the same time.
    pub workers: usize,
    /// Seconds of silence after which a job goes to another worker.
    pub lease_seconds: u32,
    /// How often a job is tried.
    pub attempts_max: u32,
}

/// The log of events and its Parquet files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventConfig {
    /// Parts that people are spread over.
    pub buckets: u32,
    /// Events after which the newest are sealed.
    pub seal_events: u64,
    /// Seconds after which the newest are sealed.
    pub seal_seconds: u32,
    /// Megabytes of acknowledged events that may wait to become queryable.
    pub backlog_megabytes_max: u64,
    /// Minutes after which a visitor's session ends.
    pub session_timeout_minutes: u32,
}

/// Logging.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    /// The form of a line.
    pub format: LogFormat,
    /// What is logged.
    pub level: String,
}

impl Default for Config {
    fn default() -> Self {
        // A test proves that the compiled-in defaults can be read.
        toml::from_str(DEFAULTS).unwrap_or_else(|error| unreachable!("defaults.toml: {error}"))
    }
}

impl Config {
    /// Reads the defaults, then the file, then the variables that begin with `MAINSPRING_`, as
    /// `MAINSPRING_<SECTION>__<KEY>`. One that is neither this nor one of [`OTHER_VARIABLES`] is a mistake.
    ///
    /// # Errors
    /// [`ConfigError`] names the place and the key.
    pub fn load(
        file: Option<&Path>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut all = parse("defaults.toml", DEFAULTS)?;
        if let Some(path) = file {
            let text =
                std::fs::read_to_string(path).map_err(|source| ConfigError::File { path: path.to_owned(), source })?;
            let place = path.display().to_string();
            for (section, values) in parse(&place, &text)? {
                let Value::Table(values) = values else {
                    return Err(unknown(&place, &section, all.keys().map(String::as_str)));
                };
                for (key, value) in values {
                    set(&mut all, &place, &section, &key, value)?;
                }
            }
        }
        for (name, text) in variables {
            let Some(rest) = name.strip_prefix(PREFIX) else { continue };
            let Some((section, key)) = rest.split_once("__") else {
                if OTHER_VARIABLES.contains(&name.as_str()) || is_of_kubernetes(rest, &text) {
                    continue;
                }
                return Err(unknown_variable(&all, &name));
            };
            let (section, key) = (section.to_lowercase(), key.to_lowercase());
            let value = typed(&all, &name, &section, &key, &text)?;
            set(&mut all, &name, &section, &key, value)?;
        }
        let config = Value::Table(all).try_into::<Self>().map_err(|error| ConfigError::Syntax {
            place: "configuration".to_owned(),
            reason: error.to_string().trim().to_owned(),
        })?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let wrong = |key: &str, reason: &str| {
            let place = "configuration".to_owned();
            Err(ConfigError::Value { place, key: key.to_owned(), reason: reason.to_owned() })
        };
        if self.server.listen.parse::<std::net::SocketAddr>().is_err() {
            return wrong("server.listen", "must be an address with a port, for example 127.0.0.1:7788");
        }
        if !(self.server.public_url.is_empty() || self.server.public_url.starts_with("http")) {
            return wrong("server.public_url", "must begin with http:// or https://");
        }
        if !(self.database.url.is_empty() || self.database.url.starts_with("postgres")) {
            return wrong("database.url", "must begin with postgres://, or be empty for SQLite");
        }
        for (key, value, least, most) in [
            ("server.requests_per_minute", u64::from(self.server.requests_per_minute), 1, 10_000_000),
            ("server.body_seconds_max", u64::from(self.server.body_seconds_max), 1, 3_600),
            ("database.connections_max", u64::from(self.database.connections_max), 1, 1_000),
            ("sessions.idle_days_max", u64::from(self.sessions.idle_days_max), 1, 3_650),
            ("sessions.days_max", u64::from(self.sessions.days_max), 1, 3_650),
            ("sessions.failures_max", u64::from(self.sessions.failures_max), 1, 10_000),
            ("jobs.workers", self.jobs.workers as u64, 1, 256),
            ("jobs.lease_seconds", u64::from(self.jobs.lease_seconds), 5, 86_400),
            ("jobs.attempts_max", u64::from(self.jobs.attempts_max), 1, 100),
            ("events.buckets", u64::from(self.events.buckets), 1, 256),
            ("events.seal_events", self.events.seal_events, 1, 100_000_000),
            ("events.seal_seconds", u64::from(self.events.seal_seconds), 1, 86_400),
            ("events.backlog_megabytes_max", self.events.backlog_megabytes_max, 1, 100_000),
            ("events.session_timeout_minutes", u64::from(self.events.session_timeout_minutes), 1, 1_440),
        ] {
            if !(least..=most).contains(&value) {
                return wrong(key, &format!("is {value}; it must be from {least} to {most}"));
            }
        }
        Ok(())
    }
}

/// Kubernetes tells every container of a service that is called `mainspring` where it is.
fn is_of_kubernetes(rest: &str, text: &str) -> bool {
    rest.starts_with("SERVICE_") || rest.starts_with("PORT_") || (rest == "PORT" && text.contains("://"))
}

fn unknown_variable(all: &Table, name: &str) -> ConfigError {
    let keys = all.iter().flat_map(|(section, values)| {
        let keys = values.as_table().into_iter().flat_map(Table::keys);
        keys.map(move |key| format!("{PREFIX}{section}__{key}").to_uppercase())
    });
    let known: Vec<String> = keys.chain(OTHER_VARIABLES.iter().map(|name| (*name).to_owned())).collect();
    unknown("the environment", name, known.iter().map(String::as_str))
}

fn parse(place: &str, text: &str) -> Result<Table, ConfigError> {
    text.parse::<Table>()
        .map_err(|error| ConfigError::Syntax { place: place.to_owned(), reason: error.to_string().trim().to_owned() })
}

/// Puts a value in the place of a default of the same type.
fn set(all: &mut Table, place: &str, section: &str, key: &str, value: Value) -> Result<(), ConfigError> {
    let default = find(all, place, section, key)?;
    if default.type_str() != value.type_str() {
        let reason = format!("must be of type {}, not {}", default.type_str(), value.type_str());
        return Err(ConfigError::Value { place: place.to_owned(), key: format!("{section}.{key}"), reason });
    }
    if let Some(Value::Table(values)) = all.get_mut(section) {
        values.insert(key.to_owned(), value);
    }
    Ok(())
}

/// The text of a variable as the type its default has.
fn typed(all: &Table, place: &str, section: &str, key: &str, text: &str) -> Result<Value, ConfigError> {
    let default = find(all, place, section, key)?;
    let value = match default {
        Value::Boolean(_) => text.parse().ok().map(Value::Boolean),
        Value::Integer(_) => text.parse().ok().map(Value::Integer),
        Value::Float(_) => text.parse().ok().map(Value::Float),
        _ => Some(Value::String(text.to_owned())),
    };
    value.ok_or_else(|| ConfigError::Value {
        place: place.to_owned(),
        key: format!("{section}.{key}"),
        reason: format!("must be of type {}, but is `{text}`", default.type_str()),
    })
}

fn find<'a>(all: &'a Table, place: &str, section: &str, key: &str) -> Result<&'a Value, ConfigError> {
    let full = format!("{section}.{key}");
    let found = all.get(section).and_then(Value::as_table).and_then(|values| values.get(key));
    found.ok_or_else(|| {
        let known: Vec<String> = all
            .iter()
            .flat_map(|(section, values)| {
                let keys = values.as_table().into_iter().flat_map(Table::keys);
                keys.map(move |key| format!("{section}.{key}"))
            })
            .collect();
        unknown(place, &full, known.iter().map(String::as_str))
    })
}

fn unknown<'a>(place: &str, key: &str, known: impl Iterator<Item = &'a str>) -> ConfigError {
    let nearest = known
        .map(|known| (strsim::jaro_winkler(known, key), known))
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .filter(|(likeness, _)| *likeness > 0.75);
    let suggestion = nearest.map(|(_, known)| format!("; did you mean `{known}`?")).unwrap_or_default();
    ConfigError::Unknown { place: place.to_owned(), key: key.to_owned(), suggestion }
}
