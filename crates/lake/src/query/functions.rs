//! The functions of a question: those whose result can be far larger than what they are given are bounded or left out.
//!
//! What one call allocates no pool counts, and a question that nests or chains such calls doubles with each: thirty of
//! them make a gigabyte out of a letter, also while it is planned, where calls over constants are worked out.
//!
//! **Invariant:** no function gives more than [`BATCH_BYTES_MAX`] at a time, and no value more than [`VALUE_BYTES_MAX`];
//! the bound is known before the call is made.

use crate::error::LakeError;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::compute::concat;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema};
use datafusion::common::tree_node::{TreeNode as _, TreeNodeRecursion};
use datafusion::common::{DFSchema, Result, ScalarValue, plan_err};
use datafusion::error::DataFusionError;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::logical_expr::binary::BinaryTypeCoercer;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr, RawDictionaryExpr};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable as _, LogicalPlan, Operator, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, Volatility,
};
use datafusion::physical_plan::PhysicalExpr as _;
use datafusion::physical_plan::expressions::{BinaryExpr, Column};
use datafusion::sql::sqlparser::ast::BinaryOperator;
use std::sync::Arc;

/// Most bytes that one call gives for the rows of a batch.
pub(super) const BATCH_BYTES_MAX: usize = 32 << 20;
/// Most bytes of one value that a call gives, and of all constants of a planned question: a join or a constant repeats
/// them in every row of a batch.
pub(super) const VALUE_BYTES_MAX: usize = 64 << 10;

/// Functions that are left out. The result of the first is as large as a number in the question says; of the others, as
/// the product of what they are given (a pattern gives each of its groups), or as a type that doubles.
const LEFT_OUT: [&str; 27] = [
    "repeat",
    "lpad",
    "rpad",
    "range",
    "generate_series",
    "gen_series",
    "array_repeat",
    "list_repeat",
    "array_resize",
    "list_resize",
    "arrow_cast",
    "arrow_try_cast",
    "array_to_string",
    "regexp_match",
    "array_replace",
    "array_replace_n",
    "array_replace_all",
    "array_concat",
    "array_append",
    "array_prepend",
    "array_union",
    "arrays_zip",
    "struct",
    "named_struct",
    "row",
    "map",
    "make_map",
];

/// How large a result can become.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Growth {
    /// As all arguments together.
    Sum,
    /// As all arguments together, with the first between them.
    Separated,
    /// The first argument with each occurrence of the second replaced by the third.
    Replaced,
    /// The same for a pattern, whose replacement may name what was found.
    Matched,
}

/// Aggregates that are left out: their one value is as large as a whole column, and a join or a window repeats it in every
/// row.
const AGGREGATES_LEFT_OUT: [&str; 2] = ["array_agg", "string_agg"];

const GROWING: [(&str, Growth); 6] = [
    ("concat", Growth::Sum),
    ("concat_ws", Growth::Separated),
    ("overlay", Growth::Sum),
    ("make_array", Growth::Sum),
    ("replace", Growth::Replaced),
    ("regexp_replace", Growth::Matched),
];

/// Puts the bounds around the functions and operators of a session.
pub(super) fn bounded(mut builder: SessionStateBuilder) -> SessionStateBuilder {
    let functions = builder.scalar_functions().get_or_insert_default();
    let is_left_out = |function: &ScalarUDF| {
        LEFT_OUT.contains(&function.name()) || function.aliases().iter().any(|name| LEFT_OUT.contains(&name.as_str()))
    };
    functions.retain(|function| !is_left_out(function));
    let mut planner =
        Planner { join: Bounded::around(Arc::new(ScalarUDF::from(Join::new())), Growth::Sum), own: vec![] };
    for function in functions.iter_mut() {
        if let Some((_, growth)) = GROWING.iter().find(|(name, _)| *name == function.name()) {
            *function = Bounded::around(Arc::clone(function), *growth);
            planner.own.push(Arc::clone(function));
        }
    }
    let aggregates = builder.aggregate_functions().get_or_insert_default();
    aggregates.retain(|function| {
        let names = function.aliases().iter().map(String::as_str).chain([function.name()]);
        !names.into_iter().any(|name| AGGREGATES_LEFT_OUT.contains(&name))
    });
    // Functions over each element of a list give, for each, as much as a constant is long.
    *builder.higher_order_functions() = None;
    // Before those that would plan an operator as the function itself.
    builder.expr_planners().get_or_insert_default().insert(0, Arc::new(planner));
    builder
}

