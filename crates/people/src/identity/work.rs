//! The persons that a batch touches: loaded at once, changed in memory, written at once.

use super::rows::{Own, PersonRow, Rows, together};
use super::store::{self, Membership, NewLink, NewMerge, NewRefusal};
use crate::bulk::Held;
use crate::companies::{CompanyInput, MembershipSource, upsert_held};
use crate::record_history::{Said, keep_people};
use crate::upsert::{Source, Upserted};
use hashbrown::{HashMap, HashSet};
use kernel::ids::{CompanyId, PersonId};
use kernel::time::Timestamp;
use platform::World;
use platform::sql::{DbError, Tx};
use science::identity::{Decision, Graph, Identifier, Kind, Outcome, View};
use serde_json::Value as Json;
use std::ops::Range;

/// Who says something, since when it holds, and since when it is known here.
pub(super) struct Cause<'a> {
    pub(super) at: Timestamp,
    pub(super) known: Timestamp,
    pub(super) source: &'a Source,
    pub(super) event_id: &'a str,
}

/// A place in a company that a row states.
pub(super) struct Stay {
    pub(super) person: u64,
    pub(super) company: CompanyInput,
    pub(super) how: MembershipSource,
    pub(super) role: String,
}

/// What stating a place in a company changed.
pub(super) enum Stated {
    /// The place is new: the person's company before, and now.
    Place(Option<CompanyId>, Option<CompanyId>),
    /// The place was there, with this other role.
    Role(String),
}

/// The company that counts among a component's places: what somebody said before what a domain suggests, then the latest.
pub(super) fn best<'a>(places: impl Iterator<Item = &'a Membership>) -> Option<CompanyId> {
    let rank = |one: &Membership| (one.how.is_explicit(), one.since, one.how);
    places.max_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| a.company.cmp(&b.company))).map(|one| one.company.clone())
}

#[derive(Default)]
pub(super) struct Work {
    pub(super) graph: Graph,
    pub(super) rows: Rows,
    pub(super) touched: HashSet<u64>,
    /// Since when what events say of a person is known.
    known: HashMap<u64, i64>,
    pub(super) links: Vec<NewLink>,
    merges: Vec<NewMerge>,
    refusals: Vec<NewRefusal>,
    members: HashMap<u64, Vec<Membership>>,
    new_members: Vec<Membership>,
    stays: Vec<Stay>,
    next: u64,
    /// The companies of `stays`, after [`Work::settle`].
    pub(super) companies: Vec<Option<CompanyId>>,
    /// What takes those of them back that were made for their stay.
    pub(super) made: Vec<Option<Json>>,
    /// What each stay changed; nothing where it says what was known.
    pub(super) stated: Vec<Option<Stated>>,
}

impl Work {
    /// Loads what is known of these identifiers and of `also`.
    pub(super) async fn load(
        tx: &mut Tx,
        world: &World,
        identifiers: HashSet<Identifier>,
        also: &[u64],
    ) -> Result<Self, DbError> {
        let mut work = Self::default();
        let by_key: HashMap<String, Identifier> = identifiers.into_iter().map(|one| (one.key(), one)).collect();
        let keys: Vec<String> = by_key.keys().cloned().collect();
        let mut people: Vec<u64> = also.to_vec();
        for (key, person) in store::homes(tx, &keys).await? {
            if let Some(identifier) = by_key.get(&key) {
                work.graph.link(identifier.clone(), person.number(), false);
                people.push(person.number());
            }
        }
        people.sort_unstable();
        people.dedup();
        for (person, canonical) in store::components(tx, &people).await? {
            work.graph.join(person, canonical);
            people.extend([person, canonical]);
        }
        people.sort_unstable();
        people.dedup();
        work.next = store::next_person(tx, PersonId::first_number(world.now(), &mut world.rng())).await?;
        if people.is_empty() {
            return Ok(work);
        }
        for person in &people {
            work.graph.know(*person);
        }
        for (person, kind, count) in store::counts(tx, &people).await? {
            work.graph.set_count(person, kind, count);
        }
        for (person, other) in store::separations(tx).await? {
            work.graph.separate(person, other);
        }
        work.rows.extend(store::people(tx, &people).await?.into_iter().map(|row| (row.person, row)));
        for member in store::memberships(tx, &people).await? {
            work.members.entry(member.person).or_default().push(member);
        }
        Ok(work)
    }

