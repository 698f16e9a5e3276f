//! Deriving again: what rules say of an event (its channel, who caused it) follows a change of the rules, over history too.
//!
//! The order of work: begin a new segment of the log, wait until what is before it has its persons, and seal, so that all
//! that was derived by other rules is in files; read file after file and write those in which something changes again,
//! beside the old ones and not yet under their names; look again at what was merged meanwhile; give the new files their
//! names and switch the catalog once. A crash or an error before the switch has changed nothing, and the next try begins
//! anew. Seals go on meanwhile: whoever derives new events by the new rules before calling need not be looked at.
//!
//! **Invariant:** every question sees all events by one version of the rules or all by the next.
//! **Invariant:** a row keeps what it had, and the catalog says until when: what was known at a moment is answered as it
//! was then.

use super::rewrite::RewriteProgress;
use super::{Pending, Upkeep, abandon};
use crate::catalog::{Rederived, Switch};
use crate::error::LakeError;
use crate::event::{AgentClass, Col, Columns};
use crate::lake::{Inner, Lake};
use crate::parquet::{
    AGENT, DataFile, Derivation, FileWriter, History, NewFile, RULE, SUPERSEDED, Selection, Texts, WrittenFile,
    data_error, integers, overlay, strings,
};
use crate::view::Wanted;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray, StringDictionaryBuilder};
use datafusion::arrow::buffer::ScalarBuffer;
use datafusion::arrow::datatypes::UInt32Type;
use kernel::time::TimeRange;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use tokio::task::spawn_blocking;

/// How often what was merged meanwhile is looked at before seals have to wait.
const PASSES_MAX: usize = 4;
/// So few files are looked at while seals wait.
const FILES_HELD_MAX: usize = 4;

/// What a rule says of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// What it has.
    Same,
    /// It cannot be told: what is needed was not kept. The event keeps what it has, and is counted.
    Missing,
    /// Something else. Channel or class differ from what it has.
    New(Derivation),
}

/// A pure function from an event to what rules derive from it.
pub trait Derive: Send {
    /// The text columns it reads.
    fn columns(&self) -> Columns;

    /// What the rules say. It may remember what it said before of the same texts.
    fn derive(&mut self, row: &DeriveRow<'_>) -> Verdict;
}

/// One event inside [`Derive::derive`].
#[derive(Clone, Copy)]
pub struct DeriveRow<'a> {
    texts: &'a [Option<Texts<'a>>],
    agent: &'a Texts<'a>,
    rule: &'a ScalarBuffer<i64>,
    row: usize,
}

impl<'a> DeriveRow<'a> {
    /// The text of a column that was named, or of a derived one.
    #[must_use]
    pub fn text(&self, column: Col) -> &'a str {
        debug_assert!(self.texts[column as usize].is_some(), "a derivation reads a column that it did not name");
        self.texts[column as usize].as_ref().map_or("", |texts| texts.get(self.row))
    }

    /// The class it has.
    #[must_use]
    pub fn agent_class(&self) -> AgentClass {
        AgentClass::parse(self.agent.get(self.row)).unwrap_or_default()
    }

    /// The version of the rules that set what it has.
    #[must_use]
    pub fn channel_rule(&self) -> u32 {
        u32::try_from(self.rule[self.row]).unwrap_or(0)
    }

    fn was(&self) -> Derivation {
        Derivation {
            channel: self.text(Col::Channel).to_owned(),
            channel_rule: self.channel_rule(),
            agent_class: self.agent_class(),
            agent_reason: self.text(Col::AgentReason).to_owned(),
        }
    }
}

/// How many events go from one value to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// The value they had.
    pub from: String,
    /// The value they get.
    pub to: String,
    /// How many.
    pub events: u64,
}

/// What [`Lake::rederive`] did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rederivation {
    /// Events that were looked at.
    pub events: u64,
    /// Those of them that change.
    pub changed: u64,
    /// Those that keep what they have because what is needed was not kept.
    pub missing: u64,
    /// Files that were written again.
    pub files: u64,
    /// From which channel to which.
    pub channels: Vec<Moved>,
    /// From which class of visitor to which.
    pub classes: Vec<Moved>,
    /// When it took effect, microseconds; none when nothing changed.
    pub at: Option<i64>,
}

type Moves = BTreeMap<(String, String), u64>;

#[derive(Default)]
struct Counts {
    events: u64,
    changed: u64,
    missing: u64,
    channels: Moves,
    classes: Moves,
}

