//! One text on both databases: values, rows, transactions, bulk inserts, migrations.

use kernel::ids::{DealId, PersonId};
use kernel::money::Currency;
use kernel::time::Timestamp;
use platform::World;
use platform::params;
use platform::sql::{Db, DbError, FromRow, Row, Value, placeholder_rows};
use testkit::{START, databases};

const TABLE: &str = "create table things (id text not null primary key, number bigint, truth boolean, \
                     share double precision, bytes {{BLOB}}, at_us bigint)";

async fn with_table(db: &Db) {
    db.execute(&TABLE.replace("{{BLOB}}", db.pick("blob", "bytea")), vec![]).await.unwrap();
}

#[derive(Debug, PartialEq)]
struct Thing {
    id: String,
    number: Option<i64>,
    truth: Option<bool>,
    share: Option<f64>,
    bytes: Option<Vec<u8>>,
    at: Option<Timestamp>,
}

impl FromRow for Thing {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row.text("id")?,
            number: row.opt_int("number")?,
            truth: row.get("truth")?,
            share: row.get("share")?,
            bytes: row.opt_bytes("bytes")?,
            at: row.opt_time("at_us")?,
        })
    }
}

const INSERT: &str = "insert into things (id, number, truth, share, bytes, at_us) values ($1, $2, $3, $4, $5, $6)";

#[tokio::test]
async fn every_type_and_its_null_round_trip() {
    for db in databases().await {
        with_table(&db).await;
        let full = params!["ä\0b", i64::MIN, true, 0.1 + 0.2, vec![0_u8, 255], START];
        let empty = params!["empty", None::<i64>, None::<bool>, None::<f64>, None::<Vec<u8>>, None::<Timestamp>];
        assert_eq!(db.execute(INSERT, full).await.unwrap(), 1, "{db:?}");
        db.execute(INSERT, empty).await.unwrap();
        let things: Vec<Thing> = db.query("select * from things order by id", vec![]).await.unwrap();
        assert_eq!(
            things,
            [
                Thing { id: "empty".into(), number: None, truth: None, share: None, bytes: None, at: None },
                Thing {
                    id: "ä\u{FFFD}b".into(),
                    number: Some(i64::MIN),
                    truth: Some(true),
                    share: Some(0.1 + 0.2),
                    bytes: Some(vec![0, 255]),
                    at: Some(START)
                },
            ],
            "{db:?}"
        );
        let error = db.query_one::<(i64,)>("select number from things where id = $1", params!["empty"]).await;
        assert!(matches!(error, Err(DbError::Column { .. })), "{error:?}");
        let error = db.query_one::<(i64,)>("select number from things where id = 'none'", vec![]).await;
        assert!(matches!(error, Err(DbError::NoRow)), "{error:?}");
    }
}

#[tokio::test]
async fn whole_numbers_are_read_from_whatever_an_expression_gives() {
    for db in databases().await {
        with_table(&db).await;
        for number in [3_i64, 4] {
            db.execute("insert into things (id, number) values ($1, $2)", params![number.to_string(), number])
                .await
                .unwrap();
        }
        let sql = "select count(*), sum(number), max(number), 1, coalesce(sum(number), 0) from things";
        let row: (i64, i64, i64, i64, u32) = db.query_one(sql, vec![]).await.unwrap();
        assert_eq!(row, (2, 7, 4, 1, 7), "{db:?}");
        let none: (Option<i64>,) = db.query_one("select sum(number) from things where id = 'x'", vec![]).await.unwrap();
        assert_eq!(none, (None,));
    }
}

#[tokio::test]
async fn ids_money_and_people_are_parameters_and_cells() {
    let world = World::simulated(START, 1);
    for db in databases().await {
        let (deal, person) = (DealId::new(START, &mut world.rng()), PersonId::from_number(u64::MAX >> 1).unwrap());
        let currency: Currency = "USD".parse().unwrap();
        let sql = "select cast($1 as text), cast($2 as bigint), cast($3 as text), cast($4 as bigint)";
        let row: (DealId, PersonId, Currency, u64) =
            db.query_one(sql, params![&deal, person, currency, u64::MAX]).await.unwrap();
        assert_eq!(row, (deal, person, currency, u64::MAX), "{db:?}");
    }
}

#[tokio::test]
async fn a_transaction_is_kept_whole_or_not_at_all() {
    for db in databases().await {
        with_table(&db).await;
        let told = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
        for keep in [false, true] {
            let mut tx = db.begin().await.unwrap();
            tx.execute("insert into things (id) values ('a')", vec![]).await.unwrap();
            tx.execute("insert into things (id) values ('b')", vec![]).await.unwrap();
            let counter = told.clone();
            tx.after_commit(move || {
                counter.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            });
            let inside: (i64,) = tx.query_one("select count(*) from things", vec![]).await.unwrap();
            let outside: (i64,) = db.query_one("select count(*) from things", vec![]).await.unwrap();
            assert_eq!((inside, outside), ((2,), (0,)), "{db:?}: readers see what is committed");
            if keep {
                tx.commit().await.unwrap();
            }
        }
        let kept: (i64,) = db.query_one("select count(*) from things", vec![]).await.unwrap();
        assert_eq!(kept, (2,), "{db:?}");
        assert_eq!(told.load(std::sync::atomic::Ordering::SeqCst), 1);
        let error = db.execute("insert into things (id) values ('a')", vec![]).await.unwrap_err();
        assert!(error.is_unique_violation(), "{error}");
        assert!(!error.is_retryable());
    }
}

