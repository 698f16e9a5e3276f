//! What is renewed is what is folded anew; and what is folded anew instead.

use super::{FoundIn, Reversible, Twice};
use crate::folds::filter::EventFilter;
use crate::predicates::Within;
use crate::sequences::funnel::FunnelFold;
use crate::sequences::retention::RetentionFold;
use crate::sequences::walks::{Stop, WalkFold, Walks, Way};
use crate::tests::{START, event, open, pump};
use crate::{Col, Event, Fold, FoldOptions, Lake, LakeError, RewriteProgress, Snapshot};
use kernel::time::{DAY, HOUR, TimeRange, Timestamp};
use std::sync::Arc;

/// So many more events of these people, each an hour after the one before.
async fn add(lake: &Lake, first: u64, count: u64, people: u64) {
    let seen = |place: u64| Event {
        path: format!("/p{}", place * 7 % 31),
        ..event(
            &format!("e{place}"),
            1 + place % people,
            moment(place),
            ["a", "b", "c"][usize::try_from(place % 3).unwrap()],
        )
    };
    lake.append((first..first + count).map(seen).collect()).await.unwrap();
    pump(lake).await;
}

/// So many hours after the first event.
fn moment(hours: u64) -> i64 {
    START + i64::try_from(hours).unwrap() * HOUR
}

/// From one hour to another.
fn hours(from: u64, to: u64) -> TimeRange {
    TimeRange { from: Timestamp::from_micros(moment(from)), to: Timestamp::from_micros(moment(to)) }
}

fn funnel() -> FunnelFold {
    FunnelFold::new(&["a", "b"].map(EventFilter::named), 10 * DAY).by(Col::Path)
}

fn retention() -> RetentionFold {
    let bounds: Vec<i64> = (0..20).map(|day| START + day * DAY).collect();
    RetentionFold::new(&EventFilter::named("a"), &EventFilter::default(), &bounds).bracketed(&[1..=3]).by(Col::Path, 9)
}

fn walks() -> WalkFold {
    WalkFold::new(&EventFilter::named("a"), &EventFilter::default(), Col::Path, Way::After, 3)
}

/// What the funnel finds.
async fn found(snapshot: &Snapshot) -> Arc<<FunnelFold as Fold>::Output> {
    Arc::new(snapshot.fold(&funnel(), &FoldOptions::default()).await.unwrap())
}

/// Whether the funnel is renewed, and to what is found anew.
async fn is_renewed(then: &Snapshot, now: &Snapshot) -> bool {
    let known = (found(then).await, &then.found_in(TimeRange::ALL));
    let renewed = now.renew(&funnel(), known, &FoldOptions::default()).await.unwrap();
    if let Some(renewed) = &renewed {
        assert_eq!(renewed.groups, found(now).await.groups);
    }
    renewed.is_some()
}

/// Few events are made up for; many are not, be it of all that there are or in themselves.
#[tokio::test]
async fn where_so_much_is_new_everything_is_folded_anew() {
    for (before, new, renewed) in
        [(8, 10, true), (8, 11, false), (60, 20, true), (60, 21, false), (200, 40, true), (200, 41, false)]
    {
        let folder = tempfile::tempdir().unwrap();
        let lake = open(folder.path()).await;
        add(&lake, 0, before, 7).await;
        let then = lake.snapshot();
        add(&lake, before, new, 7).await;
        assert_eq!(is_renewed(&then, &lake.snapshot()).await, renewed, "{new} after {before}");
    }
}

#[tokio::test]
async fn where_so_many_are_one_everything_is_folded_anew() {
    for (pairs, renewed) in [(1, true), (10, true), (11, false)] {
        let folder = tempfile::tempdir().unwrap();
        let lake = open(folder.path()).await;
        add(&lake, 0, 160, 40).await;
        let then = lake.snapshot();
        lake.set_merges(Arc::new((0..pairs).map(|pair| (2 * pair + 1, 2 * pair + 2)).collect()));
        // Somebody new, and somebody of those who are one.
        add(&lake, 160, 3, 40).await;
        assert_eq!(is_renewed(&then, &lake.snapshot()).await, renewed, "{pairs} pairs");
    }
}

