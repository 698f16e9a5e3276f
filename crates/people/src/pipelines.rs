//! Pipelines and stages: found by name, made when a file names one that is not there.

use crate::bulk::name_key;
use crate::deals::{DealOutcome, Pipeline, Stage};
use crate::stage_words::outcome_of;
use platform::params;
use platform::sql::{Db, DbError, FromRow, Row, Tx};

/// The pipeline of a workspace that has none, for deals that are entered by hand.
const FIRST: (&str, [(&str, u32); 4]) =
    ("Sales", [("Qualified", 20), ("Demo", 40), ("Proposal", 60), ("Negotiation", 80)]);

/// All pipelines of a workspace, in memory for one batch.
#[derive(Debug, Default)]
pub(crate) struct Pipelines {
    pub(crate) all: Vec<Pipeline>,
    new_pipelines: Vec<usize>,
    new_stages: Vec<(usize, Stage)>,
}

struct StageRow(String, Stage);

impl FromRow for StageRow {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        let stage = Stage {
            key: row.text("stage")?,
            name: row.text("name")?,
            place: row.get("place")?,
            probability_percent: row.get("probability_percent")?,
            outcome: DealOutcome::parse(&row.text("outcome")?).unwrap_or(DealOutcome::Open),
        };
        Ok(Self(row.text("pipeline")?, stage))
    }
}

const PIPELINES: &str = "select pipeline, name from pipelines order by place, pipeline";
const STAGES: &str = "select pipeline, stage, name, place, probability_percent, outcome from pipeline_stages order by pipeline, place, stage";

fn assemble(names: Vec<(String, String)>, stages: Vec<StageRow>) -> Vec<Pipeline> {
    let mut all: Vec<Pipeline> =
        names.into_iter().map(|(key, name)| Pipeline { key, name, stages: Vec::new() }).collect();
    for StageRow(pipeline, stage) in stages {
        if let Some(one) = all.iter_mut().find(|one| one.key == pipeline) {
            one.stages.push(stage);
        }
    }
    all
}

pub(crate) async fn list(db: &Db) -> Result<Vec<Pipeline>, DbError> {
    Ok(assemble(db.query(PIPELINES, Vec::new()).await?, db.query(STAGES, Vec::new()).await?))
}

impl Pipelines {
    pub(crate) async fn load(tx: &mut Tx) -> Result<Self, DbError> {
        let all = assemble(tx.query(PIPELINES, Vec::new()).await?, tx.query(STAGES, Vec::new()).await?);
        Ok(Self { all, ..Self::default() })
    }

    /// The place of the pipeline of this name or key; the first one when none is named. Made when it is not there.
    pub(crate) fn pipeline(&mut self, name: Option<&str>) -> usize {
        let name = name.map(str::trim).filter(|name| !name.is_empty());
        let found = match name {
            None if !self.all.is_empty() => Some(0),
            None => None,
            Some(name) => {
                let wanted = name_key(name);
                self.all.iter().position(|one| one.key == name || name_key(&one.name) == wanted)
            }
        };
        if let Some(place) = found {
            return place;
        }
        let name = name.unwrap_or(FIRST.0);
        let key = free_key(&slug(name), |key| self.all.iter().any(|one| one.key == key));
        self.all.push(Pipeline { key, name: name.to_owned(), stages: Vec::new() });
        let place = self.all.len() - 1;
        self.new_pipelines.push(place);
        place
    }

    /// The stage of this name or key in a pipeline; its first one when none is named. Made when it is not there, as won
    /// or lost when its name says so.
    pub(crate) fn stage(&mut self, pipeline: usize, name: Option<&str>, outcome: Option<DealOutcome>) -> Stage {
        let name = name.map(str::trim).filter(|name| !name.is_empty());
        if name.is_none() && self.all[pipeline].stages.is_empty() {
            for (name, percent) in FIRST.1 {
                self.add(pipeline, name, percent, DealOutcome::Open);
            }
            self.add(pipeline, "Won", 100, DealOutcome::Won);
            self.add(pipeline, "Lost", 0, DealOutcome::Lost);
        }
        let stages = &self.all[pipeline].stages;
        let wanted = name.map(name_key);
        let found = match (&wanted, outcome) {
            (Some(wanted), _) => {
                stages.iter().find(|one| Some(one.key.as_str()) == name || name_key(&one.name) == *wanted)
            }
            (None, Some(outcome)) => stages.iter().find(|one| one.outcome == outcome).or(stages.first()),
            (None, None) => stages.first(),
        };
        if let Some(stage) = found {
            return stage.clone();
        }
        let name = name.unwrap_or("New");
        let outcome = outcome.unwrap_or_else(|| outcome_of(name));
        let percent = match outcome {
            DealOutcome::Won => 100,
            DealOutcome::Lost => 0,
            DealOutcome::Open => 50,
        };
        self.add(pipeline, name, percent, outcome)
    }

