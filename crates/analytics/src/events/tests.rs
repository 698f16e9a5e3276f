//! The ring, its watchers, and the quarantine on both databases.

use super::*;
use futures::StreamExt as _;
use kernel::ids::QuarantineId;
use kernel::time::Timestamp;
use rand::SeedableRng as _;

fn fate(name: &str, status: FateStatus, offset: Option<u64>) -> Fate {
    Fate {
        sequence: 0,
        status,
        code: String::new(),
        reason: String::new(),
        offset,
        quarantine: None,
        at: Timestamp::default(),
        received_at: Timestamp::default(),
        kind: "track".to_owned(),
        name: name.to_owned(),
        person: None,
        user_id: "Ada".to_owned(),
        anonymous_id: String::new(),
        message_id: String::new(),
        write_key: "key_1".to_owned(),
        library: String::new(),
        channel: String::new(),
        url: String::new(),
        agent_class: String::new(),
        agent_reason: String::new(),
    }
}

#[test]
fn the_ring_is_bounded_and_pages_by_sequence() {
    let live = Live::default();
    let total = RING_MAX as u64 + 10;
    live.push((0..total).map(|number| fate(&format!("e{number}"), FateStatus::Accepted, Some(number))));
    let all = live.recent(&FateFilter::default(), None, usize::MAX);
    assert_eq!((all.len(), all[0].sequence), (RING_MAX, total));
    let older = live.recent(&FateFilter::default(), Some(all[1].sequence), 1);
    assert_eq!(older[0].name, format!("e{}", total - 3));
}

#[test]
fn what_was_before_goes_under_what_came_since() {
    let live = Live::default();
    let ids: Vec<QuarantineId> = (0..2)
        .map(|seed| QuarantineId::new(Timestamp::default(), &mut rand_chacha::ChaCha8Rng::seed_from_u64(seed)))
        .collect();
    let refused =
        |name: &str, id: &QuarantineId| Fate { quarantine: Some(id.clone()), ..fate(name, FateStatus::Rejected, None) };
    live.push([refused("refused", &ids[1]), fate("new", FateStatus::Accepted, Some(3))]);
    let before = vec![
        refused("old refused", &ids[0]),
        fate("old", FateStatus::Accepted, Some(2)),
        refused("refused again", &ids[1]),
        fate("new again", FateStatus::Accepted, Some(3)),
    ];
    live.refill(before);
    let names: Vec<String> =
        live.recent(&FateFilter::default(), None, 9).iter().map(|fate| fate.name.clone()).collect();
    assert_eq!(names, ["new", "refused", "old", "old refused"], "each once, the newest first");
}

#[tokio::test]
async fn a_watcher_sees_what_passes_in_order() {
    let live = Live::default();
    let filter = FateFilter {
        status: Some(FateStatus::Rejected),
        person: Some("ad".to_owned()),
        name: Some("SIGN".to_owned()),
        key: None,
    };
    let mut watched = Box::pin(live.watch(filter));
    live.push([
        fate("Signed up", FateStatus::Accepted, Some(1)),
        fate("Signed in", FateStatus::Rejected, None),
        fate("Left", FateStatus::Rejected, None),
        fate("Signed out", FateStatus::Rejected, None),
    ]);
    assert_eq!(watched.next().await.unwrap().name, "Signed in");
    assert_eq!(watched.next().await.unwrap().name, "Signed out");
}

fn entry(number: u64, fingerprint: &str) -> Entry {
    let at = Timestamp::from_micros(i64::try_from(number).unwrap());
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(number);
    Entry {
        id: QuarantineId::new(at, &mut rng),
        fingerprint: fingerprint.to_owned(),
        status: FateStatus::Rejected,
        code: "no_identifier".to_owned(),
        reason: "why".to_owned(),
        received_at: at,
        texts: std::array::from_fn(|place| format!("text {place}")),
    }
}

#[tokio::test]
async fn the_quarantine_counts_repeats_and_drops_the_oldest() {
    for database in testkit::platforms().await {
        let quarantine = Quarantine::new(database.db.clone());
        quarantine.insert(vec![entry(1, "a"), entry(2, "b"), entry(3, "b")]).await.unwrap();
        quarantine.insert(vec![entry(4, "a"), entry(5, "c")]).await.unwrap();
        quarantine.stored_at("c", 77).await.unwrap();
        let all = quarantine.list(&QuarantineFilter::default()).await.unwrap().items;
        let seen: Vec<(i64, u64, Option<u64>)> =
            all.iter().map(|row| (row.last_received_at.micros(), row.seen, row.offset)).collect();
        assert_eq!(seen, [(5, 1, Some(77)), (4, 2, None), (2, 1, None)]);
        assert_eq!(all[1].received_at.micros(), 1, "the first time is kept");
        assert_eq!(quarantine.prune().await.unwrap(), 0, "looks only now and then");
        assert_eq!(quarantine.prune_to(2, 1 << 20).await.unwrap(), 1);
        let newest = &quarantine.list(&QuarantineFilter::default()).await.unwrap().items[0];
        let bytes = i64::try_from(newest.raw.len()).unwrap();
        assert_eq!(quarantine.prune_to(100, bytes).await.unwrap(), 1, "bytes count, not characters");
        let left = quarantine.list(&QuarantineFilter::default()).await.unwrap().items;
        assert_eq!((left.len(), &left[0].id), (1, &newest.id));
    }
}

#[test]
fn the_live_view_forgets_whom_it_is_told() {
    let live = Live::default();
    let other = Fate { user_id: "Bob".to_owned(), ..fate("kept", FateStatus::Accepted, Some(2)) };
    live.push([fate("gone", FateStatus::Accepted, Some(1)), other]);
    assert_eq!(live.forget(|fate| fate.user_id == "Ada"), 1);
    let names: Vec<String> =
        live.recent(&FateFilter::default(), None, 9).iter().map(|fate| fate.name.clone()).collect();
    assert_eq!(names, ["kept"]);
}

#[tokio::test]
async fn the_quarantine_forgets_the_messages_of_a_person_and_no_others() {
    for database in testkit::platforms().await {
        let quarantine = Quarantine::new(database.db.clone());
        let with = |number: u64, place: usize, text: &str| {
            let mut entry = entry(number, &format!("f{number}"));
            text.clone_into(&mut entry.texts[place]);
            entry
        };
        let entries = vec![
            with(1, 3, "7"),
            with(2, 4, "browser-1"),
            with(3, 7, "{\"email\":\"Erika_M@Example.com\"}"),
            with(4, 7, "{\"email\":\"erikaxm@example.com\",\"plan\":\"7\",\"other\":\"browser-10\"}"),
        ];
        quarantine.insert(entries).await.unwrap();
        let values = ["7", "browser-1", "erika_m@example.com"].map(str::to_owned);
        let traces = people::erasure::Traces { persons: vec![1], values: values.to_vec() };
        assert_eq!(traces.telling(), ["browser-1", "erika_m%40example.com", "erika_m@example.com"]);
        assert_eq!(quarantine.forget(&traces.values, &traces.telling()).await.unwrap(), 3);
        let left = quarantine.list(&QuarantineFilter::default()).await.unwrap().items;
        assert_eq!(left.len(), 1);
        assert!(left[0].raw.contains("erikaxm"), "{left:?}");
    }
}
