//! Facts of the running program: what its configuration does to them.

use super::tests_world::Dice;
use super::{FactStore, LiveSource};
use crate::drill::{DrillRequest, DrillRow};
use crate::ingest::Lakes;
use crate::metrics::{DateRange, Filter, FilterOp, Metrics, NoSpend, Query};
use async_trait::async_trait;
use kernel::problem::Problem;
use kernel::scope::Scope;
use kernel::time::{HOUR, MINUTE};
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

/// Visits of forty people over ten weeks; every fifth says who it is.
pub(crate) fn visits(start: i64) -> Vec<Event> {
    let mut dice = Dice::new(9);
    let (mut events, mut number) = (Vec::new(), 0);
    for visitor in 0..40_u64 {
        for visit in 0..1 + dice.below(4) {
            let at = start - i64::try_from(dice.below(70 * 24)).unwrap() * HOUR;
            let (channel, source) = dice.of(&[("Direct", ""), ("Paid Search", "google"), ("Email", "news")]);
            for view in 0..1 + dice.below(3) {
                number += 1;
                events.push(Event {
                    event_id: format!("e{number}"),
                    anonymous_id: format!("a{visitor}"),
                    user_id: if visitor % 5 == 0 { format!("u{visitor}") } else { String::new() },
                    at: at + i64::try_from(view).unwrap() * MINUTE,
                    received_at: start,
                    kind: if view == 2 { EventKind::Track } else { EventKind::Page },
                    name: if view == 2 { "Asked".into() } else { "Page viewed".into() },
                    path: dice.of(&["/", "/pricing", "/blog/a"]).into(),
                    channel: channel.into(),
                    source: source.into(),
                    country: dice.of(&["DE", "AT"]).into(),
                    device: "desktop".into(),
                    ..Event::default()
                });
            }
            assert!(visit < 4);
        }
    }
    events
}

async fn rows_of(metrics: &Metrics, scope: &Scope, mut request: DrillRequest) -> (usize, Vec<DrillRow>) {
    let mut rows = Vec::new();
    loop {
        let part = metrics.drill(scope, request.clone()).await.unwrap().parts.remove(0);
        request.cursor = part.next_cursor;
        rows.extend(part.rows);
        if request.cursor.is_none() {
            return (part.rows_total, rows);
        }
    }
}

/// Where visits are only counted, every question has the same answer as where they are all kept, and opens to the same rows.
#[tokio::test]
async fn a_large_workspace_answers_as_a_small_one() {
    let test = testkit::platform(testkit::Backend::Sqlite).await;
    let (lakes, source) = live(&test);
    let lake = lakes.get(&test.scope.workspace).await.unwrap();
    let events = visits(test.platform.world.now().micros());
    let count = events.len() as u64;
    lake.append(events).await.unwrap();
    while lake.watermark().offset < count {
        tokio::task::yield_now().await;
    }
    lake.seal().await.unwrap();
    let source = Arc::new(source);
    let world = test.platform.world.clone();
    let small = Metrics::new(FactStore::new(source.clone(), Arc::new(NoSpend), world.clone()));
    let large = Metrics::new(FactStore::of_large(source, Arc::new(NoSpend), world));
    let counted = large.store().get(&test.scope).await.unwrap().facts;
    assert!(!counted.sessions.is_whole() && !counted.visitors.is_empty() && counted.people.len() == 8);
    let today = test.platform.world.now().date_in(&jiff::tz::TimeZone::UTC);
    let range = DateRange { from: today.saturating_sub(jiff::Span::new().days(80)), to: today };
    let ask = |metrics: &[&str], dimensions: &[&str]| {
        let mut query = Query::new(metrics, range);
        query.dimensions = dimensions.iter().map(|name| (*name).to_owned()).collect();
        query
    };
    let mut goal = ask(&["goals", "goal_value"], &["channel"]);
    goal.goal = Some("event:Asked".into());
    let mut on_pricing = ask(&["sessions", "engagement_rate"], &["channel"]);
    on_pricing.filters.push(Filter { dimension: "page".into(), op: FilterOp::NotIn, values: vec!["/pricing".into()] });
    for query in [
        ask(&["sessions", "engaged_sessions", "people", "new_leads", "conversion_rate"], &[]),
        ask(&["sessions"], &["week", "channel"]),
        ask(&["sessions", "engaged_sessions"], &["page"]),
        ask(&["people"], &["channel"]),
        ask(&["people", "sessions"], &["country", "landing_page"]),
        ask(&["people"], &["month"]),
        on_pricing,
        goal,
    ] {
        let [one, other] =
            [small.query(&test.scope, &query).await.unwrap(), large.query(&test.scope, &query).await.unwrap()];
        assert_eq!((&one.totals, &one.rows), (&other.totals, &other.rows), "{query:?}");
        let keys = one.rows.iter().map(|row| Some(row.key.iter().map(|part| part.value.clone()).collect::<Vec<_>>()));
        for key in keys.chain([None]).take(6) {
            let request = DrillRequest {
                query: query.clone(),
                metric: query.metrics[0].clone(),
                key,
                limit: Some(3),
                cursor: None,
            };
            let expected = rows_of(&small, &test.scope, request.clone()).await;
            assert_eq!(expected.0, expected.1.len());
            assert_eq!(rows_of(&large, &test.scope, request).await, expected, "{query:?}");
        }
    }
    let console = crate::sql_console::SqlConsole::new(large.store().clone(), &test.platform);
    let request = serde_json::json!({"sql": "select count(*) from sessions"});
    let refused = console.run(&test.scope, serde_json::from_value(request).unwrap()).await.unwrap_err();
    assert_eq!(refused.field.as_deref(), Some("sql"), "visits that are only counted are no rows: {refused:?}");
    lakes.close().await;
}

