//! The sessions that are only counted, one by one: folded again for as many days as somebody wants to see.

use super::cells::{Cell, CellName, Cells};
use super::fold::Purpose;
use super::model::{Session, SessionFacts};
use super::month::{MonthRows, MonthSums};
use super::renew::month_fold;
use crate::facts::Day;
use lake::{Dict, FoldOptions, LakeError, Snapshot};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Most sessions that are looked at one by one for one question, beyond those that are kept.
pub const SESSIONS_AT_ONCE_MAX: u64 = 1_000_000;

/// Most people whose events are looked up one by one.
const PEOPLE_LOOKED_UP_MAX: usize = 10_000;

/// Which of the sessions that are only counted.
#[derive(Debug, Clone)]
pub struct Extra {
    /// Stretches of days with their first and last one.
    pub days: Vec<(Day, Day)>,
    /// Only those of these cells.
    pub only: Option<Arc<HashSet<CellName>>>,
}

impl Extra {
    fn has_day(&self, day: Day) -> bool {
        self.days.iter().any(|(from, to)| *from <= day && day <= *to)
    }

    /// Whether a session with codes of `texts` is one of them; what is counted has codes of `known`.
    pub(super) fn has(&self, session: &Session, texts: &Dict, known: &Dict) -> bool {
        if !self.has_day(session.day) {
            return false;
        }
        let Some(only) = &self.only else { return true };
        let mut codes = session.codes();
        for code in &mut codes {
            match known.find(texts.text(*code)) {
                Some(found) => *code = found,
                None => return false,
            }
        }
        only.contains(&(session.day, codes))
    }

    /// The cells of a month that it reads.
    fn cells(&self, cells: &Cells) -> impl Iterator<Item = Cell> {
        let all = self.days.iter().flat_map(|(from, to)| cells.between(*from, *to));
        all.filter(|cell| self.only.as_ref().is_none_or(|only| only.contains(&(cell.day, cell.codes))))
    }
}

/// The same sessions, those of these days with a place each; of other days, only those that had one.
///
/// What is counted is folded again as it was known to these facts: later events and merges are left out.
///
/// # Errors
/// [`LakeError::TooLarge`] when they are more than [`SESSIONS_AT_ONCE_MAX`]; those of [`lake::Lake::fold`].
pub async fn extra(
    snapshot: &Snapshot,
    facts: &SessionFacts,
    texts: &Dict,
    days: Extra,
) -> Result<(SessionFacts, Dict), LakeError> {
    let cells = facts.months.iter().flat_map(|(_, month)| days.cells(&month.cells));
    if cells.map(|cell| u64::from(cell.sessions)).sum::<u64>() > SESSIONS_AT_ONCE_MAX {
        return Err(LakeError::TooLarge);
    }
    let under = snapshot.under(Arc::clone(&facts.merges));
    let stamps = snapshot.months();
    let mut all = texts.clone();
    let mut found_rows = MonthSums::default();
    for (_, month) in &facts.months {
        if days.cells(&month.cells).next().is_none() {
            continue;
        }
        let stamp = stamps.iter().find(|stamp| stamp.month == month.number);
        let range = stamp.map(lake::MonthStamp::range);
        let bounds = range.map_or((0, i64::MAX), |range| (range.from.micros(), range.to.micros()));
        let mut fold = month_fold(&facts.settings, bounds, &month.from, &facts.kept, &facts.texts);
        fold.purpose = Purpose::Counted(days.clone());
        fold.texts = Arc::clone(&facts.texts);
        fold.offset_max = facts.watermark.offset;
        let mut taken = HashSet::new();
        if let Some(range) = range {
            let found = under.fold(&fold, &FoldOptions::over(range)).await?;
            let (sums, seen) = found.into_sums(&mut all);
            found_rows.rows.extend(sums.rows);
            taken = seen;
        }
        let mut rest = MonthSums::default();
        for (person, open) in month.from.0.iter().filter(|(person, _)| !taken.contains(person)) {
            fold.unseen(*person, open, range.is_none(), &mut rest);
        }
        // The texts begin with those of the facts.
        found_rows.rows.extend(rest.rows);
    }
    Ok((facts.with_rows(MonthRows::new(found_rows.rows), &all), all))
}

/// The first human session of each of these people, with codes of the texts that are returned, which begin with `texts`.
///
/// # Errors
/// [`LakeError::TooLarge`] when they are more than [`SESSIONS_AT_ONCE_MAX`]; those of [`lake::Lake::fold`].
pub async fn firsts(
    snapshot: &Snapshot,
    facts: &SessionFacts,
    texts: &Dict,
    people: Arc<HashSet<u64>>,
) -> Result<(HashMap<u64, Session>, Dict), LakeError> {
    if people.len() as u64 > SESSIONS_AT_ONCE_MAX {
        return Err(LakeError::TooLarge);
    }
    let under = snapshot.under(Arc::clone(&facts.merges));
    let mut fold = month_fold(&facts.settings, (0, i64::MAX), &Arc::default(), &facts.kept, &facts.texts);
    fold.calendar = Arc::new(facts.calendar.clone());
    // A few are looked up, many are read with everybody else.
    let few = (people.len() <= PEOPLE_LOOKED_UP_MAX).then(|| Arc::clone(&people));
    let options = FoldOptions { people: few, ..FoldOptions::default() };
    fold.purpose = Purpose::First(people);
    fold.offset_max = facts.watermark.offset;
    let found = under.fold(&fold, &options).await?;
    let mut all = texts.clone();
    let rows = found.into_sums(&mut all).0.rows;
    Ok((rows.into_iter().map(|(session, _)| (session.person, session)).collect(), all))
}