#[tokio::test]
async fn writers_take_turns() {
    for db in databases().await {
        with_table(&db).await;
        db.execute("insert into things (id, number) values ('n', 0)", vec![]).await.unwrap();
        let tasks: Vec<_> = (0..20)
            .map(|_| {
                let db = db.db();
                tokio::spawn(async move {
                    let mut tx = db.begin().await.unwrap();
                    let sql = "update things set number = number + 1 where id = 'n'";
                    tx.execute(sql, vec![]).await.unwrap();
                    tx.commit().await.unwrap();
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(db.query_one::<(i64,)>("select number from things", vec![]).await.unwrap(), (20,), "{db:?}");
    }
}

#[tokio::test]
async fn many_rows_are_inserted_at_once() {
    for db in databases().await {
        with_table(&db).await;
        let row = |number: i64| {
            let share = (number % 3 != 0).then_some(0.5);
            params![format!("t{number:06}"), number, number % 2 == 0, share, vec![7_u8], Some(START)]
        };
        let columns = ["id", "number", "truth", "share", "bytes", "at_us"];
        let mut tx = db.begin().await.unwrap();
        let touched = tx.insert_many("things", &columns, (0..25_003).map(row).collect(), "").await.unwrap();
        assert_eq!(touched, 25_003);
        let again = (25_000..25_010).map(row).collect();
        let touched = tx.insert_many("things", &columns, again, "on conflict (id) do nothing").await.unwrap();
        assert_eq!(touched, 7, "{db:?}");
        let upsert = "on conflict (id) do update set number = excluded.number + 1";
        tx.insert_many("things", &columns, vec![row(5)], upsert).await.unwrap();
        assert_eq!(tx.insert_many("things", &columns, vec![], "").await.unwrap(), 0);
        tx.commit().await.unwrap();
        let sql = "select count(*), sum(number), count(share), min(at_us) from things";
        let found: (i64, i64, i64, Timestamp) = db.query_one(sql, vec![]).await.unwrap();
        assert_eq!(found, (25_010, 25_010 * 25_009 / 2 + 1, 16_673, START), "{db:?}");
        let text = format!("select count(*) from things where (id, number) in (values {})", placeholder_rows(1, 2, 2));
        let found: (i64,) = db.query_one(&text, params!["t000001", 1_i64, "t000002", 3_i64]).await.unwrap();
        assert_eq!(found, (1,));
    }
}

#[tokio::test]
async fn rows_that_differ_in_shape_are_refused() {
    for db in databases().await {
        with_table(&db).await;
        let mut tx = db.begin().await.unwrap();
        let short = tx.insert_many("things", &["id", "number"], vec![params!["a"]], "").await;
        assert!(matches!(short, Err(DbError::Shape { .. })), "{short:?}");
        let rows: Vec<Vec<Value>> = vec![params!["a", 1_i64], params!["b", "two"]];
        let mixed = tx.insert_many("things", &["id", "number"], rows, "").await;
        assert!(matches!(mixed, Err(DbError::Shape { .. })), "{db:?}: {mixed:?}");
    }
}

/// Table, column, type, whether it may be null.
type Column = (String, String, String, bool);

async fn columns(db: &Db) -> Vec<Column> {
    let sql = db.pick(
        "select m.name, c.name, lower(c.type), c.\"notnull\" = 0 from sqlite_master m, pragma_table_info(m.name) c \
         where m.type = 'table' and m.name not like 'sqlite_%' order by 1, 2",
        "select table_name::text, column_name::text, data_type::text, is_nullable = 'YES' \
         from information_schema.columns where table_schema = current_schema() order by 1, 2",
    );
    let mut all: Vec<Column> = db.query(sql, vec![]).await.unwrap();
    for (_, _, kind, _) in &mut all {
        if kind == "blob" {
            "bytea".clone_into(kind);
        }
    }
    all.sort();
    all
}

async fn indexes(db: &Db) -> Vec<String> {
    let sql = db.pick(
        "select name from sqlite_master where type = 'index' and name not like 'sqlite_%' order by 1",
        "select indexname::text from pg_indexes where schemaname = current_schema() \
         and indexname not like '%_pkey' and indexname not like '%_key' order by 1",
    );
    let rows: Vec<(String,)> = db.query(sql, vec![]).await.unwrap();
    let mut all: Vec<String> = rows.into_iter().map(|(name,)| name).filter(|name| !name.ends_with("_key")).collect();
    all.sort();
    all
}

#[tokio::test]
async fn both_databases_get_the_same_tables() {
    let all = databases().await;
    let first = columns(&all[0]).await;
    assert!(first.iter().any(|(table, ..)| table == "jobs") && first.iter().any(|(table, ..)| table == "users"));
    for (table, column, kind, _) in &first {
        let portable = ["text", "bigint", "boolean", "double precision", "bytea"];
        assert!(portable.contains(&kind.as_str()), "{table}.{column} is {kind}, which is not portable");
        assert_eq!(column.ends_with("_us"), column.ends_with("_us") && kind == "bigint", "{table}.{column}");
    }
    for other in &all[1..] {
        assert_eq!(first, columns(other).await);
        assert_eq!(indexes(&all[0]).await, indexes(other).await);
    }
}