impl Counts {
    fn add(&mut self, other: Counts) {
        self.events += other.events;
        self.changed += other.changed;
        self.missing += other.missing;
        for (into, from) in [(&mut self.channels, other.channels), (&mut self.classes, other.classes)] {
            for (way, events) in from {
                *into.entry(way).or_default() += events;
            }
        }
    }

    fn change(&mut self, was: &Derivation, new: &Derivation) {
        self.changed += 1;
        let mut moved = |moves: fn(&mut Self) -> &mut Moves, from: &str, to: &str| {
            if from != to {
                *moves(self).entry((from.to_owned(), to.to_owned())).or_default() += 1;
            }
        };
        moved(|counts| &mut counts.channels, &was.channel, &new.channel);
        moved(|counts| &mut counts.classes, was.agent_class.as_str(), new.agent_class.as_str());
    }

    fn told(self, files: u64, at: Option<i64>) -> Rederivation {
        let list = |moves: Moves| {
            let mut list: Vec<Moved> =
                moves.into_iter().map(|((from, to), events)| Moved { from, to, events }).collect();
            list.sort_by_key(|moved| std::cmp::Reverse(moved.events));
            list
        };
        let Counts { events, changed, missing, channels, classes } = self;
        Rederivation { events, changed, missing, files, channels: list(channels), classes: list(classes), at }
    }
}

/// What changes in the rows of a batch.
#[derive(Default)]
struct Changes {
    counts: Counts,
    /// Of each row that changes, its new derivation: a place in `derivations`.
    picks: Vec<Option<u32>>,
    derivations: Vec<Derivation>,
}

impl Changes {
    fn of(derive: &mut dyn Derive, columns: Columns, batch: &RecordBatch) -> Result<Self, LakeError> {
        let mut changes = Self { picks: vec![None; batch.num_rows()], ..Self::default() };
        let mut places: HashMap<Derivation, u32> = HashMap::new();
        let read = Columned::new(columns, batch)?;
        for (row, pick) in changes.picks.iter_mut().enumerate() {
            let one = read.row(row);
            match derive.derive(&one) {
                Verdict::Same => {}
                Verdict::Missing => changes.counts.missing += 1,
                Verdict::New(new) => {
                    changes.counts.change(&one.was(), &new);
                    let next = u32::try_from(changes.derivations.len()).map_err(data_error)?;
                    *pick = Some(*places.entry(new).or_insert_with_key(|new| {
                        changes.derivations.push(new.clone());
                        next
                    }));
                }
            }
        }
        changes.counts.events += batch.num_rows() as u64;
        Ok(changes)
    }
}

/// The columns of a batch that a derivation reads.
struct Columned<'a> {
    texts: Vec<Option<Texts<'a>>>,
    agent: Texts<'a>,
    rule: ScalarBuffer<i64>,
}

impl<'a> Columned<'a> {
    fn new(columns: Columns, batch: &'a RecordBatch) -> Result<Self, LakeError> {
        let mut texts = Vec::with_capacity(Col::COUNT);
        for column in Col::ALL {
            texts.push(if columns.has(*column) { Some(strings(batch, column.name())?) } else { None });
        }
        Ok(Self { texts, agent: strings(batch, AGENT)?, rule: integers(batch, RULE)? })
    }

    fn row(&self, row: usize) -> DeriveRow<'_> {
        DeriveRow { texts: &self.texts, agent: &self.agent, rule: &self.rule, row }
    }
}

/// What is read of a row: what the derivation wants, and what there is.
fn columns_of(derive: &dyn Derive) -> Columns {
    let derived = Columns::of(&[Col::Channel, Col::AgentReason]).with_agent_class().with_rule();
    derive.columns().and(derived)
}

type Shared = Arc<Mutex<Box<dyn Derive>>>;

/// Of one file: what changes, and the new file when something does.
struct Done {
    counts: Counts,
    new: Option<WrittenFile>,
}

