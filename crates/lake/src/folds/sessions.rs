//! Sessions by the rules of AN 1.2, cut at query time, so that every setting acts on the past as well.
//!
//! A session starts with a page view, a screen view or a tracked event of a browser or an app, and ends after a time
//! without one. It is not cut at midnight nor by a new campaign. Calls that only say who somebody is (identify, group,
//! alias) neither start nor prolong one. An event sent by a server neither starts nor prolongs one either; it counts
//! in the session it falls into (so a purchase recorded by the server makes the session engaged).
//!
//! The touch of a session (channel, source, …) is that of its first event that carries evidence of where the visit came
//! from, else of its first event: the raw value, before any lookback to an earlier source.
//!
//! **Invariant:** bots, AI agents and everybody else have sessions of their own, even under one person.

use crate::event::{AgentClass, Col, Columns, EventKind};
use crate::fold::{Dict, EventRef, Fold, Recoder};

/// Cuts sessions.
#[derive(Debug, Clone)]
pub struct SessionFold {
    /// A session ends after this many microseconds without an event.
    pub timeout_us: i64,
    /// A session longer than this many microseconds is engaged.
    pub engaged_after_us: i64,
    key_events: Vec<String>,
}

impl SessionFold {
    /// With these settings; `key_events` are names of events that make a session engaged.
    #[must_use]
    pub fn new(timeout_us: i64, engaged_after_us: i64, key_events: &[String]) -> Self {
        let mut names: Vec<String> = Vec::new();
        for name in key_events {
            if !name.is_empty() && !LITERALS.contains(&name.as_str()) && !names.contains(name) {
                names.push(name.clone());
            }
        }
        Self { timeout_us, engaged_after_us, key_events: names }
    }
}

impl SessionFold {
    /// The defaults, but a session ends after this many microseconds without an event.
    #[must_use]
    pub fn ending_after(timeout_us: i64) -> Self {
        Self { timeout_us, ..Self::default() }
    }
}

impl Default for SessionFold {
    /// 30 minutes, 10 seconds, no key events.
    fn default() -> Self {
        Self::new(30 * kernel::time::MINUTE, 10 * kernel::time::SECOND, &[])
    }
}

const LITERALS: [&str; 3] = ["Direct", "(direct)", "server"];
const DIRECT_CHANNEL: u32 = Dict::literal(0);
const DIRECT_SOURCE: u32 = Dict::literal(1);
const SERVER: u32 = Dict::literal(2);
const FIRST_KEY_EVENT: u32 = Dict::literal(LITERALS.len());

/// One session. Texts are codes of [`Sessions::texts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionRow {
    /// The person.
    pub person: u64,
    /// Its first event, microseconds UTC.
    pub start: i64,
    /// Its last event that prolonged it, microseconds UTC.
    pub end: i64,
    /// Log offset of its first event.
    pub offset: u64,
    /// Channel of the touch.
    pub channel: u32,
    /// Source of the touch.
    pub source: u32,
    /// Medium of the touch.
    pub medium: u32,
    /// Campaign of the touch.
    pub campaign: u32,
    /// Campaign id of the touch.
    pub campaign_id: u32,
    /// Content of the touch.
    pub content: u32,
    /// Term of the touch.
    pub term: u32,
    /// Kind of click id of the touch.
    pub click_id_kind: u32,
    /// Click id of the touch.
    pub click_id: u32,
    /// Host of the page before the touch.
    pub referrer_host: u32,
    /// Path of its first page or screen view.
    pub landing_path: u32,
    /// Country of its first event.
    pub country: u32,
    /// Device of its first event.
    pub device: u32,
    /// Page and screen views.
    pub pages: u32,
    /// Tracked events, page and screen views.
    pub events: u32,
    /// Key events among them.
    pub key_events: u32,
    /// Who caused it; human where any of its events says so.
    pub agent_class: AgentClass,
    /// Whether it has no evidence of a source.
    pub is_direct: bool,
    /// Longer than the limit, or two views, or a key event.
    pub engaged: bool,
}

impl SessionRow {
    /// Microseconds from its first to its last event.
    #[must_use]
    pub fn engaged_us(&self) -> i64 {
        self.end - self.start
    }

