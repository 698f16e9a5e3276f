//! Rules that change: new events at once, history by a job, on both databases.

use super::derive::Follow;
use super::*;
use crate::channels::Channel;
use crate::explore::Explore;
use crate::ingest::sender_routes;
use crate::upkeep::PropertyUses;
use base64::Engine as _;
use kernel::time::{HOUR, Timestamp};
use lake::{Event, SqlLimits};
use people::identity::Identity;
use people::profiles::{EventSource, Profiles};
use platform::jobs::JobState;
use serde_json::{Value, json};
use testkit::{Client, TestPlatform};

const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

struct OfProfiles(Lakes);

#[async_trait::async_trait]
impl EventSource for OfProfiles {
    async fn lake(&self, scope: &Scope) -> Result<lake::Lake, Problem> {
        Ok(self.0.get(&scope.workspace).await?)
    }
}

struct Site {
    platform: TestPlatform,
    lakes: Lakes,
    rules: ChannelRules,
    client: Client,
    sender: Client,
}

impl Site {
    fn new(platform: TestPlatform) -> Self {
        let identity = Identity::new(&platform.platform);
        let lakes = Lakes::new(&platform.platform, Arc::new(identity.clone()));
        let profiles = Profiles::new(&platform.platform, Arc::new(OfProfiles(lakes.clone())));
        let explore = Explore::new(&platform.platform, lakes.clone(), identity, profiles, PropertyUses::default());
        let rules = ChannelRules::new(&platform.platform, &lakes);
        let all = vec![routes(rules.clone()), crate::explore::routes(explore)];
        let client = Client::new(&platform.platform, all).session(platform.set_up.session.token.as_str());
        let pair = format!("{}:", platform.set_up.write_key.secret);
        let pair = base64::engine::general_purpose::STANDARD.encode(pair);
        let sender = Client::of(sender_routes(lakes.clone())).header("authorization", &format!("Basic {pair}"));
        Self { platform, lakes, rules, client, sender }
    }

    async fn lake(&self) -> lake::Lake {
        self.lakes.get(&self.platform.scope.workspace).await.unwrap()
    }

    async fn send(&self, events: Vec<Value>) {
        let _ = self.sender.post("/v1/batch", &json!({"batch": events})).await.expect(200);
        let lake = self.lake().await;
        while lake.watermark().offset < lake.watermark().appended_offset {
            tokio::task::yield_now().await;
        }
    }

    /// (message id, channel, rule, class) of each event.
    async fn events(&self) -> Vec<Value> {
        let text = "select event_id, channel, channel_rule, agent_class from events order by event_id";
        let rows = self.lake().await.sql(text, vec![], SqlLimits::default()).await.unwrap().rows;
        rows.into_iter().map(Value::from).collect()
    }

    async fn run_jobs(&self) -> usize {
        self.platform.platform.jobs.run_due(&self.platform.scope.workspace).await.unwrap()
    }

    async fn versions(&self) -> Vec<Value> {
        let answer = self.client.send("GET", "/api/v1/channels/rules/versions", None).await.expect(200).json();
        answer["items"].as_array().unwrap().clone()
    }
}

fn page(id: &str, url: &str, referrer: &str) -> Value {
    json!({"type": "page", "messageId": id, "anonymousId": id, "timestamp": "2026-03-02T05:00:00Z",
        "context": {"userAgent": BROWSER, "page": {"url": url, "referrer": referrer}}})
}

fn partners() -> Value {
    json!({"channels": [{"name": "Partners", "channel": "Affiliates",
        "all": [{"field": "source", "test": "equals", "values": ["Partner"]}]}],
        "sites": [{"site": "find.example", "list": "search"}],
        "visitors": [{"name": "Uptime", "test": "contains", "text": "AcmeCheck", "class": "bot"}]})
}

const LINK: &str = "https://acme.example/?utm_source=partner&utm_medium=banner";

fn save(rules: &Value, based_on: u32) -> Value {
    json!({"rules": rules, "note": "Partners are known", "based_on": based_on})
}

