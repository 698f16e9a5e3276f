//! One sealed file, and reading the wanted columns and people of it.

use super::schema::{PERSON, RECEIVED, SUPERSEDED, schema_of};
use super::superseded::with_none;
use super::{data_error, integers};
use crate::catalog::FileEntry;
use crate::error::LakeError;
use crate::event::{Col, Columns};
use crate::property::column_name;
use crate::view::Whom;
use bytes::Bytes;
use datafusion::arrow::array::RecordBatch;
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder, RowSelection,
    RowSelector,
};
use datafusion::parquet::bloom_filter::Sbbf;
use datafusion::parquet::errors::{ParquetError, Result as ParquetResult};
use datafusion::parquet::file::metadata::PageIndexPolicy;
use datafusion::parquet::file::reader::{ChunkReader, Length};
use datafusion::parquet::file::statistics::Statistics;
use std::fs::File;
use std::io::{BufReader, Read};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

/// Rows of one batch read from a file: small enough that the open files of a bucket together stay small.
const BATCH_ROWS: usize = 8192;

/// A file that reads of many threads share: every read names its place.
#[derive(Clone)]
pub(crate) struct Source {
    file: Arc<File>,
    bytes: u64,
}

/// A reader that starts at a place of a [`Source`].
pub(crate) struct Place {
    file: Arc<File>,
    place: u64,
}

impl Read for Place {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read_at(buffer, self.place)?;
        self.place += read as u64;
        Ok(read)
    }
}

impl Length for Source {
    fn len(&self) -> u64 {
        self.bytes
    }
}

impl ChunkReader for Source {
    type T = BufReader<Place>;

