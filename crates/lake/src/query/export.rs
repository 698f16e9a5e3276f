//! The answer as a file: CSV, Arrow or Parquet, made and sent batch by batch.
//!
//! **Invariant:** what is held is bounded whatever the size of the answer: a batch, a row group, a few pieces on their way.
//! **Invariant:** a file that is not complete ends with an error.

use super::answer::SqlColumn;
use super::question::{SqlFormat, SqlQuestion, SqlWatch};
use super::refusal::refused;
use super::session::plan;
use super::values::kind_of;
use crate::error::LakeError;
use crate::parquet::data_error;
use crate::view::View;
use bytes::Bytes;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::ipc::writer::StreamWriter;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::file::properties::WriterProperties;
use futures::StreamExt;
use kernel::limits::SQL_EXPORT_STALL_SECONDS_MAX;
use parking_lot::Mutex;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Bytes sent at a time.
const PIECE_BYTES: usize = 256 << 10;
/// Rows and bytes of one row group of a Parquet file: bounds what is held before it is written.
const GROUP_ROWS: usize = 65_536;
const GROUP_BYTES: usize = 16 << 20;

/// Where the pieces of a file go.
pub(super) struct Way {
    pub(super) columns: oneshot::Sender<Vec<SqlColumn>>,
    pub(super) pieces: mpsc::Sender<Bytes>,
}

/// Answers a question as a file. With `cut`, what is beyond its limit of rows is left out; else it is refused.
pub(super) async fn export(
    view: View,
    question: SqlQuestion,
    format: SqlFormat,
    cut: bool,
    way: Way,
) -> Result<(), LakeError> {
    let (rows_max, watch) = (question.limits.rows, question.watch.clone());
    let planned = plan(view, question, false).await?;
    let mut stream = planned.stream()?;
    let form = Form::of(&stream.schema());
    // Nobody waits any more when the caller went away: the first piece says so.
    let _ = way.columns.send(form.columns());
    let mut file = Encoder::new(format, &form)?;
    let mut rows = 0;
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(|error| refused(&error))?;
        let room = rows_max - rows;
        if batch.num_rows() > room && !cut {
            return Err(LakeError::Limit(format!(
                "The answer has more than {rows_max} rows. Narrow the question, or say with `limit` how many rows to take."
            )));
        }
        let batch = batch.slice(0, batch.num_rows().min(room));
        rows += batch.num_rows();
        watch.given(batch.num_rows());
        file.write(&form.shape(&batch)?)?;
        send(&way.pieces, file.taken(PIECE_BYTES), &watch).await?;
        if rows >= rows_max && cut {
            break;
        }
    }
    send(&way.pieces, file.finish()?, &watch).await
}

/// Sends pieces; gives up when whoever reads them takes none for long.
async fn send(pieces: &mpsc::Sender<Bytes>, bytes: Vec<u8>, watch: &SqlWatch) -> Result<(), LakeError> {
    if bytes.is_empty() {
        return Ok(());
    }
    let mut bytes = Bytes::from(bytes);
    while !bytes.is_empty() {
        let piece = bytes.split_to(bytes.len().min(PIECE_BYTES));
        let sent = tokio::time::timeout(Duration::from_secs(SQL_EXPORT_STALL_SECONDS_MAX), pieces.send(piece)).await;
        match sent {
            Ok(Ok(())) => {}
            Ok(Err(_)) => {
                watch.cancel();
                return Err(LakeError::Cancelled);
            }
            Err(_) => {
                return Err(LakeError::Limit(format!(
                    "The download took nothing for {SQL_EXPORT_STALL_SECONDS_MAX} s and was given up."
                )));
            }
        }
    }
    Ok(())
}

/// The columns of a file: types that every reader knows, names that are there once.
struct Form(SchemaRef);

impl Form {
    fn of(schema: &Schema) -> Self {
        let mut taken = HashSet::new();
        let fields = schema.fields().iter().map(|field| {
            let names =
                std::iter::once(field.name().clone()).chain((2..).map(|number| format!("{}_{number}", field.name())));
            let name = names.into_iter().find(|name| taken.insert(name.clone())).unwrap_or_default();
            let kind = match field.data_type() {
                DataType::Utf8View | DataType::Dictionary(..) | DataType::Null => DataType::Utf8,
                DataType::BinaryView => DataType::Binary,
                kind => kind.clone(),
            };
            Field::new(name, kind, true)
        });
        Self(Arc::new(Schema::new(fields.collect::<Vec<_>>())))
    }

    fn columns(&self) -> Vec<SqlColumn> {
        let column =
            |field: &Arc<Field>| SqlColumn { name: field.name().clone(), kind: kind_of(field.data_type()).into() };
        self.0.fields().iter().map(column).collect()
    }

    fn shape(&self, batch: &RecordBatch) -> Result<RecordBatch, LakeError> {
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(batch.num_columns());
        for (field, array) in self.0.fields().iter().zip(batch.columns()) {
            arrays.push(if array.data_type() == field.data_type() {
                Arc::clone(array)
            } else {
                cast(array, field.data_type()).map_err(data_error)?
            });
        }
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(Arc::clone(&self.0), arrays, &options).map_err(data_error)
    }
}