/// Visits as [`visits`], after which some visitors sign up and others order.
fn goals_reached(start: i64) -> Vec<Event> {
    let reached = |(visitor, name): (u64, &str)| Event {
        event_id: format!("{name}{visitor}"),
        anonymous_id: format!("a{visitor}"),
        at: start - i64::try_from(visitor).unwrap() * MINUTE,
        received_at: start,
        kind: EventKind::Track,
        name: name.into(),
        value: Some(1_000_000),
        device: "desktop".into(),
        ..Event::default()
    };
    (1..40)
        .step_by(3)
        .map(|visitor| (visitor, "Signed up"))
        .chain((2..40).step_by(4).map(|visitor| (visitor, "Ordered")))
        .map(reached)
        .collect()
}

fn by_channel(test: &TestPlatform, goal: &str) -> Query {
    let today = test.platform.world.now().date_in(&jiff::tz::TimeZone::UTC);
    let range = DateRange { from: today.saturating_sub(jiff::Span::new().days(80)), to: today };
    let mut query = Query::new(&["goals", "goal_value"], range);
    query.dimensions = vec!["channel".to_owned()];
    query.goal = Some(format!("event:{goal}"));
    query
}

/// In a large workspace goals that are asked for at the same time, also while more is reached, are credited as in a small one.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn goals_asked_for_at_once_keep_their_touches() {
    let test = testkit::platform(testkit::Backend::Sqlite).await;
    let (lakes, source) = live(&test);
    let lake = lakes.get(&test.scope.workspace).await.unwrap();
    let (source, world, start) = (Arc::new(source), test.platform.world.clone(), test.platform.world.now().micros());
    let large = Metrics::new(FactStore::of_large(source.clone(), Arc::new(NoSpend), world.clone()));
    let mut waiting = visits(start);
    waiting.extend(goals_reached(start));
    let mut without_touch = Vec::new();
    for part in waiting.chunks(waiting.len() / 3 + 1) {
        let last = lake.append(part.to_vec()).await.unwrap().last;
        while lake.watermark().offset < last {
            tokio::task::yield_now().await;
        }
        let small = Metrics::new(FactStore::new(source.clone(), Arc::new(NoSpend), world.clone()));
        let ask = |goal: &'static str| {
            let (large, scope, query) = (large.clone(), test.scope.clone(), by_channel(&test, goal));
            tokio::spawn(async move { (goal, large.query(&scope, &query).await.unwrap()) })
        };
        for asked in ["Asked", "Signed up", "Ordered", "Signed up", "Asked", "Ordered"].map(ask) {
            let (goal, found) = asked.await.unwrap();
            let expected = small.query(&test.scope, &by_channel(&test, goal)).await.unwrap();
            assert_eq!((&found.totals, &found.rows), (&expected.totals, &expected.rows), "{goal}");
            assert_eq!(found.watermark.offset, last);
            without_touch.push(expected.rows.iter().all(|row| row.key[0].value == crate::facts::NO_TOUCH_TEXT));
        }
    }
    assert!(without_touch.contains(&false), "some have touches");
    lakes.close().await;
}

/// A goal whose people's visits do not fit in memory is refused by its name, and nothing else is.
#[tokio::test]
async fn a_goal_that_is_too_large_locks_nobody_out() {
    let test = testkit::platform(testkit::Backend::Sqlite).await;
    let (lakes, source) = live(&test);
    let lake = lakes.get(&test.scope.workspace).await.unwrap();
    let (source, world, start) = (Arc::new(source), test.platform.world.clone(), test.platform.world.now().micros());
    let mut events = visits(start);
    events.extend(goals_reached(start));
    let last = lake.append(events).await.unwrap().last;
    while lake.watermark().offset < last {
        tokio::task::yield_now().await;
    }
    let followed = FactStore::of_large(source.clone(), Arc::new(NoSpend), world.clone());
    let base = followed.get(&test.scope).await.unwrap().facts.sessions.len();
    let goal = |name: &str| crate::attribution::Goal::Event(name.to_owned());
    let with_both = |ready: super::Ready| ready.facts.sessions.len();
    let ordered = with_both(followed.with_goal(&test.scope, Some(&goal("Ordered"))).await.unwrap());
    let both = with_both(followed.with_goal(&test.scope, Some(&goal("Signed up"))).await.unwrap());
    assert!(base < ordered && ordered < both, "{base} {ordered} {both}");
    // Both do not fit, nor does the more frequent one; the rarer one does.
    let small = Metrics::new(FactStore::new(source.clone(), Arc::new(NoSpend), world.clone()));
    let store = FactStore::of_large_up_to(source, Arc::new(NoSpend), world, ordered);
    let large = Metrics::new(store.clone());
    for name in ["Ordered", "Signed up", "Ordered", "Signed up"] {
        let query = by_channel(&test, name);
        if name == "Ordered" {
            let expected = small.query(&test.scope, &query).await.unwrap();
            assert_eq!(large.query(&test.scope, &query).await.unwrap().rows, expected.rows);
        } else {
            let refused = large.query(&test.scope, &query).await.unwrap_err();
            assert_eq!((refused.status(), refused.field.as_deref()), (422, Some("goal")), "{refused:?}");
        }
        let mut plain = query.clone();
        (plain.goal, plain.metrics) = (None, vec!["sessions".to_owned()]);
        let expected = small.query(&test.scope, &plain).await.unwrap();
        assert_eq!(large.query(&test.scope, &plain).await.unwrap().rows, expected.rows);
    }
    lakes.close().await;
}