    fn add(&mut self, pipeline: usize, name: &str, probability_percent: u32, outcome: DealOutcome) -> Stage {
        let one = &self.all[pipeline];
        let base = format!("{}/{}", one.key, slug(name));
        let key = free_key(&base, |key| one.stages.iter().any(|stage| stage.key == key));
        let place = one.stages.iter().map(|stage| stage.place).max().unwrap_or(0) + 1;
        let stage = Stage { key, name: name.to_owned(), place, probability_percent, outcome };
        self.all[pipeline].stages.push(stage.clone());
        self.new_stages.push((pipeline, stage.clone()));
        stage
    }

    /// A stage by its key.
    pub(crate) fn by_key(&self, key: &str) -> Option<&Stage> {
        self.all.iter().flat_map(|one| &one.stages).find(|stage| stage.key == key)
    }

    /// The place of the pipeline of this key.
    pub(crate) fn place_of(&self, key: &str) -> Option<usize> {
        self.all.iter().position(|one| one.key == key)
    }

    pub(crate) async fn save(&self, tx: &mut Tx) -> Result<(), DbError> {
        let rows = self.new_pipelines.iter().map(|place| {
            let one = &self.all[*place];
            params![&one.key, &one.name, *place]
        });
        tx.insert_many("pipelines", &["pipeline", "name", "place"], rows.collect(), "").await?;
        let columns = ["stage", "pipeline", "name", "name_key", "place", "probability_percent", "outcome"];
        let rows = self.new_stages.iter().map(|(pipeline, stage)| {
            params![
                &stage.key,
                &self.all[*pipeline].key,
                &stage.name,
                name_key(&stage.name),
                stage.place,
                stage.probability_percent,
                stage.outcome.as_str()
            ]
        });
        tx.insert_many("pipeline_stages", &columns, rows.collect(), "").await.map(|_| ())
    }
}

fn slug(name: &str) -> String {
    let mut out = String::new();
    for letter in name.to_lowercase().chars().take(60) {
        if letter.is_alphanumeric() {
            out.push(letter);
        } else if !out.ends_with('-') && !out.is_empty() {
            out.push('-');
        }
    }
    let slug = out.trim_end_matches('-');
    if slug.is_empty() { "x".to_owned() } else { slug.to_owned() }
}

fn free_key(base: &str, taken: impl Fn(&str) -> bool) -> String {
    if !taken(base) {
        return base.to_owned();
    }
    (2_u32..).map(|number| format!("{base}-{number}")).find(|key| !taken(key)).unwrap_or_else(|| base.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_find_what_is_there_and_make_what_is_not() {
        let mut pipelines = Pipelines::default();
        let sales = pipelines.pipeline(None);
        assert_eq!(pipelines.stage(sales, None, None).key, "sales/qualified");
        assert_eq!(pipelines.stage(sales, Some(" DEMO "), None).key, "sales/demo");
        assert_eq!(pipelines.stage(sales, None, Some(DealOutcome::Won)).name, "Won");
        let new = pipelines.pipeline(Some("Partner Deals!"));
        assert_eq!(pipelines.all[new].key, "partner-deals");
        let lost = pipelines.stage(new, Some("Closed lost"), None);
        assert_eq!((lost.key.as_str(), lost.outcome), ("partner-deals/closed-lost", DealOutcome::Lost));
        assert_eq!(pipelines.pipeline(Some("partner deals!")), new);
    }
}