/// What was found later, in another lake, before an erasure or in another range is of no use.
#[tokio::test]
async fn what_was_found_in_something_else_is_not_renewed() {
    let (folder, another) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (lake, other) = (open(folder.path()).await, open(another.path()).await);
    add(&lake, 0, 10, 7).await;
    add(&other, 0, 14, 7).await;
    let earlier = lake.snapshot();
    add(&lake, 10, 4, 7).await;
    let now = lake.snapshot();
    assert!(is_renewed(&earlier, &now).await);
    assert!(is_renewed(&now, &now).await);
    assert!(!is_renewed(&now, &earlier).await, "from what was found later");
    assert!(!is_renewed(&other.snapshot(), &now).await, "from another lake");
    let of = async |then: TimeRange, asked: TimeRange| {
        let fold = funnel();
        let known = Arc::new(now.fold(&fold, &FoldOptions::over(then)).await.unwrap());
        let renewed = now.renew(&fold, (known, &now.found_in(then)), &FoldOptions::over(asked)).await.unwrap();
        if let Some(renewed) = &renewed {
            let anew = now.fold(&fold, &FoldOptions::over(asked)).await.unwrap();
            assert_eq!(renewed.groups, anew.groups);
        }
        renewed.is_some()
    };
    // The last event is in the hour from 13 to 14.
    assert!(of(hours(0, 9), hours(0, 9)).await);
    assert!(!of(hours(0, 9), hours(0, 10)).await, "there are events after its end");
    assert!(!of(hours(0, 13), hours(0, 30)).await, "there is one at its end");
    assert!(of(hours(0, 14), hours(0, 30)).await);
    assert!(!of(hours(0, 30), hours(0, 20)).await, "it may not end earlier");
    assert!(!of(hours(0, 30), hours(1, 30)).await);
    _ = lake.erase(&[3], &RewriteProgress::default()).await.unwrap();
    assert!(!is_renewed(&now, &lake.snapshot()).await, "somebody was erased");
}

fn links(walks: &Walks) -> Vec<Vec<(Stop<'_>, Stop<'_>, u64)>> {
    let sorted = walks.links().map(|links| {
        let mut all: Vec<_> = links.collect();
        all.sort_unstable();
        all
    });
    sorted.collect()
}

/// Before and after take more memory than after alone: where a fold may not take that much, it is folded anew.
#[tokio::test]
async fn what_does_not_fit_twice_is_folded_anew() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path()).await;
    add(&lake, 0, 120, 8).await;
    let then = lake.snapshot();
    let known = Arc::new(then.fold(&walks(), &FoldOptions::default()).await.unwrap());
    add(&lake, 120, 8, 8).await;
    let now = lake.snapshot();
    let anew = now.fold(&walks(), &FoldOptions::default()).await.unwrap();
    let found_in = then.found_in(TimeRange::ALL);
    let limited = FoldOptions { memory_bytes_max: anew.bytes(), ..FoldOptions::default() };
    let once = now.fold(&walks(), &limited).await;
    assert!(once.is_ok_and(|once| links(&once) == links(&anew)));
    let twice = Twice { fold: walks(), offset: found_in.offset };
    assert!(matches!(now.fold(&twice, &limited).await, Err(LakeError::TooLarge)));
    let renewed = now.renew(&walks(), (Arc::clone(&known), &found_in), &limited).await;
    assert!(matches!(renewed, Ok(None)), "it fits once, but not twice");
    let renewed = now.renew(&walks(), (known, &found_in), &FoldOptions::default()).await.unwrap();
    assert_eq!(links(&renewed.unwrap()), links(&anew));
}

/// What nobody had added cannot be taken away, and where that is tried everything is folded anew.
async fn check_take_away<F>(then: (&Snapshot, &FoundIn), now: &Snapshot, fold: F)
where
    F: Reversible + Clone + 'static,
    F::Output: Clone + Send + Sync + 'static,
    F::State: 'static,
{
    let (then, found_in) = then;
    let fold = Within::new(fold, None);
    let all = then.fold(&fold, &FoldOptions::default()).await.unwrap();
    let mut left = all.clone();
    assert!(fold.take_away(&mut left, &all));
    assert!(!fold.take_away(&mut left, &all), "nothing is left of it");
    for known in [fold.output(), left] {
        let renewed = now.renew(&fold, (Arc::new(known), found_in), &FoldOptions::default()).await.unwrap();
        assert!(renewed.is_none());
    }
    let all = Arc::new(all);
    let same = then.renew(&fold, (Arc::clone(&all), found_in), &FoldOptions::default()).await.unwrap();
    assert!(same.is_some_and(|same| Arc::ptr_eq(&same, &all)), "where nothing changed nothing is copied");
    let renewed = now.renew(&fold, (all, found_in), &FoldOptions::default()).await.unwrap();
    assert!(renewed.is_some());
}

#[tokio::test]
async fn what_was_not_added_is_not_taken_away() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path()).await;
    add(&lake, 0, 60, 8).await;
    let snapshot = lake.snapshot();
    let then = (&snapshot, &snapshot.found_in(TimeRange::ALL));
    add(&lake, 60, 8, 8).await;
    let now = lake.snapshot();
    check_take_away(then, &now, funnel()).await;
    check_take_away(then, &now, retention()).await;
    check_take_away(then, &now, walks()).await;
}
