//! What the name of a stage says about the deals in it.

use crate::deals::DealOutcome;

/// What a stage's name says about the deals in it.
pub(crate) fn outcome_of(name: &str) -> DealOutcome {
    const WON: [&str; 7] = ["won", "closedwon", "gewonnen", "gagné", "gagne", "ganado", "vinto"];
    const LOST: [&str; 9] =
        ["lost", "closedlost", "verloren", "perdu", "perdido", "perso", "abandoned", "disqualified", "cancelled"];
    const NOT: [&str; 8] = ["not", "never", "un", "nicht", "nie", "non", "pas", "nunca"];
    // Who won instead.
    const RIVAL: [&str; 8] =
        ["competitor", "competition", "rival", "wettbewerber", "konkurrent", "konkurrenz", "concurrent", "competidor"];
    let lower = name.to_lowercase();
    let words: Vec<&str> = lower.split(|letter: char| !letter.is_alphanumeric()).collect();
    let has = |list: &[&str]| words.iter().any(|word| list.contains(word));
    let denied = |place: usize| place > 0 && NOT.contains(&words[place - 1]);
    let won = words.iter().position(|word| WON.contains(word));
    let lost = words.iter().enumerate().position(|(place, word)| LOST.contains(word) && !denied(place));
    match (won, lost) {
        (Some(won), Some(lost)) if lost < won => DealOutcome::Lost,
        (Some(_), _) if has(&NOT) || has(&RIVAL) => DealOutcome::Lost,
        (Some(_), _) => DealOutcome::Won,
        (None, Some(_)) => DealOutcome::Lost,
        (None, None) => DealOutcome::Open,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_says_by_its_name_whether_it_is_won() {
        let cases = [
            ("Closed Won", DealOutcome::Won),
            ("closedlost", DealOutcome::Lost),
            ("Gewonnen", DealOutcome::Won),
            ("Wonderful", DealOutcome::Open),
            ("Closed – not won", DealOutcome::Lost),
            ("Competitor won", DealOutcome::Lost),
            ("Nicht gewonnen", DealOutcome::Lost),
            ("Not lost yet", DealOutcome::Open),
            ("Lost to a competitor", DealOutcome::Lost),
            ("Lost – competitor won", DealOutcome::Lost),
            ("Lost: not qualified", DealOutcome::Lost),
            ("Demo", DealOutcome::Open),
        ];
        for (name, outcome) in cases {
            assert_eq!(outcome_of(name), outcome, "{name}");
        }
    }
}
