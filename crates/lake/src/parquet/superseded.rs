//! What was derived from an event, and what had been derived before: the column `superseded`.
//!
//! A row that was derived again keeps what it had, with the number of the re-derivation that replaced it; nearly all rows
//! were not, and have none. The catalog says when each re-derivation took effect.
//!
//! **Invariant:** the entries of a row are in the order of their re-derivations.

use super::data_error;
use super::schema::{AGENT, RULE, SUPERSEDED, coded, schema_of};
use crate::error::LakeError;
use crate::event::{AgentClass, Col, Columns};
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, DictionaryArray, Int64Array, RecordBatch, StringArray, new_null_array,
};
use datafusion::arrow::compute::concat;
use datafusion::arrow::datatypes::{Int64Type, UInt32Type};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What rules derive from an event.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Derivation {
    /// The channel.
    pub channel: String,
    /// Version of the rules that set it.
    pub channel_rule: u32,
    /// Who caused the event.
    pub agent_class: AgentClass,
    /// Why that is assumed.
    pub agent_reason: String,
}

/// A former derivation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Former {
    /// The re-derivation that replaced it.
    until: u64,
    was: Derivation,
}

/// The former derivations of a row, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct History(Vec<Former>);

impl History {
    pub(crate) fn parse(text: &str) -> Result<Self, LakeError> {
        serde_json::from_str(text).map_err(|error| data_error(format!("{SUPERSEDED}: {error}")))
    }

    pub(crate) fn text(&self) -> Result<String, LakeError> {
        serde_json::to_string(self).map_err(data_error)
    }

    /// Adds what a re-derivation replaces.
    pub(crate) fn push(&mut self, until: u64, was: Derivation) {
        self.0.push(Former { until, was });
    }

    /// What was derived before the re-derivation `from` and all later ones; none when none of them changed it.
    fn before(&self, from: u64) -> Option<&Derivation> {
        self.0.iter().find(|former| former.until >= from).map(|former| &former.was)
    }

    /// The re-derivations that changed it.
    pub(crate) fn rederivations(&self) -> impl Iterator<Item = u64> {
        self.0.iter().map(|former| former.until)
    }
}

/// The re-derivations that changed rows of a batch.
pub(crate) fn rederivations(batch: &RecordBatch) -> Result<BTreeSet<u64>, LakeError> {
    let mut found = BTreeSet::new();
    let Some(column) = batch.column_by_name(SUPERSEDED) else { return Ok(found) };
    let texts = column.as_dictionary_opt::<UInt32Type>().and_then(|coded| coded.values().as_string_opt::<i32>());
    for text in texts.into_iter().flatten().flatten() {
        found.extend(History::parse(text)?.rederivations());
    }
    Ok(found)
}

/// The rows as they were before the re-derivation `from`, without the column `superseded`.
pub(crate) fn known_before(batch: &RecordBatch, from: u64) -> Result<RecordBatch, LakeError> {
    let place = batch.schema_ref().index_of(SUPERSEDED).map_err(data_error)?;
    let column = batch.column(place).as_dictionary_opt::<UInt32Type>();
    let column = column.ok_or_else(|| data_error(format!("{SUPERSEDED} is not coded")))?;
    let texts: &StringArray = column.values().as_string_opt().ok_or_else(|| data_error("not of texts"))?;
    let mut former: Vec<Derivation> = Vec::new();
    let mut of_key: Vec<Option<u32>> = Vec::with_capacity(texts.len());
    for text in texts {
        let history = text.map(History::parse).transpose()?;
        of_key.push(match history.as_ref().and_then(|history| history.before(from)) {
            Some(was) => {
                former.push(was.clone());
                Some(u32::try_from(former.len() - 1).map_err(data_error)?)
            }
            None => None,
        });
    }
    let keys = column.keys();
    let pick = |row: usize| keys.is_valid(row).then(|| of_key[keys.value(row) as usize]).flatten();
    let picks: Vec<Option<u32>> = (0..batch.num_rows()).map(pick).collect();
    let mut rest: Vec<usize> = (0..batch.num_columns()).collect();
    rest.retain(|other| *other != place);
    let rest = batch.project(&rest).map_err(data_error)?;
    if picks.iter().all(Option::is_none) { Ok(rest) } else { overlay(&rest, &picks, &former) }
}

/// The rows with other derivations where one is picked; of the derived columns, those that are there.
pub(crate) fn overlay(
    batch: &RecordBatch,
    picks: &[Option<u32>],
    derivations: &[Derivation],
) -> Result<RecordBatch, LakeError> {
    let schema = batch.schema();
    let mut columns = batch.columns().to_vec();
    for (field, column) in schema.fields().iter().zip(&mut columns) {
        let text: fn(&Derivation) -> &str = match field.name().as_str() {
            AGENT => |derivation| derivation.agent_class.as_str(),
            RULE => {
                *column = numbers(column, picks, derivations)?;
                continue;
            }
            name if name == Col::Channel.name() => |derivation| &derivation.channel,
            name if name == Col::AgentReason.name() => |derivation| &derivation.agent_reason,
            _ => continue,
        };
        *column = texts(column, picks, derivations, text)?;
    }
    RecordBatch::try_new(schema, columns).map_err(data_error)
}

fn texts(
    column: &ArrayRef,
    picks: &[Option<u32>],
    derivations: &[Derivation],
    text: fn(&Derivation) -> &str,
) -> Result<ArrayRef, LakeError> {
    let coded = column.as_dictionary_opt::<UInt32Type>().ok_or_else(|| data_error("a derived column is not coded"))?;
    let added: ArrayRef = Arc::new(StringArray::from_iter_values(derivations.iter().map(text)));
    let first = u32::try_from(coded.values().len()).map_err(data_error)?;
    let values = concat(&[coded.values().as_ref(), added.as_ref()]).map_err(data_error)?;
    let keys = coded.keys().values().iter().zip(picks).map(|(key, pick)| pick.map_or(*key, |pick| first + pick));
    let keys = datafusion::arrow::array::UInt32Array::from_iter_values(keys);
    Ok(Arc::new(DictionaryArray::<UInt32Type>::try_new(keys, values).map_err(data_error)?))
}

fn numbers(column: &ArrayRef, picks: &[Option<u32>], derivations: &[Derivation]) -> Result<ArrayRef, LakeError> {
    let numbers = column.as_primitive_opt::<Int64Type>().ok_or_else(|| data_error(format!("{RULE} is no number")))?;
    let rule = |pick: u32| i64::from(derivations[pick as usize].channel_rule);
    let rules = numbers.values().iter().zip(picks).map(|(number, pick)| pick.map_or(*number, rule));
    Ok(Arc::new(Int64Array::from_iter_values(rules)))
}

/// The rows of a file that has no column `superseded`, with an empty one at the end.
pub(super) fn with_none(batch: &RecordBatch, columns: Columns) -> Result<RecordBatch, LakeError> {
    let mut arrays = batch.columns().to_vec();
    arrays.push(new_null_array(&coded(), batch.num_rows()));
    RecordBatch::try_new(schema_of(columns), arrays).map_err(data_error)
}