/// Whether a planned question holds nothing that repeats too much in the rows of a batch.
pub(super) fn check_plan(plan: &LogicalPlan) -> Result<(), LakeError> {
    let (mut constants, mut unnests) = (0_usize, false);
    let seen = plan.apply_with_subqueries(|node| {
        unnests |= matches!(node, LogicalPlan::Unnest(_));
        node.apply_expressions(|expression| {
            expression.apply(|part| {
                if let Expr::Literal(value, _) = part {
                    constants += value.size().saturating_sub(size_of::<ScalarValue>());
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    });
    seen.map_err(|error| LakeError::Sql(error.message().into_owned()))?;
    if unnests {
        return Err(LakeError::Sql("unnest is not possible here: it repeats a row for each element of a list.".into()));
    }
    if constants > VALUE_BYTES_MAX {
        return Err(LakeError::Limit(format!(
            "The constants of the question have more than {VALUE_BYTES_MAX} bytes together. Use fewer or shorter texts."
        )));
    }
    Ok(())
}

fn too_large(name: &str) -> DataFusionError {
    let message = format!(
        "{name} would give more than {} MB for {BATCH_ROWS} rows, or more than {} kB for one. Shorten what it is given, \
         for example with left(…), or narrow the rows.",
        BATCH_BYTES_MAX >> 20,
        VALUE_BYTES_MAX >> 10,
    );
    DataFusionError::External(Box::new(LakeError::Limit(message)))
}

/// Rows of a batch.
pub(super) const BATCH_ROWS: usize = 4096;

/// Plans operators and literals as the bounded functions.
#[derive(Debug)]
struct Planner {
    join: Arc<ScalarUDF>,
    own: Vec<Arc<ScalarUDF>>,
}

impl Planner {
    fn call(&self, name: &str, args: Vec<Expr>) -> Result<Expr> {
        match self.own.iter().find(|function| function.name() == name) {
            Some(function) => Ok(function.call(args)),
            None => plan_err!("There is no function {name} here."),
        }
    }
}

impl ExprPlanner for Planner {
    fn plan_binary_op(&self, expr: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        if expr.op != BinaryOperator::StringConcat {
            return Ok(PlannerResult::Original(expr));
        }
        for side in [&expr.left, &expr.right] {
            if side.get_type(schema)?.is_nested() {
                return plan_err!("Lists cannot be joined with || here.");
            }
        }
        Ok(PlannerResult::Planned(self.join.call(vec![expr.left, expr.right])))
    }

    fn plan_array_literal(&self, exprs: Vec<Expr>, _schema: &DFSchema) -> Result<PlannerResult<Vec<Expr>>> {
        Ok(PlannerResult::Planned(self.call("make_array", exprs)?))
    }

    fn plan_overlay(&self, args: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
        Ok(PlannerResult::Planned(self.call("overlay", args)?))
    }

    fn plan_dictionary_literal(
        &self,
        _expr: RawDictionaryExpr,
        _schema: &DFSchema,
    ) -> Result<PlannerResult<RawDictionaryExpr>> {
        plan_err!("Structs and maps are not possible here.")
    }

    fn plan_struct_literal(&self, _args: Vec<Expr>, _is_named: bool) -> Result<PlannerResult<Vec<Expr>>> {
        plan_err!("Structs and maps are not possible here.")
    }

    fn plan_make_map(&self, _args: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
        plan_err!("Structs and maps are not possible here.")
    }
}

/// A function that refuses what would become too large.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Bounded {
    inner: Arc<ScalarUDF>,
    growth: Growth,
}

impl Bounded {
    fn around(inner: Arc<ScalarUDF>, growth: Growth) -> Arc<ScalarUDF> {
        Arc::new(ScalarUDF::from(Self { inner, growth }))
    }

    fn limited(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let is_constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let rows = if is_constant { 1 } else { args.number_rows };
        let lengths: Vec<Lengths> = args.args.iter().map(Lengths::of).collect();
        let most: usize = (0..rows).map(|row| self.growth.most(&lengths, row)).fold(0, usize::saturating_add);
        if most <= BATCH_BYTES_MAX {
            let result = self.inner.invoke_with_args(args)?;
            return self.checked(result, rows);
        }
        if rows <= 1 {
            return Err(too_large(self.name()));
        }
        // What it can become is more than what it will: in parts, so that each is known before the next.
        let half = rows / 2;
        let parts = [(0, half), (half, rows - half)].map(|(from, count)| -> Result<ArrayRef> {
            let slice = |arg: &ColumnarValue| match arg {
                ColumnarValue::Array(array) => ColumnarValue::Array(array.slice(from, count)),
                ColumnarValue::Scalar(value) => ColumnarValue::Scalar(value.clone()),
            };
            let part = ScalarFunctionArgs {
                args: args.args.iter().map(slice).collect(),
                arg_fields: args.arg_fields.clone(),
                number_rows: count,
                return_field: Arc::clone(&args.return_field),
                config_options: Arc::clone(&args.config_options),
            };
            self.limited(part)?.into_array(count)
        });
        let [one, other] = parts;
        let (one, other) = (one?, other?);
        let bytes = |array: &ArrayRef| Lengths::of(&ColumnarValue::Array(Arc::clone(array))).total(array.len());
        if bytes(&one) + bytes(&other) > BATCH_BYTES_MAX {
            return Err(too_large(self.name()));
        }
        Ok(ColumnarValue::Array(concat(&[&one, &other])?))
    }

    fn checked(&self, result: ColumnarValue, rows: usize) -> Result<ColumnarValue> {
        let lengths = Lengths::of(&result);
        if (0..rows).any(|row| lengths.at(row) > VALUE_BYTES_MAX) {
            return Err(too_large(self.name()));
        }
        Ok(result)
    }
}

impl ScalarUDFImpl for Bounded {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        self.inner.schema_name(args)
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(arg_types)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        self.inner.return_field_from_args(args)
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(arg_types)
    }

    // Not `simplify`: what it puts in the place of the call would have no bound.
    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        self.limited(args)
    }
}

/// Bytes of the values of an argument.
enum Lengths {
    Same(usize),
    Each(Vec<usize>),
}

impl Lengths {
    fn of(value: &ColumnarValue) -> Self {
        let array = match value {
            ColumnarValue::Scalar(value) => {
                return Self::Same(match value.try_as_str() {
                    Some(text) => text.map_or(0, str::len),
                    None => value.size(),
                });
            }
            ColumnarValue::Array(array) => array,
        };
        match array.data_type() {
            DataType::Utf8 => Self::Each(array.as_string::<i32>().offsets().lengths().collect()),
            DataType::LargeUtf8 => Self::Each(array.as_string::<i64>().offsets().lengths().collect()),
            DataType::Utf8View => {
                // The low half of a view is the length of its text.
                let views = array.as_string_view().views().iter();
                Self::Each(views.map(|view| usize::try_from(view & 0xffff_ffff).unwrap_or(usize::MAX)).collect())
            }
            _ => {
                let bytes = array.to_data().get_slice_memory_size().unwrap_or(usize::MAX);
                Self::Same(bytes / array.len().max(1) + 1)
            }
        }
    }

    fn at(&self, row: usize) -> usize {
        match self {
            Self::Same(bytes) => *bytes,
            Self::Each(all) => all.get(row).copied().unwrap_or(0),
        }
    }

    fn total(&self, rows: usize) -> usize {
        (0..rows).map(|row| self.at(row)).fold(0, usize::saturating_add)
    }
}

impl Growth {
    /// Most bytes the result can have in a row.
    fn most(self, args: &[Lengths], row: usize) -> usize {
        let at = |place: usize| args.get(place).map_or(0, |lengths| lengths.at(row));
        let sum = || args.iter().map(|lengths| lengths.at(row)).fold(0, usize::saturating_add);
        let (text, sought, with) = (at(0), at(1), at(2));
        match self {
            Growth::Sum => sum(),
            Growth::Separated => sum().saturating_add(text.saturating_mul(args.len())),
            // An empty text is found before each letter and at the end.
            Growth::Replaced => (text / sought.max(1) + 1).saturating_mul(with).saturating_add(text),
            // A match may be empty too; what the replacement names of a match is at most the match, two bytes a time.
            Growth::Matched => text.saturating_add(1).saturating_mul(with.saturating_mul(2).saturating_add(1)),
        }
    }
}

/// The operator `||` as a function.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Join {
    signature: Signature,
}

impl Join {
    fn new() -> Self {
        Self { signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for Join {
    fn name(&self) -> &str {
        "||"
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        let names: Vec<String> = args.iter().map(|arg| arg.schema_name().to_string()).collect();
        Ok(names.join(" || "))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        let [left, right] = arg_types else { return plan_err!("|| joins two texts.") };
        let (left, right) = BinaryTypeCoercer::new(left, &Operator::StringConcat, right).get_input_types()?;
        Ok(vec![left, right])
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        let [left, right] = arg_types else { return plan_err!("|| joins two texts.") };
        BinaryTypeCoercer::new(left, &Operator::StringConcat, right).get_result_type()
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let is_constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let rows = if is_constant { 1 } else { args.number_rows };
        let sides = args.args.into_iter().map(|arg| arg.into_array(rows)).collect::<Result<Vec<ArrayRef>>>()?;
        let fields = sides.iter().zip(["left", "right"]);
        let fields: Vec<Field> = fields.map(|(side, name)| Field::new(name, side.data_type().clone(), true)).collect();
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), sides)?;
        let side = |name: &str, place: usize| Arc::new(Column::new(name, place));
        let joined = BinaryExpr::new(side("left", 0), Operator::StringConcat, side("right", 1));
        let joined = joined.evaluate(&batch)?.into_array(rows)?;
        if is_constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&joined, 0)?));
        }
        Ok(ColumnarValue::Array(joined))
    }
}
