//! The folds over lakes of a few events, and against oracles over random ones.

pub(crate) mod oracles;
mod ways;

use super::counts::CountFold;
use super::first_event::FirstEventFold;
use super::sessions::{SessionFold, SessionRow, Sessions};
use crate::tests::{START, event, open, pump};
use crate::{AgentClass, Event, EventKind, FoldOptions, Lake};
use kernel::time::{DAY, HOUR, MINUTE, SECOND};

async fn lake_of(folder: &std::path::Path, mut events: Vec<Event>) -> Lake {
    for (place, event) in events.iter_mut().enumerate() {
        event.event_id = format!("s{place}");
    }
    let lake = open(folder).await;
    lake.append(events).await.unwrap();
    pump(&lake).await;
    lake
}

fn page(at: i64, path: &str) -> Event {
    Event { kind: EventKind::Page, path: path.into(), country: "DE".into(), ..event("", 1, START + at, "Page viewed") }
}

fn from(channel: &str, source: &str, event: Event) -> Event {
    Event { channel: channel.into(), source: source.into(), ..event }
}

async fn sessions(events: Vec<Event>, fold: &SessionFold) -> Sessions {
    let folder = tempfile::tempdir().unwrap();
    let lake = lake_of(folder.path(), events).await;
    let hot = lake.fold(fold, &FoldOptions::default()).await.unwrap();
    lake.seal().await.unwrap();
    let sealed = lake.fold(fold, &FoldOptions::default()).await.unwrap();
    assert_eq!(shown(&hot), shown(&sealed), "the same from memory and from files");
    sealed
}

fn shown(sessions: &Sessions) -> Vec<(i64, i64, u32, String, String)> {
    let row = |row: &SessionRow| {
        let text = |code| sessions.text(code).to_owned();
        (
            (row.start - START) / SECOND,
            (row.end - START) / SECOND,
            row.events,
            text(row.channel),
            text(row.landing_path),
        )
    };
    sessions.rows.iter().map(row).collect()
}

/// AN 1.2: ends after 30 minutes without an event; settable, retroactively.
#[tokio::test]
async fn a_session_ends_after_the_timeout() {
    let events = || vec![page(0, "/a"), page(30 * MINUTE, "/b"), page(60 * MINUTE + 1, "/c")];
    let found = sessions(events(), &SessionFold::default()).await;
    assert_eq!(shown(&found), [(0, 1800, 2, String::new(), "/a".into()), (3600, 3600, 1, String::new(), "/c".into())]);
    let short = SessionFold::new(10 * MINUTE, 10 * SECOND, &[]);
    assert_eq!(sessions(events(), &short).await.rows.len(), 3);
    let long = SessionFold::new(7 * HOUR + 55 * MINUTE, 10 * SECOND, &[]);
    assert_eq!(sessions(events(), &long).await.rows.len(), 1);
}

/// AN 1.2: not cut at midnight nor by a new campaign, and without a longest length.
#[tokio::test]
async fn neither_midnight_nor_a_campaign_cuts() {
    let mut events: Vec<Event> = (0..120).map(|step| page(23 * HOUR + step * 20 * MINUTE, "/x")).collect();
    events[0] = from("Organic Search", "google", events[0].clone());
    events[5] = from("Paid Search", "bing", events[5].clone());
    let found = sessions(events, &SessionFold::default()).await;
    assert_eq!(found.rows.len(), 1);
    assert_eq!(found.rows[0].engaged_us(), 119 * 20 * MINUTE);
    assert_eq!(found.text(found.rows[0].source), "google");
}

/// AN 1.2: longer than 10 s, or two views, or a key event.
#[tokio::test]
async fn engaged_is_long_or_two_views_or_a_key_event() {
    let track = |at: i64, name: &str| event("", 1, START + at, name);
    let fold = SessionFold::new(30 * MINUTE, 10 * SECOND, &["Paid".into(), "Paid".into(), String::new()]);
    let engaged = |events| {
        let fold = fold.clone();
        async move { sessions(events, &fold).await.rows.iter().map(|row| row.engaged).collect::<Vec<_>>() }
    };
    assert_eq!(engaged(vec![page(0, "/")]).await, [false]);
    assert_eq!(engaged(vec![page(0, "/"), track(10 * SECOND, "Scrolled")]).await, [false]);
    assert_eq!(engaged(vec![page(0, "/"), track(10 * SECOND + 1, "Scrolled")]).await, [true]);
    assert_eq!(engaged(vec![page(0, "/"), page(1, "/b")]).await, [true]);
    assert_eq!(engaged(vec![page(0, "/"), track(1, "Paid")]).await, [true]);
    assert_eq!(engaged(vec![page(0, "/"), track(1, "Scrolled")]).await, [false]);
}