impl Site {
    /// Three events by the program's rules, then a version that changes all of them, then one more event; history has not
    /// followed yet. The moments before the version and after it.
    async fn with_a_version(&self) -> (Timestamp, Timestamp) {
        let mut check = page("c", "https://acme.example/", "");
        check["context"]["userAgent"] = json!("Mozilla/5.0 AcmeCheck/1.0");
        self.send(vec![page("a", LINK, ""), page("b", "https://acme.example/", "https://find.example/q"), check]).await;
        let then = self.platform.platform.world.now();
        self.platform.advance(HOUR);
        let body = save(&partners(), 1);
        let saved = self.client.send("PUT", "/api/v1/channels/rules", Some(&body)).await.expect(202).json();
        assert_eq!((&saved["version"], saved["changes"].as_array().unwrap().len()), (&json!(2), 3));
        self.send(vec![page("d", LINK, "")]).await;
        let between = self.platform.platform.world.now();
        self.platform.advance(HOUR);
        (then, between)
    }
}

/// AN-A "Channel groups": versioned custom rules that are applied to history; DESIGN §5: re-derivable, versioned by rule.
#[tokio::test]
async fn an_a_a_new_version_tells_new_events_at_once_and_history_by_a_job() {
    for platform in testkit::platforms().await {
        let site = Site::new(platform);
        site.with_a_version().await;
        let before = [
            json!(["a", "Display", 1, "human"]),
            json!(["b", "Referral", 1, "human"]),
            json!(["c", "Direct", 1, "human"]),
            json!(["d", "Affiliates", 2, "human"]),
        ];
        assert_eq!(site.events().await, before, "new events at once, history when the job has run");
        let preview = site.client.post("/api/v1/channels/rules/preview", &partners()).await.expect(200).json();
        assert_eq!((&preview["events"], &preview["changed"], &preview["missing"]), (&json!(4), &json!(3), &json!(0)));
        assert_eq!(preview["classes"], json!([{"from": "human", "to": "bot", "events": 1}]));
        assert_eq!(site.events().await, before, "a preview writes nothing");
        assert_eq!(site.run_jobs().await, 1);
        let after = [
            json!(["a", "Affiliates", 2, "human"]),
            json!(["b", "Organic Search", 2, "human"]),
            json!(["c", "Direct", 2, "bot"]),
            json!(["d", "Affiliates", 2, "human"]),
        ];
        assert_eq!(site.events().await, after);
        let applied = site.versions().await[0]["applied"].clone();
        assert_eq!((&applied["events"], &applied["changed"], &applied["missing"]), (&json!(4), &json!(3), &json!(0)));
        site.lakes.close().await;
    }
}

/// AN 1.1: a draft is tried on an example, with the failed earlier rules; DESIGN §9.
#[tokio::test]
async fn an_1_1_a_draft_is_tried_before_it_is_saved() {
    let site = Site::new(testkit::platforms().await.remove(0));
    let current = site.client.send("GET", "/api/v1/channels/rules", None).await.expect(200).json();
    assert_eq!((&current["current"]["version"], &current["program"][0]["rule"]), (&json!(1), &json!("C1")));
    let asked = json!({"url": LINK, "rules": partners(), "user_agent": "AcmeCheck/3"});
    let tried = site.client.post("/api/v1/channels/explain", &asked).await.expect(200).json();
    assert_eq!(tried["explanation"]["decided_by"]["rule"], "W1");
    assert_eq!(tried["visitor"]["class"], "bot");
    let asked = json!({"url": "https://acme.example/?gclid=1", "rules": partners()});
    let tried = site.client.post("/api/v1/channels/explain", &asked).await.expect(200).json();
    assert_eq!((&tried["explanation"]["failed"][0]["rule"], &tried["visitor"]), (&json!("W1"), &Value::Null));
    let wrong = json!({"channels": [{"name": "", "channel": "Audio", "all": []}]});
    for (path, body) in [("explain", json!({ "rules": wrong })), ("rules/preview", wrong.clone())] {
        let answer = site.client.post(&format!("/api/v1/channels/{path}"), &body).await.expect(422).json();
        assert_eq!(answer["field"], "channels[0].name", "{path}");
    }
    site.lakes.close().await;
}

