//! Sealing: the hot events become one file for each bucket and month, and a run of their ids.

use super::{Pending, Upkeep, abandon};
use crate::catalog::{FileEntry, Switch};
use crate::dedup::{Run, write_run};
use crate::error::LakeError;
use crate::event::{Columns, month_of};
use crate::hot::HotBucket;
use crate::lake::Inner;
use crate::parquet::{AT, DataFile, FileWriter, NewFile, OFFSET, PERSON, data_error, integers};
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::interleave_record_batch;
use std::path::Path;
use std::sync::{Arc, mpsc};

/// Unpacked bytes of one bucket that are sorted at once; more make more files, which are merged later.
const PIECE_BYTES: usize = 16 << 20;
/// Rows handed to the writer at once.
const WRITE_ROWS: usize = 4_096;

type Step = Box<dyn FnOnce() + Send>;

/// A thread for the steps of seals while too many events wait. It ends with the lake.
pub(crate) struct Sealer(mpsc::Sender<Step>);

impl Sealer {
    /// Starts it: a thread is as nice to others as the one that starts it.
    pub(crate) fn start(folder: &Path) -> Result<Self, LakeError> {
        let (sender, steps) = mpsc::channel::<Step>();
        let work = move || {
            while let Ok(step) = steps.recv() {
                // Whoever waits for a step that panics learns that nothing comes.
                let _told = std::panic::catch_unwind(std::panic::AssertUnwindSafe(step));
            }
        };
        std::thread::Builder::new().name("lake-seal".to_owned()).spawn(work).map_err(LakeError::io(folder))?;
        Ok(Self(sender))
    }
}

impl Inner {
    /// Runs a step of a seal on threads as those it is called from, or while too many events wait on the lake's own, which
    /// yields to nobody. One thread, so that what it allocates is there for the next step.
    async fn step<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, LakeError> {
        if !self.is_pressed() {
            return tokio::task::spawn_blocking(work).await.map_err(|_| LakeError::Closed);
        }
        let (tell, told) = tokio::sync::oneshot::channel();
        let step = Box::new(move || drop(tell.send(work())));
        self.sealer.0.send(step).map_err(|_| LakeError::Closed)?;
        told.await.map_err(|_| LakeError::Closed)
    }

    pub(super) async fn seal_hot(self: &Arc<Self>, upkeep: &mut Upkeep) -> Result<(), LakeError> {
        let Some((sealing, offset, at)) = self.freeze() else { return Ok(()) };
        let hashes = self.dedup.hashes_up_to(offset);
        let mut pending = Pending::default();
        if let Err(error) = self.write_sealed(&sealing, hashes, upkeep, &mut pending).await {
            abandon(&pending);
            return Err(error);
        }
        pending.switch = Switch {
            add_files: pending.files.iter().map(|file| file.entry.clone()).collect(),
            add_runs: pending.run.iter().map(|run| run.entry.clone()).collect(),
            sealed: Some((offset, at)),
            next_id: upkeep.id(),
            ..Switch::default()
        };
        self.switch(upkeep, pending).await
    }

    /// Sets what is hot aside for sealing; it stays visible. None when nothing was admitted since the last seal.
    fn freeze(&self) -> Option<(Arc<Vec<HotBucket>>, u64, i64)> {
        let _turn = self.admitting.lock();
        let mut state = self.state.write();
        if state.admitted == state.sealed {
            return None;
        }
        // What an earlier seal could not write is sealed together with what came since.
        let mut sealing = state.sealing.to_vec();
        for (old, hot) in sealing.iter_mut().zip(&mut state.hot) {
            old.absorb(std::mem::take(hot));
        }
        state.sealing = Arc::new(sealing);
        Some((Arc::clone(&state.sealing), state.admitted, state.admitted_at))
    }