/// What was written and not yet sent.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

struct Encoder {
    sink: Sink,
    kind: Kind,
}

enum Kind {
    Csv,
    Arrow(Box<StreamWriter<Sink>>),
    Parquet(Box<ArrowWriter<Sink>>),
}

/// A type that a form of file cannot hold.
fn cannot(form: &str, error: impl std::fmt::Display) -> LakeError {
    LakeError::Sql(format!("The answer cannot be written as {form}: {error}. Cast the column to text."))
}

impl Encoder {
    fn new(format: SqlFormat, form: &Form) -> Result<Self, LakeError> {
        let mut sink = Sink::default();
        let kind = match format {
            SqlFormat::Csv => {
                let names: Vec<&str> = form.0.fields().iter().map(|field| field.name().as_str()).collect();
                let mut head = String::from("\u{feff}");
                for (place, name) in names.into_iter().enumerate() {
                    separate(&mut head, place);
                    text(&mut head, name);
                }
                head.push_str("\r\n");
                sink.write_all(head.as_bytes()).map_err(data_error)?;
                Kind::Csv
            }
            SqlFormat::Arrow => Kind::Arrow(Box::new(
                StreamWriter::try_new(sink.clone(), &form.0).map_err(|error| cannot("Arrow", error))?,
            )),
            SqlFormat::Parquet => {
                let properties = WriterProperties::builder()
                    .set_created_by("mainspring".to_owned())
                    .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).map_err(data_error)?))
                    .set_max_row_group_row_count(Some(GROUP_ROWS));
                let writer = ArrowWriter::try_new(sink.clone(), Arc::clone(&form.0), Some(properties.build()));
                Kind::Parquet(Box::new(writer.map_err(|error| cannot("Parquet", error))?))
            }
        };
        Ok(Self { sink, kind })
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<(), LakeError> {
        match &mut self.kind {
            Kind::Csv => {
                let lines = lines(batch)?;
                self.sink.write_all(lines.as_bytes()).map_err(data_error)
            }
            Kind::Arrow(writer) => writer.write(batch).map_err(data_error),
            Kind::Parquet(writer) => {
                writer.write(batch).map_err(data_error)?;
                if writer.in_progress_size() > GROUP_BYTES {
                    writer.flush().map_err(data_error)?;
                }
                Ok(())
            }
        }
    }

    /// What was written, when it is this much.
    fn taken(&self, least: usize) -> Vec<u8> {
        let mut bytes = self.sink.0.lock();
        if bytes.len() < least { Vec::new() } else { std::mem::take(&mut *bytes) }
    }

    fn finish(self) -> Result<Vec<u8>, LakeError> {
        match self.kind {
            Kind::Csv => {}
            Kind::Arrow(mut writer) => writer.finish().map_err(data_error)?,
            Kind::Parquet(writer) => {
                writer.close().map_err(data_error)?;
            }
        }
        Ok(std::mem::take(&mut *self.sink.0.lock()))
    }
}

/// The lines of a batch. No value is nothing between two commas; an empty text is `""`.
fn lines(batch: &RecordBatch) -> Result<String, LakeError> {
    let options = FormatOptions::default();
    let mut columns = Vec::with_capacity(batch.num_columns());
    for array in batch.columns() {
        let is_text = !matches!(kind_of(array.data_type()), "int" | "float" | "bool" | "timestamp" | "date");
        let plain = array.as_string_opt::<i32>();
        columns.push((array, is_text, plain, ArrayFormatter::try_new(array, &options).map_err(data_error)?));
    }
    let (mut out, mut cell) = (String::new(), String::new());
    for row in 0..batch.num_rows() {
        for (place, (array, is_text, plain, formatter)) in columns.iter().enumerate() {
            separate(&mut out, place);
            if array.is_null(row) {
                continue;
            }
            if let Some(texts) = plain {
                text(&mut out, texts.value(row));
            } else if *is_text {
                cell.clear();
                write!(cell, "{}", formatter.value(row)).map_err(data_error)?;
                text(&mut out, &cell);
            } else {
                write!(out, "{}", formatter.value(row)).map_err(data_error)?;
            }
        }
        out.push_str("\r\n");
    }
    Ok(out)
}

fn separate(out: &mut String, place: usize) {
    if place > 0 {
        out.push(',');
    }
}

fn text(out: &mut String, cell: &str) {
    out.push('"');
    if is_formula(cell) {
        out.push('\'');
    }
    for (place, part) in cell.split('"').enumerate() {
        if place > 0 {
            out.push_str("\"\"");
        }
        out.push_str(part);
    }
    out.push('"');
}

/// Whether a spreadsheet program would compute a cell: it begins like a formula and is more than a number or a telephone
/// number.
fn is_formula(cell: &str) -> bool {
    match cell.chars().next() {
        Some('=' | '@' | '\t' | '\r') => true,
        Some('+' | '-') => cell.chars().any(|letter| !(letter.is_ascii_digit() || "+-(). ,/".contains(letter))),
        _ => false,
    }
}