    fn get_read(&self, start: u64) -> ParquetResult<Self::T> {
        Ok(BufReader::new(Place { file: Arc::clone(&self.file), place: start }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        if start.saturating_add(length as u64) > self.bytes {
            return Err(ParquetError::EOF(format!("{length} bytes at {start} of {}", self.bytes)));
        }
        let mut buffer = vec![0; length];
        self.file.read_exact_at(&mut buffer, start)?;
        Ok(buffer.into())
    }
}

/// A sealed file. When the catalog no longer lists it, it is removed as soon as nobody reads it.
#[derive(Debug)]
pub(crate) struct DataFile {
    pub(crate) entry: FileEntry,
    path: PathBuf,
    metadata: OnceLock<ArrowReaderMetadata>,
    /// When its first and its last event were received, once somebody asked.
    received: OnceLock<Option<(i64, i64)>>,
    /// Of each row group what tells which names of events are not in it, once somebody asked.
    names: OnceLock<Vec<Option<Sbbf>>>,
    doomed: AtomicBool,
}

impl Drop for DataFile {
    fn drop(&mut self) {
        if self.doomed.load(Ordering::Acquire)
            && let Err(error) = std::fs::remove_file(&self.path)
        {
            tracing::warn!(path = %self.path.display(), %error, "a replaced event file stays until the next start");
        }
    }
}

/// Which rows of a file are read.
#[derive(Debug, Clone)]
pub(crate) enum Selection {
    All,
    Rows(Vec<Range<usize>>),
    /// Row groups.
    Groups(Vec<usize>),
}

impl DataFile {
    pub(crate) fn new(folder: &Path, entry: FileEntry) -> Self {
        let path = folder.join(&entry.path);
        let (metadata, received, names) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        Self { entry, path, metadata, received, names, doomed: AtomicBool::new(false) }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The catalog no longer lists it: remove it after the last reader.
    pub(crate) fn doom(&self) {
        self.doomed.store(true, Ordering::Release);
    }

    fn source(&self) -> Result<Source, LakeError> {
        let file = File::open(&self.path).map_err(LakeError::io(&self.path))?;
        let bytes = file.metadata().map_err(LakeError::io(&self.path))?.len();
        Ok(Source { file: Arc::new(file), bytes })
    }

    fn metadata(&self, source: &Source) -> Result<&ArrowReaderMetadata, LakeError> {
        if let Some(metadata) = self.metadata.get() {
            return Ok(metadata);
        }
        let options = ArrowReaderOptions::new().with_offset_index_policy(PageIndexPolicy::Optional);
        let options = options.with_column_index_policy(PageIndexPolicy::Skip);
        let metadata = ArrowReaderMetadata::load(source, options).map_err(|error| self.damaged(error))?;
        Ok(self.metadata.get_or_init(|| metadata))
    }

    fn builder(&self) -> Result<ParquetRecordBatchReaderBuilder<Source>, LakeError> {
        let source = self.source()?;
        let metadata = self.metadata(&source)?.clone();
        Ok(ParquetRecordBatchReaderBuilder::new_with_metadata(source, metadata))
    }

    /// When its first and its last event were received, microseconds UTC; none when the file does not say.
    pub(crate) fn received(&self) -> Result<Option<(i64, i64)>, LakeError> {
        if let Some(received) = self.received.get() {
            return Ok(*received);
        }
        let metadata = self.metadata(&self.source()?)?.metadata();
        let mut range: Option<(i64, i64)> = None;
        let mut is_known = true;
        for group in metadata.row_groups() {
            let column = group.columns().iter().find(|column| column.column_path().string() == RECEIVED);
            let Some(Statistics::Int64(found)) = column.and_then(|column| column.statistics()) else {
                is_known = false;
                break;
            };
            let (Some(min), Some(max)) = (found.min_opt(), found.max_opt()) else {
                is_known = false;
                break;
            };
            range = Some(range.map_or((*min, *max), |(least, most)| (least.min(*min), most.max(*max))));
        }
        Ok(*self.received.get_or_init(|| range.filter(|_| is_known)))
    }

    /// How many rows the file itself says it has.
    pub(crate) fn rows_stored(&self) -> Result<u64, LakeError> {
        Ok(self.builder()?.metadata().file_metadata().num_rows().cast_unsigned())
    }

    fn damaged(&self, error: impl std::fmt::Display) -> LakeError {
        LakeError::Corrupt { path: self.path.clone(), position: 0, why: error.to_string() }
    }

    /// Whether it keeps each of these properties as a column.
    pub(crate) fn keeps(&self, properties: &[String]) -> Result<bool, LakeError> {
        if properties.is_empty() {
            return Ok(true);
        }
        let opened;
        let metadata = match self.metadata.get() {
            Some(metadata) => metadata,
            None => {
                opened = self.source()?;
                self.metadata(&opened)?
            }
        };
        let has = |name: &String| metadata.schema().field_with_name(&column_name(name)).is_ok();
        Ok(properties.iter().all(has))
    }

    /// As [`DataFile::read`], with columns of properties that it keeps.
    pub(crate) fn read_with(
        self: &Arc<Self>,
        columns: Columns,
        properties: &[String],
        selection: &Selection,
    ) -> Result<impl Iterator<Item = Result<RecordBatch, LakeError>> + Send + use<>, LakeError> {
        let (schema, kept) = (schema_of(columns), properties.iter().map(|name| column_name(name)).collect::<Vec<_>>());
        let names = schema.fields().iter().map(|field| field.name().as_str()).chain(kept.iter().map(String::as_str));
        self.batches(&names.collect::<Vec<_>>(), selection, BATCH_ROWS)
    }

    /// Whether a row of it was derived again.
    pub(crate) fn has_superseded(&self) -> Result<bool, LakeError> {
        let builder = self.builder()?;
        Ok(builder.parquet_schema().columns().iter().any(|column| column.path().string() == SUPERSEDED))
    }

    /// Every column that is in it.
    pub(crate) fn columns(&self) -> Result<Columns, LakeError> {
        Ok(if self.has_superseded()? { Columns::ALL.with_superseded() } else { Columns::ALL })
    }

    /// Batches of the wanted columns, in the order of the file.
    pub(crate) fn read(
        self: &Arc<Self>,
        columns: Columns,
        selection: &Selection,
    ) -> Result<impl Iterator<Item = Result<RecordBatch, LakeError>> + Send + use<>, LakeError> {
        self.read_by(columns, selection, BATCH_ROWS)
    }

    /// As [`DataFile::read`], so many rows at a time: whoever reads whole events of many files holds one batch of each.
    pub(crate) fn read_by(
        self: &Arc<Self>,
        columns: Columns,
        selection: &Selection,
        batch_rows: usize,
    ) -> Result<impl Iterator<Item = Result<RecordBatch, LakeError>> + Send + use<>, LakeError> {
        let lacks = columns.has_superseded() && !self.has_superseded()?;
        let schema = schema_of(columns);
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        let batches = self.batches(&names, selection, batch_rows)?;
        Ok(batches.map(move |batch| if lacks { with_none(&batch?, columns) } else { batch }))
    }

    fn batches(
        self: &Arc<Self>,
        names: &[&str],
        selection: &Selection,
        batch_rows: usize,
    ) -> Result<impl Iterator<Item = Result<RecordBatch, LakeError>> + Send + use<>, LakeError> {
        let builder = self.builder()?;
        let mask = ProjectionMask::columns(builder.parquet_schema(), names.iter().copied());
        let mut builder = builder.with_projection(mask).with_batch_size(batch_rows);
        if let Selection::Rows(ranges) = selection {
            builder = builder.with_row_selection(row_selection(ranges, self.entry.rows));
        }
        if let Selection::Groups(groups) = selection {
            builder = builder.with_row_groups(groups.clone());
        }
        let reader: ParquetRecordBatchReader = builder.build().map_err(data_error)?;
        let held = Arc::clone(self);
        Ok(reader.map(move |batch| batch.map_err(|error| held.damaged(error))))
    }

    /// How many row groups it has.
    pub(crate) fn groups(&self) -> Result<usize, LakeError> {
        Ok(self.builder()?.metadata().num_row_groups())
    }

    /// Rows of one row group, as the file says.
    pub(crate) fn group_rows(&self, group: usize) -> Result<u64, LakeError> {
        Ok(self.builder()?.metadata().row_group(group).num_rows().cast_unsigned())
    }

    /// Batches of one row group, for whoever saves what can be read of a damaged file.
    pub(crate) fn read_group(
        self: &Arc<Self>,
        columns: Columns,
        group: usize,
    ) -> Result<impl Iterator<Item = Result<RecordBatch, LakeError>> + Send + use<>, LakeError> {
        let schema = schema_of(columns);
        let builder = self.builder()?;
        let names = schema.fields().iter().map(|field| field.name().as_str());
        let mask = ProjectionMask::columns(builder.parquet_schema(), names);
        let builder = builder.with_projection(mask).with_batch_size(BATCH_ROWS).with_row_groups(vec![group]);
        let reader: ParquetRecordBatchReader = builder.build().map_err(data_error)?;
        let held = Arc::clone(self);
        Ok(reader.map(move |batch| batch.map_err(|error| held.damaged(error))))
    }

    /// Batches of person, at and offset alone.
    pub(crate) fn keys(
        self: &Arc<Self>,
    ) -> Result<impl Iterator<Item = Result<RecordBatch, LakeError>> + Send + use<>, LakeError> {
        self.batches(&[PERSON, super::AT, super::OFFSET], &Selection::All, BATCH_ROWS)
    }

    /// The row groups that may hold events of one of these names, by their filters; none when there is none.
    pub(crate) fn groups_of(&self, names: &[String]) -> Result<Option<Selection>, LakeError> {
        let filters = match self.names.get() {
            Some(filters) => filters,
            None => {
                let filters = self.name_filters()?;
                self.names.get_or_init(|| filters)
            }
        };
        // A group without a filter is read.
        let may = |filter: &Option<Sbbf>| {
            filter.as_ref().is_none_or(|filter| names.iter().any(|name| filter.check(name.as_str())))
        };
        let groups: Vec<usize> =
            filters.iter().enumerate().filter(|(_, filter)| may(filter)).map(|(group, _)| group).collect();
        Ok(match groups.len() {
            0 => None,
            all if all == filters.len() => Some(Selection::All),
            _ => Some(Selection::Groups(groups)),
        })
    }

    fn name_filters(&self) -> Result<Vec<Option<Sbbf>>, LakeError> {
        let builder = self.builder()?;
        let columns = builder.parquet_schema().columns();
        let name = columns.iter().position(|column| column.path().string() == Col::Name.name());
        let name = name.ok_or_else(|| self.damaged("no column name"))?;
        let filter = |group| builder.get_row_group_column_bloom_filter(group, name);
        let filters: Result<_, ParquetError> = (0..builder.metadata().num_row_groups()).map(filter).collect();
        filters.map_err(|error| self.damaged(error))
    }

    /// The rows of these people; none when there are none.
    pub(crate) fn rows_of(self: &Arc<Self>, people: &Whom) -> Result<Option<Selection>, LakeError> {
        let mut ranges: Vec<Range<usize>> = Vec::new();
        for (base, groups) in self.groups_with(people)? {
            let mut base = base;
            for batch in self.batches(&[PERSON], &Selection::Groups(groups), BATCH_ROWS)? {
                let batch = batch?;
                let person = integers(&batch, PERSON)?;
                let mut row = 0;
                while row < person.len() {
                    let start = row;
                    let this = person[row];
                    while row < person.len() && person[row] == this {
                        row += 1;
                    }
                    if !people.contains(this) {
                        continue;
                    }
                    match ranges.last_mut() {
                        Some(last) if last.end == base + start => last.end = base + row,
                        _ => ranges.push(base + start..base + row),
                    }
                }
                base += person.len();
            }
        }
        Ok((!ranges.is_empty()).then_some(Selection::Rows(ranges)))
    }

    /// Runs of row groups that may hold rows of these people, each with the place of its first row: rows are in the order of
    /// people, and a group says who is the first and the last one.
    fn groups_with(&self, people: &Whom) -> Result<Vec<(usize, Vec<usize>)>, LakeError> {
        let metadata = self.metadata(&self.source()?)?.metadata();
        let (mut runs, mut base): (Vec<(usize, Vec<usize>)>, usize) = (Vec::new(), 0);
        let mut follows = false;
        for (place, group) in metadata.row_groups().iter().enumerate() {
            let column = group.columns().iter().find(|column| column.column_path().string() == PERSON);
            let bounds = match column.and_then(|column| column.statistics()) {
                Some(Statistics::Int64(found)) => found.min_opt().zip(found.max_opt()),
                _ => None,
            };
            let may = bounds.is_none_or(|(first, last)| people.any_in(*first, *last));
            match runs.last_mut() {
                Some((_, groups)) if may && follows => groups.push(place),
                _ if may => runs.push((base, vec![place])),
                _ => {}
            }
            follows = may;
            base += usize::try_from(group.num_rows()).unwrap_or(0);
        }
        Ok(runs)
    }
}

fn row_selection(ranges: &[Range<usize>], rows: u64) -> RowSelection {
    let mut selectors = Vec::with_capacity(ranges.len() * 2 + 1);
    let mut place = 0;
    for range in ranges {
        if range.start > place {
            selectors.push(RowSelector::skip(range.start - place));
        }
        selectors.push(RowSelector::select(range.len()));
        place = range.end;
    }
    let rows = usize::try_from(rows).unwrap_or(place);
    if rows > place {
        selectors.push(RowSelector::skip(rows - place));
    }
    selectors.into()
}
