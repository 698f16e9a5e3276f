//! Reads everything there is and reports what does not fit together.

use crate::catalog::{CatalogState, FileEntry};
use crate::error::LakeError;
use crate::event::month_of;
use crate::lake::{CheckReport, Inner};
use crate::parquet::{AT, DataFile, OFFSET, PERSON, integers, rederivations};
use crate::view::{View, bucket_of};
use std::collections::BTreeSet;
use std::sync::Arc;

pub(crate) fn check(inner: &Inner, view: &View, state: &CatalogState) -> Result<CheckReport, LakeError> {
    let log = inner.log.check()?;
    let mut report = CheckReport {
        segments: log.segments,
        log_events: log.events,
        problems: log.problems,
        ..CheckReport::default()
    };
    let open: BTreeSet<u64> = view.files.iter().flatten().map(|file| file.entry.id).collect();
    let listed: BTreeSet<u64> = state.files.iter().map(|file| file.id).collect();
    if open != listed {
        report.problems.push("the catalog was changed by somebody else while the lake was open".into());
    }
    let mut offsets = roaring::RoaringTreemap::new();
    for file in view.files.iter().flatten() {
        report.files += 1;
        match check_file(file, view.buckets, state, &mut offsets) {
            Ok((rows, problems)) => {
                report.rows += rows;
                report.problems.extend(problems.into_iter().map(|why| format!("{}: {why}", file.path().display())));
            }
            Err(error) => report.problems.push(error.to_string()),
        }
    }
    for run in inner.dedup.runs().iter() {
        report.event_ids += run.entry.entries;
        match run.check() {
            Ok(problems) => report.problems.extend(problems),
            Err(error) => report.problems.push(error.to_string()),
        }
    }
    if report.event_ids < report.rows {
        tracing::debug!(rows = report.rows, ids = report.event_ids, "some events have no id");
    }
    Ok(report)
}

fn check_file(
    file: &Arc<DataFile>,
    buckets: u16,
    state: &CatalogState,
    offsets: &mut roaring::RoaringTreemap,
) -> Result<(u64, BTreeSet<String>), LakeError> {
    let FileEntry { bucket, month, rows, at_min, at_max, .. } = file.entry;
    let mut problems = BTreeSet::new();
    let mut read = 0;
    let mut before = (i64::MIN, i64::MIN, i64::MIN);
    // Full rows, so that every page is unpacked and its checks run.
    for batch in file.read(file.columns()?, &crate::parquet::Selection::All)? {
        let batch = batch?;
        let (person, at, offset) = (integers(&batch, PERSON)?, integers(&batch, AT)?, integers(&batch, OFFSET)?);
        for row in 0..batch.num_rows() {
            let key = (person[row], at[row], offset[row]);
            let mut note = |wrong: bool, why: &str| {
                if wrong {
                    problems.insert(why.to_owned());
                }
            };
            note(key <= before, "rows are not in order");
            note(bucket_of(key.0.cast_unsigned(), buckets) != usize::from(bucket), "rows of another bucket");
            note(month_of(key.1) != month, "rows of another month");
            note(key.1 < at_min || key.1 > at_max, "rows outside the times of the catalog");
            note(key.2.cast_unsigned() > state.sealed_offset, "rows after the sealed offset");
            note(!offsets.insert(key.2.cast_unsigned()), "rows that another file has too");
            before = key;
        }
        read += batch.num_rows() as u64;
        for number in rederivations(&batch)? {
            if !state.rederived.iter().any(|one| one.id == number) {
                problems.insert(format!("rows of the re-derivation {number}, of which the catalog does not know"));
            }
        }
    }
    if read != rows {
        problems.insert(format!("{read} rows where the catalog says {rows}"));
    }
    Ok((read, problems))
}
