//! Why a question is refused, in words for its author, and where in its text.

use crate::error::LakeError;
use datafusion::common::diagnostic::Diagnostic;
use datafusion::error::DataFusionError;

pub(super) const READ_ONLY: &str = "Only one question that reads is possible: SELECT, WITH, EXPLAIN, SHOW or DESCRIBE";

/// The failure in words for the author of the question.
pub(super) fn refused(error: &DataFusionError) -> LakeError {
    let place = error.diagnostic().and_then(place_of);
    let said = |text: &str| LakeError::Sql(format!("{text}{}", place.as_deref().unwrap_or_default()));
    match error.find_root() {
        DataFusionError::ResourcesExhausted(_) => LakeError::Limit(
            "The question needs more memory than it may take. Narrow it, or group by fewer values.".into(),
        ),
        DataFusionError::External(cause) => match cause.downcast_ref::<LakeError>() {
            Some(LakeError::Cancelled) => LakeError::Cancelled,
            Some(LakeError::Limit(message)) => LakeError::Limit(message.clone()),
            _ => LakeError::Data(cause.to_string()),
        },
        DataFusionError::SQL(cause, _) => {
            let cause = cause.to_string();
            let cause = cause.strip_prefix("sql parser error: ").unwrap_or(&cause);
            LakeError::Sql(format!("The SQL cannot be read: {}", placed(cause)))
        }
        DataFusionError::NotImplemented(what) => {
            if what.contains("single SQL statement") {
                LakeError::Sql(format!("{READ_ONLY}."))
            } else {
                said(&format!("Not possible here: {what}"))
            }
        }
        root => said(&root.message().lines().next().unwrap_or("The SQL is wrong").replace("datafusion.public.", "")),
    }
}

/// ` (line 2, column 8)`: where a wrong name stands.
fn place_of(diagnostic: &Diagnostic) -> Option<String> {
    let start = diagnostic.span?.start;
    (start.line > 0).then(|| format!(" (line {}, column {})", start.line, start.column))
}

/// The parser's place in the same form as everywhere.
fn placed(message: &str) -> String {
    let parts = message.rsplit_once(" at Line: ").and_then(|(text, place)| {
        let (line, column) = place.split_once(", Column: ")?;
        Some((text, line.trim().parse::<u64>().ok()?, column.trim().parse::<u64>().ok()?))
    });
    match parts {
        Some((text, line, column)) if line > 0 => format!("{text} (line {line}, column {column})"),
        Some((text, ..)) => text.to_owned(),
        None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::placed;

    #[test]
    fn places_read_the_same_wherever_they_come_from() {
        assert_eq!(placed("Expected: x, found: y at Line: 2, Column: 17"), "Expected: x, found: y (line 2, column 17)");
        assert_eq!(placed("Expected: x, found: EOF at Line: 0, Column: 0"), "Expected: x, found: EOF");
        assert_eq!(placed("nothing about it"), "nothing about it");
    }
}
