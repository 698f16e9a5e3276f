//! A large workspace, refusals, and what stays in memory.

use super::KEPT_MAX;
use crate::drill::DrillRequest;
use crate::facts::FactStore;
use crate::facts::tests_live::{live, visits};
use crate::metrics::{DateRange, Metrics, NoSpend, Query};
use kernel::time::{DAY, HOUR, Timestamp};
use std::sync::Arc;

/// Where visits are only counted, a moment has the same answers as where they are all kept, and opens to the same number; both
/// are what was said then.
#[tokio::test]
async fn a_large_workspace_says_what_it_said() {
    let test = testkit::platform(testkit::Backend::Sqlite).await;
    let (lakes, source) = live(&test);
    let lake = lakes.get(&test.scope.workspace).await.unwrap();
    let source = Arc::new(source);
    let world = test.platform.world.clone();
    let small = Metrics::new(FactStore::new(source.clone(), Arc::new(NoSpend), world.clone()));
    let large = Metrics::new(FactStore::of_large(source, Arc::new(NoSpend), world));
    let today = test.platform.world.now().date_in(&jiff::tz::TimeZone::UTC);
    let range = DateRange { from: today.saturating_sub(jiff::Span::new().days(80)), to: today };
    let ask = |metrics: &[&str], dimensions: &[&str]| {
        let mut query = Query::new(metrics, range);
        query.dimensions = dimensions.iter().map(|name| (*name).to_owned()).collect();
        query
    };
    let mut goal = ask(&["goals", "goal_value"], &["channel"]);
    goal.goal = Some("event:Asked".into());
    let queries = [
        ask(&["sessions", "engaged_sessions", "people", "new_leads", "conversion_rate"], &[]),
        ask(&["sessions"], &["week", "channel"]),
        ask(&["sessions", "engaged_sessions"], &["page"]),
        ask(&["people", "sessions"], &["country", "landing_page"]),
        goal,
    ];
    let events = visits(test.platform.world.now().micros());
    let mut saved = Vec::new();
    for (number, part) in events.chunks(events.len() / 4 + 1).enumerate() {
        test.advance(HOUR);
        let received_at = test.platform.world.now().micros();
        let mut part = part.to_vec();
        part.iter_mut().for_each(|event| event.received_at = received_at);
        let last = lake.append(part).await.unwrap().last;
        while lake.watermark().offset < last {
            tokio::task::yield_now().await;
        }
        if number == 1 {
            lake.seal().await.unwrap();
        }
        let at = test.platform.world.now();
        let mut said = Vec::new();
        for query in &queries {
            let table = small.query(&test.scope, query).await.unwrap();
            said.push((table.totals, table.rows));
        }
        saved.push((at, said));
    }
    test.advance(DAY);
    for (at, said) in saved.iter().rev() {
        for (query, expected) in queries.iter().zip(said) {
            let query = Query { as_of: Some(*at), ..query.clone() };
            for metrics in [&small, &large] {
                let table = metrics.query(&test.scope, &query).await.unwrap();
                // The next day has begun since, and so has what is not over.
                assert_eq!(
                    (&table.totals, &table.rows, table.as_of),
                    (&expected.0, &expected.1, Some(*at)),
                    "{query:?}"
                );
                let metric = query.metrics[0].clone();
                let request = DrillRequest { query: query.clone(), metric, key: None, limit: None, cursor: None };
                let opened = metrics.drill(&test.scope, request).await.unwrap();
                assert_eq!((&opened.value, opened.as_of, opened.sql.as_str()), (&table.totals[0], Some(*at), ""));
            }
        }
        assert!(small.moments_kept() <= KEPT_MAX && large.moments_kept() <= KEPT_MAX);
    }
    lakes.close().await;
}

/// A moment that is still to come is refused, naming the field and what to do; a bridge needs one.
#[tokio::test]
async fn a_moment_to_come_is_refused() {
    let test = testkit::platform(testkit::Backend::Sqlite).await;
    let (lakes, source) = live(&test);
    let metrics = Metrics::new(FactStore::new(Arc::new(source), Arc::new(NoSpend), test.platform.world.clone()));
    let now = test.platform.world.now();
    let day = now.date_in(&jiff::tz::TimeZone::UTC);
    let query =
        |as_of: Option<Timestamp>| Query { as_of, ..Query::new(&["sessions"], DateRange { from: day, to: day }) };
    let refused = metrics.query(&test.scope, &query(Some(now.plus(1)))).await.unwrap_err();
    assert_eq!((refused.code.as_str(), refused.field.as_deref()), ("invalid_field", Some("as_of")));
    assert!(refused.message.contains("leave `as_of` out"), "{refused:?}");
    let refused = metrics.bridge(&test.scope, &query(None)).await.unwrap_err();
    assert_eq!(refused.field.as_deref(), Some("as_of"));
    metrics.query(&test.scope, &query(Some(now))).await.unwrap();
    // Before anything was known there is nothing, and it is no mistake to ask.
    let table = metrics.query(&test.scope, &query(Some(Timestamp::from_micros(0)))).await.unwrap();
    assert!(table.totals.iter().all(|cell| cell.value.as_ref().is_none_or(|value| value.number() == 0.0)));
    lakes.close().await;
}
