//! What a funnel costs beyond the plain one: conditions, a breakdown, a moment in the past, merged people, hot events.

use crate::ours::funnel;
use crate::questions::STEPS;
use crate::world;
use anyhow::{Context, Result};
use kernel::time::{DAY, SECOND, TimeRange, Timestamp};
use lake::folds::filter::EventFilter;
use lake::folds::first_event::FirstEventFold;
use lake::sequences::funnel::FunnelFold;
use lake::{Col, Event, FoldOptions, KnownAt, Lake};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Events that are not sealed yet.
const HOT: usize = 200_000;

struct Case<'a> {
    title: &'static str,
    lake: &'a Lake,
    fold: FunnelFold,
    options: FoldOptions,
    merges: Arc<HashMap<u64, u64>>,
    times: Vec<Duration>,
}

/// Measures each case in turn, `rounds` times after one to warm up; a table.
pub(crate) async fn measure(folder: &Path, rounds: usize) -> Result<String> {
    let beside = folder.with_extension("hot");
    world::copy(folder, &beside)?;
    let (lake, hot) = (world::open(folder).await?, world::open(&beside).await?);
    let people = lake.fold(&FirstEventFold::default(), &FoldOptions::default()).await?;
    let numbers: Vec<u64> = people.iter().map(|first| first.person).collect();
    let first = people.iter().map(|first| first.at).min().context("an event")?;
    let last = people.iter().map(|first| first.last_at).max().context("an event")?;
    heat(&hot, &numbers, last).await?;
    let none: Arc<HashMap<u64, u64>> = Arc::default();
    let merged = Arc::new(numbers.chunks(100).filter(|some| some.len() > 1).map(|some| (some[1], some[0])).collect());
    let middle = Timestamp::from_micros(first.midpoint(last));
    let of_a_country = STEPS.map(|name| EventFilter::named(name).with(Col::Country, "DE"));
    let all = FoldOptions::default;
    let months = TimeRange { from: Timestamp::from_micros(last - 90 * DAY), to: TimeRange::ALL.to };
    let as_of = FoldOptions { as_of: Some(KnownAt::new(middle, none.clone())), ..all() };
    let case = |title, lake, fold, options, merges: &Arc<HashMap<u64, u64>>| Case {
        title,
        lake,
        fold,
        options,
        merges: merges.clone(),
        times: Vec::new(),
    };
    let mut cases = vec![
        case("plain", &lake, funnel(), all(), &none),
        case("a condition on every step", &lake, FunnelFold::new(&of_a_country, 30 * DAY), all(), &none),
        case("broken down by country", &lake, funnel().by(Col::Country), all(), &none),
        case("the last 90 days", &lake, funnel(), FoldOptions::over(months), &none),
        case("as of the middle of the time", &lake, funnel(), as_of, &none),
        case("one person in a hundred merged", &lake, funnel(), all(), &merged),
        case("200 000 events not sealed yet", &hot, funnel(), all(), &none),
    ];
    for round in 0..=rounds {
        for case in &mut cases {
            case.lake.set_merges(case.merges.clone());
            let start = Instant::now();
            case.lake.fold(&case.fold, &case.options).await?;
            if round > 0 {
                case.times.push(start.elapsed());
            }
        }
    }
    let mut text = String::from("| The funnel | time | × plain |\n|---|---:|---:|\n");
    let mut plain = 0.0;
    for case in &mut cases {
        let took = crate::table::median(&mut case.times);
        plain = if case.title == "plain" { took } else { plain };
        let _ = writeln!(text, "| {} | {took:.3} s | {:.2} |", case.title, took / plain);
    }
    drop(cases);
    drop(hot);
    std::fs::remove_dir_all(&beside)?;
    Ok(text)
}

/// Adds events of known people, and seals none of them.
async fn heat(lake: &Lake, people: &[u64], last: i64) -> Result<()> {
    let page = |place: usize| Event {
        at: last + i64::try_from(place).unwrap_or(0) * SECOND,
        received_at: last + i64::try_from(place).unwrap_or(0) * SECOND,
        event_id: format!("hot{place}"),
        name: STEPS[place % STEPS.len()].to_owned(),
        country: "DE".to_owned(),
        ..Event::default()
    };
    for from in (0..HOT).step_by(8_192) {
        let to = HOT.min(from + 8_192);
        lake.append((from..to).map(page).collect()).await?;
        let mut place = from;
        while place < to {
            let mut events = lake.next(8_192).await?;
            let up_to = events.last().context("an event")?.offset;
            for event in &mut events {
                event.person = people[place * 7 % people.len()];
                place += 1;
            }
            lake.admit(events, up_to).await?;
        }
    }
    Ok(())
}
