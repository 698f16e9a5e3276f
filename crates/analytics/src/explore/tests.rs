//! Explore over HTTP on both databases: what is refused, who may, two workspaces, and what is saved.

use super::{Explore, routes};
use crate::ingest::{Lakes, sender_routes};
use crate::upkeep::PropertyUses;
use base64::Engine as _;
use kernel::ids::PersonId;
use kernel::scope::{Role, Scope};
use kernel::time::DAY;
use people::identity::Identity;
use people::profiles::{EventSource, Profiles};
use platform::accounts::NewWorkspace;
use serde_json::{Value, json};
use std::sync::Arc;
use testkit::{Client, TestPlatform};

struct OfProfiles(Lakes);

#[async_trait::async_trait]
impl EventSource for OfProfiles {
    async fn lake(&self, scope: &Scope) -> Result<lake::Lake, kernel::problem::Problem> {
        Ok(self.0.get(&scope.workspace).await?)
    }
}

struct Site {
    platform: TestPlatform,
    lakes: Lakes,
    explore: Explore,
    client: Client,
}

impl Site {
    fn new(platform: TestPlatform) -> Self {
        let identity = Identity::new(&platform.platform);
        let lakes = Lakes::new(&platform.platform, Arc::new(identity.clone()));
        let profiles = Profiles::new(&platform.platform, Arc::new(OfProfiles(lakes.clone())));
        let explore = Explore::new(&platform.platform, lakes.clone(), identity, profiles, PropertyUses::default());
        let client = Client::new(&platform.platform, vec![routes(explore.clone())]);
        let client = client.session(platform.set_up.session.token.as_str());
        Self { platform, lakes, explore, client }
    }

    async fn send(&self, key: &str, workspace: &kernel::scope::WorkspaceRef, events: Vec<Value>) {
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{key}:"));
        let sender = Client::of(sender_routes(self.lakes.clone())).header("authorization", &format!("Basic {pair}"));
        let _ = sender.post("/v1/batch", &json!({"batch": events})).await.expect(200);
        let lake = self.lakes.get(workspace).await.unwrap();
        while lake.watermark().offset < lake.watermark().appended_offset {
            tokio::task::yield_now().await;
        }
    }

