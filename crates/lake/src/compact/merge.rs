//! Many sorted files into one, a few thousand rows in memory at a time.

use crate::catalog::FileEntry;
use crate::config::Faults;
use crate::error::LakeError;
use crate::event::Columns;
use crate::parquet::{AT, DataFile, FileWriter, NewFile, OFFSET, PERSON, Selection, data_error, integers};
use crate::view::Batches;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::buffer::ScalarBuffer;
use datafusion::arrow::compute::interleave_record_batch;
use std::path::Path;
use std::sync::Arc;

const OUT_ROWS: usize = 4096;
/// Rows of one file that are unpacked at a time.
const IN_ROWS: usize = 1024;

struct Input {
    batches: Batches,
    batch: RecordBatch,
    keys: [ScalarBuffer<i64>; 3],
    row: usize,
}

impl Input {
    fn open(file: &Arc<DataFile>, columns: Columns) -> Result<Option<Self>, LakeError> {
        let batches: Batches = Box::new(file.read_by(columns, &Selection::All, IN_ROWS)?);
        let batch = RecordBatch::new_empty(crate::parquet::schema_of(columns));
        let none = || ScalarBuffer::from(Vec::new());
        let mut input = Self { batches, batch, keys: [none(), none(), none()], row: 0 };
        Ok(input.load()?.then_some(input))
    }

    fn load(&mut self) -> Result<bool, LakeError> {
        for batch in self.batches.by_ref() {
            let batch = batch?;
            if batch.num_rows() > 0 {
                self.keys = [integers(&batch, PERSON)?, integers(&batch, AT)?, integers(&batch, OFFSET)?];
                self.batch = batch;
                self.row = 0;
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn key(&self) -> [i64; 3] {
        [self.keys[0][self.row], self.keys[1][self.row], self.keys[2][self.row]]
    }
}

/// Writes one file of the rows of the others.
pub(super) fn merge(
    folder: &Path,
    new: NewFile,
    files: &[Arc<DataFile>],
    properties: &[String],
    faults: &Faults,
) -> Result<FileEntry, LakeError> {
    let mut columns = Columns::ALL;
    for file in files {
        columns = columns.and(file.columns()?);
    }
    let mut inputs = Vec::new();
    for file in files {
        inputs.extend(Input::open(file, columns)?);
    }
    let mut writer = FileWriter::create(folder, new, columns, properties, faults)?;
    let mut rows: Vec<(usize, usize)> = Vec::with_capacity(OUT_ROWS);
    loop {
        let least = (0..inputs.len()).min_by_key(|place| inputs[*place].key());
        let Some(place) = least else { break };
        let input = &mut inputs[place];
        rows.push((place, input.row));
        input.row += 1;
        let used_up = input.row == input.batch.num_rows();
        // The places of `rows` are in the batches as they are: write them out before one is replaced.
        if used_up || rows.len() == OUT_ROWS {
            let batches: Vec<&RecordBatch> = inputs.iter().map(|input| &input.batch).collect();
            writer.write(&interleave_record_batch(&batches, &rows).map_err(data_error)?)?;
            rows.clear();
        }
        if used_up && !inputs[place].load()? {
            inputs.remove(place);
        }
    }
    let entry = writer.finish()?;
    let expected: u64 = files.iter().map(|file| file.entry.rows).sum();
    if entry.rows == expected {
        Ok(entry)
    } else {
        Err(LakeError::Data(format!("merging {expected} rows gave {}", entry.rows)))
    }
}
