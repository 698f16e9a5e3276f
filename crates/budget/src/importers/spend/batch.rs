//! Rows of a report against the lines that stand: the same, restated, or new.

use super::feed;
use super::keys::{older_keys, report_key};
use crate::ledger::store::{self, Head};
use crate::ledger::{Entry, Line, counter, entry};
use kernel::ids::LedgerId;
use people::imports::{FieldChange, ImportContext, RowOutcome, RowProblem, begun_after};
use platform::audit;
use platform::sql::{DbError, Tx};
use rand::Rng;
use serde_json::json;
use std::collections::{HashMap, HashSet};

/// The places and lines a batch of rows touches, and what it writes.
pub(super) struct Batch<'a> {
    context: &'a ImportContext,
    feed: String,
    /// The imports that began after this one: what they state is the newer word.
    later: HashSet<String>,
    heads: HashMap<String, Vec<Head>>,
    /// Places that are to be known by another key from now on.
    left: Vec<Head>,
    standing: HashMap<LedgerId, Entry>,
    fresh: Vec<Entry>,
    touched: HashMap<(String, i64), Head>,
}

impl<'a> Batch<'a> {
    pub(super) async fn read(
        context: &'a ImportContext,
        tx: &mut Tx,
        lines: &[Result<Line, RowProblem>],
    ) -> Result<Self, DbError> {
        let feed = feed(context);
        let later = begun_after(tx, &context.import).await?;
        let mut keys: Vec<String> = lines.iter().flatten().map(|line| report_key(line, &feed)).collect();
        keys.extend(lines.iter().flatten().flat_map(|line| older_keys(line, &feed)));
        keys.sort_unstable();
        keys.dedup();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let mut heads: HashMap<String, Vec<Head>> = HashMap::new();
        let mut ids = Vec::new();
        for head in store::heads_of(tx, &keys).await? {
            ids.push(head.entry.clone());
            heads.entry(head.report_key.clone()).or_default().push(head);
        }
        let standing = store::entries_of(tx, &ids).await?;
        let standing = standing.into_iter().map(|entry| (entry.id.clone(), entry)).collect();
        let (left, fresh, touched) = (Vec::new(), Vec::new(), HashMap::new());
        Ok(Self { context, feed, later, heads, left, standing, fresh, touched })
    }

    /// A place that an earlier version wrote for this line, under the key of today.
    fn claim(&mut self, line: &Line, key: &str, occurrence: i64) -> Option<Head> {
        let import = self.context.import.as_str();
        let (heads, touched) = (&mut self.heads, &mut self.touched);
        let old = older_keys(line, &self.feed).into_iter().find_map(|older| {
            let known = heads.get_mut(&older)?;
            let place = known.iter().position(|head| head.seen_import != import)?;
            Some(known.remove(place))
        })?;
        touched.remove(&(old.report_key.clone(), old.occurrence));
        let head = Head { report_key: key.to_owned(), occurrence, ..old.clone() };
        self.left.push(old);
        Some(head)
    }

    /// What becomes of a row whose key an import states that began later: it was continued after a newer report came.
    fn outdated(&self, key: &str, line: &Line) -> Option<RowOutcome> {
        let newer = self.heads.get(key)?.iter().filter(|head| self.later.contains(&head.seen_import));
        let newer: Vec<&Entry> = newer.filter_map(|head| self.standing.get(&head.entry)).collect();
        if let Some(same) = newer.iter().find(|entry| differences(&entry.line, line).is_empty()) {
            return Some(RowOutcome::unchanged(same.id.to_string()));
        }
        let first = newer.first()?;
        let message = format!("An import that began after this one states this line differently: {}.", first.id);
        Some(RowOutcome::conflict(RowProblem::new("changed_since", message)))
    }

