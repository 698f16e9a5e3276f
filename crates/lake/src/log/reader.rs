//! Reading the log again from an offset, for a consumer that starts or starts again.

use super::segment::{Scanner, Step};
use super::{Segment, record};
use crate::error::LakeError;
use crate::event::Event;
use std::collections::VecDeque;

/// A place in the log.
pub(super) struct Cursor {
    handed: u64,
    segments: VecDeque<Segment>,
    scanner: Option<(Segment, Scanner)>,
    left: VecDeque<Event>,
}

impl Cursor {
    /// Starts after the event `handed`.
    pub(super) fn after(handed: u64, segments: Vec<Segment>) -> Self {
        let skip = segments.partition_point(|segment| segment.first <= handed + 1).saturating_sub(1);
        Self { handed, segments: segments.into_iter().skip(skip).collect(), scanner: None, left: VecDeque::new() }
    }

    /// The last offset that was handed out.
    pub(super) fn handed(&self) -> u64 {
        self.handed
    }

    /// At most `max` events up to the offset `until`, which is known to be stored.
    pub(super) fn read(&mut self, max: usize, until: u64) -> Result<Vec<Event>, LakeError> {
        let mut events = Vec::new();
        while events.len() < max && self.handed < until {
            if let Some(event) = self.left.pop_front() {
                if event.offset > self.handed {
                    self.handed = event.offset;
                    events.push(event);
                }
                continue;
            }
            self.record()?;
        }
        Ok(events)
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
            Step::Record(head) => {
                let events = record::decode(&head, &scanner.payload).map_err(|why| corrupt(scanner.place, &why))?;
                self.left.extend(events);
            }
            Step::End => self.scanner = None,
            Step::Bad(why) => return Err(corrupt(scanner.place, why)),
        }
        Ok(())
    }
}