impl Lake {
    /// Derives every event again that was stored up to now, and switches to the new derivations at once. New events must
    /// be derived by the same rules before this is called. Stopped or failed, it has changed nothing.
    ///
    /// # Errors
    /// [`LakeError::Data`] when the consumer does not come as far as what is stored, [`LakeError::Cancelled`], or when a file
    /// cannot be read or written.
    pub async fn rederive(
        &self,
        derive: Box<dyn Derive>,
        progress: &RewriteProgress,
    ) -> Result<Rederivation, LakeError> {
        let inner = &self.inner;
        let _alone = inner.rewriting.lock().await;
        let up_to = inner.empty_log().await?;
        let number = {
            let mut upkeep = inner.upkeep.lock().await;
            inner.into_files(&mut upkeep).await?;
            upkeep.id()
        };
        let derive: Shared = Arc::new(Mutex::new(derive));
        let mut done: BTreeMap<u64, Done> = BTreeMap::new();
        for pass in 0..PASSES_MAX {
            let files = inner.not_in(&mut done, up_to);
            if pass > 0 && files.len() <= FILES_HELD_MAX {
                break;
            }
            let total = done.len() + files.len();
            for file in files {
                progress.tell(done.len(), total)?;
                done.insert(file.entry.id, inner.derive_file(&derive, &file, number, None, progress).await?);
            }
        }
        let mut upkeep = inner.upkeep.lock().await;
        inner.settle(&mut upkeep).await?;
        for file in inner.not_in(&mut done, up_to) {
            progress.tell(done.len(), done.len() + 1)?;
            let held = Some(&mut *upkeep);
            done.insert(file.entry.id, inner.derive_file(&derive, &file, number, held, progress).await?);
        }
        progress.tell(done.len(), done.len())?;
        inner.switch_derived(&mut upkeep, done, number).await
    }

    /// What [`Lake::rederive`] would change among the events of a range, without changing anything.
    ///
    /// # Errors
    /// [`LakeError::Cancelled`], or when a file cannot be read.
    pub async fn rederive_preview(
        &self,
        mut derive: Box<dyn Derive>,
        range: TimeRange,
        progress: &RewriteProgress,
    ) -> Result<Rederivation, LakeError> {
        let permit = Arc::clone(&self.inner.folds).acquire_owned().await.map_err(|_| LakeError::Closed)?;
        let (view, progress) = (self.inner.view(), progress.clone());
        let work = move || {
            let _permit = permit;
            let (columns, mut counts) = (columns_of(&*derive), Counts::default());
            for bucket in 0..usize::from(view.buckets) {
                for source in view.sources(bucket, range, columns)? {
                    for batch in source.within(range).batches(&Wanted::columns(columns))? {
                        progress.tell(bucket, usize::from(view.buckets))?;
                        counts.add(Changes::of(&mut *derive, columns, &batch?)?.counts);
                    }
                }
            }
            Ok(counts.told(0, None))
        };
        spawn_blocking(work).await.map_err(|_| LakeError::Closed)?
    }
}

impl Inner {
    /// The files that hold events from before and were not looked at; what came of files that are no more is forgotten.
    fn not_in(&self, done: &mut BTreeMap<u64, Done>, up_to: u64) -> Vec<Arc<DataFile>> {
        let files = Arc::clone(&self.state.read().files);
        let mut files: BTreeMap<u64, Arc<DataFile>> =
            files.iter().flatten().map(|file| (file.entry.id, Arc::clone(file))).collect();
        done.retain(|id, _| files.contains_key(id));
        files.retain(|id, file| !done.contains_key(id) && file.entry.offset_min <= up_to);
        files.into_values().collect()
    }

    async fn derive_file(
        self: &Arc<Self>,
        derive: &Shared,
        file: &Arc<DataFile>,
        number: u64,
        held: Option<&mut Upkeep>,
        progress: &RewriteProgress,
    ) -> Result<Done, LakeError> {
        let (shared, source, told) = (Arc::clone(derive), Arc::clone(file), progress.clone());
        let look = move || unless_changed(&mut **shared.lock(), &source, &told);
        if let Some(counts) = spawn_blocking(look).await.map_err(|_| LakeError::Closed)?? {
            return Ok(Done { counts, new: None });
        }
        let id = match held {
            Some(upkeep) => upkeep.id(),
            None => self.upkeep.lock().await.id(),
        };
        let new = NewFile { id, bucket: file.entry.bucket, month: file.entry.month };
        let (inner, shared, source) = (Arc::clone(self), Arc::clone(derive), Arc::clone(file));
        let told = progress.clone();
        let write = move || inner.write_derived(&mut **shared.lock(), &source, new, number, &told);
        spawn_blocking(write).await.map_err(|_| LakeError::Closed)?
    }

