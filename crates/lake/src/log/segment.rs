//! Segment files: reading them through, recovering after a crash, checking.

use super::record::{self, HEADER, Head};
use super::{Segment, writer::SEGMENT_HEADER};
use crate::batch::NewEvents;
use crate::error::LakeError;
use std::fs::{self, File, OpenOptions};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

/// What a check of the log found.
#[derive(Debug, Clone, Default)]
pub(crate) struct LogReport {
    pub(crate) segments: u64,
    pub(crate) events: u64,
    pub(crate) problems: Vec<String>,
}

/// Where the log stands after opening.
pub(super) struct Recovered {
    pub(super) segments: Vec<Segment>,
    /// The offset the next event gets.
    pub(super) next: u64,
    /// Bytes of the last segment.
    pub(super) end: u64,
}

/// One record read from a segment, or why there is none.
pub(super) enum Step {
    Record(Head),
    End,
    Bad(&'static str),
}

/// Reads the records of one segment, one after the other.
pub(super) struct Scanner {
    path: PathBuf,
    reader: BufReader<File>,
    /// Bytes up to the end of the last sound record.
    pub(super) place: u64,
    length: u64,
    pub(super) payload: Vec<u8>,
}

impl Scanner {
    /// Opens a segment; none when its header is torn.
    pub(super) fn open(segment: &Segment) -> Result<Option<Self>, LakeError> {
        let path = segment.path.clone();
        let file = File::open(&path).map_err(LakeError::io(&path))?;
        let length = file.metadata().map_err(LakeError::io(&path))?.len();
        let mut reader = BufReader::with_capacity(256 << 10, file);
        let mut header = [0; SEGMENT_HEADER];
        if length < SEGMENT_HEADER as u64 {
            return Ok(None);
        }
        reader.read_exact(&mut header).map_err(LakeError::io(&path))?;
        if header != super::writer::segment_header(segment.first) {
            return if length == SEGMENT_HEADER as u64 {
                Ok(None)
            } else {
                Err(LakeError::Corrupt { path, position: 0, why: "not a log segment of this version".into() })
            };
        }
        Ok(Some(Self { path, reader, place: SEGMENT_HEADER as u64, length, payload: Vec::new() }))
    }

