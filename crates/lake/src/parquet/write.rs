//! Writing a sealed file: to another name first, durable, then renamed.

use super::schema::{AGENT, AT, KIND, OFFSET, PERSON, RECEIVED, RULE, VALUE, schema_of};
use super::{data_error, integers};
use crate::catalog::FileEntry;
use crate::config::Faults;
use crate::error::LakeError;
use crate::event::{Col, Columns, month_text};
use crate::property::{column_name, columns_of, fields};
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression, Encoding, ZstdLevel};
use datafusion::parquet::file::properties::{EnabledStatistics, WriterProperties};
use datafusion::parquet::schema::types::ColumnPath;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows of one row group: bounds the memory of writer and readers.
const GROUP_ROWS: usize = 65_536;
/// Names of events in one row group that its filter is made for; with more it lets more pass.
const NAMES_MAX: u64 = 1024;
/// Rows of one page: a timeline reads and unpacks no more around a row.
const PAGE_ROWS: usize = 4096;
const PAGE_BYTES: usize = 256 << 10;

/// What a new file will be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewFile {
    pub(crate) id: u64,
    pub(crate) bucket: u16,
    pub(crate) month: i32,
}

impl NewFile {
    fn path(self) -> String {
        format!("events/bucket={:02}/month={}/{:012}.parquet", self.bucket, month_text(self.month), self.id)
    }
}

/// Writes batches that are already in order.
pub(crate) struct FileWriter<'a> {
    faults: &'a Faults,
    writer: ArrowWriter<File>,
    scratch: Scratch,
    path: PathBuf,
    entry: FileEntry,
    /// Properties that it keeps as columns.
    properties: Vec<String>,
    /// Whether a file of this name was there before: then it is not removed when the new one may be lost again.
    replaces: bool,
}

/// A file under a name of its own while it is written; removed when it does not come to its end.
pub(crate) struct Scratch {
    path: PathBuf,
    is_done: bool,
}

impl Scratch {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, is_done: false }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the file its name, durably.
    pub(crate) fn rename(mut self, to: &Path) -> Result<(), LakeError> {
        fs::rename(&self.path, to).map_err(LakeError::io(to))?;
        self.is_done = true;
        Ok(())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is removed by the next start; it may not have been made yet.
        if !self.is_done && self.path.exists() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), LakeError> {
    File::open(folder).and_then(|file| file.sync_all()).map_err(LakeError::io(folder))
}

fn properties(kept: &[String]) -> Result<WriterProperties, LakeError> {
    let mut builder = WriterProperties::builder()
        .set_created_by("mainspring".to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).map_err(data_error)?))
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_data_page_size_limit(PAGE_BYTES)
        .set_dictionary_page_size_limit(4 * PAGE_BYTES)
        .set_statistics_enabled(EnabledStatistics::None);
    for name in [PERSON, AT, OFFSET, RECEIVED] {
        let column = ColumnPath::from(name);
        builder = builder
            .set_column_dictionary_enabled(column.clone(), false)
            .set_column_encoding(column.clone(), Encoding::DELTA_BINARY_PACKED)
            .set_column_statistics_enabled(column, EnabledStatistics::Chunk);
    }
    // What folds read is small once it is coded: it should unpack fast. What is long should be small.
    let numbers = [PERSON, AT, OFFSET, RECEIVED, KIND, AGENT, RULE, VALUE].into_iter();
    for name in numbers.chain(Col::ALL.iter().filter(|column| column.is_short()).map(|column| column.name())) {
        builder = builder.set_column_compression(ColumnPath::from(name), Compression::LZ4_RAW);
    }
    for name in kept {
        builder = builder.set_column_compression(ColumnPath::from(column_name(name)), Compression::LZ4_RAW);
    }
    // A fold over a few kinds of events does not read where there are none of them.
    let name = ColumnPath::from(Col::Name.name());
    builder = builder
        .set_column_bloom_filter_max_ndv(name.clone(), NAMES_MAX)
        .set_column_bloom_filter_fpp(name.clone(), 0.01)
        .set_column_bloom_filter_enabled(name, true);
    for column in Col::ALL.iter().filter(|column| !column.is_coded()) {
        builder = builder.set_column_dictionary_enabled(ColumnPath::from(column.name()), false);
    }
    Ok(builder.build())
}

/// With the columns of these properties.
fn with_properties(schema: &SchemaRef, properties: &[String]) -> SchemaRef {
    if properties.is_empty() {
        return Arc::clone(schema);
    }
    let own = schema.fields().iter().cloned();
    Arc::new(Schema::new(own.chain(fields(properties).map(Arc::new)).collect::<Vec<_>>()))
}