    /// Carries a decision out. Returns whose event it is; `None` when it names nobody.
    pub(super) fn apply(&mut self, decision: &Decision, created: Timestamp, cause: &Cause<'_>) -> Option<u64> {
        let source = cause.source.text();
        let next = &mut self.next;
        let home = self.graph.apply(decision, || {
            *next += 1;
            *next - 1
        })?;
        if matches!(cause.source, Source::Event { .. }) {
            let merged = if let Outcome::Merge(edges) = &decision.outcome { edges.as_slice() } else { &[] };
            for person in merged.iter().flat_map(|edge| [edge.person, edge.other]).chain([home]) {
                let known = self.known.entry(person).or_insert(i64::MIN);
                *known = cause.known.micros().max(*known);
            }
        }
        if decision.outcome == Outcome::Create {
            self.rows.insert(home, PersonRow::new(home, created, cause.source));
            self.touched.insert(home);
        }
        let via = decision.via.as_ref().map(Identifier::key).unwrap_or_default();
        for identifier in &decision.links {
            self.touched.insert(home);
            self.links.push(NewLink {
                identifier: identifier.clone(),
                person: home,
                at: cause.at.micros(),
                source: source.clone(),
                event_id: cause.event_id.to_owned(),
                via: via.clone(),
            });
        }
        if let Outcome::Merge(edges) = &decision.outcome {
            self.touched.extend(edges.iter().flat_map(|edge| [edge.person, edge.other]));
            let one = |edge: &science::identity::MergeEdge| NewMerge {
                edge: edge.clone(),
                at: cause.at.micros(),
                known: cause.known.micros(),
                source: source.clone(),
                event_id: cause.event_id.to_owned(),
            };
            self.merges.extend(edges.iter().map(one));
        }
        for refused in &decision.refused {
            let refusal = NewRefusal::of(refused, home, cause.at.micros(), &source, cause.event_id);
            self.refusals.push(refusal);
        }
        Some(home)
    }

    /// Records a value that was refused before it could be an identifier.
    pub(super) fn refuse(&mut self, home: u64, key: String, reason: &'static str, cause: &Cause<'_>) {
        self.refusals.push(NewRefusal {
            key,
            reason,
            person: home,
            owner: None,
            at: cause.at.micros(),
            source: cause.source.text(),
            event_id: cause.event_id.to_owned(),
        });
    }

    /// States a place in a company; it is settled with the others of the batch.
    pub(super) fn stay(&mut self, stay: Stay) -> usize {
        self.stays.push(stay);
        self.stays.len() - 1
    }

    /// The places in companies that the domains of new e-mail addresses suggest. Returns where among the stays they are.
    pub(super) fn stay_by_domain(&mut self, home: u64, decision: &Decision, cause: &Cause<'_>) -> Range<usize> {
        let first = self.stays.len();
        for email in decision.links.iter().filter(|identifier| *identifier.kind() == Kind::Email) {
            if !crate::companies::company_domain(email.value()).is_empty() {
                let mut company = CompanyInput::new(cause.at, cause.source.clone());
                email.value().clone_into(&mut company.domain);
                self.stay(Stay { person: home, company, how: MembershipSource::Domain, role: String::new() });
            }
        }
        first..self.stays.len()
    }

    /// Finds or makes the companies of all places stated, and gives each person its company.
    pub(super) async fn settle(&mut self, tx: &mut Tx, world: &World, held: Held) -> Result<(), DbError> {
        let stays = std::mem::take(&mut self.stays);
        let inputs: Vec<CompanyInput> = stays.iter().map(|stay| stay.company.clone()).collect();
        // A company that events bring is known with the first of them.
        let known = self.known.values().min().map_or(world.now(), |at| Timestamp::from_micros(*at));
        let found = upsert_held(tx, world, (held.changes, known), &inputs).await?;
        for (stay, found) in stays.into_iter().zip(found) {
            self.companies.push(found.id().cloned());
            self.made.push(match &found {
                Upserted::Created { undo, .. } => Some(undo.clone()),
                _ => None,
            });
            self.stated.push(None);
            let Some(company) = found.id().cloned() else { continue };
            let before = self.company(stay.person);
            let member = Membership {
                person: stay.person,
                company,
                how: stay.how,
                role: stay.role,
                since: stay.company.at.micros(),
                source: stay.company.source.text(),
            };
            let known = self.members.entry(stay.person).or_default();
            let stated = match known.iter_mut().find(|one| one.company == member.company && one.how == member.how) {
                Some(old) if member.role.is_empty() || old.role == member.role => continue,
                Some(old) => {
                    let since = old.since;
                    let role = std::mem::replace(old, Membership { since, ..member }).role;
                    self.new_members.push(old.clone());
                    Stated::Role(role)
                }
                None => {
                    known.push(member.clone());
                    self.new_members.push(member);
                    Stated::Place(before, self.company(stay.person))
                }
            };
            self.touched.insert(stay.person);
            if let Some(last) = self.stated.last_mut() {
                *last = Some(stated);
            }
        }
        Ok(())
    }

