//! What was known at a moment: rows that came later, what is known late, and how far events were read.

use super::FactsThen;
use super::tests_asked::Gate;
use crate::drill::DrillRequest;
use crate::facts::tests_live::live;
use crate::facts::{AsOf, FactStore, Ready};
use crate::metrics::{DateRange, Figure, Filter, FilterOp, Metrics, NoSpend, Query};
use kernel::time::{DAY, HOUR, MINUTE, Timestamp};
use lake::{Event, EventKind, Lake};
use std::collections::HashSet;
use std::sync::Arc;
use testkit::TestPlatform;

/// A view of a page by a visitor, received as it happens.
pub(super) fn view(test: &TestPlatform, visitor: &str, path: &str, channel: &str) -> Event {
    let now = test.platform.world.now().micros();
    Event {
        event_id: format!("{visitor} {path} {now}"),
        anonymous_id: visitor.into(),
        at: now,
        received_at: now,
        kind: EventKind::Page,
        name: "Page viewed".into(),
        path: path.into(),
        channel: channel.into(),
        device: "desktop".into(),
        ..Event::default()
    }
}

/// Sends events and waits until they are counted; the place of the last one.
pub(super) async fn send(lake: &Lake, events: Vec<Event>) -> u64 {
    let last = lake.append(events).await.unwrap().last;
    while lake.watermark().offset < last {
        tokio::task::yield_now().await;
    }
    last
}

fn range_up_to_today(test: &TestPlatform) -> DateRange {
    let today = test.platform.world.now().date_in(&jiff::tz::TimeZone::UTC);
    DateRange { from: today.saturating_sub(jiff::Span::new().days(20)), to: today }
}

/// A row of today that was not there at the moment opens to nothing, not to a mistake, and its bridge says what came since.
#[tokio::test]
async fn a_row_that_was_not_there_yet_opens_to_nothing() {
    let test = testkit::platform(testkit::Backend::Sqlite).await;
    let (lakes, source) = live(&test);
    let (source, world) = (Arc::new(source), test.platform.world.clone());
    let small = Metrics::new(FactStore::new(source.clone(), Arc::new(NoSpend), world.clone()));
    let large = Metrics::new(FactStore::of_large(source, Arc::new(NoSpend), world));
    let lake = lakes.get(&test.scope.workspace).await.unwrap();
    send(&lake, vec![view(&test, "a1", "/", "Direct")]).await;
    let then = test.platform.world.now();
    test.advance(3 * DAY);
    // Nobody ever came in by the new page.
    let mut second = view(&test, "a2", "/new", "");
    second.at += MINUTE;
    send(&lake, vec![view(&test, "a2", "/", "Email"), second]).await;
    test.advance(HOUR);
    let range = range_up_to_today(&test);
    let ask = |metric: &str, dimension: &str, value: &str, as_of: Option<Timestamp>| {
        let query = Query { dimensions: vec![dimension.to_owned()], as_of, ..Query::new(&[metric], range) };
        DrillRequest { query, metric: metric.to_owned(), key: Some(vec![value.to_owned()]), limit: None, cursor: None }
    };
    for metrics in [&small, &large] {
        for (dimension, value, in_words) in [("page", "/new", "Page is /new"), ("channel", "Email", "Channel is Email")]
        {
            let now = metrics.drill(&test.scope, ask("sessions", dimension, value, None)).await.unwrap();
            assert_eq!((&now.value.value, now.parts[0].rows.len()), (&Some(Figure::Number(1.0)), 1), "{dimension}");
            let opened = metrics.drill(&test.scope, ask("sessions", dimension, value, Some(then))).await.unwrap();
            assert_eq!((opened.value.value, opened.as_of), (Some(Figure::Number(0.0)), Some(then)), "{dimension}");
            assert_eq!((opened.parts[0].rows_total, opened.parts[0].rows.len()), (0, 0));
            assert_eq!((opened.filters, opened.parts[0].sql.as_str()), (vec![in_words.to_owned()], ""));
            let mut query = Query { as_of: Some(then), ..Query::new(&["sessions"], range) };
            let (dimension, values) = (dimension.to_owned(), vec![value.to_owned()]);
            query.filters.push(Filter { dimension, op: FilterOp::In, values });
            let bridge = metrics.bridge(&test.scope, &query).await.unwrap().metrics.remove(0);
            assert_eq!((bridge.then, bridge.now), (Some(Figure::Number(0.0)), Some(Figure::Number(1.0))));
        }
        let opened = metrics.drill(&test.scope, ask("engagement_rate", "channel", "Email", Some(then))).await.unwrap();
        assert!(opened.value.value.is_none() && opened.value.reason.is_some(), "{:?}", opened.value);
        let missing = metrics.drill(&test.scope, ask("sessions", "channel", "Fax", None)).await.unwrap_err();
        assert_eq!((missing.status(), missing.field.as_deref()), (422, Some("key[0]")), "there is no such row");
    }
    lakes.close().await;
}

fn persons(ready: &Ready) -> usize {
    ready.facts.sessions.rows().map(|session| session.person).collect::<HashSet<u64>>().len()
}

