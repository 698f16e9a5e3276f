//! `mainspring sql`: a question to a server, or to the folder of a stopped one.

use super::output::table;
use super::{Output, WorkspaceArgs, source};
use analytics::sql_console::SqlRequest;
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Debug, clap::Args)]
pub(crate) struct SqlArgs {
    /// The question, for example: select channel, count(*) from events group by channel
    statement: String,
    /// A server to ask, for example http://127.0.0.1:7788; needs --key.
    #[arg(long, env = "MAINSPRING_URL")]
    url: Option<String>,
    /// An API key that may run SQL.
    #[arg(long, env = "MAINSPRING_KEY", hide_env_values = true)]
    key: Option<String>,
    #[command(flatten)]
    place: WorkspaceArgs,
}

/// The answer, as the API gives it.
#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    columns: Vec<Column>,
    rows: Vec<Vec<Value>>,
    #[serde(default)]
    truncated: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct Column {
    name: String,
    #[serde(rename = "type")]
    kind: Value,
}

pub(crate) async fn run(args: SqlArgs, output: &Output) -> Result<()> {
    let answer = match &args.url {
        Some(url) => remote(url, args.key.as_deref(), &args.statement).await?,
        None => local(&args).await?,
    };
    output.answer(&answer, |answer| {
        let header: Vec<&str> = answer.columns.iter().map(|column| column.name.as_str()).collect();
        let rows: Vec<Vec<String>> = answer.rows.iter().map(|row| row.iter().map(cell).collect()).collect();
        let note = if answer.truncated { "\n(cut: there are more rows)" } else { "" };
        format!("{}{note}", table(&header, &rows))
    })
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

async fn remote(url: &str, key: Option<&str>, statement: &str) -> Result<Answer> {
    let key = key.context("--url needs --key with an API key that may run SQL (sql.run)")?;
    let address = format!("{}/api/v1/sql", url.trim_end_matches('/'));
    let client = reqwest::Client::builder().timeout(std::time::Duration::from_secs(120)).build()?;
    let response = client
        .post(&address)
        .bearer_auth(key)
        .json(&json!({ "sql": statement }))
        .send()
        .await
        .with_context(|| format!("{address} does not answer"))?;
    if !response.status().is_success() {
        let status = response.status();
        let problem: Value = response.json().await.unwrap_or_default();
        bail!("{} ({status})", problem["detail"].as_str().unwrap_or("the server refused the question"));
    }
    Ok(response.json().await?)
}

async fn local(args: &SqlArgs) -> Result<Answer> {
    let (app, scope) = source::open_workspace(&args.place).await?;
    let limit = u32::try_from(kernel::limits::SQL_ROWS_MAX).ok();
    let request = SqlRequest { sql: args.statement.clone(), limit, ..SqlRequest::default() };
    let answer = app.sql.run(&scope, request).await?;
    app.close().await;
    Ok(serde_json::from_value(serde_json::to_value(answer)?)?)
}
