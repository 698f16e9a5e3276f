//! The fold behind a tally.

use super::counts::{Tally, Touch};
use crate::event::{Col, Columns};
use crate::fold::{Dict, EventRef, Fold, Run, RunCodes};
use crate::folds::filter::{EventFilter, Filters, Literals, Masks, names_of};
use crate::folds::periods::Periods;
use crate::folds::predicates::AtFinish;
use crate::folds::sessions::{COLUMNS, SessionFold, SessionRow, Sessionizer, lane};
use crate::value::{Amount, AmountAt};

/// Most series of a tally.
pub const SERIES_MAX: usize = 32;

/// Counts series by period.
#[derive(Debug, Clone)]
pub struct TallyFold {
    periods: Periods,
    by: Option<Col>,
    amount: AmountAt,
    sessions: Option<SessionFold>,
    filters: Filters,
    literals: Literals,
    names: Option<Vec<String>>,
    columns: Columns,
    /// Whether there is one series, of every event.
    is_any: bool,
    /// The same, with those of bots and AI agents left out.
    humans_only: bool,
    /// The texts that have rows of their own, and their codes; all when none.
    shown: Option<(Vec<String>, Vec<u32>)>,
    listed: Option<ListedCodes>,
    /// Of each period in which part of the range it lies, and whether who came in a part is kept.
    parts: Option<(Vec<u32>, bool)>,
}

/// Whose numbers are kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listed {
    /// The series.
    pub series: usize,
    /// The period; any when none.
    pub period: Option<usize>,
    /// Of this text of the column only.
    pub text: Option<String>,
    /// Of none of these texts.
    pub outside: Vec<String>,
}

/// The same with codes.
#[derive(Debug, Clone)]
struct ListedCodes {
    series: u32,
    period: Option<u32>,
    text: Option<u32>,
    outside: Vec<u32>,
}

/// One person on the way.
#[derive(Debug, Clone, Default)]
pub struct Person {
    period: usize,
    from: i64,
    to: i64,
    touches: Vec<Touch>,
    /// Sums by part, series and currency.
    currencies: Vec<((u32, u32, u32), i128)>,
    masks: Masks,
    sessionizer: Sessionizer,
    /// The series that the open sessions hold events of.
    held: [u32; 3],
}

/// The columns that the texts of a session can be taken from.
#[must_use]
pub const fn session_columns() -> &'static [Col] {
    &[
        Col::Channel,
        Col::Source,
        Col::Medium,
        Col::Campaign,
        Col::Content,
        Col::Term,
        Col::ClickIdKind,
        Col::ReferrerHost,
        Col::Path,
        Col::Country,
        Col::Device,
    ]
}

/// What a session says of a column: where it came from, the page it began at, the country and device of its first event.
fn text_of(session: &SessionRow, column: Col) -> u32 {
    match column {
        Col::Channel => session.channel,
        Col::Source => session.source,
        Col::Medium => session.medium,
        Col::Campaign => session.campaign,
        Col::Content => session.content,
        Col::Term => session.term,
        Col::ClickIdKind => session.click_id_kind,
        Col::ReferrerHost => session.referrer_host,
        Col::Path => session.landing_path,
        Col::Country => session.country,
        Col::Device => session.device,
        _ => 0,
    }
}

impl TallyFold {
    /// A line for each of at most [`SERIES_MAX`] series; `bounds` says where each period begins, and where the last one ends,
    /// microseconds UTC, ascending. What happened outside is not counted.
    #[must_use]
    pub fn new(series: &[EventFilter], bounds: &[i64]) -> Self {
        Self::made(series, bounds, Literals::default())
    }

    /// The same of sessions with an event of the series; a session is counted when it began.
    #[must_use]
    pub fn of_sessions(series: &[EventFilter], bounds: &[i64], settings: SessionFold) -> Self {
        let fold = Self::made(series, bounds, Literals { texts: settings.literals(), properties: Vec::new() });
        let columns = fold.columns.and(Columns::of(COLUMNS)).with_offset().with_kind().with_agent_class();
        Self { columns, names: None, is_any: false, sessions: Some(settings), ..fold }
    }

