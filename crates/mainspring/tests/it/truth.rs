//! The demo company's numbers are known: what the program says of them must be exactly that (AN-C, MA-84).

use crate::server::{Site, client};
use jiff::civil::Date;
use kernel::money::{Money, parse_decimal};
use serde_json::{Value, json};
use simulator::{Company, Settings};

/// Within a month, as a demo mostly ends.
const END: &str = "2026-02-19";

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

    async fn get(&self, path: &str) -> Value {
        let answer =
            self.http.get(format!("{}/api/v1{path}", self.address)).bearer_auth(&self.key).send().await.unwrap();
        let status = answer.status();
        let value: Value = answer.json().await.unwrap();
        assert!(status.is_success(), "{path}: {value}");
        value
    }

    /// The rows of a statement.
    async fn rows(&self, sql: &str) -> Vec<Vec<Value>> {
        let answer = self.post("/sql", json!({ "sql": sql, "limit": 100_000 })).await;
        assert_eq!(answer["truncated"], json!(false), "{sql}");
        answer["rows"].as_array().unwrap().iter().map(|row| row.as_array().unwrap().clone()).collect()
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

    let sql = "select amount_micros, currency, won_day from deals where outcome = 'won'";
    assert_eq!(in_euros(&asked.rows(sql).await, &truth), truth.revenue_micros, "amounts at the rates of their days");
    let sql = "select original_micros, currency, day from ledger where kind = 'actual'";
    assert_eq!(in_euros(&asked.rows(sql).await, &truth), spent, "lines at the rates of their days");
    for quarter in quarters(&truth) {
        home_says_the_truth(&asked, &truth, &quarter).await;
    }
    the_running_month_has_its_part_of_the_plan(&asked, &truth).await;
}

/// Rows of micros, currency and day, each converted at the rate of its day, and summed.
fn in_euros(rows: &[Vec<Value>], truth: &simulator::Truth) -> i64 {
    let worth = |row: &Vec<Value>| {
        let currency = row[1].as_str().unwrap().parse().unwrap();
        let money = Money::new(row[0].as_i64().unwrap(), currency);
        if currency == truth.currency {
            return money.micros;
        }
        let (_, rate) = truth.fx.on(row[2].as_str().unwrap().parse().unwrap()).unwrap();
        money.convert(rate, truth.currency).unwrap().micros
    };
    assert!(!rows.is_empty());
    rows.iter().map(worth).sum()
}

/// The months of the company's life, by quarter.
fn quarters(truth: &simulator::Truth) -> Vec<Vec<Date>> {
    let mut quarters: Vec<Vec<Date>> = Vec::new();
    let mut month = truth.start.first_of_month();
    while month < truth.end {
        let quarter = |month: Date| (month.year(), (month.month() - 1) / 3);
        match quarters.last_mut().filter(|months| quarter(months[0]) == quarter(month)) {
            Some(months) => months.push(month),
            None => quarters.push(vec![month]),
        }
        month = month.saturating_add(jiff::Span::new().months(1));
    }
    quarters
}

/// Home of these months: revenue, pipeline, spend by channel, and plan.
async fn home_says_the_truth(asked: &Asked, truth: &simulator::Truth, months: &[Date]) {
    let (from, last) = (months[0], months.last().unwrap().last_of_month());
    let home = asked.get(&format!("/dashboards/home?from={from}&to={last}&compare=none")).await;
    let deals = || months.iter().filter_map(|month| truth.months.get(month));
    let totals = &home["channel_totals"];
    let won: i64 = deals().map(|month| month.won_micros).sum();
    assert_eq!(micros(&totals["revenue"]), won, "{from}: won revenue");
    let created: i64 = deals().map(|month| month.created_micros).sum();
    assert_eq!(micros(&totals["pipeline"]), created, "{from}: pipeline");
    let count: u64 = deals().map(|month| month.won).sum();
    assert_eq!(totals["won"]["value"].as_f64().unwrap().to_string(), count.to_string(), "{from}: deals won");
    let spent = |channel| months.iter().map(|month| truth.spend_of(*month, channel)).sum::<i64>();
    let all: i64 = truth.caused.iter().map(|caused| spent(caused.channel)).sum();
    assert_eq!(micros(&totals["spend"]), all, "{from}: spend");
    let planned: i64 =
        truth.plan.iter().filter(|((month, _), _)| months.contains(month)).map(|(_, micros)| micros).sum();
    let tile = home["tiles"].as_array().unwrap().iter().find(|tile| tile["metric"] == "spend").unwrap();
    assert_eq!(micros(&json!({ "value": tile["plan"] })), planned, "{from}: plan");
    for row in home["channels"].as_array().unwrap() {
        let name = row["channel"]["label"].as_str().unwrap();
        let known = truth.caused.iter().find(|caused| caused.channel.name() == name);
        let expected = known.map_or(0, |caused| spent(caused.channel));
        let said = if row["spend"]["value"].is_null() { 0 } else { micros(&row["spend"]) };
        assert_eq!(said, expected, "{from}: spend of {name}");
    }
}

/// Up to the last day of a month that is not over: spend is all there is, the plan is that of the days so far.
async fn the_running_month_has_its_part_of_the_plan(asked: &Asked, truth: &simulator::Truth) {
    let last = truth.end.yesterday().unwrap();
    let (month, days) = (last.first_of_month(), i64::from(last.days_in_month()));
    let home = asked.get(&format!("/dashboards/home?from={month}&to={last}&compare=none")).await;
    let spent: i64 = truth.caused.iter().map(|caused| truth.spend_of(month, caused.channel)).sum();
    assert_eq!(micros(&home["channel_totals"]["spend"]), spent, "spend up to {last}");
    let tile = home["tiles"].as_array().unwrap().iter().find(|tile| tile["metric"] == "spend").unwrap();
    let whole: Vec<i64> = truth.plan.iter().filter(|((own, _), _)| *own == month).map(|(_, micros)| *micros).collect();
    let so_far = whole.iter().map(|micros| micros * i64::from(last.day()) / days).sum::<i64>();
    let said = micros(&json!({ "value": tile["plan"] }));
    // Each channel's month is split into its days by whole micros.
    let rest = days * i64::try_from(whole.len()).unwrap();
    assert!((said - so_far).abs() <= rest, "plan up to {last}: {said}, expected {so_far}");
    assert!(so_far < whole.iter().sum());
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
