//! Answers as files, read back.

use super::*;
use crate::tests::{START, event, open, pump};
use crate::{Lake, LakeError};
use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type, TimestampMicrosecondType};
use datafusion::arrow::ipc::reader::StreamReader;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::time::{Duration, Instant};

/// Values that a form of file could change on its way.
fn values() -> SqlTable {
    let text = |text: &str| SqlValue::Text(text.into());
    SqlTable {
        name: "v".into(),
        columns: vec![
            ("n".into(), SqlType::Int),
            ("f".into(), SqlType::Float),
            ("t".into(), SqlType::Text),
            ("b".into(), SqlType::Bool),
            ("at".into(), SqlType::Timestamp),
        ],
        rows: vec![
            vec![
                SqlValue::Int(i64::MAX),
                SqlValue::Float(0.1 + 0.2),
                text("Müller, \"Söhne\"\r\n& Co"),
                SqlValue::Bool(true),
                SqlValue::Timestamp(START + 123_456),
            ],
            vec![
                SqlValue::Int(i64::MIN),
                SqlValue::Float(-1e300),
                text(""),
                SqlValue::Bool(false),
                SqlValue::Timestamp(-1),
            ],
            vec![SqlValue::Null, SqlValue::Null, SqlValue::Null, SqlValue::Null, SqlValue::Null],
            vec![
                SqlValue::Int(-5),
                SqlValue::Float(f64::NAN),
                text("=1+1"),
                SqlValue::Bool(true),
                SqlValue::Timestamp(0),
            ],
            vec![
                SqlValue::Int(0),
                SqlValue::Float(f64::INFINITY),
                text("مرحبا 🦀"),
                SqlValue::Null,
                SqlValue::Timestamp(START),
            ],
        ],
    }
}

async fn file(lake: &Lake, question: SqlQuestion, format: SqlFormat, cut: bool) -> Result<Vec<u8>, LakeError> {
    let mut file = lake.sql_file(lake.sql_turn().await.unwrap(), question, format, cut).await?;
    let mut bytes = Vec::new();
    while let Some(piece) = file.next().await {
        bytes.extend_from_slice(&piece?);
    }
    Ok(bytes)
}

fn asked(text: &str) -> SqlQuestion {
    SqlQuestion { text: text.to_owned(), tables: vec![values()], ..SqlQuestion::default() }
}

fn check_values(batches: &[RecordBatch]) {
    let schema = batches[0].schema();
    let names: Vec<_> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["n", "f", "t", "b", "at", "n_2"], "a name is there once");
    assert!(matches!(schema.field(4).data_type(), DataType::Timestamp(_, Some(zone)) if &**zone == "UTC"));
    let all = datafusion::arrow::compute::concat_batches(&schema, batches).unwrap();
    let whole = all.column(0).as_primitive::<Int64Type>();
    assert_eq!((whole.value(0), whole.value(1), whole.is_null(2), whole.value(3)), (i64::MAX, i64::MIN, true, -5));
    let floats = all.column(1).as_primitive::<Float64Type>();
    assert_eq!((floats.value(0).to_bits(), floats.value(1)), ((0.1_f64 + 0.2).to_bits(), -1e300));
    assert!(floats.is_null(2) && floats.value(3).is_nan() && floats.value(4) == f64::INFINITY);
    let texts = all.column(2).as_string::<i32>();
    assert_eq!((texts.value(0), texts.value(1), texts.is_null(2)), ("Müller, \"Söhne\"\r\n& Co", "", true));
    assert_eq!((texts.value(3), texts.value(4)), ("=1+1", "مرحبا 🦀"), "only a spreadsheet computes");
    assert!(all.column(3).as_boolean().value(0) && all.column(3).is_null(4));
    let moments = all.column(4).as_primitive::<TimestampMicrosecondType>();
    assert_eq!((moments.value(0), moments.value(1), moments.is_null(2)), (START + 123_456, -1, true));
}

#[tokio::test]
async fn every_value_comes_back_from_parquet_and_arrow() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path()).await;
    // Two columns of one name, which a join gives.
    let text = "select p.n, p.f, p.t, p.b, p.at, w.n from (select *, row_number() over () as place from v) p \
                join (select 1 as n) w on true order by place";
    let parquet = file(&lake, asked(text), SqlFormat::Parquet, false).await.unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(parquet)).unwrap().build().unwrap();
    check_values(&reader.map(Result::unwrap).collect::<Vec<_>>());
    let arrow = file(&lake, asked(text), SqlFormat::Arrow, false).await.unwrap();
    let reader = StreamReader::try_new(&arrow[..], None).unwrap();
    check_values(&reader.map(Result::unwrap).collect::<Vec<_>>());
}

#[tokio::test]
async fn csv_tells_nothing_from_empty_and_holds_no_formula() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path()).await;
    let text =
        "select n, f, t, b, at, [n, 1] as \"=l\" from (select *, row_number() over () as place from v) order by place";
    let csv = String::from_utf8(file(&lake, asked(text), SqlFormat::Csv, false).await.unwrap()).unwrap();
    let expected = [
        "\u{feff}\"n\",\"f\",\"t\",\"b\",\"at\",\"'=l\"",
        "9223372036854775807,0.30000000000000004,\"Müller, \"\"Söhne\"\"\r\n& Co\",true,2026-01-15T00:00:00.123456Z,\"[9223372036854775807, 1]\"",
        "-9223372036854775808,-1e300,\"\",false,1969-12-31T23:59:59.999999Z,\"[-9223372036854775808, 1]\"",
        ",,,,,\"[, 1]\"",
        "-5,NaN,\"'=1+1\",true,1970-01-01T00:00:00Z,\"[-5, 1]\"",
        "0,inf,\"مرحبا 🦀\",,2026-01-15T00:00:00Z,\"[0, 1]\"",
        "",
    ];
    assert_eq!(csv, expected.join("\r\n"));
}