impl<'a> FileWriter<'a> {
    /// A new file with these columns, and with those of some properties.
    pub(crate) fn create(
        folder: &Path,
        new: NewFile,
        columns: Columns,
        properties: &[String],
        faults: &'a Faults,
    ) -> Result<Self, LakeError> {
        let entry = FileEntry {
            id: new.id,
            path: new.path(),
            bucket: new.bucket,
            month: new.month,
            rows: 0,
            bytes: 0,
            at_min: i64::MAX,
            at_max: i64::MIN,
            offset_min: u64::MAX,
            offset_max: 0,
        };
        Self::create_at(folder, entry, columns, properties, faults)
    }

    /// As [`FileWriter::create`], with the path of the entry; a file that is there is replaced when the new one is whole.
    pub(crate) fn create_at(
        folder: &Path,
        entry: FileEntry,
        columns: Columns,
        kept: &[String],
        faults: &'a Faults,
    ) -> Result<Self, LakeError> {
        let entry =
            FileEntry { rows: 0, at_min: i64::MAX, at_max: i64::MIN, offset_min: u64::MAX, offset_max: 0, ..entry };
        let path = folder.join(&entry.path);
        let parent = path.parent().unwrap_or(folder);
        if !parent.is_dir() {
            fs::create_dir_all(parent).map_err(LakeError::io(parent))?;
            let bucket = parent.parent().unwrap_or(folder);
            sync_folder(bucket)?;
            sync_folder(bucket.parent().unwrap_or(folder))?;
        }
        let scratch = Scratch::new(path.with_extension("parquet.new"));
        faults.check("file.create").map_err(LakeError::io(scratch.path()))?;
        let file = File::create(scratch.path()).map_err(LakeError::io(scratch.path()))?;
        let schema = with_properties(&schema_of(columns), kept);
        let writer = ArrowWriter::try_new(file, schema, Some(properties(kept)?)).map_err(data_error)?;
        let (properties, replaces) = (kept.to_vec(), path.exists());
        Ok(Self { faults, writer, scratch, path, entry, properties, replaces })
    }

    /// Adds rows, which come after those before in (person, at, offset).
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), LakeError> {
        self.faults.check("file.write").map_err(LakeError::io(self.scratch.path()))?;
        for at in integers(batch, AT)?.iter() {
            self.entry.at_min = self.entry.at_min.min(*at);
            self.entry.at_max = self.entry.at_max.max(*at);
        }
        for offset in integers(batch, OFFSET)?.iter() {
            self.entry.offset_min = self.entry.offset_min.min(offset.cast_unsigned());
            self.entry.offset_max = self.entry.offset_max.max(offset.cast_unsigned());
        }
        self.entry.rows += batch.num_rows() as u64;
        if self.properties.is_empty() {
            return self.writer.write(batch).map_err(data_error);
        }
        let mut columns = batch.columns().to_vec();
        columns.extend(columns_of(batch, &self.properties)?);
        let schema = with_properties(batch.schema_ref(), &self.properties);
        let batch = RecordBatch::try_new(schema, columns).map_err(data_error)?;
        self.writer.write(&batch).map_err(data_error)
    }

    /// Makes the file durable under its name.
    pub(crate) fn finish(self) -> Result<FileEntry, LakeError> {
        let faults = self.faults;
        self.written()?.publish(faults)
    }

    /// Makes what was written durable, not yet under its name: a start that finds it removes it.
    pub(crate) fn written(self) -> Result<WrittenFile, LakeError> {
        let Self { faults, writer, scratch, path, mut entry, replaces, .. } = self;
        let name = scratch.path().to_owned();
        let io = |error| LakeError::Io { path: name.clone(), source: error };
        let file = writer.into_inner().map_err(data_error)?;
        faults.check("file.sync").map_err(io)?;
        file.sync_all().map_err(io)?;
        entry.bytes = file.metadata().map_err(io)?.len();
        Ok(WrittenFile { scratch, path, entry, replaces })
    }
}

/// A whole file that waits for its name; removed when it does not get it.
pub(crate) struct WrittenFile {
    scratch: Scratch,
    path: PathBuf,
    pub(crate) entry: FileEntry,
    replaces: bool,
}

impl WrittenFile {
    /// Gives the file its name, durably.
    pub(crate) fn publish(self, faults: &Faults) -> Result<FileEntry, LakeError> {
        let Self { scratch, path, entry, replaces } = self;
        let name = scratch.path().to_owned();
        let io = |error| LakeError::Io { path: name.clone(), source: error };
        faults.check("file.rename").map_err(io)?;
        scratch.rename(&path)?;
        let durable = faults.check("file.folder").map_err(io);
        // A file that may be lost again is not listed, so nobody would remove it.
        durable.and_then(|()| sync_folder(path.parent().unwrap_or(&path))).inspect_err(|_| {
            if !replaces {
                let _ = fs::remove_file(&path);
            }
        })?;
        Ok(entry)
    }
}
