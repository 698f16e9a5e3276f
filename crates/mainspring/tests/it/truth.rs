//! The demo company's numbers are known: what the program says of them must be exactly that (AN-C, MA-84).

use crate::server::{Site, client};
use kernel::money::parse_decimal;
use serde_json::{Value, json};
use simulator::{Company, Settings};

const END: &str = "2026-03-01";

struct Asked {
    http: reqwest::Client,
    address: String,
    key: String,
}

impl Asked {
    async fn post(&self, path: &str, body: Value) -> Value {
        let request = self.http.post(format!("{}/api/v1{path}", self.address)).bearer_auth(&self.key);
        let answer = request.json(&body).send().await.unwrap();
        let status = answer.status();
        let value: Value = answer.json().await.unwrap();
        assert!(status.is_success(), "{path} {body}: {value}");
        value
    }

    /// One total of a query over the company's whole life.
    async fn total(&self, metric: &str, model: Option<&str>, company: &simulator::Truth) -> Value {
        let last = company.end.yesterday().unwrap();
        let mut query =
            json!({"metrics": [metric], "range": {"from": company.start.to_string(), "to": last.to_string()}});
        if let Some(model) = model {
            query["model"] = json!(model);
            query["dimensions"] = json!(["channel"]);
        }
        self.post("/query", query).await
    }
}

fn micros(cell: &Value) -> i64 {
    parse_decimal(cell["value"]["amount"].as_str().unwrap_or_else(|| panic!("no money in {cell}"))).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn totals_equal_the_files_and_an_independent_count() {
    let site = Site::demo("0.01", END);
    let made = crate::server::json_of(&mut site.command(&["key", "create", "test", "--json"]));
    let server = site.start_with(&[]);
    let asked =
        Asked { http: client(), address: server.address.clone(), key: made["secret"].as_str().unwrap().to_owned() };
    let truth = Company::new(Settings { seed: 1_848, scale: 0.01, end: END.parse().unwrap() }).truth();

    let won = asked.total("won_revenue", None, &truth).await;
    assert_eq!(micros(&won["totals"][0]), truth.revenue_micros, "won revenue is that of the CRM's file");
    let spend = asked.total("spend", None, &truth).await;
    let spent: i64 = truth.spend.iter().map(|total| total.euro_micros).sum();
    assert_eq!(micros(&spend["totals"][0]), spent, "spend is that of the platforms' files at the rates of their days");
    let deals = asked.total("deals_won", None, &truth).await;
    assert_eq!(deals["totals"][0]["value"].as_f64().unwrap().to_string(), truth.deals_won.to_string());

    let sql = "select coalesce(sum(won_value_micros), 0) as micros from deals where outcome = 'won'";
    let independent = asked.post("/sql", json!({ "sql": sql })).await;
    assert_eq!(independent["rows"][0][0].as_i64().unwrap(), truth.revenue_micros, "{independent}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_every_model_credit_sums_to_the_revenue() {
    let site = Site::demo("0.01", END);
    let made = crate::server::json_of(&mut site.command(&["key", "create", "test", "--json"]));
    let server = site.start_with(&[]);
    let asked =
        Asked { http: client(), address: server.address.clone(), key: made["secret"].as_str().unwrap().to_owned() };
    let truth = Company::new(Settings { seed: 1_848, scale: 0.01, end: END.parse().unwrap() }).truth();
    for model in MODELS {
        let table = asked.total("attributed_revenue", Some(model), &truth).await;
        let sum: i64 = table["rows"].as_array().unwrap().iter().map(|row| micros(&row["cells"][0])).sum();
        assert_eq!(sum, truth.revenue_micros, "{model}: rows");
        assert_eq!(micros(&table["totals"][0]), truth.revenue_micros, "{model}: total");
    }
}

/// Every model that conserves, by its text form.
const MODELS: [&str; 12] = [
    "first_touch",
    "last_touch",
    "last_non_direct",
    "linear",
    "u_shape",
    "w_shape",
    "w_shape_conversions",
    "full_path",
    "time_decay:7",
    "j_shape",
    "inverse_j",
    "custom:first 50, last 30, rest 20",
];