    fn company_of(&self, members: &[u64]) -> Option<CompanyId> {
        let all = members.iter().filter_map(|member| self.members.get(member)).flatten();
        best(all)
    }

    /// The company of the component of a person, as it stands.
    pub(super) fn company(&self, person: u64) -> Option<CompanyId> {
        self.company_of(&self.graph.members(person))
    }

    /// Takes away one place in a company or all of them, also what was to be written of it; its row is ended by whoever calls.
    pub(super) fn leave(&mut self, person: u64, place: Option<(&CompanyId, MembershipSource)>) {
        let left = |one: &Membership| place.is_none_or(|(company, how)| one.company == *company && one.how == how);
        self.new_members.retain(|one| one.person != person || !left(one));
        if let Some(all) = self.members.get_mut(&person) {
            all.retain(|one| !left(one));
        }
        self.touched.insert(person);
    }

    /// Gives a place in a company the role back that it had, unless it has another one by now.
    pub(super) fn give_role_back(&mut self, person: u64, company: &CompanyId, (before, now): (&str, &str)) {
        let known = self.members.get_mut(&person).into_iter().flatten();
        let mut own = known.filter(|one| one.company == *company && one.how == MembershipSource::Import);
        if let Some(one) = own.find(|one| one.role == now) {
            before.clone_into(&mut one.role);
            self.new_members.push(one.clone());
        }
    }

    /// What the component of a person shows.
    pub(super) fn shown(&self, person: u64) -> Option<Own> {
        let members = self.graph.members(person);
        together(members.iter().filter_map(|member| self.rows.get(member)).map(|row| &row.own))
    }

    /// Whether anything was merged.
    pub(super) fn merged(&self) -> bool {
        !self.merges.is_empty()
    }

    /// Since when it is known what a component is now: what events say, since they were received.
    fn said(&self, members: &[u64], now: Timestamp) -> Said {
        let known = members.iter().filter_map(|member| self.known.get(member)).max();
        Said { at: known.copied().unwrap_or(now.micros()), by_event: known.is_some() }
    }

    /// Writes everything. Returns the pairs of person and canonical person that are new.
    pub(super) async fn save(&mut self, tx: &mut Tx, held: Held, now: Timestamp) -> Result<Vec<(u64, u64)>, DbError> {
        let mut written: HashSet<u64> = HashSet::new();
        let (mut values, mut was) = (Vec::new(), Vec::new());
        let mut pairs = Vec::new();
        let merged: HashSet<u64> = self.merges.iter().map(|merge| self.graph.canonical(merge.edge.person)).collect();
        for person in &self.touched {
            let members = self.graph.members(*person);
            let canonical = members.first().copied().unwrap_or(*person);
            let company = self.company_of(&members);
            if merged.contains(&canonical) && !written.contains(&canonical) {
                pairs.extend(members.iter().filter(|member| **member != canonical).map(|member| (*member, canonical)));
            }
            let shown = if members.len() > 1 { self.shown(canonical) } else { None };
            let said = self.said(&members, now);
            // A merge touches every member's state; otherwise only the row itself and the one that is shown.
            let rewrite =
                |member: &u64| merged.contains(&canonical) || *member == canonical || self.touched.contains(member);
            for member in members.iter().filter(|member| rewrite(member)).copied().collect::<Vec<_>>() {
                let Some(row) = self.rows.get_mut(&member).filter(|_| written.insert(member)) else { continue };
                if member == canonical {
                    row.company.clone_from(&company);
                } else {
                    "merged".clone_into(&mut row.state);
                    row.company = None;
                }
                let (is, before) = row.values(held.changes, shown.as_ref().filter(|_| member == canonical), said);
                values.push(is);
                was.extend(before);
            }
        }
        keep_people(tx, was).await?;
        store::write(tx, values).await?;
        store::add_links(tx, std::mem::take(&mut self.links)).await?;
        store::add_refusals(tx, std::mem::take(&mut self.refusals)).await?;
        // The latest statement of a place in the batch; two of one key cannot meet in one statement.
        let mut latest: HashMap<(u64, CompanyId, MembershipSource), Membership> = HashMap::new();
        for member in std::mem::take(&mut self.new_members) {
            latest.insert((member.person, member.company.clone(), member.how), member);
        }
        store::add_memberships(tx, latest.into_values().collect()).await?;
        if !self.merges.is_empty() {
            store::add_merges(tx, std::mem::take(&mut self.merges)).await?;
            store::set_canonical(tx, pairs.clone()).await?;
        }
        Ok(pairs)
    }
}