    fn made(series: &[EventFilter], bounds: &[i64], mut literals: Literals) -> Self {
        let series: Vec<&EventFilter> = series.iter().take(SERIES_MAX).collect();
        let humans_only = series.first().is_some_and(|one| one.humans_only);
        let is_any = series.len() == 1 && *series[0] == EventFilter { humans_only, ..EventFilter::default() };
        let columns = if is_any { Columns::NONE } else { Columns::of(&[Col::Name]) };
        Self {
            periods: Periods::new(bounds),
            by: None,
            amount: AmountAt::None,
            sessions: None,
            filters: Filters::new(&series, &mut literals),
            literals,
            names: names_of(series.iter().copied()),
            columns: series.iter().fold(columns, |columns, filter| columns.and(filter.columns())),
            is_any,
            humans_only,
            shown: None,
            listed: None,
            parts: None,
        }
    }

    /// In parts that can be kept ([`Tally::split`]): `parts` says of each period in which it lies, ascending from 0. Without
    /// `has_people` people of several parts cannot be counted.
    #[must_use]
    pub fn in_parts(self, parts: &[u32], has_people: bool) -> Self {
        Self { parts: Some((parts.to_vec(), has_people)), ..self }
    }

    fn part(&self, period: usize) -> u32 {
        self.parts.as_ref().and_then(|(parts, _)| parts.get(period)).copied().unwrap_or(0)
    }

    /// The first series by the texts of a column; with sessions one of [`session_columns`].
    #[must_use]
    pub fn by(mut self, column: Col) -> Self {
        self.by = Some(column);
        self.columns = self.columns.and(Columns::of(&[column]));
        self
    }

    /// As [`TallyFold::by`], but only these texts have rows of their own; all others share one without a name.
    #[must_use]
    pub fn showing(self, column: Col, texts: &[String]) -> Self {
        let mut literals = self.literals.clone();
        let codes = texts.iter().map(|text| literals.code(text)).collect();
        Self { literals, shown: Some((texts.to_vec(), codes)), ..self.by(column) }
    }

    /// With the numbers of some people; not together with [`TallyFold::showing`].
    #[must_use]
    pub fn listing(mut self, listed: &Listed) -> Self {
        let mut literals = std::mem::take(&mut self.literals);
        self.listed = Some(ListedCodes {
            series: u32::try_from(listed.series).unwrap_or(u32::MAX),
            period: listed.period.map(|period| u32::try_from(period).unwrap_or(u32::MAX)),
            text: listed.text.as_ref().map(|text| literals.code(text)),
            outside: listed.outside.iter().map(|text| literals.code(text)).collect(),
        });
        self.literals = literals;
        self
    }

    /// The row of a text.
    #[inline]
    fn key(&self, code: u32) -> u32 {
        let Some((_, shown)) = &self.shown else { return code };
        u32::try_from(shown.iter().position(|one| *one == code).unwrap_or(shown.len())).unwrap_or(u32::MAX)
    }

    fn lists(&self, listed: &ListedCodes, touch: &Touch) -> bool {
        let is_of = match self.by {
            Some(_) => listed.text.is_none_or(|text| text == touch.key) && !listed.outside.contains(&touch.key),
            None => listed.series == touch.key,
        };
        is_of && listed.period.is_none_or(|period| period == touch.period)
    }

    /// With the sum of an amount; of values by currency, too.
    #[must_use]
    pub fn with(mut self, amount: Amount) -> Self {
        self.columns = self.columns.and(amount.columns());
        if amount == Amount::Value {
            self.columns = self.columns.and(Columns::of(&[Col::Currency]));
        }
        self.amount = amount.at(&mut self.literals);
        self
    }