    /// Three people see the prices, two of them sign up, one of those in the name of a company's address.
    async fn visits(&self) {
        let (key, workspace) = (self.platform.set_up.write_key.secret.clone(), self.platform.scope.workspace.clone());
        let event = |who: u32, name: &str, hour: u32| {
            json!({"type": "track", "event": name, "anonymousId": format!("a{who}"), "messageId": format!("{who}{name}"),
                "timestamp": format!("2026-03-02T0{hour}:00:00Z"), "properties": {"value": 5, "currency": "EUR"},
                "context": {"userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}})
        };
        let mut events: Vec<Value> = (1..=3).map(|who| event(who, "Saw prices", who)).collect();
        events.extend((1..=2).map(|who| event(who, "Signed up", who + 3)));
        events.push(json!({"type": "identify", "anonymousId": "a1", "userId": "u1", "messageId": "i1",
            "timestamp": "2026-03-02T05:30:00Z", "traits": {"name": "Ada Example", "email": "ada@acme.example"}}));
        self.send(&key, &workspace, events).await;
    }
}

fn asked(ask: Value) -> Value {
    json!({"range": {"from": "2026-02-20", "to": "2026-03-05"}, "ask": ask})
}

fn funnel() -> Value {
    asked(json!({"kind": "funnel", "steps": [{"name": "Saw prices"}, {"name": "Signed up"}]}))
}

#[tokio::test]
async fn a_funnel_and_the_people_behind_it_are_answered() {
    for platform in testkit::platforms().await {
        let site = Site::new(platform);
        site.visits().await;
        let answer = site.client.post("/api/v1/explore", &funnel()).await.expect(200).json();
        let steps = &answer["found"]["parts"][0]["steps"];
        assert_eq!((&steps[0]["people"], &steps[1]["people"], &steps[0]["dropped"]), (&json!(3), &json!(2), &json!(1)));
        assert_eq!(steps[1]["took_mean_seconds"], 3.0 * 3_600.0);
        assert_eq!(steps[1]["took_median"], json!({"from_seconds": 3_600, "to_seconds": 86_400}));
        assert_eq!((&answer["from_cache"], &answer["watermark"]["lag_seconds"]), (&json!(false), &json!(0)));
        let again = site.client.post("/api/v1/explore", &funnel()).await.expect(200).json();
        assert_eq!((&again["from_cache"], &again["found"]), (&json!(true), &answer["found"]));
        let cell = json!({"kind": "funnel", "step": 1, "outcome": "reached"});
        let request = json!({"exploration": funnel(), "cell": cell, "limit": 1});
        let first = site.client.post("/api/v1/explore/people", &request).await.expect(200).json();
        assert_eq!((&first["people"], first["items"].as_array().unwrap().len()), (&json!(2), 1));
        let mut next = request.clone();
        next["cursor"] = first["next_cursor"].clone();
        let second = site.client.post("/api/v1/explore/people", &next).await.expect(200).json();
        assert!(second["next_cursor"].is_null());
        let names: Vec<&Value> = [&first, &second].iter().map(|page| &page["items"][0]["name"]).collect();
        assert!(names.contains(&&json!("Ada Example")), "{first} {second}");
        // What comes in makes the answer another one.
        let key = site.platform.set_up.write_key.secret.clone();
        let event = json!({"type": "track", "event": "Signed up", "anonymousId": "a3", "messageId": "late", "timestamp": "2026-03-02T07:00:00Z"});
        site.send(&key, &site.platform.scope.workspace, vec![event]).await;
        let later = site.client.post("/api/v1/explore", &funnel()).await.expect(200).json();
        assert_eq!(
            (&later["from_cache"], &later["found"]["parts"][0]["steps"][1]["people"]),
            (&json!(false), &json!(3))
        );
        site.lakes.close().await;
    }
}

/// As of a moment the answer is the one that was given then, and what lies between it and today's is told by its causes.
#[tokio::test]
async fn as_of_a_moment_is_what_was_answered_then() {
    for platform in testkit::platforms().await {
        let site = Site::new(platform);
        site.visits().await;
        let answer = site.client.post("/api/v1/explore", &funnel()).await.expect(200).json();
        let then = site.platform.platform.world.now().to_string();
        site.platform.advance(kernel::time::HOUR);
        let (key, workspace) = (site.platform.set_up.write_key.secret.clone(), site.platform.scope.workspace.clone());
        let late = json!({"type": "track", "event": "Signed up", "anonymousId": "a3", "messageId": "late",
            "timestamp": "2026-03-02T07:00:00Z",
            "context": {"userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}});
        // The second visitor turns out to be the first one.
        let merge = json!({"type": "identify", "anonymousId": "a2", "userId": "u1", "messageId": "i2",
            "timestamp": "2026-03-02T06:00:00Z"});
        site.send(&key, &workspace, vec![late, merge]).await;
        let mut asked = funnel();
        let now = site.client.post("/api/v1/explore", &asked).await.expect(200).json();
        assert_ne!(now["found"], answer["found"], "something has changed");
        asked["as_of"] = json!(then);
        let again = site.client.post("/api/v1/explore", &asked).await.expect(200).json();
        assert_eq!(again["found"], answer["found"]);
        let cell = json!({"kind": "funnel", "step": 1, "outcome": "reached"});
        let behind = json!({"exploration": asked, "cell": cell});
        assert_eq!(site.client.post("/api/v1/explore/people", &behind).await.expect(200).json()["people"], 2);
        let bridge = site.client.post("/api/v1/explore/bridge", &asked).await.expect(200).json();
        assert_eq!(bridge, json!({"then": 2.0, "late_events": 1.0, "rule_changes": 0.0, "merges": -1.0, "now": 2.0}));
        asked["as_of"] = json!("2100-01-01T00:00:00Z");
        let refused = site.client.post("/api/v1/explore", &asked).await.expect(422).json();
        assert_eq!(refused["field"], "as_of");
        let none = site.client.post("/api/v1/explore/bridge", &funnel()).await.expect(422).json();
        assert_eq!(none["field"], "as_of");
        site.lakes.close().await;
    }
}

#[tokio::test]
async fn what_is_too_much_or_means_nothing_is_refused_by_field() {
    let site = Site::new(testkit::platform(testkit::Backend::Sqlite).await);
    let event = || json!({"name": "a"});
    let many = |count: usize| (0..count).map(|_| event()).collect::<Vec<_>>();
    let condition = |values: Value| json!({"column": "channel", "op": "in", "values": values});
    let trends = |more: Value| {
        let mut ask = json!({"kind": "trends", "series": [event()]});
        ask.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        asked(ask)
    };
    let with = |mut one: Value, key: &str, value: Value| {
        one[key] = value;
        one
    };
    let steps = |count: usize| asked(json!({"kind": "funnel", "steps": many(count)}));
    let retention = |from: &str| {
        with(asked(json!({"kind": "retention", "period": "day"})), "range", json!({"from": from, "to": "2026-03-05"}))
    };
    let cases = [
        (steps(1), "ask.steps"),
        (steps(17), "ask.steps"),
        (trends(json!({"series": []})), "ask.series"),
        (trends(json!({"series": many(6)})), "ask.series"),
        (trends(json!({"series": many(2), "breakdown": {"column": "channel"}})), "ask.breakdown"),
        (trends(json!({"breakdown": {"column": "channel", "top": 0}})), "ask.breakdown.top"),
        (trends(json!({"breakdown": {"column": "channel", "top": 21}})), "ask.breakdown.top"),
        (trends(json!({"series": [{"name": ""}]})), "ask.series[0].name"),
        (trends(json!({"series": [{"conditions": [condition(json!([]))]}]})), "ask.series[0].conditions[0].values"),
        (trends(json!({"series": [{"conditions": vec![condition(json!(["x"])); 11]}]})), "ask.series[0].conditions"),
        (
            trends(json!({"series": [{"conditions": [{"column": "path", "op": "contains", "values": [""]}]}]})),
            "ask.series[0].conditions[0].values",
        ),
        (
            with(trends(json!({"granularity": "hour"})), "range", json!({"from": "2026-01-01", "to": "2026-03-05"})),
            "ask.granularity",
        ),
        (with(trends(json!({})), "range", json!({"from": "2026-03-05", "to": "2026-03-04"})), "range.to"),
        (with(trends(json!({})), "range", json!({"from": "1990-03-05", "to": "2026-03-04"})), "range"),
        (retention("2025-10-01"), "ask.period"),
        (with(retention("2026-03-01"), "compare", json!("previous")), "compare"),
        (asked(json!({"kind": "paths", "anchor": event(), "steps": 7})), "ask.steps"),
        (asked(json!({"kind": "paths", "anchor": event(), "top": 0})), "ask.top"),
        (asked(json!({"kind": "paths", "anchor": event(), "window_minutes": 0})), "ask.window_minutes"),
        (asked(json!({"kind": "paths", "anchor": event(), "without": vec!["x"; 21]})), "ask.without"),
        (asked(json!({"kind": "funnel", "steps": many(2), "window_minutes": 600_000})), "ask.window_minutes"),
        (
            asked(json!({"kind": "funnel", "steps": many(2), "exclusions": [{"event": event(), "after": 1}]})),
            "ask.exclusions[0].after",
        ),
        (with(trends(json!({})), "segment", json!({"conditions": []})), "segment.conditions"),
        (
            with(trends(json!({})), "segment", json!({"conditions": [{"did": true, "event": event(), "times": 0}]})),
            "segment.conditions[0].times",
        ),
    ];
    for (body, field) in cases {
        let answer = site.client.post("/api/v1/explore", &body).await.expect(422).json();
        assert_eq!(answer["field"], field, "{answer} of {body}");
    }
    let extra = with(trends(json!({})), "extra", json!(1));
    for unknown in [extra, trends(json!({"extra": 1})), asked(json!({"kind": "pie"}))] {
        let answer = site.client.post("/api/v1/explore", &unknown).await.expect(422).json();
        assert_eq!(answer["code"], "invalid_field", "{answer}");
    }
    let other = json!({"exploration": funnel(), "cell": {"kind": "retention", "cohort": 0}});
    assert_eq!(site.client.post("/api/v1/explore/people", &other).await.expect(422).json()["field"], "cell.kind");
    let far =
        json!({"exploration": funnel(), "cell": {"kind": "funnel", "step": 0, "outcome": "reached"}, "cursor": "x"});
    assert_eq!(site.client.post("/api/v1/explore/people", &far).await.expect(422).json()["field"], "cursor");
    site.lakes.close().await;
}

#[tokio::test]
async fn a_condition_on_a_property_that_means_nothing_is_refused_by_field() {
    let site = Site::new(testkit::platform(testkit::Backend::Sqlite).await);
    let on =
        |kind: &str, op: &str, values: Value| json!({"property": "plan", "type": kind, "op": op, "values": values});
    let series = |condition: Value| asked(json!({"kind": "trends", "series": [{"properties": [condition]}]}));
    let measured = |more: Value| {
        let mut ask = json!({"kind": "trends", "series": [{}]});
        ask.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        asked(ask)
    };
    let brackets = |brackets: Value| asked(json!({"kind": "retention", "brackets": brackets}));
    let mut company = measured(json!({}));
    company["segment"] = json!({"companies": [on("number", "more", json!(["many"]))]});
    let field = "ask.series[0].properties[0]";
    let cases = [
        (series(json!({"property": "", "op": "in", "values": ["x"]})), format!("{field}.property")),
        (series(on("text", "less", json!(["x"]))), format!("{field}.op")),
        (series(on("number", "contains", json!(["1"]))), format!("{field}.op")),
        (series(on("number", "less", json!(["1,5"]))), format!("{field}.values")),
        (series(on("number", "less", json!(["1", "2"]))), format!("{field}.values")),
        (series(on("bool", "in", json!(["yes"]))), format!("{field}.values")),
        (series(on("bool", "more", json!(["true"]))), format!("{field}.op")),
        (series(on("text", "contains", json!([""]))), format!("{field}.values")),
        (series(on("text", "in", json!([]))), format!("{field}.values")),
        (company, "segment.companies[0].values".to_owned()),
        (measured(json!({"measure": "property_sum"})), "ask.property".to_owned()),
        (measured(json!({"measure": "property_mean", "property": ""})), "ask.property".to_owned()),
        (measured(json!({"property": "plan"})), "ask.property".to_owned()),
        (measured(json!({"measure": "sessions", "breakdown": {"column": "title"}})), "ask.breakdown.column".to_owned()),
        (brackets(json!([{"from": 3, "to": 2}])), "ask.brackets[0]".to_owned()),
        (brackets(json!([{"from": 0, "to": 128}])), "ask.brackets[0]".to_owned()),
        (brackets(json!(vec![json!({"from": 0, "to": 1}); 13])), "ask.brackets".to_owned()),
    ];
    for (body, field) in cases {
        let answer = site.client.post("/api/v1/explore", &body).await.expect(422).json();
        assert_eq!(answer["field"], field, "{answer} of {body}");
    }
    site.lakes.close().await;
}

/// A number and a text, the company a person belongs to, and what is offered for them; an industry that changes changes
/// the answer without an event.
#[tokio::test]
async fn properties_and_companies_narrow_down_and_are_offered() {
    for platform in testkit::platforms().await {
        let site = Site::new(platform);
        site.visits().await;
        let (key, workspace) = (site.platform.set_up.write_key.secret.clone(), site.platform.scope.workspace.clone());
        let order = |who: u32, plan: &str, seats: Value| {
            json!({"type": "track", "event": "Ordered", "anonymousId": format!("a{who}"), "messageId": format!("o{who}"),
                "timestamp": "2026-03-02T08:00:00Z", "properties": {"plan": plan, "seats": seats, "trial": who == 1},
                "context": {"userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}})
        };
        let orders = vec![order(1, "pro", json!(12.5)), order(2, "free", json!("2")), order(3, "pro", json!(3))];
        site.send(&key, &workspace, orders).await;
        let total = async |ask: Value, segment: Value| {
            let mut body = asked(ask);
            if !segment.is_null() {
                body["segment"] = segment;
            }
            let answer = site.client.post("/api/v1/explore", &body).await.expect(200).json();
            answer["found"]["lines"][0]["total"].clone()
        };
        let with =
            |condition: Value| json!({"kind": "trends", "series": [{"name": "Ordered", "properties": [condition]}]});
        let more = json!({"property": "seats", "type": "number", "op": "more", "values": ["2.5"]});
        assert_eq!(total(with(more), Value::Null).await, json!(2.0));
        let pro = json!({"property": "plan", "op": "in", "values": ["pro"]});
        assert_eq!(total(with(pro), Value::Null).await, json!(2.0));
        let trial = json!({"property": "trial", "type": "bool", "op": "in", "values": ["true"]});
        assert_eq!(total(with(trial), Value::Null).await, json!(1.0));
        let sum =
            json!({"kind": "trends", "series": [{"name": "Ordered"}], "measure": "property_sum", "property": "seats"});
        assert_eq!(total(sum, Value::Null).await, json!(17.5));
        // Ada's company is that of her address.
        let of = |op: &str, domain: &str| json!({"companies": [{"property": "domain", "op": op, "values": [domain]}]});
        let ordered = || json!({"kind": "trends", "series": [{"name": "Ordered"}]});
        assert_eq!(total(ordered(), of("in", "acme.example")).await, json!(1.0));
        assert_eq!(
            total(ordered(), of("not_in", "acme.example")).await,
            json!(2.0),
            "who belongs to none is of another"
        );
        assert_eq!(total(ordered(), of("in", "")).await, json!(2.0));
        let get = async |path: &str| site.client.get(path).await.expect(200).json();
        let properties = get("/api/v1/explore/properties?event=Ordered").await;
        let kinds: Vec<(&str, &str)> = properties
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (one["property"].as_str().unwrap(), one["type"].as_str().unwrap()))
            .collect();
        assert_eq!(kinds, [("plan", "text"), ("seats", "number"), ("trial", "bool")]);
        let values = get("/api/v1/explore/property-values?event=Ordered&property=plan&q=PR").await;
        assert_eq!(values, json!([{"value": "pro", "events": 2, "people": 2}]));
        let values = get("/api/v1/explore/company-values?property=domain").await;
        assert_eq!(values[0]["value"], "acme.example");
        let choices = get("/api/v1/explore/choices").await;
        assert!(choices["company_properties"].as_array().unwrap().contains(&json!("industry")), "{choices}");
        site.lakes.close().await;
    }
}

#[tokio::test]
async fn values_of_two_currencies_are_not_added_up() {
    let site = Site::new(testkit::platform(testkit::Backend::Sqlite).await);
    site.visits().await;
    let ask = |conditions: Value| {
        asked(
            json!({"kind": "trends", "measure": "value", "series": [{"name": "Signed up", "conditions": conditions}]}),
        )
    };
    let one = site.client.post("/api/v1/explore", &ask(json!([]))).await.expect(200).json();
    assert_eq!(one["found"]["lines"][0]["total"], json!({"amount": "10", "currency": "EUR"}));
    let key = site.platform.set_up.write_key.secret.clone();
    let event = json!({"type": "track", "event": "Signed up", "anonymousId": "a9", "messageId": "usd", "timestamp": "2026-03-02T07:00:00Z",
        "properties": {"value": 7, "currency": "USD"}});
    site.send(&key, &site.platform.scope.workspace, vec![event]).await;
    let refused = site.client.post("/api/v1/explore", &ask(json!([]))).await.expect(422).json();
    assert_eq!(refused["field"], "ask.measure");
    assert!(refused["message"].as_str().unwrap().contains("EUR and USD"), "{refused}");
    let dollars = ask(json!([{"column": "currency", "op": "in", "values": ["USD"]}]));
    let one = site.client.post("/api/v1/explore", &dollars).await.expect(200).json();
    assert_eq!(one["found"]["lines"][0]["total"], json!({"amount": "7", "currency": "USD"}));
    site.lakes.close().await;
}

#[tokio::test]
async fn permissions_and_workspaces_are_kept_apart() {
    for platform in testkit::platforms().await.into_iter().take(1) {
        let site = Site::new(platform);
        site.visits().await;
        let exploration: crate::explore_model::Exploration = serde_json::from_value(funnel()).unwrap();
        let cell = serde_json::from_value(json!({"kind": "funnel", "step": 0, "outcome": "reached"})).unwrap();
        let request =
            crate::explore_model::PeopleRequest { exploration: exploration.clone(), cell, limit: None, cursor: None };
        let viewer = site.platform.scope_as(Role::Viewer);
        assert!(site.explore.ask(&viewer, &exploration).await.is_ok());
        assert_eq!(site.explore.people(&viewer, &request).await.unwrap_err().status(), 403);
        let save = super::SaveRequest { name: "x".into(), exploration: exploration.clone(), rolling: false };
        assert_eq!(site.explore.save(&viewer, save).await.unwrap_err().status(), 403);
        let nobody = site.platform.scope_with(kernel::scope::PermissionSet::NONE);
        assert_eq!(site.explore.ask(&nobody, &exploration).await.unwrap_err().status(), 403);
        let other =
            NewWorkspace { name: "Other".into(), currency: "EUR".parse().unwrap(), time_zone: "Europe/Berlin".into() };
        let user = &site.platform.set_up.user.id;
        let (other, _) = site.platform.platform.accounts.create_workspace(user, other).await.unwrap();
        let there = Scope { workspace: other.reference(), ..site.platform.scope.clone() };
        let people = |answer: crate::explore_model::ExploreAnswer| match answer.found {
            crate::explore_model::Found::Funnel(found) => found.parts[0].steps[0].people,
            _ => panic!(),
        };
        // The answer of the first is kept; the second must not see it.
        assert_eq!(people(site.explore.ask(&site.platform.scope, &exploration).await.unwrap()), 3);
        assert_eq!(people(site.explore.ask(&there, &exploration).await.unwrap()), 0);
        assert_eq!(site.explore.people(&there, &request).await.unwrap().people, 0);
        let names = site.explore.choices(&site.platform.scope).await.unwrap().names;
        assert_eq!(names[0].value, "Saw prices");
        assert!(site.explore.choices(&there).await.unwrap().names.is_empty());
        let found = site.explore.texts(&site.platform.scope, crate::explore_model::Column::Name, "SIGN").await.unwrap();
        assert_eq!(found.iter().map(|text| text.value.as_str()).collect::<Vec<_>>(), ["Signed up"]);
        site.lakes.close().await;
    }
}

#[tokio::test]
async fn explorations_are_saved_changed_and_archived() {
    for platform in testkit::platforms().await {
        let site = Site::new(platform);
        let save = |name: &str, rolling: bool| json!({"name": name, "exploration": funnel(), "rolling": rolling});
        let made = site.client.post("/api/v1/explorations", &save(" Prices ", true)).await.expect(200).json();
        assert_eq!((&made["name"], &made["pinned"]), (&json!("Prices"), &json!(false)));
        let path = format!("/api/v1/explorations/{}", made["id"].as_str().unwrap());
        site.platform.advance(10 * DAY);
        let listed = site.client.get("/api/v1/explorations").await.expect(200).json();
        assert_eq!(listed[0]["exploration"]["range"], json!({"from": "2026-02-27", "to": "2026-03-12"}), "rolls on");
        for (body, field) in [
            (save("", false), "name"),
            (
                json!({"name": "x", "exploration": asked(json!({"kind": "funnel", "steps": []}))}),
                "exploration.ask.steps",
            ),
        ] {
            assert_eq!(site.client.post("/api/v1/explorations", &body).await.expect(422).json()["field"], field);
        }
        let renamed =
            site.client.send("PATCH", &path, Some(&json!({"name": "Prices and after", "pinned": true}))).await;
        assert_eq!(renamed.expect(200).json()["pinned"], true);
        for name in ["b", "c", "d", "e"] {
            let made = site.client.post("/api/v1/explorations", &save(name, false)).await.expect(200).json();
            let path = format!("/api/v1/explorations/{}", made["id"].as_str().unwrap());
            let pinned = site.client.send("PATCH", &path, Some(&json!({"pinned": true}))).await;
            let status = if name == "e" { 409 } else { 200 };
            let _ = pinned.expect(status);
        }
        let pinned = site.client.get("/api/v1/explorations?pinned=true").await.expect(200).json();
        assert_eq!(pinned.as_array().unwrap().len(), 4);
        let gone = site.client.send("PATCH", &path, Some(&json!({"archived": true}))).await.expect(200).json();
        assert_eq!(gone["pinned"], false, "what is archived leaves Home");
        let archived = site.client.get("/api/v1/explorations?archived=true").await.expect(200).json();
        assert_eq!((archived.as_array().unwrap().len(), &archived[0]["name"]), (1, &json!("Prices and after")));
        let _ = site.client.send("PATCH", &path, Some(&json!({"pinned": true}))).await.expect(422);
        let back = site.client.send("PATCH", &path, Some(&json!({"archived": false}))).await.expect(200).json();
        assert!(back["archived_at"].is_null());
        let same = site.client.send("PATCH", &path, Some(&json!({"archived": false}))).await.expect(200).json();
        assert_eq!(same["updated_at"], back["updated_at"], "a change that says the same is none");
        let nowhere = "/api/v1/explorations/exp_00000000000000000000000000";
        assert_eq!(
            site.client.send("PATCH", nowhere, Some(&json!({}))).await.expect(404).code(),
            "exploration_not_found"
        );
        let entries =
            platform::audit::newest(&site.platform.platform.databases, &site.platform.scope, 100).await.unwrap();
        let count = |action: &str| entries.iter().filter(|entry| entry.action == action).count();
        assert_eq!((count("exploration.create"), count("exploration.update")), (5, 6));
        site.lakes.close().await;
    }
}

/// After somebody was erased nothing that was answered before stays in memory, whatever is asked next.
#[tokio::test]
async fn answers_from_before_an_erasure_are_forgotten() {
    let site = Site::new(testkit::platform(testkit::Backend::Sqlite).await);
    site.visits().await;
    let cell = json!({"kind": "funnel", "step": 1, "outcome": "reached"});
    let request = json!({"exploration": funnel(), "cell": cell});
    let behind = site.client.post("/api/v1/explore/people", &request).await.expect(200).json();
    assert!(site.explore.kept_bytes().iter().all(|bytes| *bytes > 0));
    let person: PersonId = behind["items"][0]["id"].as_str().unwrap().parse().unwrap();
    let events = site.lakes.get(&site.platform.scope.workspace).await.unwrap();
    let _ = events.erase(&[person.number()], &lake::RewriteProgress::default()).await.unwrap();
    let _ = site.client.get("/api/v1/explore/choices").await.expect(200);
    assert_eq!(site.explore.kept_bytes(), [0, 0]);
    let answer = site.client.post("/api/v1/explore", &funnel()).await.expect(200).json();
    assert_eq!(answer["found"]["parts"][0]["steps"][1]["people"], json!(1));
    site.lakes.close().await;
}