/// The item 5: as of a moment the answer of then, and the bridge to now with the rule changes in it.
#[tokio::test]
async fn as_of_a_moment_the_rules_of_then_count_and_the_bridge_tells_what_changed() {
    for platform in testkit::platforms().await {
        let site = Site::new(platform);
        let (then, between) = site.with_a_version().await;
        let asked = json!({"range": {"from": "2026-02-20", "to": "2026-03-05"},
            "ask": {"kind": "trends", "measure": "events", "series": [{"name": "Page viewed",
                "conditions": [{"column": "channel", "op": "in", "values": ["Affiliates"]}]}]}});
        let total = async |asked: &Value| {
            let answer = site.client.post("/api/v1/explore", asked).await.expect(200).json();
            answer["found"]["lines"][0]["total"].clone()
        };
        let saved = total(&asked).await;
        assert_eq!(site.run_jobs().await, 1);
        assert_ne!(total(&asked).await, saved, "no answer from before is given any more");
        for (as_of, then) in [(then, 0.0), (between, 1.0)] {
            let mut asked = asked.clone();
            asked["as_of"] = json!(as_of);
            let bridge = site.client.post("/api/v1/explore/bridge", &asked).await.expect(200).json();
            let late = 1.0 - then;
            let expected = json!({"then": then, "late_events": late, "rule_changes": 1.0, "merges": 0.0, "now": 2.0});
            assert_eq!(bridge, expected, "as of {as_of}");
        }
        let mut asked = asked.clone();
        asked["as_of"] = json!(between);
        assert_eq!(total(&asked).await, saved);
        site.lakes.close().await;
    }
}

/// Going back is a new version with the older text, and all as before.
#[tokio::test]
async fn going_back_is_a_new_version() {
    for platform in testkit::platforms().await {
        let site = Site::new(platform);
        site.with_a_version().await;
        assert_eq!(site.run_jobs().await, 1);
        for (based_on, code) in [(1, "rules_changed"), (2, "rules_same")] {
            let body = save(&partners(), based_on);
            let answer = site.client.send("PUT", "/api/v1/channels/rules", Some(&body)).await.expect(409).json();
            assert_eq!(answer["code"], code);
        }
        let back = site.client.post("/api/v1/channels/rules/revert", &json!({"version": 1})).await.expect(202).json();
        assert_eq!((&back["version"], &back["note"]), (&json!(3), &json!("Back to version 1")));
        assert_eq!(site.run_jobs().await, 1);
        let now: Vec<Value> = site.events().await.iter().map(|row| json!([row[1], row[3]])).collect();
        let expected = [["Display", "human"], ["Referral", "human"], ["Direct", "human"], ["Display", "human"]];
        assert_eq!(now, expected.map(|row| json!(row)));
        let versions: Vec<Value> = site.versions().await.iter().map(|one| one["version"].clone()).collect();
        assert_eq!(versions, [json!(3), json!(2), json!(1)]);
        let gone = site.client.post("/api/v1/channels/rules/revert", &json!({"version": 9})).await.expect(404).json();
        assert_eq!(gone["code"], "rule_version_not_found");
        site.lakes.close().await;
    }
}