    /// Writes a file again with what changes in it.
    fn write_derived(
        &self,
        derive: &mut dyn Derive,
        file: &Arc<DataFile>,
        new: NewFile,
        number: u64,
        progress: &RewriteProgress,
    ) -> Result<Done, LakeError> {
        let columns = Columns::ALL.with_superseded();
        let mut writer = FileWriter::create(&self.config.folder, new, columns, &self.promoted(), &self.config.faults)?;
        let mut counts = Counts::default();
        for batch in file.read(columns, &Selection::All)? {
            progress.check()?;
            let batch = batch?;
            // Said again, instead of kept since it was looked at: the memory is that of a batch, however large the file.
            let changes = Changes::of(derive, columns, &batch)?;
            writer.write(&derived(&batch, &changes, number)?)?;
            counts.add(changes.counts);
        }
        let written = writer.written()?;
        if written.entry.rows == file.entry.rows {
            return Ok(Done { counts, new: Some(written) });
        }
        let (path, expected, found) = (file.path().display(), file.entry.rows, written.entry.rows);
        Err(LakeError::Data(format!("{path}: of {expected} rows {found} were derived again")))
    }

    /// Gives the new files their names and puts them in the place of the old ones.
    async fn switch_derived(
        self: &Arc<Self>,
        upkeep: &mut Upkeep,
        done: BTreeMap<u64, Done>,
        number: u64,
    ) -> Result<Rederivation, LakeError> {
        let (mut counts, mut remove_files, mut written) = (Counts::default(), Vec::new(), Vec::new());
        for (id, done) in done {
            counts.add(done.counts);
            if let Some(new) = done.new {
                remove_files.push(id);
                written.push(new);
            }
        }
        if written.is_empty() {
            return Ok(counts.told(0, None));
        }
        let inner = Arc::clone(self);
        let publish = move || {
            let mut pending = Pending { changes_rows: true, ..Pending::default() };
            for file in written {
                match file.publish(&inner.config.faults) {
                    Ok(entry) => pending.files.push(Arc::new(DataFile::new(&inner.config.folder, entry))),
                    Err(error) => {
                        abandon(&pending);
                        return Err(error);
                    }
                }
            }
            Ok(pending)
        };
        let mut pending = spawn_blocking(publish).await.map_err(|_| LakeError::Closed)??;
        let last = self.state.read().rederived.last().map_or(i64::MIN, |last| last.at);
        let at = self.now().max(last);
        let files = pending.files.len() as u64;
        pending.switch = Switch {
            add_files: pending.files.iter().map(|file| file.entry.clone()).collect(),
            remove_files,
            rederived: Some(Rederived { id: number, at }),
            next_id: upkeep.id(),
            ..Switch::default()
        };
        self.switch(upkeep, pending).await?;
        Ok(counts.told(files, Some(at)))
    }
}

/// The counts of a file in which nothing changes; none for one in which something does.
fn unless_changed(
    derive: &mut dyn Derive,
    file: &Arc<DataFile>,
    progress: &RewriteProgress,
) -> Result<Option<Counts>, LakeError> {
    let (columns, mut counts) = (columns_of(derive), Counts::default());
    for batch in file.read(columns, &Selection::All)? {
        progress.check()?;
        let changes = Changes::of(derive, columns, &batch?)?;
        if changes.counts.changed > 0 {
            return Ok(None);
        }
        counts.add(changes.counts);
    }
    Ok(Some(counts))
}

/// The rows with their new derivations; those that change keep what they had.
fn derived(batch: &RecordBatch, changes: &Changes, number: u64) -> Result<RecordBatch, LakeError> {
    let place = batch.schema_ref().index_of(SUPERSEDED).map_err(data_error)?;
    let before = batch.column(place).as_dictionary_opt::<UInt32Type>();
    let before = before.ok_or_else(|| data_error(format!("{SUPERSEDED} is not coded")))?;
    let texts: &StringArray = before.values().as_string_opt().ok_or_else(|| data_error("not of texts"))?;
    let read = Columned::new(Columns::of(&[Col::Channel, Col::AgentReason]), batch)?;
    let mut kept = StringDictionaryBuilder::<UInt32Type>::new();
    // Few rows differ in all they had.
    let mut known: HashMap<(Option<&str>, Derivation), String> = HashMap::new();
    for (row, pick) in changes.picks.iter().enumerate() {
        let old = before.is_valid(row).then(|| texts.value(before.keys().value(row) as usize));
        if pick.is_none() {
            kept.append_option(old);
            continue;
        }
        let was = read.row(row).was();
        let key = (old, was);
        if !known.contains_key(&key) {
            let mut history = old.map(History::parse).transpose()?.unwrap_or_default();
            history.push(number, key.1.clone());
            known.insert(key.clone(), history.text()?);
        }
        kept.append_value(&known[&key]);
    }
    let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
    columns[place] = Arc::new(kept.finish());
    let batch = RecordBatch::try_new(batch.schema(), columns).map_err(data_error)?;
    overlay(&batch, &changes.picks, &changes.derivations)
}