    /// The text columns of a row, to move their codes to another dictionary.
    pub fn codes_mut(&mut self) -> [&mut u32; 13] {
        [
            &mut self.channel,
            &mut self.source,
            &mut self.medium,
            &mut self.campaign,
            &mut self.campaign_id,
            &mut self.content,
            &mut self.term,
            &mut self.click_id_kind,
            &mut self.click_id,
            &mut self.referrer_host,
            &mut self.landing_path,
            &mut self.country,
            &mut self.device,
        ]
    }
}

/// Sessions, ordered by person and start within each bucket of people.
#[derive(Debug, Clone, Default)]
pub struct Sessions {
    /// The sessions.
    pub rows: Vec<SessionRow>,
    /// The texts of their codes.
    pub texts: Dict,
    recoder: Recoder,
}

impl Sessions {
    /// The text of a code of one of the rows.
    #[must_use]
    pub fn text(&self, code: u32) -> &str {
        self.texts.text(code)
    }
}

/// The sessions of one person while its events pass. Usable inside another fold: [`Sessionizer::step`] hands out each
/// session when it ends, [`Sessionizer::finish`] the open ones; codes are of the run's dictionary.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sessionizer {
    open: [Option<SessionRow>; 3],
}

/// Which of the sessions that can be open at a time an event belongs to.
pub(crate) fn lane(class: AgentClass) -> usize {
    match class {
        AgentClass::Human | AgentClass::Unknown => 0,
        AgentClass::Bot => 1,
        AgentClass::AiAgent => 2,
    }
}

impl Sessionizer {
    /// Passes one event; `ended` gets the session that it ends. Returns which of the open sessions it is of, if it is of one.
    pub fn step(
        &mut self,
        settings: &SessionFold,
        event: &EventRef<'_>,
        ended: impl FnOnce(SessionRow),
    ) -> Option<usize> {
        let kind = event.kind();
        if matches!(kind, EventKind::Identify | EventKind::Group | EventKind::Alias) {
            return None;
        }
        let class = event.agent_class();
        let open = &mut self.open[lane(class)];
        let at = event.at();
        let device = event.code(Col::Device);
        let by_server = device == SERVER;
        if let Some(session) = open
            && at - session.end > settings.timeout_us
        {
            let session = *session;
            *open = None;
            ended(settings.closed(session));
        }
        if open.is_none() && by_server {
            return None;
        }
        let view = matches!(kind, EventKind::Page | EventKind::Screen);
        let session = open.get_or_insert_with(|| SessionRow::starting(event, class, device));
        if !by_server {
            session.end = at;
            if session.is_direct {
                session.take_touch(event);
            }
            if view {
                if session.pages == 0 {
                    session.landing_path = event.code(Col::Path);
                }
                session.pages += 1;
            }
            if class == AgentClass::Human {
                session.agent_class = class;
            }
        }
        session.events += 1;
        session.key_events += u32::from(settings.is_key_event(event));
        Some(lane(class))
    }

    /// Ends the sessions that no event from a moment on can prolong.
    pub fn end_before(&mut self, settings: &SessionFold, until: i64, mut ended: impl FnMut(SessionRow)) {
        for open in &mut self.open {
            if let Some(session) = open.take_if(|session| until.saturating_sub(session.end) > settings.timeout_us) {
                ended(settings.closed(session));
            }
        }
    }

    /// The open sessions: to carry them on to where other codes are used.
    pub fn open_mut(&mut self) -> impl Iterator<Item = &mut SessionRow> {
        self.open.iter_mut().flatten()
    }

    /// Whether no session is open.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.open.iter().all(Option::is_none)
    }

    /// When the open session began that is neither a bot's nor an AI agent's.
    #[must_use]
    pub fn human_since(&self) -> Option<i64> {
        self.open[lane(AgentClass::Human)].map(|session| session.start)
    }

    /// After the last event of the person: the open sessions.
    pub fn finish(self, settings: &SessionFold, ended: impl FnMut(SessionRow)) {
        self.open.into_iter().flatten().map(|session| settings.closed(session)).for_each(ended);
    }
}

impl SessionRow {
    fn starting(event: &EventRef<'_>, class: AgentClass, device: u32) -> Self {
        let mut row = Self {
            person: 0,
            start: event.at(),
            end: event.at(),
            offset: event.offset(),
            channel: 0,
            source: 0,
            medium: 0,
            campaign: 0,
            campaign_id: 0,
            content: 0,
            term: 0,
            click_id_kind: 0,
            click_id: 0,
            referrer_host: 0,
            landing_path: event.code(Col::Path),
            country: event.code(Col::Country),
            device,
            pages: 0,
            events: 0,
            key_events: 0,
            agent_class: class,
            is_direct: true,
            engaged: false,
        };
        row.channel = event.code(Col::Channel);
        row.source = event.code(Col::Source);
        row.medium = event.code(Col::Medium);
        row
    }