    /// Writes a file for each bucket and month, and the run of the ids; what was written is in `pending` also when it fails.
    async fn write_sealed(
        self: &Arc<Self>,
        sealing: &Arc<Vec<HotBucket>>,
        hashes: Vec<u128>,
        upkeep: &mut Upkeep,
        pending: &mut Pending,
    ) -> Result<(), LakeError> {
        for bucket in 0..sealing.len() {
            let (inner, sealing) = (Arc::clone(self), Arc::clone(sealing));
            let mut ids = Upkeep::new(upkeep.next_id, Vec::new());
            let work = move || {
                let mut files = Vec::new();
                let written = inner.write_bucket(bucket, &sealing[bucket], &mut ids, &mut files);
                (files, ids.next_id, written)
            };
            let (files, next_id, written) = self.step(work).await?;
            // Ids of files that were abandoned are not used again: their names may still be in the folder.
            upkeep.next_id = next_id;
            pending.files.extend(files);
            written?;
        }
        if hashes.is_empty() {
            return Ok(());
        }
        let (inner, id) = (Arc::clone(self), upkeep.id());
        let work = move || {
            let (folder, sorted) = (&inner.config.folder, hashes.iter().map(|hash| Ok(*hash)));
            let entry = write_run(folder, id, hashes.len() as u64, sorted, &inner.config.faults)?;
            Run::open(folder, entry)
        };
        pending.run = Some(self.step(work).await??);
        Ok(())
    }

    fn write_bucket(
        &self,
        bucket: usize,
        hot: &HotBucket,
        ids: &mut Upkeep,
        files: &mut Vec<Arc<DataFile>>,
    ) -> Result<(), LakeError> {
        let bucket = u16::try_from(bucket).unwrap_or(0);
        for piece in pieces(hot) {
            let batches = piece.batches(Columns::ALL)?;
            self.write_months(bucket, &batches, ids, &mut |entry| {
                files.push(Arc::new(DataFile::new(&self.config.folder, entry)));
            })?;
        }
        Ok(())
    }

    /// Writes the rows of some sorted batches, a few thousand of them at a time, so that no second copy of all is made.
    fn write_months(
        &self,
        bucket: u16,
        batches: &[RecordBatch],
        ids: &mut Upkeep,
        written: &mut dyn FnMut(FileEntry),
    ) -> Result<(), LakeError> {
        let all: Vec<&RecordBatch> = batches.iter().collect();
        let order = order(batches)?;
        for rows in order.chunk_by(|one, other| one.0.0 == other.0.0) {
            let new = NewFile { id: ids.id(), bucket, month: rows[0].0.0 };
            let (folder, faults, promoted) = (&self.config.folder, &self.config.faults, self.promoted());
            let mut writer = FileWriter::create(folder, new, Columns::ALL, &promoted, faults)?;
            for part in rows.chunks(WRITE_ROWS) {
                let places: Vec<(usize, usize)> = part.iter().map(|(_, place)| *place).collect();
                writer.write(&interleave_record_batch(&all, &places).map_err(data_error)?)?;
            }
            written(writer.finish()?);
        }
        Ok(())
    }
}

/// Month, person, moment and offset of a row.
type Key = (i32, i64, i64, i64);
/// A row in the order of the files: what orders it, and its batch and row.
type Placed = (Key, (usize, usize));

/// All rows in the order of the files.
fn order(batches: &[RecordBatch]) -> Result<Vec<Placed>, LakeError> {
    let mut order = Vec::with_capacity(batches.iter().map(RecordBatch::num_rows).sum());
    for (number, batch) in batches.iter().enumerate() {
        let (person, at, offset) = (integers(batch, PERSON)?, integers(batch, AT)?, integers(batch, OFFSET)?);
        order.extend((0..batch.num_rows()).map(|row| {
            let key = (month_of(at[row]), person[row], at[row], offset[row]);
            (key, (number, row))
        }));
    }
    order.sort_unstable();
    Ok(order)
}

/// The rows of a bucket in pieces that fit in memory unpacked.
fn pieces(hot: &HotBucket) -> Vec<HotBucket> {
    let mut pieces = Vec::new();
    let mut piece = HotBucket::default();
    let mut bytes = 0;
    for chunk in &hot.chunks {
        if bytes > 0 && bytes + chunk.unpacked_bytes() > PIECE_BYTES {
            pieces.push(std::mem::take(&mut piece));
            bytes = 0;
        }
        bytes += chunk.unpacked_bytes();
        piece.chunks.push(Arc::clone(chunk));
    }
    piece.tail.clone_from(&hot.tail);
    if piece.rows() > 0 {
        pieces.push(piece);
    }
    pieces
}
