//! One pass over the events: sessions, and the pages each of them viewed.

use lake::folds::sessions::{COLUMNS, SessionFold, SessionRow, Sessionizer};
use lake::{AgentClass, Col, Columns, Dict, EventKind, EventRef, Fold, Recoder};

/// Cuts sessions and notes the distinct pages of those that are not of bots or AI agents.
#[derive(Debug, Clone, Default)]
pub struct TouchFold {
    settings: SessionFold,
}

impl TouchFold {
    /// With these settings of sessions.
    #[must_use]
    pub fn new(settings: SessionFold) -> Self {
        Self { settings }
    }
}

/// Sessions and their pages, as the fold found them.
#[derive(Debug, Clone, Default)]
pub struct TouchRows {
    /// The sessions, person by person, by start.
    pub rows: Vec<SessionRow>,
    /// For each session, where its pages end in `pages` (they begin where those of the one before end).
    pub page_ends: Vec<u32>,
    /// Codes of the distinct paths of each session.
    pub pages: Vec<u32>,
    /// The texts of all codes.
    pub texts: Dict,
    recoder: Recoder,
}

impl TouchRows {
    /// Sessions that were found in another way; `page_ends` is as long as `rows`.
    #[must_use]
    pub fn new(rows: Vec<SessionRow>, page_ends: Vec<u32>, pages: Vec<u32>, texts: Dict) -> Self {
        Self { rows, page_ends, pages, texts, recoder: Recoder::default() }
    }
}

/// The state of one person.
#[derive(Debug, Default)]
pub struct PersonTouches {
    sessionizer: Sessionizer,
    ended: Vec<SessionRow>,
    views: Vec<(i64, u32)>,
}

fn is_machine(class: AgentClass) -> bool {
    matches!(class, AgentClass::Bot | AgentClass::AiAgent)
}

impl Fold for TouchFold {
    type State = PersonTouches;
    type Output = TouchRows;

    fn columns(&self) -> Columns {
        self.settings.columns().and(Columns::of(COLUMNS).without(Col::Name))
    }

    fn literals(&self) -> Vec<String> {
        self.settings.literals()
    }

    fn init(&self) -> PersonTouches {
        PersonTouches::default()
    }

    fn step(&self, state: &mut PersonTouches, event: &EventRef<'_>) {
        if matches!(event.kind(), EventKind::Page | EventKind::Screen) && !is_machine(event.agent_class()) {
            let path = event.code(Col::Path);
            state.views.push((event.at(), path));
        }
        let ended = &mut state.ended;
        state.sessionizer.step(&self.settings, event, |session| ended.push(session));
    }

    fn finish(&self, person: u64, state: &mut PersonTouches, dict: &Dict, output: &mut TouchRows) {
        let PersonTouches { sessionizer, mut ended, views } = std::mem::take(state);
        sessionizer.finish(&self.settings, |session| ended.push(session));
        ended.sort_unstable_by_key(|session| (session.start, session.offset));
        let mut next_view = 0;
        let mut paths: Vec<u32> = Vec::new();
        for mut session in ended {
            paths.clear();
            if !is_machine(session.agent_class) {
                while let Some((at, path)) = views.get(next_view).filter(|(at, _)| *at <= session.end) {
                    if *at >= session.start && !paths.contains(path) {
                        paths.push(*path);
                    }
                    next_view += 1;
                }
            }
            session.person = person;
            for code in session.codes_mut() {
                *code = output.recoder.code(*code, dict, &mut output.texts);
            }
            for path in &paths {
                output.pages.push(output.recoder.code(*path, dict, &mut output.texts));
            }
            output.rows.push(session);
            output.page_ends.push(u32::try_from(output.pages.len()).unwrap_or(u32::MAX));
        }
    }

    fn output(&self) -> TouchRows {
        TouchRows::default()
    }

    fn close(&self, _dict: &Dict, output: &mut TouchRows) {
        output.recoder = Recoder::default();
    }

    fn merge(&self, into: &mut TouchRows, from: TouchRows) {
        if into.rows.is_empty() {
            *into = from;
            return;
        }
        // Exactly: doubling would hold the rows of a large company twice.
        into.rows.reserve_exact(from.rows.len());
        into.pages.reserve_exact(from.pages.len());
        into.page_ends.reserve_exact(from.page_ends.len());
        let mut recoder = Recoder::default();
        let shift = u32::try_from(into.pages.len()).unwrap_or(u32::MAX);
        into.pages.extend(from.pages.iter().map(|code| recoder.code(*code, &from.texts, &mut into.texts)));
        into.page_ends.extend(from.page_ends.iter().map(|end| end.saturating_add(shift)));
        for mut session in from.rows {
            for code in session.codes_mut() {
                *code = recoder.code(*code, &from.texts, &mut into.texts);
            }
            into.rows.push(session);
        }
    }
}
