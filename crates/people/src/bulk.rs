//! Statements over many rows: `in` lists and updates from values, in few sizes, so that they are prepared once.

use platform::sql::{DbError, FromRow, Tx, Value, placeholder_rows, placeholders};

/// Most values of one statement: well under the limits of both databases.
const VALUES_MAX: usize = 4_096;

/// The writers' turn: see [`hold`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held {
    /// The number of this write.
    pub(crate) changes: i64,
    /// The number of merges and separations so far.
    pub(crate) merges: i64,
    /// The number of times identifiers were taken away so far.
    pub(crate) unlinks: i64,
}

/// Takes the turn to write persons and companies: whoever comes next waits until this transaction ends. That is what
/// makes "look, then create" safe on both databases.
pub(crate) async fn hold(tx: &mut Tx) -> Result<Held, DbError> {
    let sql = "update identity_state set changes = changes + 1 where only_row = 1 returning changes, merges, unlinks";
    let (changes, merges, unlinks): (i64, i64, i64) = tx.query_one(sql, Vec::new()).await?;
    Ok(Held { changes, merges, unlinks })
}

/// Marks a place in a transaction, to take back what is written after it.
pub(crate) async fn mark(tx: &mut Tx) -> Result<(), DbError> {
    tx.execute("savepoint mark", Vec::new()).await.map(|_| ())
}

/// Takes back what was written since [`mark`]; the mark stays.
pub(crate) async fn return_to_mark(tx: &mut Tx) -> Result<(), DbError> {
    tx.execute("rollback to savepoint mark", Vec::new()).await.map(|_| ())
}

/// Keeps what was written since [`mark`].
pub(crate) async fn drop_mark(tx: &mut Tx) -> Result<(), DbError> {
    tx.execute("release savepoint mark", Vec::new()).await.map(|_| ())
}

/// All rows of a query whose text holds `{in}` where the list of keys goes.
pub(crate) async fn select_in<T: FromRow, V: Into<Value> + Clone>(
    tx: &mut Tx,
    sql: &str,
    keys: &[V],
) -> Result<Vec<T>, DbError> {
    let mut all = Vec::new();
    for chunk in keys.chunks(VALUES_MAX) {
        let mut values: Vec<Value> = chunk.iter().cloned().map(Into::into).collect();
        if let Some(last) = values.last().cloned() {
            values.resize(values.len().next_power_of_two(), last);
        }
        let list = if tx.is_postgres() { placeholders(1, values.len()) } else { vec!["?"; values.len()].join(",") };
        let text = sql.replace("{in}", &list);
        all.extend(tx.query::<T>(&text, values).await?);
    }
    Ok(all)
}

/// Rows of placeholders. On SQLite they carry no number: a numbered one is a name there, and binding looks names up one
/// after the other, which makes a statement of many values take time with the square of their number.
fn value_rows(postgres: bool, rows: usize, width: usize) -> String {
    if postgres {
        return placeholder_rows(1, rows, width);
    }
    vec![format!("({})", vec!["?"; width].join(",")); rows].join(",")
}

/// Runs an update whose text holds `{rows}` where the rows of values go, as `from (values {rows}) as v`; the columns are
/// `v.column1`, `v.column2` … on both databases.
pub(crate) async fn update_from(tx: &mut Tx, sql: &str, rows: Vec<Vec<Value>>) -> Result<(), DbError> {
    let width = rows.first().map_or(1, Vec::len).max(1);
    for chunk in rows.chunks((VALUES_MAX / width).next_power_of_two() / 2) {
        let mut rows = chunk.to_vec();
        if let Some(last) = rows.last().cloned() {
            rows.resize(rows.len().next_power_of_two(), last);
        }
        let text = sql.replace("{rows}", &value_rows(tx.is_postgres(), rows.len(), width));
        tx.execute(&text, rows.into_iter().flatten().collect()).await?;
    }
    Ok(())
}

/// A name as it is compared: lower case, single spaces.
pub(crate) fn name_key(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// A text inside `like`: what the user typed, with `\` before `%`, `_` and `\`.
pub(crate) fn like(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    for letter in text.trim().to_lowercase().chars() {
        if matches!(letter, '%' | '_' | '\\') {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}