/// That two people are one, which was known by the moment, is counted however late it can be read: while the question waits for
/// its turn, and while its facts are put together. What was put together before the moment was over is read again after it.
#[tokio::test]
async fn what_can_only_be_read_later_is_not_forgotten() {
    for test in testkit::platforms().await {
        let (lakes, source) = live(&test);
        let (gate, world) = (Arc::new(Gate::default()), test.platform.world.clone());
        let then = FactsThen::new(FactStore::new(Arc::new(source), gate.clone(), world));
        let lake = lakes.get(&test.scope.workspace).await.unwrap();
        let known = |visitor: &str, user: &str| Event { user_id: user.into(), ..view(&test, visitor, "/", "Direct") };
        send(&lake, vec![known("a1", "u1"), view(&test, "a2", "/", "Direct")]).await;
        let at = test.platform.world.now();
        let get = || {
            let (then, scope) = (then.clone(), test.scope.clone());
            tokio::spawn(async move { then.get(&scope, at, None).await })
        };
        // While they are put together.
        let asked = get();
        gate.reached(1).await;
        send(&lake, vec![Event { event_id: "one".into(), ..known("a2", "u1") }]).await;
        test.advance(2 * MINUTE);
        gate.open();
        asked.await.unwrap().unwrap();
        assert_eq!(persons(&get().await.unwrap().unwrap()), 1, "they were known to be one person");
        assert_eq!(gate.entered(), 2);
        get().await.unwrap().unwrap();
        assert_eq!(gate.entered(), 2, "the moment is over");

        // While the question waits for its turn.
        send(&lake, vec![known("b1", "u2"), view(&test, "b2", "/", "Direct")]).await;
        let at = test.platform.world.now();
        let turn = then.turn(&test.scope).await.unwrap();
        let (own, scope) = (then.clone(), test.scope.clone());
        let asked = tokio::spawn(async move { own.get(&scope, at, None).await });
        while then.waiting(&test.scope) == 0 {
            tokio::task::yield_now().await;
        }
        send(&lake, vec![Event { event_id: "two".into(), ..known("b2", "u2") }]).await;
        test.advance(2 * MINUTE);
        drop(turn);
        assert_eq!(persons(&asked.await.unwrap().unwrap()), 2);
        assert_eq!(persons(&then.get(&test.scope, at, None).await.unwrap()), 2);

        // Although no event came since.
        let at = test.platform.world.now();
        let before = gate.entered();
        for (later, built) in [(0, 1), (0, 1), (2 * MINUTE, 2), (0, 2)] {
            test.advance(later);
            then.get(&test.scope, at, None).await.unwrap();
            assert_eq!(gate.entered() - before, built);
        }
        lakes.close().await;
    }
}

/// The watermark of a moment names the last event that was received by then, and says when some may be missing.
#[tokio::test]
async fn the_watermark_is_that_of_the_moment() {
    let test = testkit::platform(testkit::Backend::Sqlite).await;
    let (lakes, source) = live(&test);
    let store = FactStore::new(Arc::new(source), Arc::new(NoSpend), test.platform.world.clone());
    let then = FactsThen::new(store);
    let lake = lakes.get(&test.scope.workspace).await.unwrap();
    let mut last = Vec::new();
    for (number, visitor) in ["a1", "a2", "a3"].into_iter().enumerate() {
        test.advance(DAY);
        // Each one also sends something that had happened long before.
        let early = Event { at: testkit::START.micros() - DAY, ..view(&test, visitor, "/late", "Direct") };
        let offset = send(&lake, vec![view(&test, visitor, "/", "Direct"), early]).await;
        last.push((test.platform.world.now(), offset));
        if number == 1 {
            lake.seal().await.unwrap();
        }
    }
    test.advance(HOUR);
    for (received_at, offset) in &last {
        for at in [*received_at, received_at.plus(MINUTE)] {
            let ready = then.get(&test.scope, at, None).await.unwrap();
            assert_eq!(ready.as_of, AsOf { offset: *offset, at: Some(*received_at), lag_seconds: 0 });
        }
    }
    let ready = then.get(&test.scope, testkit::START, None).await.unwrap();
    assert_eq!(ready.as_of, AsOf { offset: 0, at: None, lag_seconds: 0 }, "no event was there");

    // While nothing can be written, an event waits to be somebody's.
    let writing = test.db.begin().await.unwrap();
    let waiting = lake.append(vec![view(&test, "a4", "/", "Direct")]).await.unwrap().last;
    test.advance(5 * MINUTE);
    let at = test.platform.world.now();
    let ready = then.get(&test.scope, at, None).await.unwrap();
    let behind = u64::try_from((HOUR + 5 * MINUTE) / kernel::time::SECOND).unwrap();
    assert_eq!(ready.as_of, AsOf { offset: last[2].1, at: Some(last[2].0), lag_seconds: behind });
    writing.rollback().await.unwrap();
    while lake.watermark().offset < waiting {
        tokio::task::yield_now().await;
    }
    let ready = then.get(&test.scope, at, None).await.unwrap();
    assert_eq!((ready.as_of.offset, ready.as_of.lag_seconds), (waiting, 0));
    lakes.close().await;
}