    /// One row: the first place of its key that this import has not come to yet, or a new place.
    pub(super) fn put(&mut self, number: u64, line: Line, rng: &mut impl Rng) -> RowOutcome {
        let (key, import) = (report_key(&line, &self.feed), self.context.import.as_str());
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        let heads = self.heads.entry(key.clone()).or_default();
        let again = heads.iter().find(|head| head.seen_import == import && head.seen_line == number);
        if let Some(head) = again {
            return RowOutcome::unchanged(head.entry.to_string());
        }
        if let Some(outcome) = self.outdated(&key, &line) {
            return outcome;
        }
        let heads = self.heads.entry(key.clone()).or_default();
        let found = heads.iter().find(|head| head.seen_import != import).cloned();
        let occurrence = heads.last().map_or(0, |head| head.occurrence + 1);
        let Some(mut head) = found.or_else(|| self.claim(&line, &key, occurrence)) else {
            let id = self.append(line, rng);
            let undo = json!({"place": [key, occurrence]});
            self.stand(Head {
                report_key: key,
                occurrence,
                entry: id.clone(),
                seen_import: import.to_owned(),
                seen_line: number,
            });
            return RowOutcome::created(id.to_string(), undo);
        };
        let place = json!([key, head.occurrence]);
        let seen = json!([head.seen_import, head.seen_line]);
        (head.seen_import, head.seen_line) = (import.to_owned(), number);
        let before = self.standing.get(&head.entry).cloned();
        let changes = before.as_ref().map(|before| differences(&before.line, &line)).unwrap_or_default();
        match before {
            Some(before) if changes.is_empty() => {
                self.stand(head);
                // That this report says the same is taken back with it: then an earlier import is free to be undone.
                let undo = Some(json!({"place": place, "seen": seen}));
                RowOutcome { undo, ..RowOutcome::unchanged(before.id.to_string()) }
            }
            Some(before) => {
                let import = Some(import.to_owned());
                let scope = &self.context.scope;
                let counter = counter(scope, self.context.now, rng, &before, "restated by its report", import);
                self.fresh.push(counter);
                let id = self.append(line, rng);
                head.entry = id.clone();
                self.stand(head);
                RowOutcome::updated(id.to_string(), changes, json!({"before": before.id, "place": place, "seen": seen}))
            }
            // The place names a line that is gone, which cannot be; a new line is right in any case.
            None => {
                let id = self.append(line, rng);
                head.entry = id.clone();
                self.stand(head);
                RowOutcome::created(id.to_string(), json!({"place": place}))
            }
        }
    }

    fn append(&mut self, line: Line, rng: &mut impl Rng) -> LedgerId {
        let import = Some(self.context.import.to_string());
        let entry = entry(&self.context.scope, self.context.now, rng, line, import);
        let id = entry.id.clone();
        self.standing.insert(id.clone(), entry.clone());
        self.fresh.push(entry);
        id
    }

    fn stand(&mut self, head: Head) {
        let heads = self.heads.entry(head.report_key.clone()).or_default();
        match heads.iter_mut().find(|other| other.occurrence == head.occurrence) {
            Some(other) => *other = head.clone(),
            None => heads.push(head.clone()),
        }
        self.touched.insert((head.report_key.clone(), head.occurrence), head);
    }

    pub(super) async fn write(self, tx: &mut Tx) -> Result<(), DbError> {
        store::append(tx, &self.fresh).await?;
        for head in &self.left {
            store::drop_head(tx, head).await?;
        }
        let mut heads: Vec<Head> = self.touched.into_values().collect();
        heads.sort_by(|one, other| (&one.report_key, one.occurrence).cmp(&(&other.report_key, other.occurrence)));
        store::set_heads(tx, &heads).await?;
        if self.fresh.is_empty() {
            return Ok(());
        }
        let reversals = self.fresh.iter().filter(|entry| entry.reverses.is_some()).count();
        let lines = self.fresh.len() - reversals;
        let details = json!({"import": self.context.import, "lines": lines, "reversals": reversals});
        let (scope, import) = (&self.context.scope, self.context.import.as_str());
        audit::record(tx, scope, self.context.now, "ledger.import", import, &details).await?;
        store::changed(tx).await
    }
}

/// What a report says differently now. The note is no part of it.
fn differences(before: &Line, now: &Line) -> Vec<FieldChange> {
    let money = |line: &Line| line.money.to_string();
    let channel = |line: &Line| line.channel.map(|channel| channel.as_str().to_owned()).unwrap_or_default();
    let count = |number: Option<i64>| number.map(|number| number.to_string()).unwrap_or_default();
    type Part<'a> = (&'static str, &'a dyn Fn(&Line) -> String);
    let parts: [Part<'_>; 7] = [
        ("cost", &money),
        ("channel", &channel),
        ("source", &|line| line.source.clone()),
        ("medium", &|line| line.medium.clone()),
        ("campaign", &|line| line.campaign.clone()),
        ("impressions", &|line| count(line.impressions)),
        ("clicks", &|line| count(line.clicks)),
    ];
    let changed = parts.into_iter().filter_map(|(field, of)| {
        let (from, to) = (of(before), of(now));
        (from != to).then(|| FieldChange {
            field: field.to_owned(),
            from: Some(from).filter(|text| !text.is_empty()),
            to,
        })
    });
    changed.collect()
}