#[tokio::test]
async fn a_job_that_was_stopped_leaves_history_and_can_be_asked_for_again() {
    for platform in testkit::platforms().await {
        let site = Site::new(platform);
        site.send(vec![page("a", LINK, "")]).await;
        let new = NewRules { rules: serde_json::from_value(partners()).unwrap(), note: String::new(), based_on: 1 };
        let viewer = site.platform.scope_as(kernel::scope::Role::Viewer);
        assert_eq!(site.rules.save(&viewer, new.clone()).await.unwrap_err().status(), 403);
        assert_eq!(site.rules.preview(&viewer, new.rules.clone()).await.unwrap_err().status(), 403);
        let scope = &site.platform.scope;
        let saved = site.rules.save(scope, new).await.unwrap();
        let jobs = &site.platform.platform.jobs;
        jobs.cancel(scope, saved.job.as_ref().unwrap()).await.unwrap();
        assert_eq!(site.run_jobs().await, 0);
        assert_eq!(site.events().await, [json!(["a", "Display", 1, "human"])]);
        let again = site.rules.apply(scope).await.unwrap();
        assert_ne!(again.job, saved.job);
        assert_eq!(site.run_jobs().await, 1);
        assert_eq!(jobs.get(scope, again.job.as_ref().unwrap()).await.unwrap().state, JobState::Done);
        assert_eq!(site.events().await, [json!(["a", "Affiliates", 2, "human"])]);
        assert_eq!(site.rules.apply(scope).await.unwrap_err().code, "rules_applied");
        let trail = "select count(*) from audit where action like 'channels.rule%' or action = 'channels.rederived'";
        let db = site.platform.platform.db(scope).await.unwrap();
        let (entries,): (i64,) = db.query_one(trail, platform::params![]).await.unwrap();
        assert_eq!(entries, 2);
        site.lakes.close().await;
    }
}

/// Messages of every kind of visit: marks, ad clicks and their networks, pages before, user agents.
fn visits() -> Vec<Value> {
    let urls = [
        "https://acme.example/pricing?utm_source=partner&utm_medium=cpc&utm_campaign=Spring%20shop",
        "https://acme.example/?gclid=1",
        "https://acme.example/landing?gclid=1&network=ytv",
        "https://acme.example/?gclid=1&network=x&utm_source=partner",
        "https://acme.example/?msclkid=4&network=audience",
        "https://acme.example/landing/a",
        "",
    ];
    let referrers = ["", "https://www.google.com/", "https://blog.find.example/x", "https://acme.example/"];
    let agents = [BROWSER, "AcmeCheck/1", "Mozilla/5.0 (compatible; GPTBot/1.2)", ""];
    let mut events = Vec::new();
    for (place, url) in urls.iter().enumerate() {
        for (from, referrer) in referrers.iter().enumerate() {
            for (who, agent) in agents.iter().enumerate() {
                let mut event = page(&format!("{place}-{from}-{who}"), url, referrer);
                event["context"]["userAgent"] = json!(agent);
                match (place + from + who) % 5 {
                    0 => event["context"]["automated"] = json!(true),
                    1 => event["context"]["campaign"] = json!({"name": "Summer", "network": "social"}),
                    2 => event["context"]["page"]["search"] = json!("?network=u"),
                    _ => {}
                }
                events.push(event);
            }
        }
    }
    events
}

/// The events as they are taken in by some rules, with the columns that rules look at.
fn told(events: &[Value], rules: &RuleSet) -> Vec<Event> {
    let request = crate::messages::Request {
        kind: None,
        received_at: Timestamp::from_micros(1_772_500_000_000_000),
        write_key: "key_1",
        user_agent: BROWSER,
        edge_country: "",
        gpc: false,
        sent_at: "",
        rules,
        nonce: 1,
    };
    let one = |event: &Value| {
        let raw = serde_json::value::RawValue::from_string(event.to_string()).unwrap();
        let (draft, _) = crate::messages::read(&raw, 0, &request).unwrap_or_else(|_| panic!("{event}"));
        Event {
            event_id: draft.event_id.to_string(),
            channel: draft.channel.to_string(),
            channel_rule: draft.channel_rule,
            agent_class: draft.agent_class,
            agent_reason: draft.agent_reason.to_string(),
            name: draft.name.to_string(),
            at: draft.at,
            received_at: draft.received_at,
            anonymous_id: draft.anonymous_id.to_string(),
            url: draft.url.to_string(),
            path: draft.path.to_string(),
            referrer_host: draft.referrer_host.to_string(),
            source: draft.source.to_string(),
            medium: draft.medium.to_string(),
            campaign: draft.campaign.to_string(),
            click_id_kind: draft.click_id_kind.to_string(),
            raw: draft.raw.to_string(),
            ..Event::default()
        }
    };
    events.iter().map(one).collect()
}

