//! Campaigns as sessions spell them: what spend is joined on, and when each campaign began.

use super::model::Session;
use crate::spend::{CampaignTouch, TouchIndex, fold_name};
use kernel::time::Timestamp;
use lake::Dict;
use lake::folds::sessions::SessionRow;
use std::collections::HashMap;
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64;

/// How a session spells where it came from: channel, source, medium, campaign, campaign id, and, where neither of the last
/// two is said, the kind of its click id.
type Spelling = [u32; 6];

/// Sessions that spell it alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Spelled {
    sessions: u64,
    first: Session,
    last_at: i64,
}

/// Human sessions of a stretch of time that carry a campaign, a campaign id or a click id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Touched {
    spelled: HashMap<Spelling, Spelled>,
    /// By the hash of a click id: the first session that carries it.
    clicks: HashMap<u64, ((i64, u64), Spelling)>,
}

pub(crate) fn click_hash(click_id: &str) -> u64 {
    xxh3_64(click_id.as_bytes())
}

fn is_earlier(one: &Session, other: &Session) -> bool {
    (one.start, one.offset) < (other.start, other.offset)
}

impl Touched {
    /// Adds a human session; its codes are of `texts`.
    pub(super) fn add(&mut self, row: &SessionRow, session: Session, texts: &Dict) {
        // A visit of an auto-tagged ad may carry its click id and no campaign: those of one platform and channel are one.
        let tagged = row.campaign != 0 || row.campaign_id != 0;
        if !tagged && row.click_id == 0 {
            return;
        }
        let kind = if tagged { 0 } else { row.click_id_kind };
        let spelling = [row.channel, row.source, row.medium, row.campaign, row.campaign_id, kind];
        self.count(spelling, Spelled { sessions: 1, first: session, last_at: session.start });
        if row.click_id != 0 {
            self.click(click_hash(texts.text(row.click_id)), (session.start, session.offset), spelling);
        }
    }

    fn count(&mut self, spelling: Spelling, more: Spelled) {
        let known = self.spelled.entry(spelling).or_insert(Spelled { sessions: 0, ..more });
        known.sessions += more.sessions;
        known.last_at = known.last_at.max(more.last_at);
        if is_earlier(&more.first, &known.first) {
            known.first = more.first;
        }
    }

    fn click(&mut self, click: u64, at: (i64, u64), spelling: Spelling) {
        let known = self.clicks.entry(click).or_insert((at, spelling));
        if at < known.0 {
            *known = (at, spelling);
        }
    }

    /// Adds another, whose codes are moved by `code`.
    pub(super) fn merge(&mut self, from: &Touched, mut code: impl FnMut(u32) -> u32) {
        for (spelling, more) in &from.spelled {
            let mut more = *more;
            more.first.codes_mut().into_iter().for_each(|place| *place = code(*place));
            self.count(spelling.map(&mut code), more);
        }
        for (click, (at, spelling)) in &from.clicks {
            self.click(*click, *at, spelling.map(&mut code));
        }
    }

    /// Takes another away; false when what is left cannot be told without looking at every session again.
    #[must_use]
    pub(super) fn take_away(&mut self, other: &Touched) -> bool {
        for (spelling, less) in &other.spelled {
            let Some(known) = self.spelled.get_mut(spelling) else { return false };
            let decides = known.first.offset == less.first.offset || known.last_at == less.last_at;
            if decides || known.sessions <= less.sessions {
                return false;
            }
            known.sessions -= less.sessions;
        }
        other.clicks.iter().all(|(click, (at, _))| self.clicks.get(click).is_some_and(|known| known.0 != *at))
    }

    pub(super) fn bytes(&self) -> usize {
        self.spelled.len() * size_of::<(Spelling, Spelled)>() + self.clicks.len() * 56
    }

