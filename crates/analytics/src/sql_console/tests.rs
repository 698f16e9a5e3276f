//! The SQL that a drill shows gives the number it was opened from.

use super::tables;
use crate::drill::{DrillRequest, drill};
use crate::facts::tests_world::{Dice, World};
use crate::facts::{date_of, day_of};
use crate::metrics::internal::answer;
use crate::metrics::{AsOf, Cell, DateRange, Dimension, Filter, FilterOp, METRICS, Plan, Query};
use kernel::time::{SimClock, Timestamp};
use lake::{FileCatalog, Lake, LakeConfig, SqlLimits};
use std::sync::Arc;

const AS_OF: AsOf = AsOf { offset: 5_000, at: None, lag_seconds: 0 };

async fn empty_lake(folder: &std::path::Path) -> Lake {
    let catalog = Arc::new(FileCatalog::new(folder.join("catalog.json")));
    let clock = Arc::new(SimClock::new(Timestamp::from_micros(crate::facts::tests_world::START)));
    Lake::open(LakeConfig::at(folder), catalog, clock).await.unwrap()
}

fn questions(dice: &mut Dice) -> Vec<Query> {
    let from = day_of("2026-01-01".parse().unwrap()) + i32::try_from(dice.below(40)).unwrap();
    let range = DateRange { from: date_of(from), to: date_of(from + 120) };
    let mut questions = Vec::new();
    for metric in METRICS.iter() {
        let mut query = Query::new(&[metric.id], range);
        query.model = Some(dice.of(&["linear", "w_shape", "last_touch", "time_decay:14"]).to_owned());
        query.lookback_days = Some(dice.of(&[20, 180]));
        query.goal = metric.id.starts_with("goal").then(|| "deal_won".to_owned());
        let dimensions = metric.dimensions();
        let wanted = [Dimension::Channel, Dimension::Page, Dimension::Month, Dimension::Company];
        let found = wanted.into_iter().find(|dimension| dimensions.contains(dimension)).unwrap();
        if found == Dimension::Channel && dice.below(2) == 0 {
            let values = vec!["direct".to_owned(), "e".to_owned()];
            query.filters.push(Filter { dimension: "channel".into(), op: FilterOp::Contains, values });
        }
        if dimensions.contains(&Dimension::Page) && found == Dimension::Channel {
            let values = vec!["/pricing".to_owned(), "/demo".to_owned()];
            query.filters.push(Filter { dimension: "page".into(), op: FilterOp::In, values });
        }
        questions.push(query.by(&[found]));
    }
    questions
}

fn number(cell: &Cell) -> Option<f64> {
    cell.value.as_ref().map(crate::metrics::Figure::number)
}

/// The number a statement gives; `None` for null.
async fn asked(
    lake: &Lake,
    facts: &crate::facts::Facts,
    sql: &str,
    settings: &crate::drill::SqlSettings,
) -> Option<f64> {
    let tables = tables::build(facts, sql, settings).unwrap();
    let found = lake.sql(sql, tables, SqlLimits::default()).await;
    let found = found.unwrap_or_else(|error| panic!("{error}\n{sql}"));
    assert_eq!((found.rows.len(), found.columns.len()), (1, 1), "{sql}");
    found.rows[0][0].as_f64()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sql_of_a_drill_gives_the_same_number() {
    let folder = tempfile::tempdir().unwrap();
    let lake = empty_lake(folder.path()).await;
    let today = day_of("2026-07-20".parse().unwrap());
    for seed in 0..3 {
        let facts = World::random(seed * 31 + 5).facts();
        let mut dice = Dice::new(seed);
        for query in questions(&mut dice) {
            let table = answer(&facts, &Plan::new(&query, today).unwrap(), AS_OF);
            let metric = query.metrics[0].clone();
            let rows = table.rows.iter().take(3).map(|row| (Some(vec![row.key[0].value.clone()]), &row.cells[0]));
            for (key, cell) in rows.chain([(None, &table.totals[0])]) {
                let request =
                    DrillRequest { query: query.clone(), metric: metric.clone(), key, limit: None, cursor: None };
                let opened = drill(&facts, &request, today, AS_OF, None).unwrap();
                let told = asked(&lake, &facts, &opened.sql, &opened.sql_settings).await;
                let same = match (number(cell), told) {
                    (Some(cell), Some(told)) => (cell - told).abs() <= 1e-6 * (1.0 + cell.abs()),
                    (None, None) => true,
                    _ => false,
                };
                assert!(same, "{metric} {:?}: {:?} against {told:?}\n{}", request.key, number(cell), opened.sql);
            }
        }
    }
}

#[test]
fn only_the_tables_a_statement_names_are_built() {
    assert_eq!(tables::named_in("select * from Credits c join deals d on c.deal = d.deal"), ["deals", "credits"]);
    assert!(tables::named_in("select count(*) from events").is_empty());
    assert!(tables::mentions("select * from audit", "audit") && !tables::mentions("select auditor", "audit"));
}

#[test]
fn settings_out_of_their_bounds_are_refused_by_name() {
    use crate::attribution::LOOKBACK_DAYS_MAX;
    use crate::drill::SqlSettings;
    let facts = World::random(3).facts();
    let sql = "select * from credits, people, deal_pages";
    let build = |lookback_days: Option<u32>, models: Option<usize>| {
        let models = models.map(|count| vec!["linear".to_owned(); count]);
        let settings = SqlSettings { lookback_days, models, ..SqlSettings::default() };
        let checked = tables::check(&settings).and_then(|()| tables::build(&facts, sql, &settings));
        checked.map_err(|problem| (problem.status(), problem.field.unwrap()))
    };
    for days in [0, LOOKBACK_DAYS_MAX + 1, u32::MAX] {
        assert_eq!(build(Some(days), None).unwrap_err(), (422, "settings.lookback_days".to_owned()), "{days}");
    }
    for models in [0, 21, 5_000] {
        assert_eq!(build(None, Some(models)).unwrap_err(), (422, "settings.models".to_owned()), "{models}");
    }
    for (days, models) in [(1, 1), (LOOKBACK_DAYS_MAX, 20)] {
        assert_eq!(build(Some(days), Some(models)).unwrap().len(), 3);
    }
}

#[test]
fn every_row_is_as_long_as_its_columns() {
    let facts = World::random(3).facts();
    let names: Vec<&str> = tables::TABLES.iter().map(|(name, ..)| *name).collect();
    for table in tables::build(&facts, &names.join(" "), &crate::drill::SqlSettings::default()).unwrap() {
        assert!(!table.columns.is_empty());
        for row in &table.rows {
            assert_eq!(row.len(), table.columns.len(), "{}", table.name);
        }
    }
}