    /// Moves on to the period of a moment; whether there is one.
    #[inline]
    fn find(&self, state: &mut Person, at: i64) -> bool {
        if at < state.from || at >= state.to {
            let Some(found) = self.periods.find(at) else { return false };
            (state.period, state.from, state.to) = found;
        }
        true
    }

    /// One event of one person that is of the series of `mask`.
    #[inline]
    fn take(&self, state: &mut Person, at: i64, mask: u32, event: impl Fn() -> (Share, u32)) {
        if !self.find(state, at) {
            return;
        }
        let (of, code) = event();
        if let Some(currency) = of.currency {
            let (part, mut open) = (self.part(state.period), mask);
            while open != 0 {
                state.value((part, open.trailing_zeros(), currency), of.amount);
                open &= open - 1;
            }
        }
        if self.by.is_some() {
            return state.touch(self.key(code), of.marked, of.amount);
        }
        let mut open = mask;
        while open != 0 {
            state.touch(open.trailing_zeros(), of.marked, of.amount);
            open &= open - 1;
        }
    }

    #[inline]
    fn amount_of(&self, event: &EventRef<'_>) -> Share {
        match self.amount.of(event) {
            None => Share::default(),
            Some(sum) => {
                let currency = (self.amount == AmountAt::Value).then(|| event.code(Col::Currency));
                Share { marked: 1, amount: sum, currency }
            }
        }
    }

    /// Consecutive events of one person, whose names were fitted.
    #[inline]
    fn walk(&self, state: &mut Person, run: Run<'_>, masks: &Masks) {
        let names: &[u32] = if self.is_any { &[] } else { run.codes(Col::Name).keys() };
        let codes: Option<RunCodes<'_>> = self.by.map(|column| run.codes(column));
        let careful = self.humans_only && run.has_machines();
        for (place, at) in run.at().iter().enumerate() {
            let mask = match self.is_any {
                true => u32::from(!(careful && run.is_machine(place))),
                false => masks.admitted(&self.filters, names[place], &run, place),
            };
            if mask != 0 {
                let event = || (self.amount_of(&run.event(place)), codes.map_or(0, |codes| codes.at(place)));
                self.take(state, *at, mask, event);
            }
        }
    }

    /// One event of a visit.
    fn visit(&self, settings: &SessionFold, state: &mut Person, event: &EventRef<'_>) {
        let mut sessionizer = std::mem::take(&mut state.sessionizer);
        let at = sessionizer.step(settings, event, |session| self.ended(state, &session));
        state.sessionizer = sessionizer;
        if let Some(lane) = at {
            state.held[lane] |= self.filters.admit(self.filters.by_name(event.code(Col::Name)), event);
        }
    }

    /// A session that is over.
    fn ended(&self, state: &mut Person, session: &SessionRow) {
        let mask = std::mem::take(&mut state.held[lane(session.agent_class)]);
        let of = Share { marked: u64::from(session.engaged), amount: i128::from(session.engaged_us()), currency: None };
        if mask != 0 {
            self.take(state, session.start, mask, || (of, self.by.map_or(0, |column| text_of(session, column))));
        }
    }
}

/// What an event adds to a cell.
#[derive(Debug, Clone, Copy, Default)]
struct Share {
    marked: u64,
    amount: i128,
    /// The code of its currency, when there is one to add up by.
    currency: Option<u32>,
}

impl Person {
    #[inline]
    fn touch(&mut self, key: u32, marked: u64, sum: i128) {
        let period = u32::try_from(self.period).unwrap_or(u32::MAX);
        match self.touches.last_mut() {
            Some(last) if last.key == key && last.period == period => {
                last.events += 1;
                last.marked += marked;
                last.sum += sum;
            }
            _ => self.touches.push(Touch { key, period, events: 1, marked, sum }),
        }
    }

    fn value(&mut self, of: (u32, u32, u32), sum: i128) {
        match self.currencies.iter_mut().find(|known| known.0 == of) {
            Some(known) => known.1 += sum,
            None => self.currencies.push((of, sum)),
        }
    }
}

