use super::*;
use kernel::scope::Role;
use kernel::time::DAY;
use lake::Event;
use lake::folds::profile::{Field, ProfileFold};
use people::identity::Identity;
use testkit::{Client, platforms};

#[test]
fn the_bound_is_the_beginning_of_a_month() {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    for (now, months, first) in [
        ("2026-03-31T23:59:59Z", 1, "2026-02-01T00:00:00Z"),
        ("2026-03-01T00:00:00Z", 1, "2026-02-01T00:00:00Z"),
        ("2026-02-28T12:00:00Z", 14, "2024-12-01T00:00:00Z"),
    ] {
        assert_eq!(bound(at(now), months).unwrap(), at(first), "{now}");
    }
}

#[tokio::test]
async fn events_that_are_too_old_go_when_it_is_said_and_each_month_after() {
    for test in platforms().await {
        let identity = Arc::new(Identity::new(&test.platform));
        let lakes = Lakes::new(&test.platform, identity);
        let upkeep = Upkeep::new(&test.platform, &lakes);
        let lake = lakes.get(&test.scope.workspace).await.unwrap();
        let event = |place: i64| {
            let at = test.platform.world.now().micros() - place * 31 * DAY;
            Event { event_id: format!("m{place}"), at, received_at: at, name: "Seen".to_owned(), ..Event::default() }
        };
        let last = lake.append((0..6).map(event).collect()).await.unwrap().last;
        while lake.watermark().offset < last {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let events =
            async || lake.sql("select count(*) from events", vec![], lake::SqlLimits::default()).await.unwrap();
        let count = async || events().await.rows[0][0].as_u64().unwrap();
        let kept = upkeep.kept(&test.scope).await.unwrap();
        assert_eq!(kept, EventsKept::default(), "for ever, when nobody says anything");
        let run = async || test.platform.jobs.run_due(&test.scope.workspace).await.unwrap();
        upkeep.look(&test.scope).await.unwrap();
        assert_eq!((run().await, count().await), (0, 6));

        assert_eq!(upkeep.keep(&test.scope, Some(0)).await.unwrap_err().field.as_deref(), Some("months"));
        let viewer = test.scope_as(Role::Viewer);
        assert_eq!(upkeep.keep(&viewer, Some(3)).await.unwrap_err().status(), 403);
        // It is 2 March; the events are of 2 March, 30 January, 30 December, 29 November, 29 October and 28 September. Kept is
        // what happened from 1 December on.
        upkeep.keep(&test.scope, Some(3)).await.unwrap();
        assert_eq!((run().await, count().await), (1, 3));
        let dropped = upkeep.kept(&test.scope).await.unwrap().dropped.unwrap();
        assert_eq!(dropped.events, 3);
        upkeep.look(&test.scope).await.unwrap();
        assert_eq!(run().await, 0, "once a month");
        let client = Client::new(&test.platform, vec![routes(upkeep.clone())]).session(&test.set_up.session.token);
        let body = json!({ "months": 1_201 });
        client.send("PUT", "/api/v1/upkeep/events", Some(&body)).await.expect(422);
        let answer = client.send("GET", "/api/v1/upkeep/events", None).await.expect(200).json();
        assert_eq!(answer["months"], json!(3));
        test.advance(31 * DAY);
        upkeep.look(&test.scope).await.unwrap();
        // From 1 January on.
        assert_eq!((run().await, count().await), (1, 2));
        upkeep.keep(&test.scope, None).await.unwrap();
        test.advance(310 * DAY);
        upkeep.look(&test.scope).await.unwrap();
        assert_eq!((run().await, count().await), (0, 2));
        lakes.close().await;
    }
}

/// A property that is asked for often is kept by the files as a column; the answer stays the same.
#[tokio::test]
async fn what_questions_ask_for_becomes_a_column_of_the_files() {
    for test in platforms().await {
        let identity = Arc::new(Identity::new(&test.platform));
        let lakes = Lakes::new(&test.platform, identity);
        let upkeep = Upkeep::new(&test.platform, &lakes);
        let lake = lakes.get(&test.scope.workspace).await.unwrap();
        let event = |place: i64| {
            let at = test.platform.world.now().micros() - place * 31 * DAY;
            let properties = format!(r#"{{"plan":"p{}"}}"#, place % 2);
            Event {
                event_id: format!("m{place}"),
                at,
                received_at: at,
                name: "Seen".to_owned(),
                properties,
                ..Event::default()
            }
        };
        let last = lake.append((0..6).map(event).collect()).await.unwrap().last;
        while lake.watermark().offset < last {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        lake.seal().await.unwrap();
        let profile = ProfileFold::new(&[Field::Property("plan".into())]);
        let plans = async || {
            let found = lake.fold(&profile, &lake::FoldOptions::default()).await.unwrap();
            format!("{:?}", found.people().map(|(_, plans)| plans).collect::<Vec<_>>())
        };
        let before = plans().await;
        assert!(before.contains("p1"), "{before}");
        let (uses, workspace) = (upkeep.property_uses(), &test.scope.workspace.id);
        let run = async || {
            upkeep.look_at_properties(&test.scope).await.unwrap();
            test.platform.jobs.run_due(&test.scope.workspace).await.unwrap()
        };
        (0..19).for_each(|_| uses.note(workspace, ["plan", "seats"]));
        assert_eq!(run().await, 0, "not often enough");
        uses.note(workspace, ["plan"]);
        assert_eq!((run().await, &lake.promoted()[..]), (1, &["plan".to_owned()][..]));
        assert_eq!(lake.write_promoted(&lake::RewriteProgress::default()).await.unwrap(), 0, "every file keeps it");
        assert_eq!(plans().await, before);
        assert_eq!(run().await, 0, "nothing changed");
        (0..30).for_each(|_| uses.note(workspace, ["seats"]));
        assert_eq!(run().await, 0, "not twice in a week");
        let client = Client::new(&test.platform, vec![routes(upkeep.clone())]).session(&test.set_up.session.token);
        let answer = client.send("GET", "/api/v1/upkeep/properties", None).await.expect(200).json();
        assert_eq!(answer["properties"][0], json!({ "name": "seats", "uses": 49, "kept": false }));
        assert_eq!(answer["properties"][1], json!({ "name": "plan", "uses": 20, "kept": true }));
        test.advance(8 * DAY);
        assert_eq!((run().await, &lake.promoted()[..]), (1, &["seats".to_owned(), "plan".to_owned()][..]));
        // Nobody asks any more.
        test.advance(100 * DAY);
        assert_eq!((run().await, lake.promoted().len()), (1, 0));
        assert_eq!(plans().await, before);
        lakes.close().await;
    }
}