/// Calls that say who somebody is, and servers, start and prolong none; a server's key event counts where it falls.
#[tokio::test]
async fn servers_and_identify_start_and_prolong_nothing() {
    let server = |at: i64, name: &str| Event { device: "server".into(), ..event("", 1, START + at, name) };
    let identify = |at: i64| Event { kind: EventKind::Identify, ..event("", 1, START + at, "Identified") };
    let fold = SessionFold::new(30 * MINUTE, 10 * SECOND, &["Paid".into()]);
    let events = vec![
        server(0, "Paid"),
        identify(1),
        page(10 * MINUTE, "/a"),
        identify(35 * MINUTE),
        server(38 * MINUTE, "Paid"),
        page(41 * MINUTE, "/b"),
    ];
    let found = sessions(events, &fold).await;
    assert_eq!(shown(&found), [(600, 600, 2, String::new(), "/a".into()), (2460, 2460, 1, String::new(), "/b".into())]);
    assert!(found.rows[0].engaged && found.rows[0].key_events == 1);
    assert!(!found.rows[1].engaged);
}

#[tokio::test]
async fn the_touch_is_the_first_evidence_in_the_session() {
    let direct = |at| from("Direct", "(direct)", page(at, "/start"));
    let events = vec![
        direct(0),
        Event { campaign: "spring".into(), ..from("Paid Search", "google", page(SECOND, "/b")) },
        from("Email", "news", page(2 * SECOND, "/c")),
        direct(DAY),
        Event { referrer_host: "example.org".into(), ..page(2 * DAY, "/d") },
        page(3 * DAY, "/e"),
    ];
    let found = sessions(events, &SessionFold::default()).await;
    let touches: Vec<_> =
        found.rows.iter().map(|row| (found.text(row.channel), found.text(row.campaign), row.is_direct)).collect();
    assert_eq!(touches, [("Paid Search", "spring", false), ("Direct", "", true), ("", "", false), ("", "", true)]);
    assert_eq!(found.text(found.rows[2].referrer_host), "example.org");
    assert_eq!(found.text(found.rows[0].landing_path), "/start");
    assert_eq!(found.text(found.rows[0].country), "DE");
}

#[tokio::test]
async fn bots_and_ai_agents_have_sessions_of_their_own() {
    let by = |class, at| Event { agent_class: class, ..page(at, "/") };
    let events = vec![
        by(AgentClass::Unknown, 0),
        by(AgentClass::Bot, SECOND),
        by(AgentClass::Human, 2 * SECOND),
        by(AgentClass::AiAgent, 3 * SECOND),
        by(AgentClass::Bot, 4 * SECOND),
    ];
    let found = sessions(events, &SessionFold::default()).await;
    let classes: Vec<_> = found.rows.iter().map(|row| (row.agent_class, row.pages)).collect();
    assert_eq!(classes, [(AgentClass::Human, 2), (AgentClass::Bot, 2), (AgentClass::AiAgent, 1)]);
}

#[tokio::test]
async fn counts_and_first_events() {
    let folder = tempfile::tempdir().unwrap();
    let bot = Event { agent_class: AgentClass::Bot, ..event("", 3, START, "Paid") };
    let events = vec![
        event("", 1, START + 5, "Paid"),
        event("", 1, START + 2, "Seen"),
        event("", 1, START + 9, "Paid"),
        event("", 2, START + 3, "Paid"),
        bot,
    ];
    let lake = lake_of(folder.path(), events).await;
    let fold = CountFold { humans_only: true, ..CountFold::default() };
    let counts = lake.fold(&fold, &FoldOptions::default()).await.unwrap().into_map();
    let counts: Vec<_> = counts.iter().map(|(name, count)| (name.as_str(), count.events, count.people)).collect();
    assert_eq!(counts, [("Paid", 3, 2), ("Seen", 1, 1)]);
    let fold = FirstEventFold { name: Some("Paid".into()), humans_only: true };
    let mut first = lake.fold(&fold, &FoldOptions::default()).await.unwrap();
    first.sort_by_key(|first| first.person);
    let first: Vec<_> =
        first.iter().map(|first| (first.person, first.at - START, first.last_at - START, first.events)).collect();
    assert_eq!(first, [(1, 5, 9, 2), (2, 3, 3, 1)]);
    let any = lake.fold(&FirstEventFold::default(), &FoldOptions::default()).await.unwrap();
    assert_eq!(any.len(), 3);
}
