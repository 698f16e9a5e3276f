//! The table `events`: sealed files and hot rows, as SQL sees them.

use super::prune::Pruning;
use super::question::{SqlRead, SqlWatch};
use crate::error::LakeError;
use crate::event::{Col, Columns};
use crate::parquet::{AGENT, KIND, OFFSET, PERSON, RECEIVED, RULE, VALUE, data_error, integers, schema_of};
use crate::view::{Batches, View, Wanted};
use async_trait::async_trait;
use datafusion::arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use kernel::ids::PersonId;
use parking_lot::Mutex;
use std::fmt;
use std::sync::Arc;

/// What a row is in SQL: persons and codes as text.
fn sql_schema() -> SchemaRef {
    let stored = schema_of(Columns::ALL);
    let fields = stored.fields().iter().map(|field| {
        let is_text = field.name() == PERSON || matches!(field.data_type(), DataType::Dictionary(..));
        let kind = if is_text { DataType::Utf8 } else { field.data_type().clone() };
        Field::new(field.name(), kind, field.is_nullable())
    });
    Arc::new(Schema::new(fields.collect::<Vec<Field>>()))
}

/// What each reading of the events opens, in the order they were planned.
pub(super) type Reads = Arc<Mutex<Vec<SqlRead>>>;

/// The table `events` of one view.
pub(super) struct EventsTable {
    view: Arc<View>,
    schema: SchemaRef,
    watch: SqlWatch,
    reads: Reads,
}

impl EventsTable {
    pub(super) fn new(view: Arc<View>, watch: SqlWatch, reads: Reads) -> Self {
        Self { view, schema: sql_schema(), watch, reads }
    }
}

impl fmt::Debug for EventsTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventsTable")
    }
}

#[async_trait]
impl TableProvider for EventsTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let bound = |filter: &&Expr| {
            if Pruning::understands(filter) {
                TableProviderFilterPushDown::Inexact
            } else {
                TableProviderFilterPushDown::Unsupported
            }
        };
        Ok(filters.iter().map(bound).collect())
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = match projection {
            Some(places) => Arc::new(self.schema.project(places)?),
            None => Arc::clone(&self.schema),
        };
        let pruning = Pruning::of(filters, &self.view);
        let read = pruning.report(&self.view, &schema);
        self.watch.planned(read.rows_read);
        self.reads.lock().push(read);
        let partition = Partition { view: Arc::clone(&self.view), schema, pruning, watch: self.watch.clone() };
        let schema = Arc::clone(&partition.schema);
        let partitions: Vec<Arc<dyn PartitionStream>> = vec![Arc::new(partition)];
        Ok(Arc::new(StreamingTableExec::try_new(schema, partitions, None, [], false, limit)?))
    }
}

struct Partition {
    view: Arc<View>,
    schema: SchemaRef,
    pruning: Pruning,
    watch: SqlWatch,
}

impl fmt::Debug for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("events")
    }
}

impl PartitionStream for Partition {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let scan = Scan {
            view: Arc::clone(&self.view),
            schema: Arc::clone(&self.schema),
            pruning: self.pruning.clone(),
            columns: columns_of(&self.schema),
            watch: self.watch.clone(),
            bucket: 0,
            waiting: Vec::new(),
        };
        let batches = scan.map(|batch| batch.map_err(|error| DataFusionError::External(Box::new(error))));
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), futures::stream::iter(batches)))
    }
}

fn columns_of(schema: &Schema) -> Columns {
    let mut columns = Columns::NONE;
    for field in schema.fields() {
        columns = match field.name().as_str() {
            OFFSET => columns.with_offset(),
            KIND => columns.with_kind(),
            AGENT => columns.with_agent_class(),
            RECEIVED => columns.with_received_at(),
            VALUE => columns.with_value(),
            RULE => columns.with_rule(),
            name => match Col::ALL.iter().find(|column| column.name() == name) {
                Some(column) => columns.and(Columns::of(&[*column])),
                None => columns,
            },
        };
    }
    columns
}

/// Reads bucket after bucket.
struct Scan {
    view: Arc<View>,
    schema: SchemaRef,
    pruning: Pruning,
    columns: Columns,
    watch: SqlWatch,
    bucket: usize,
    waiting: Vec<Batches>,
}

impl Iterator for Scan {
    type Item = std::result::Result<RecordBatch, LakeError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.watch.is_cancelled() {
                return Some(Err(LakeError::Cancelled));
            }
            if let Some(source) = self.waiting.last_mut() {
                match source.next() {
                    Some(batch) => return Some(batch.and_then(|batch| self.present(&batch))),
                    None => {
                        self.waiting.pop();
                        continue;
                    }
                }
            }
            if self.bucket >= usize::from(self.view.buckets) {
                return None;
            }
            let bucket = self.bucket;
            self.bucket += 1;
            if !self.pruning.opens_bucket(bucket) {
                continue;
            }
            let people = self.pruning.people_in(bucket);
            let sources = self.view.sources(bucket, self.pruning.range, self.columns);
            let opened = sources.and_then(|sources| {
                sources
                    .iter()
                    .filter(|source| source.reaches(self.pruning.offset_least))
                    .map(|source| source.batches(&Wanted { people, ..Wanted::columns(self.columns) }))
                    .collect::<std::result::Result<Vec<_>, _>>()
            });
            match opened {
                Ok(batches) => self.waiting = batches,
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl Scan {
    /// The wanted columns in the form of SQL.
    fn present(&self, batch: &RecordBatch) -> std::result::Result<RecordBatch, LakeError> {
        self.watch.read(batch.num_rows(), batch.get_array_memory_size());
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(self.schema.fields().len());
        for field in self.schema.fields() {
            let column = batch.column_by_name(field.name());
            let column = column.ok_or_else(|| data_error(format!("no column {}", field.name())))?;
            arrays.push(if field.name() == PERSON {
                self.persons(batch)?
            } else if column.data_type() == field.data_type() {
                Arc::clone(column)
            } else {
                cast(column, field.data_type()).map_err(data_error)?
            });
        }
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options).map_err(data_error)
    }

    /// The canonical person of each row as text; rows of one person stand together.
    fn persons(&self, batch: &RecordBatch) -> std::result::Result<ArrayRef, LakeError> {
        let persons = integers(batch, PERSON)?;
        let mut last: Option<(i64, String)> = None;
        let texts = persons.iter().map(|person| {
            if last.as_ref().is_none_or(|(number, _)| number != person) {
                let canonical = self.view.merges.canonical_of(person.cast_unsigned());
                last = Some((
                    *person,
                    PersonId::from_number(canonical).map_or_else(|_| String::new(), |id| id.to_string()),
                ));
            }
            last.as_ref().map_or_else(String::new, |(_, text)| text.clone())
        });
        Ok(Arc::new(StringArray::from_iter_values(texts)))
    }
}