    /// Takes where the visit came from out of an event, if it says so.
    fn take_touch(&mut self, event: &EventRef<'_>) {
        let channel = event.code(Col::Channel);
        let source = event.code(Col::Source);
        let click_id_kind = event.code(Col::ClickIdKind);
        let evidence = channel != DIRECT_CHANNEL
            && (channel != 0
                || (source != 0 && source != DIRECT_SOURCE)
                || click_id_kind != 0
                || event.code(Col::ReferrerHost) != 0);
        if !evidence {
            return;
        }
        self.is_direct = false;
        self.channel = channel;
        self.source = source;
        self.click_id_kind = click_id_kind;
        self.medium = event.code(Col::Medium);
        self.campaign = event.code(Col::Campaign);
        self.campaign_id = event.code(Col::CampaignId);
        self.content = event.code(Col::Content);
        self.term = event.code(Col::Term);
        self.click_id = event.code(Col::ClickId);
        self.referrer_host = event.code(Col::ReferrerHost);
    }
}

impl SessionFold {
    fn is_key_event(&self, event: &EventRef<'_>) -> bool {
        let code = event.code(Col::Name);
        code >= FIRST_KEY_EVENT && ((code - FIRST_KEY_EVENT) as usize) < self.key_events.len()
    }

    fn closed(&self, mut session: SessionRow) -> SessionRow {
        session.engaged = session.engaged_us() > self.engaged_after_us || session.pages >= 2 || session.key_events > 0;
        session
    }
}

/// The columns [`Sessionizer`] reads.
pub const COLUMNS: &[Col] = &[
    Col::Name,
    Col::Path,
    Col::Channel,
    Col::Source,
    Col::Medium,
    Col::Campaign,
    Col::CampaignId,
    Col::Content,
    Col::Term,
    Col::ClickIdKind,
    Col::ClickId,
    Col::ReferrerHost,
    Col::Country,
    Col::Device,
];

/// The state of [`SessionFold`]: the open sessions and the ended ones.
#[derive(Debug, Default)]
pub struct PersonSessions {
    sessionizer: Sessionizer,
    ended: Vec<SessionRow>,
}

impl Fold for SessionFold {
    type State = PersonSessions;
    type Output = Sessions;

    fn columns(&self) -> Columns {
        let columns = Columns::of(COLUMNS).with_offset().with_kind().with_agent_class();
        if self.key_events.is_empty() { columns.without(Col::Name) } else { columns }
    }

    fn literals(&self) -> Vec<String> {
        LITERALS.iter().map(|text| (*text).to_owned()).chain(self.key_events.iter().cloned()).collect()
    }

    fn init(&self) -> PersonSessions {
        PersonSessions::default()
    }

    fn step(&self, state: &mut PersonSessions, event: &EventRef<'_>) {
        let ended = &mut state.ended;
        state.sessionizer.step(self, event, |session| ended.push(session));
    }

    fn finish(&self, person: u64, state: &mut PersonSessions, dict: &Dict, output: &mut Sessions) {
        let PersonSessions { sessionizer, mut ended } = std::mem::take(state);
        sessionizer.finish(self, |session| ended.push(session));
        ended.sort_unstable_by_key(|session| (session.start, session.offset));
        for mut session in ended {
            session.person = person;
            for code in session.codes_mut() {
                *code = output.recoder.code(*code, dict, &mut output.texts);
            }
            output.rows.push(session);
        }
    }

    fn output(&self) -> Sessions {
        Sessions::default()
    }

    fn close(&self, _dict: &Dict, output: &mut Sessions) {
        output.recoder = Recoder::default();
    }

    fn merge(&self, into: &mut Sessions, from: Sessions) {
        if into.rows.is_empty() {
            *into = from;
            return;
        }
        let mut recoder = Recoder::default();
        into.rows.reserve(from.rows.len());
        for mut session in from.rows {
            for code in session.codes_mut() {
                *code = recoder.code(*code, &from.texts, &mut into.texts);
            }
            into.rows.push(session);
        }
    }
}