    /// The next record; its payload is in `payload`.
    pub(super) fn step(&mut self) -> Result<Step, LakeError> {
        // The segment may be the open one: it grows, and what a failed write left is cut off again.
        self.length = self.reader.get_ref().metadata().map_err(LakeError::io(&self.path))?.len();
        let left = self.length.saturating_sub(self.place);
        if left == 0 {
            return Ok(Step::End);
        }
        if left < HEADER as u64 {
            return Ok(Step::Bad("a record is cut off in its head"));
        }
        let mut bytes = [0; HEADER];
        self.reader.read_exact(&mut bytes).map_err(LakeError::io(&self.path))?;
        let Some(head) = record::head(&bytes) else { return Ok(Step::Bad("no record begins here")) };
        if left - (HEADER as u64) < head.length as u64 {
            return Ok(Step::Bad("a record is cut off"));
        }
        self.payload.resize(head.length, 0);
        self.reader.read_exact(&mut self.payload).map_err(LakeError::io(&self.path))?;
        if !record::is_sound(&head, &bytes, &self.payload) {
            return Ok(Step::Bad("the checksum of a record does not match"));
        }
        self.place += (HEADER + head.length) as u64;
        Ok(Step::Record(head))
    }
}

/// Whether a record after `place` says that the bytes at `place` had been acknowledged.
fn acknowledged_after(path: &Path, place: u64) -> Result<bool, LakeError> {
    let bytes = fs::read(path).map_err(LakeError::io(path))?;
    let rest = bytes.get(usize::try_from(place).unwrap_or(usize::MAX)..).unwrap_or_default();
    for at in 1..rest.len() {
        let Some(head) = record::head(&rest[at..]) else { continue };
        let Some(payload) = rest[at + HEADER..].get(..head.length) else { continue };
        if head.durable > place && record::is_sound(&head, &rest[at..at + HEADER], payload) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn list(folder: &Path) -> Result<Vec<Segment>, LakeError> {
    let mut segments = Vec::new();
    for entry in fs::read_dir(folder).map_err(LakeError::io(folder))? {
        let path = entry.map_err(LakeError::io(folder))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".log"));
        if let Some(first) = name.and_then(|name| name.parse().ok()) {
            segments.push(Segment { first, path });
        }
    }
    segments.sort_by_key(|segment| segment.first);
    Ok(segments)
}

/// The first offset that a log holds; none when there is no segment.
pub(crate) fn first_offset(folder: &Path) -> Result<Option<u64>, LakeError> {
    if !folder.exists() {
        return Ok(None);
    }
    Ok(list(folder)?.first().map(|segment| segment.first))
}

/// Reads all segments, cuts off a torn tail, and says where to go on.
pub(super) fn recover(folder: &Path, sealed: u64) -> Result<Recovered, LakeError> {
    let mut segments = list(folder)?;
    let mut next = segments.first().map_or(sealed + 1, |segment| segment.first);
    let mut end = 0;
    if next > sealed + 1 {
        let path = segments[0].path.clone();
        return Err(missing(path, sealed + 1, next));
    }
    let count = segments.len();
    for (place, segment) in segments.clone().iter().enumerate() {
        let is_last = place + 1 == count;
        if segment.first != next {
            return Err(missing(segment.path.clone(), next, segment.first));
        }
        let Some(mut scanner) = Scanner::open(segment)? else {
            if !is_last {
                return Err(corrupt(&segment.path, 0, "the segment is empty, and others follow"));
            }
            fs::remove_file(&segment.path).map_err(LakeError::io(&segment.path))?;
            segments.pop();
            // The segment before was read through: `end` is still its end.
            break;
        };
        loop {
            match scanner.step()? {
                Step::Record(head) if head.first == next && head.events > 0 => next += u64::from(head.events),
                Step::Record(_) => return Err(corrupt(&segment.path, scanner.place, "offsets are not in order")),
                Step::End => break,
                Step::Bad(why) if is_last && !acknowledged_after(&segment.path, scanner.place)? => {
                    cut(segment, scanner.place, why)?;
                    break;
                }
                Step::Bad(why) => return Err(corrupt(&segment.path, scanner.place, why)),
            }
        }
        end = scanner.place;
    }
    if next <= sealed {
        // The log was lost behind the files (an older copy of the folder): its offsets may not be given out again.
        tracing::warn!(folder = %folder.display(), next, sealed, "the log ends before the sealed events; it starts anew");
        for segment in segments.drain(..) {
            fs::remove_file(&segment.path).map_err(LakeError::io(&segment.path))?;
        }
        return Ok(Recovered { segments, next: sealed + 1, end: 0 });
    }
    Ok(Recovered { segments, next, end })
}

fn cut(segment: &Segment, place: u64, why: &str) -> Result<(), LakeError> {
    let path = &segment.path;
    let file = OpenOptions::new().write(true).open(path).map_err(LakeError::io(path))?;
    let length = file.metadata().map_err(LakeError::io(path))?.len();
    tracing::warn!(path = %path.display(), place, cut_off = length - place, why, "cut off a tail that was not acknowledged");
    file.set_len(place).and_then(|()| file.sync_all()).map_err(LakeError::io(path))
}

fn corrupt(path: &Path, position: u64, why: &str) -> LakeError {
    LakeError::Corrupt { path: path.to_owned(), position, why: why.into() }
}

fn missing(path: PathBuf, expected: u64, found: u64) -> LakeError {
    let why = format!(
        "it begins with event {found}, but event {expected} comes next: a segment is missing, or the \
         catalog is older than this folder"
    );
    LakeError::Corrupt { path, position: 0, why }
}

/// Reads the segments again, as a check.
pub(super) fn check(folder: &Path, segments: &[Segment], stored: u64) -> Result<LogReport, LakeError> {
    let mut report = LogReport { segments: segments.len() as u64, ..LogReport::default() };
    let on_disk = list(folder)?;
    for segment in segments.iter().filter(|segment| !on_disk.contains(segment)) {
        report.problems.push(format!("{} is missing", segment.path.display()));
    }
    for segment in segments.iter().filter(|segment| on_disk.contains(segment)) {
        let Some(mut scanner) = Scanner::open(segment)? else {
            report.problems.push(format!("{} has no header", segment.path.display()));
            continue;
        };
        let mut next = segment.first;
        // An append that runs while the check reads may be half there: only what was stored before counts.
        while next <= stored {
            match scanner.step()? {
                Step::Record(head) => {
                    let events = record::unpack(head.is_packed, std::mem::take(&mut scanner.payload));
                    if let Err(why) = events.and_then(|events| NewEvents::read(events, head.events)) {
                        report.problems.push(format!("{} at byte {}: {why}", segment.path.display(), scanner.place));
                    }
                    report.events += u64::from(head.events);
                    next = head.first + u64::from(head.events);
                }
                Step::End => break,
                Step::Bad(why) => {
                    report.problems.push(format!("{} at byte {}: {why}", segment.path.display(), scanner.place));
                    break;
                }
            }
        }
    }
    Ok(report)
}
