//! Reading the log again from an offset, for a consumer that starts or starts again.

use super::segment::{Scanner, Step};
use super::{Segment, record};
use crate::batch::{NewEvents, Piece};
use crate::error::LakeError;
use std::collections::VecDeque;
use std::sync::Arc;

/// A place in the log.
pub(super) struct Cursor {
    handed: u64,
    segments: VecDeque<Segment>,
    /// Offset of the first event of the last segment that is known.
    newest: u64,
    scanner: Option<(Segment, Scanner)>,
    left: Option<Piece>,
}

impl Cursor {
    /// Starts after the event `handed`.
    pub(super) fn after(handed: u64, segments: Vec<Segment>) -> Self {
        let skip = segments.partition_point(|segment| segment.first <= handed + 1).saturating_sub(1);
        let newest = segments.last().map_or(0, |segment| segment.first);
        Self { handed, segments: segments.into_iter().skip(skip).collect(), newest, scanner: None, left: None }
    }

    /// The last offset that was handed out.
    pub(super) fn handed(&self) -> u64 {
        self.handed
    }

    /// At most `max` events up to the offset `until`, which is known to be stored. `segments`: those there are now.
    pub(super) fn read(&mut self, max: usize, until: u64, segments: Vec<Segment>) -> Result<Vec<Piece>, LakeError> {
        for segment in segments.into_iter().filter(|segment| segment.first > self.newest).collect::<Vec<_>>() {
            self.newest = segment.first;
            self.segments.push_back(segment);
        }
        let (mut pieces, mut room) = (Vec::new(), max);
        while room > 0 && self.handed < until {
            let Some(left) = self.left.as_mut().filter(|left| left.len() > 0) else {
                self.record()?;
                continue;
            };
            // What lies after `until` was not known to be stored when it was asked for.
            let most = usize::try_from(until - self.handed).unwrap_or(usize::MAX).min(room);
            let piece = left.take(most);
            room -= piece.len();
            self.handed = piece.last();
            pieces.push(piece);
        }
        Ok(pieces)
    }

    /// Reads one more record into `left`.
    fn record(&mut self) -> Result<(), LakeError> {
        let Some((segment, scanner)) = &mut self.scanner else {
            let Some(segment) = self.segments.pop_front() else {
                return Err(LakeError::Data(format!("event {} is stored and not in the log", self.handed + 1)));
            };
            self.scanner = Scanner::open(&segment)?.map(|scanner| (segment, scanner));
            return Ok(());
        };
        let corrupt =
            |position, why: &str| LakeError::Corrupt { path: segment.path.clone(), position, why: why.to_owned() };
        match scanner.step()? {
            Step::Record(head) if head.first + u64::from(head.events) <= self.handed + 1 => {}
            Step::Record(head) if head.first > self.handed + 1 => {
                return Err(corrupt(scanner.place, &format!("event {} is missing before it", self.handed + 1)));
            }
            Step::Record(head) => {
                let events = record::unpack(head.is_packed, std::mem::take(&mut scanner.payload));
                let events = events.and_then(|events| NewEvents::read(events, head.events));
                let events = events.map_err(|why| corrupt(scanner.place, &why))?;
                let from = usize::try_from((self.handed + 1).saturating_sub(head.first)).unwrap_or(usize::MAX);
                self.left = Some(Piece { to: events.len(), events: Arc::new(events), first: head.first, from });
            }
            Step::End => self.scanner = None,
            Step::Bad(why) => return Err(corrupt(scanner.place, why)),
        }
        Ok(())
    }
}