impl AtFinish for TallyFold {}

impl Fold for TallyFold {
    type State = Person;
    type Output = Tally;

    fn columns(&self) -> Columns {
        self.columns
    }

    fn literals(&self) -> Vec<String> {
        self.literals.texts.clone()
    }

    fn properties(&self) -> Vec<String> {
        self.literals.properties.clone()
    }

    /// A session goes on with any event.
    fn names(&self) -> Option<Vec<String>> {
        self.names.clone()
    }

    fn init(&self) -> Person {
        Person { from: i64::MAX, to: i64::MIN, ..Person::default() }
    }

    fn reset(&self, state: &mut Person) {
        state.touches.clear();
        state.currencies.clear();
        if self.sessions.is_some() {
            (state.sessionizer, state.held) = (Sessionizer::default(), [0; 3]);
        }
    }

    fn step(&self, state: &mut Person, event: &EventRef<'_>) {
        if let Some(settings) = &self.sessions {
            return self.visit(settings, state, event);
        }
        let mask = match (self.is_any, self.humans_only) {
            (true, humans_only) => u32::from(!(humans_only && event.agent_class().is_machine())),
            (false, _) => self.filters.admit(self.filters.by_name(event.code(Col::Name)), event),
        };
        if mask != 0 {
            let code = || (self.amount_of(event), self.by.map_or(0, |column| event.code(column)));
            self.take(state, event.at(), mask, code);
        }
    }

    fn steps(&self, state: &mut Person, run: Run<'_>, _output: &mut Tally) {
        if let Some(settings) = &self.sessions {
            return run.events().for_each(|event| self.visit(settings, state, &event));
        }
        let mut masks = std::mem::take(&mut state.masks);
        if !self.is_any {
            masks.fit(&self.filters, run.codes(Col::Name));
        }
        self.walk(state, run, &masks);
        state.masks = masks;
    }

    fn people(&self, state: &mut Person, people: Run<'_>, output: &mut Tally) {
        if self.sessions.is_some() {
            return people.each_person(|person, run| {
                self.reset(state);
                self.steps(state, run, output);
                self.finish(person, state, run.dict(), output);
            });
        }
        let mut masks = std::mem::take(&mut state.masks);
        if !self.is_any {
            masks.fit(&self.filters, people.codes(Col::Name));
        }
        people.each_person(|person, run| {
            self.reset(state);
            self.walk(state, run, &masks);
            self.finish(person, state, run.dict(), output);
        });
        state.masks = masks;
    }

    fn finish(&self, person: u64, state: &mut Person, _dict: &Dict, output: &mut Tally) {
        if let Some(settings) = &self.sessions {
            let sessionizer = std::mem::take(&mut state.sessionizer);
            sessionizer.finish(settings, |session| self.ended(state, &session));
            // Those of bots and of people end in any order.
            state.touches.sort_by_key(|touch| touch.period);
        }
        if !state.touches.is_empty() {
            output.add(person, &state.touches);
        }
        if let Some(listed) = &self.listed
            && state.touches.iter().any(|touch| self.lists(listed, touch))
        {
            output.listed.push(person);
        }
        for (of, sum) in &state.currencies {
            *output.by_currency.entry(*of).or_default() += sum;
        }
    }

    fn output(&self) -> Tally {
        let has_sums = self.amount != AmountAt::None || self.sessions.is_some();
        let tally = Tally::new(self.periods.len(), self.by.is_some(), has_sums);
        match &self.parts {
            Some((parts, has_people)) => tally.in_parts(parts, *has_people),
            None => tally,
        }
    }

    fn close(&self, dict: &Dict, output: &mut Tally) {
        output.close(|code| dict.text(code), self.shown.as_ref().map(|shown| &shown.0[..]));
    }

    fn weight(&self, output: &Tally) -> usize {
        output.weight()
    }

    fn merge(&self, into: &mut Tally, from: Tally) {
        into.merge(&from);
    }
}
