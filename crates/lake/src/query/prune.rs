//! What of the events a question need not read.
//!
//! **Invariant:** pruning leaves out only rows that the question's own filters leave out; the engine filters again.

use super::question::{SqlMonth, SqlRead};
use crate::event::month_text;
use crate::hot::HotBucket;
use crate::parquet::{AT, DataFile, OFFSET, PERSON};
use crate::view::{View, Whom};
use datafusion::arrow::datatypes::Schema;
use datafusion::common::{Column, ScalarValue};
use datafusion::logical_expr::{Expr, Operator};
use kernel::ids::PersonId;
use kernel::time::{TimeRange, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Most people whose rows are looked up one by one; beyond, everything is read.
const PEOPLE_MAX: usize = 100;

/// What the filters of one reading leave.
#[derive(Debug, Clone)]
pub(super) struct Pruning {
    pub(super) range: TimeRange,
    pub(super) offset_least: u64,
    named: Option<usize>,
    /// The people of each bucket, when the question names people.
    people: Option<Vec<Whom>>,
}

impl Pruning {
    pub(super) fn of(filters: &[Expr], view: &View) -> Self {
        let mut range = TimeRange::ALL;
        for (from, to) in filters.iter().filter_map(at_bound) {
            range.from = range.from.max(Timestamp::from_micros(from));
            range.to = range.to.min(Timestamp::from_micros(to));
        }
        let offset_least = filters.iter().filter_map(least_offset).max().unwrap_or(0);
        let named =
            filters.iter().filter_map(people_of).reduce(|one, other| one.intersection(&other).copied().collect());
        let named = named.filter(|people| people.len() <= PEOPLE_MAX);
        let people = named.as_ref().map(|named| {
            let mut people = vec![HashSet::new(); usize::from(view.buckets)];
            // Only a canonical person stands in the answer: of one that was merged there is no row.
            for person in named.iter().filter(|person| view.merges.canonical_of(**person) == **person) {
                for (all, members) in people.iter_mut().zip(view.merges.members(*person, view.buckets)) {
                    all.extend(members);
                }
            }
            people.into_iter().map(Whom::new).collect()
        });
        Self { range, offset_least, named: named.map(|named| named.len()), people }
    }

    /// Whether a filter lets something be passed over.
    pub(super) fn understands(filter: &Expr) -> bool {
        at_bound(filter).is_some() || least_offset(filter).is_some() || people_of(filter).is_some()
    }

    /// The people whose rows are read of a bucket; none for all.
    pub(super) fn people_in(&self, bucket: usize) -> Option<&Whom> {
        self.people.as_ref().and_then(|people| people.get(bucket))
    }

    pub(super) fn opens_bucket(&self, bucket: usize) -> bool {
        self.people_in(bucket).is_none_or(|people| !people.is_empty())
    }

    fn opens(&self, file: &DataFile) -> bool {
        file.entry.at_max >= self.range.from.micros()
            && file.entry.at_min < self.range.to.micros()
            && file.entry.offset_max >= self.offset_least
    }

    /// What will be read, and what not.
    pub(super) fn report(&self, view: &View, schema: &Schema) -> SqlRead {
        let bound = |moment: Timestamp, open: Timestamp| (moment != open).then(|| moment.micros());
        let mut read = SqlRead {
            columns: schema.fields().iter().map(|field| field.name().clone()).collect(),
            at_from: bound(self.range.from, TimeRange::ALL.from),
            at_to: bound(self.range.to, TimeRange::ALL.to),
            people: self.named,
            buckets: usize::from(view.buckets),
            ..SqlRead::default()
        };
        let mut months: BTreeMap<i32, SqlMonth> = BTreeMap::new();
        for (bucket, files) in view.files.iter().enumerate() {
            let is_open = self.opens_bucket(bucket);
            read.buckets_read += usize::from(is_open);
            for file in files {
                let opened = is_open && self.opens(file);
                let (rows, bytes) = (file.entry.rows, file.entry.bytes);
                let month = months.entry(file.entry.month).or_default();
                month.files += 1;
                read.files += 1;
                read.bytes += bytes;
                read.rows += rows;
                if opened {
                    month.files_read += 1;
                    month.rows_read += rows;
                    read.files_read += 1;
                    read.bytes_read += bytes;
                    read.rows_read += rows;
                }
            }
            let hot = |buckets: &[HotBucket]| buckets.get(bucket).map_or(0, HotBucket::rows) as u64;
            let hot = hot(&view.sealing) + hot(&view.hot);
            read.rows += hot;
            if is_open {
                read.rows_hot += hot;
                read.rows_read += hot;
            }
        }
        read.months = months.into_iter().map(|(month, files)| SqlMonth { month: month_text(month), ..files }).collect();
        read
    }
}

/// A comparison of a column with a value.
fn compared(filter: &Expr) -> Option<(&Column, Operator, &ScalarValue)> {
    let Expr::BinaryExpr(binary) = filter else { return None };
    match (&*binary.left, &*binary.right) {
        (Expr::Column(column), Expr::Literal(literal, _)) => Some((column, binary.op, literal)),
        (Expr::Literal(literal, _), Expr::Column(column)) => Some((column, binary.op.swap()?, literal)),
        _ => None,
    }
}

/// The least offset that a filter leaves.
fn least_offset(filter: &Expr) -> Option<u64> {
    let (column, operator, literal) = compared(filter)?;
    let ScalarValue::Int64(Some(offset)) = literal else { return None };
    let offset = u64::try_from(*offset).ok().filter(|_| column.name == OFFSET)?;
    match operator {
        Operator::Gt => Some(offset.saturating_add(1)),
        Operator::GtEq | Operator::Eq => Some(offset),
        _ => None,
    }
}

/// The range of `at` that a filter leaves, as (first, first after).
fn at_bound(filter: &Expr) -> Option<(i64, i64)> {
    let (column, operator, literal) = compared(filter)?;
    let ScalarValue::TimestampMicrosecond(Some(moment), _) = literal else { return None };
    if column.name != AT {
        return None;
    }
    match operator {
        Operator::Gt | Operator::GtEq => Some((*moment, i64::MAX)),
        Operator::Lt | Operator::LtEq => Some((i64::MIN, moment.saturating_add(1))),
        Operator::Eq => Some((*moment, moment.saturating_add(1))),
        _ => None,
    }
}

/// The people that a filter leaves, when it names them one by one.
fn people_of(filter: &Expr) -> Option<BTreeSet<u64>> {
    // What is no person's id names nobody.
    let one = |literal: &ScalarValue| {
        let text = literal.try_as_str()??;
        Some(text.parse::<PersonId>().ok().map(PersonId::number).into_iter().collect::<BTreeSet<u64>>())
    };
    match filter {
        Expr::BinaryExpr(binary) if binary.op == Operator::Or => {
            let (mut left, right) = (people_of(&binary.left)?, people_of(&binary.right)?);
            left.extend(right);
            Some(left)
        }
        Expr::InList(list) if !list.negated => {
            let Expr::Column(column) = &*list.expr else { return None };
            let mut people = BTreeSet::new();
            for value in list.list.iter().filter(|_| column.name == PERSON) {
                let Expr::Literal(literal, _) = value else { return None };
                people.extend(one(literal)?);
            }
            (column.name == PERSON).then_some(people)
        }
        _ => {
            let (column, operator, literal) = compared(filter)?;
            if column.name == PERSON && operator == Operator::Eq { one(literal) } else { None }
        }
    }
}