fn set(version: u32, book: &Value) -> RuleSet {
    RuleSet::new(version, serde_json::from_value::<RuleBook>(book.clone()).unwrap().canonical().unwrap())
}

impl Site {
    async fn append(&self, events: Vec<Event>) -> lake::Lake {
        let lake = self.lake().await;
        lake.append(events).await.unwrap();
        while lake.watermark().offset < lake.watermark().appended_offset {
            tokio::task::yield_now().await;
        }
        lake
    }
}

/// What was kept with an event is enough to tell it again as it would be told if it came in now.
#[tokio::test]
async fn history_is_told_as_new_events_are() {
    let site = Site::new(testkit::platforms().await.remove(0));
    let events = visits();
    let books = [
        partners(),
        json!({"channels": [{"name": "Clicks", "channel": "Audio",
            "all": [{"field": "click_id", "test": "equals", "values": ["gclid"]}]}]}),
        json!({"channels": [{"name": "Landing", "channel": "SMS",
            "all": [{"field": "landing_path", "test": "starts", "values": ["/landing"]}]}],
            "visitors": [{"name": "Nobody", "test": "contains", "text": "firefox", "class": "ai_agent"}]}),
        json!({}),
    ];
    let lake = site.append(told(&events, &RuleSet::default())).await;
    for (version, book) in (2..).zip(&books) {
        let rules = set(version, book);
        let mut expected: Vec<Value> = told(&events, &rules)
            .into_iter()
            .map(|event| json!([event.event_id, event.channel, event.agent_class.as_str()]))
            .collect();
        expected.sort_by_key(|row| row[0].as_str().unwrap().to_owned());
        let follow = Box::new(Follow::new(Arc::new(rules)));
        let done = lake.rederive(follow, &RewriteProgress::default()).await.unwrap();
        let rows: Vec<Value> = site.events().await.iter().map(|row| json!([row[0], row[1], row[3]])).collect();
        assert_eq!(rows.len(), expected.len());
        for (found, wanted) in rows.iter().zip(&expected) {
            assert_eq!(found, wanted, "version {version}");
        }
        assert!(done.missing == 0 && done.changed > 0, "version {version}: {done:?}");
    }
    site.lakes.close().await;
}

/// What was not kept cannot be told: the event keeps what it has, and is counted.
#[tokio::test]
async fn an_event_without_what_a_rule_asks_for_keeps_what_it_has() {
    let site = Site::new(testkit::platforms().await.remove(0));
    let at = site.platform.platform.world.now().micros();
    let bare = |id: &str, reason: &str, click: &str| Event {
        event_id: id.to_owned(),
        anonymous_id: id.to_owned(),
        name: "Seen".to_owned(),
        at,
        received_at: at,
        channel: Channel::PaidVideo.as_str().to_owned(),
        click_id_kind: click.to_owned(),
        source: "google".to_owned(),
        medium: "cpc".to_owned(),
        agent_class: lake::AgentClass::Human,
        agent_reason: reason.to_owned(),
        ..Event::default()
    };
    let reason = "a browser or an app, and on no list";
    let events = vec![bare("x1", reason, ""), bare("x2", "sent by an app", "gclid"), bare("x3", reason, "gclid")];
    let lake = site.append(events).await;
    let follow = Box::new(Follow::new(Arc::new(set(9, &partners()))));
    let done = lake.rederive(follow, &RewriteProgress::default()).await.unwrap();
    // Of x1 the user agent was not kept, but its channel changes; of the others not the network of the ad.
    assert_eq!((done.changed, done.missing), (1, 2));
    let expected = [
        json!(["x1", "Paid Search", 9, "human"]),
        json!(["x2", "Paid Video", 0, "human"]),
        json!(["x3", "Paid Video", 0, "human"]),
    ];
    assert_eq!(site.events().await, expected);
    site.lakes.close().await;
}
