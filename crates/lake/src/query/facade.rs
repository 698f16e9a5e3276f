//! Questions on the facade of the lake.

use super::answer::SqlAnswer;
use super::export::{Way, export};
use super::question::{CancelOnDrop, SqlFile, SqlFormat, SqlPlan, SqlQuestion};
use super::session::{explained, on_thread, rows};
use crate::error::LakeError;
use crate::lake::{Lake, SqlTurn};
use tokio::sync::{mpsc, oneshot};

/// Pieces of a file that wait for their reader.
const PIECES_WAITING: usize = 4;

fn lost<T>(_: T) -> LakeError {
    LakeError::Data("the question could not be answered".into())
}

impl Lake {
    /// As [`Lake::sql`], in a turn that was waited for. Dropping the future cancels it.
    ///
    /// # Errors
    /// As [`Lake::sql`]; [`LakeError::Cancelled`] when it was stopped.
    pub async fn sql_in(&self, turn: SqlTurn, question: SqlQuestion) -> Result<SqlAnswer, LakeError> {
        let watch = question.watch.clone();
        let _guard = CancelOnDrop(watch.clone());
        let view = self.view_for(question.as_of.as_ref());
        on_thread(turn, question.limits.seconds, watch, move || rows(view, question))?.await.map_err(lost)?
    }

    /// How a question would be answered, without answering it.
    ///
    /// # Errors
    /// As [`Lake::sql_in`].
    pub async fn sql_plan(&self, turn: SqlTurn, question: SqlQuestion) -> Result<SqlPlan, LakeError> {
        let watch = question.watch.clone();
        let _guard = CancelOnDrop(watch.clone());
        let view = self.view_for(question.as_of.as_ref());
        on_thread(turn, question.limits.seconds, watch, move || explained(view, question))?.await.map_err(lost)?
    }

    /// The answer as a file, piece by piece. With `cut`, rows beyond the limit are left out; else they are an error, as
    /// everything that goes wrong before the first piece is one here.
    ///
    /// # Errors
    /// As [`Lake::sql_in`].
    pub async fn sql_file(
        &self,
        turn: SqlTurn,
        question: SqlQuestion,
        format: SqlFormat,
        cut: bool,
    ) -> Result<SqlFile, LakeError> {
        let watch = question.watch.clone();
        let stop = CancelOnDrop(watch.clone());
        let view = self.view_for(question.as_of.as_ref());
        let seconds = question.limits.seconds;
        let (columns, known) = oneshot::channel();
        let (pieces, incoming) = mpsc::channel(PIECES_WAITING);
        let way = Way { columns, pieces };
        let work = move || export(view, question, format, cut, way);
        let end = on_thread(turn, seconds, watch, work)?;
        let mut file = SqlFile { columns: Vec::new(), first: None, pieces: incoming, end: Some(end), _stop: stop };
        file.first = file.next().await.transpose()?;
        file.columns = known.await.map_err(lost)?;
        Ok(file)
    }
}
