//! How far the events behind the facts of a moment were read.

use super::moments::FactsThen;
use super::shelf::Seen;
use crate::facts::{AsOf, SessionFacts};
use kernel::problem::Problem;
use kernel::scope::Scope;
use kernel::time::{SECOND, Timestamp};
use lake::{Columns, Dict, EventRef, Fold, FoldOptions, KnownAt};

/// An event by its place in the log, and when it was received; nothing when there is none.
type Place = Option<(u64, i64)>;

/// What facts of a moment count.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counted {
    last: Place,
    /// When the last event was received before some that may have been known at the moment and are not counted; none when
    /// all are.
    behind_since: Option<i64>,
}

impl Counted {
    pub(super) fn as_of(&self, now: Timestamp) -> AsOf {
        let waiting = |since: i64| u64::try_from(now.since(Timestamp::from_micros(since)) / SECOND).unwrap_or(0).max(1);
        AsOf {
            offset: self.last.map_or(0, |(offset, _)| offset),
            at: self.last.map(|(_, received_at)| Timestamp::from_micros(received_at)),
            lag_seconds: self.behind_since.map_or(0, waiting),
        }
    }
}

/// The last event up to a place in the log.
#[derive(Debug, Clone)]
struct LastEvent {
    up_to: u64,
}

impl Fold for LastEvent {
    type State = Place;
    type Output = Place;

    fn columns(&self) -> Columns {
        Columns::NONE.with_offset().with_received_at()
    }

    fn init(&self) -> Place {
        None
    }

    fn step(&self, state: &mut Place, event: &EventRef<'_>) {
        if event.offset() <= self.up_to {
            *state = (*state).max(Some((event.offset(), event.received_at())));
        }
    }

    fn finish(&self, _: u64, state: &mut Place, _: &Dict, output: &mut Place) {
        self.merge(output, *state);
    }

    fn output(&self) -> Place {
        None
    }

    fn merge(&self, into: &mut Place, from: Place) {
        *into = (*into).max(from);
    }
}

impl FactsThen {
    /// What the sessions of a moment count.
    pub(super) async fn counted(
        &self,
        scope: &Scope,
        known: &KnownAt,
        sessions: &SessionFacts,
        seen: &Seen,
    ) -> Result<Counted, Problem> {
        let (watermark, at) = (sessions.watermark, known.at.micros());
        let waits = watermark.appended_offset > watermark.offset && watermark.at <= at && !seen.is_settled(known.at);
        // Where none was received since the moment, the last one is known.
        let last = if watermark.at <= at {
            (watermark.at != 0).then_some((watermark.offset, watermark.at))
        } else {
            let options = FoldOptions { as_of: Some(known.clone()), ..FoldOptions::default() };
            let lake = self.store().source().sql_lake(scope).await?;
            lake.fold(&LastEvent { up_to: watermark.offset }, &options).await?
        };
        // While none is counted, those that wait have only just come.
        let since = if watermark.at == 0 { seen.now.micros() } else { watermark.at };
        Ok(Counted { last, behind_since: waits.then_some(since) })
    }
}