    /// The first human session of each campaign, in the order of days.
    pub(super) fn campaign_starts(&self) -> Vec<Session> {
        let mut starts: HashMap<u32, Session> = HashMap::new();
        for spelled in self.spelled.values().filter(|spelled| spelled.first.campaign != 0) {
            let known = starts.entry(spelled.first.campaign).or_insert(spelled.first);
            if is_earlier(&spelled.first, known) {
                *known = spelled.first;
            }
        }
        let mut starts: Vec<Session> = starts.into_values().collect();
        starts.sort_by_key(|session| (session.day, session.start, session.offset));
        starts
    }

    /// The campaigns of human sessions, each as most of its sessions spell it.
    pub(super) fn index(&self, texts: &Dict) -> TouchIndex {
        struct Seen {
            spellings: HashMap<[u32; 4], (u64, (i64, u64))>,
            campaign_id: u32,
            first_at: i64,
            last_at: i64,
            sessions: u64,
        }
        let mut index = TouchIndex::default();
        let mut seen: Vec<Seen> = Vec::new();
        let mut by_code: HashMap<[u32; 4], usize> = HashMap::new();
        let mut places: HashMap<Spelling, usize> = HashMap::new();
        let mut all: Vec<(&Spelling, &Spelled)> = self.spelled.iter().collect();
        all.sort_by_key(|(_, spelled)| (spelled.first.start, spelled.first.offset));
        for (spelling, spelled) in all {
            let [channel, source, medium, campaign, campaign_id, kind] = *spelling;
            let tagged = campaign != 0 || campaign_id != 0;
            let key = if tagged { [campaign, campaign_id, 0, 0] } else { [0, 0, kind, channel] };
            let place = *by_code.entry(key).or_insert_with(|| {
                // One campaign may be spelled in several ways: its id decides, then its name without case.
                let id = texts.text(campaign_id).trim().to_owned();
                let name = fold_name(texts.text(campaign));
                let known =
                    index.by_campaign_id.get(&id).or_else(|| index.by_name.get(&name).filter(|_| id.is_empty()));
                let place = known.copied().unwrap_or(seen.len());
                if place == seen.len() {
                    let (first_at, last_at) = (i64::MAX, i64::MIN);
                    seen.push(Seen { spellings: HashMap::new(), campaign_id, first_at, last_at, sessions: 0 });
                }
                if !id.is_empty() {
                    index.by_campaign_id.insert(id, place);
                }
                if !name.is_empty() {
                    index.by_name.entry(name).or_insert(place);
                }
                place
            });
            places.insert(*spelling, place);
            let campaign_seen = &mut seen[place];
            let first = (spelled.first.start, spelled.first.offset);
            let times = campaign_seen.spellings.entry([channel, source, medium, campaign]).or_insert((0, first));
            *times = (times.0 + spelled.sessions, times.1.min(first));
            campaign_seen.first_at = campaign_seen.first_at.min(spelled.first.start);
            campaign_seen.last_at = campaign_seen.last_at.max(spelled.last_at);
            campaign_seen.sessions += spelled.sessions;
        }
        let touch = |campaign: &Seen| {
            let most = campaign.spellings.iter().max_by_key(|(_, (count, first))| (*count, std::cmp::Reverse(*first)));
            let text = |code: u32| texts.text(code).to_owned();
            let [channel, source, medium, name] = most.map_or([0; 4], |(codes, _)| *codes).map(text);
            CampaignTouch {
                channel,
                source,
                medium,
                campaign: name,
                campaign_id: text(campaign.campaign_id),
                first_at: Timestamp::from_micros(campaign.first_at),
                last_at: Timestamp::from_micros(campaign.last_at),
                sessions: campaign.sessions,
            }
        };
        index.campaigns = seen.iter().map(touch).collect();
        let clicks = self.clicks.iter().filter_map(|(click, (_, spelling))| Some((*click, *places.get(spelling)?)));
        index.by_click_hash = Arc::new(clicks.collect());
        index
    }
}