#[tokio::test]
async fn a_column_of_nothing_is_nothing_in_every_form() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path()).await;
    let text = "select null as a, '' as b, [null] as c";
    let rows = lake.sql(text, vec![], SqlLimits::default()).await.unwrap().rows;
    assert_eq!(rows, [[serde_json::Value::Null, "".into(), serde_json::json!([null])]]);
    let csv = String::from_utf8(file(&lake, asked(text), SqlFormat::Csv, false).await.unwrap()).unwrap();
    assert!(csv.starts_with("\u{feff}\"a\",\"b\",\"c\"\r\n,\"\","), "{csv}");
    let parquet = file(&lake, asked("select null as a, '' as b"), SqlFormat::Parquet, false).await.unwrap();
    let mut reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(parquet)).unwrap().build().unwrap();
    let batch = reader.next().unwrap().unwrap();
    assert!(batch.column(0).is_null(0) && batch.column(1).as_string::<i32>().value(0).is_empty());
}

#[tokio::test]
async fn an_answer_without_rows_is_a_file_with_its_columns() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path()).await;
    let text = "select name, value from events where false";
    for format in [SqlFormat::Csv, SqlFormat::Arrow, SqlFormat::Parquet] {
        let turn = lake.sql_turn().await.unwrap();
        let mut opened = lake.sql_file(turn, asked(text), format, false).await.unwrap();
        let names: Vec<_> = opened.columns.iter().map(|column| (column.name.as_str(), column.kind.as_str())).collect();
        assert_eq!(names, [("name", "text"), ("value", "int")]);
        let first = opened.next().await.unwrap().unwrap();
        assert!(!first.is_empty() && opened.next().await.is_none() && opened.next().await.is_none());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_answer_is_streamed_in_order_and_never_held() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path()).await;
    let events = (0..60_i64).map(|place| event(&place.to_string(), place.unsigned_abs(), START + place, "Seen"));
    lake.append(events.collect()).await.unwrap();
    pump(&lake).await;
    // 216 000 rows of about 250 bytes: 54 MB as text, far more than may be held.
    let text = "select a.\"offset\" as a, b.\"offset\" as b, c.\"offset\" as c, concat(a.raw, b.raw, c.raw) as t \
                from events a, events b, events c";
    let limits = SqlLimits { rows: 1_000_000, memory: 24 << 20, ..SqlLimits::default() };
    let question = || SqlQuestion { text: text.into(), limits, ..SqlQuestion::default() };
    let watch = question().watch;
    let csv = file(&lake, SqlQuestion { watch: watch.clone(), ..question() }, SqlFormat::Csv, false).await.unwrap();
    assert_eq!(csv.split(|byte| *byte == b'\n').count(), 216_000 + 2);
    assert_eq!(watch.progress().rows_given, 216_000);
    let parquet = bytes::Bytes::from(file(&lake, question(), SqlFormat::Parquet, false).await.unwrap());
    let reader = ParquetRecordBatchReaderBuilder::try_new(parquet).unwrap();
    assert_eq!(reader.metadata().file_metadata().num_rows(), 216_000);
    assert!(reader.metadata().num_row_groups() >= 4, "a row group is bounded");
    let arrow = file(&lake, question(), SqlFormat::Arrow, false).await.unwrap();
    let rows: usize = StreamReader::try_new(&arrow[..], None).unwrap().map(|batch| batch.unwrap().num_rows()).sum();
    assert_eq!(rows, 216_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_stops_at_its_limit_says_so_and_ends_with_its_reader() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path()).await;
    lake.append((0..60).map(|place| event(&place.to_string(), 1, START, "Seen")).collect()).await.unwrap();
    pump(&lake).await;
    let limited = |rows: usize| SqlQuestion {
        text: "select name from events".into(),
        limits: SqlLimits { rows, ..SqlLimits::default() },
        ..SqlQuestion::default()
    };
    let lines = |bytes: &[u8]| bytes.split(|byte| *byte == b'\n').count() - 2;
    assert_eq!(lines(&file(&lake, limited(7), SqlFormat::Csv, true).await.unwrap()), 7);
    assert_eq!(lines(&file(&lake, limited(60), SqlFormat::Csv, false).await.unwrap()), 60);
    let error = file(&lake, limited(59), SqlFormat::Csv, false).await.unwrap_err();
    assert!(matches!(&error, LakeError::Limit(message) if message.contains("59 rows")), "{error}");
    let error = file(&lake, asked("select nmae from events"), SqlFormat::Csv, false).await.unwrap_err();
    assert!(matches!(error, LakeError::Sql(_)), "{error}");

    let endless = "select a.raw as a, b.raw as b, c.raw as c, d.raw as d from events a, events b, events c, events d";
    let limits = SqlLimits { rows: 100_000_000, ..SqlLimits::default() };
    let question = SqlQuestion { text: endless.into(), limits, ..SqlQuestion::default() };
    let watch = question.watch.clone();
    let mut opened = lake.sql_file(lake.sql_turn().await.unwrap(), question, SqlFormat::Csv, false).await.unwrap();
    opened.next().await.unwrap().unwrap();
    let started = Instant::now();
    drop(opened);
    let mut turns = Vec::new();
    for _ in 0..lake.config().sql_max {
        turns.push(lake.sql_turn().await.unwrap());
    }
    assert!(watch.is_cancelled() && started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
}
