//! The models, their names, and what each says in words.

use super::custom::{BadWeights, CustomWeights, Shares};
use std::fmt;
use std::str::FromStr;

/// Days in the half-life of time decay when nothing is said.
pub const HALF_LIFE_DAYS: u32 = 7;
/// Longest half-life, in days.
pub const HALF_LIFE_DAYS_MAX: u32 = 3_650;

/// A way to share the value of a goal among the touches of its journey.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Model {
    /// All to the first touch.
    FirstTouch,
    /// All to the last touch.
    LastTouch,
    /// All to the last touch that is not Direct; to the last touch when all are.
    LastNonDirect,
    /// The same to every touch.
    Linear,
    /// 40 first, 40 last, 20 over the rest.
    UShape,
    /// 30 first, 30 lead creation, 30 opportunity creation, 10 over the rest.
    WShape,
    /// 30 first, 30 last, 30 over the touches before a conversion, 10 over the rest (the variant Dreamdata describes).
    WShapeConversions,
    /// 22.5 each to first, lead creation, opportunity creation and last, 10 over the rest.
    FullPath,
    /// Halves with every half-life between the touch and the goal; normalised, so it conserves.
    TimeDecay {
        /// Days after which a touch counts half.
        half_life_days: u32,
    },
    /// 20 first, 20 over the middle, 60 last.
    JShape,
    /// 60 first, 20 over the middle, 20 last.
    InverseJ,
    /// Weights the user wrote.
    Custom(CustomWeights),
    /// The whole value to every channel that took part. Does **not** conserve: a label, never an input to ROI.
    Influenced,
}

/// A text that names no model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadModel {
    /// Not in the list.
    #[error(
        "`{0}` is not an attribution model; use one of first_touch, last_touch, last_non_direct, linear, u_shape, w_shape, w_shape_conversions, full_path, time_decay (or time_decay:DAYS), j_shape, inverse_j, influenced, or custom:WEIGHTS"
    )]
    Unknown(String),
    /// A half-life that is not a number of days.
    #[error("`{0}` is not a half-life; write whole days from 1 to {HALF_LIFE_DAYS_MAX}, for example time_decay:14")]
    HalfLife(String),
    /// Custom weights that cannot be read.
    #[error("custom weights: {0}")]
    Weights(#[from] BadWeights),
}

impl Model {
    /// The models with a fixed meaning, in the order they are shown; time decay with its usual half-life.
    #[must_use]
    pub fn named() -> Vec<Model> {
        vec![
            Model::FirstTouch,
            Model::LastTouch,
            Model::LastNonDirect,
            Model::Linear,
            Model::UShape,
            Model::WShape,
            Model::WShapeConversions,
            Model::FullPath,
            Model::TimeDecay { half_life_days: HALF_LIFE_DAYS },
            Model::JShape,
            Model::InverseJ,
        ]
    }

    /// Whether the credits of a goal sum to its value. What does not may never feed ROI, ROAS, CAC or payback.
    #[must_use]
    pub fn conserves(&self) -> bool {
        *self != Model::Influenced
    }

    /// A short name for people.
    #[must_use]
    pub fn title(&self) -> String {
        match self {
            Model::FirstTouch => "First touch".to_owned(),
            Model::LastTouch => "Last touch".to_owned(),
            Model::LastNonDirect => "Last non-direct".to_owned(),
            Model::Linear => "Linear".to_owned(),
            Model::UShape => "U 40/20/40".to_owned(),
            Model::WShape => "W 30/30/30/10 (lead and opportunity)".to_owned(),
            Model::WShapeConversions => "W 30/30/30/10 (first, last and conversions)".to_owned(),
            Model::FullPath => "Full path 22.5 × 4 + 10".to_owned(),
            Model::TimeDecay { half_life_days } => format!("Time decay, {half_life_days} days"),
            Model::JShape => "J 20/20/60".to_owned(),
            Model::InverseJ => "Inverse J 60/20/20".to_owned(),
            Model::Custom(_) => "Custom weights".to_owned(),
            Model::Influenced => "Influenced (does not add up)".to_owned(),
        }
    }

    /// The rule in plain words.
    #[must_use]
    pub fn description(&self) -> String {
        let text = match self {
            Model::FirstTouch => "All credit to the first touch of the journey.",
            Model::LastTouch => "All credit to the last touch before the goal.",
            Model::LastNonDirect => {
                "All credit to the last touch before the goal that is not Direct; to the last touch when all are Direct."
            }
            Model::Linear => "The same credit to every touch.",
            Model::UShape => "40 % to the first touch, 40 % to the last, 20 % shared by the others.",
            Model::WShape => {
                "30 % each to the first touch, the touch before the lead was created and the touch before the \
                 opportunity was created; 10 % shared by the others."
            }
            Model::WShapeConversions => {
                "30 % to the first touch, 30 % to the last, 30 % shared by the touches before a conversion (a lead or \
                 an opportunity was created); 10 % shared by the others."
            }
            Model::FullPath => {
                "22.5 % each to the first touch, the touches before the lead and before the opportunity were created, \
                 and the last touch; 10 % shared by the others."
            }
            Model::TimeDecay { half_life_days } => {
                return format!(
                    "A touch counts half as much for every {half_life_days} days between it and the goal; the shares \
                     are scaled so that they sum to the value."
                );
            }
            Model::JShape => "20 % to the first touch, 20 % shared by the middle, 60 % to the last.",
            Model::InverseJ => "60 % to the first touch, 20 % shared by the middle, 20 % to the last.",
            Model::Custom(weights) => return format!("Shares by position and channel as written: {weights}."),
            Model::Influenced => {
                "The whole value to every channel that took part. The rows sum to more than the value, so this is \
                 never used for ROI, ROAS, CAC or payback."
            }
        };
        text.to_owned()
    }

    /// The shares by position; `None` for models that are not positions.
    pub(crate) fn shares(&self) -> Option<Shares> {
        let none = Shares::default();
        Some(match self {
            Model::FirstTouch => Shares { first: 100_000, ..none },
            Model::LastTouch => Shares { last: 100_000, ..none },
            Model::Linear => Shares { every: 100_000, ..none },
            Model::UShape => Shares { first: 40_000, last: 40_000, rest: 20_000, ..none },
            Model::WShape => Shares { first: 30_000, lead: 30_000, opportunity: 30_000, rest: 10_000, ..none },
            Model::WShapeConversions => {
                Shares { first: 30_000, last: 30_000, conversions: 30_000, rest: 10_000, ..none }
            }
            Model::FullPath => {
                Shares { first: 22_500, lead: 22_500, opportunity: 22_500, last: 22_500, rest: 10_000, ..none }
            }
            Model::JShape => Shares { first: 20_000, last: 60_000, rest: 20_000, ..none },
            Model::InverseJ => Shares { first: 60_000, last: 20_000, rest: 20_000, ..none },
            Model::Custom(weights) => weights.shares,
            Model::LastNonDirect | Model::TimeDecay { .. } | Model::Influenced => return None,
        })
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Model::FirstTouch => "first_touch",
            Model::LastTouch => "last_touch",
            Model::LastNonDirect => "last_non_direct",
            Model::Linear => "linear",
            Model::UShape => "u_shape",
            Model::WShape => "w_shape",
            Model::WShapeConversions => "w_shape_conversions",
            Model::FullPath => "full_path",
            Model::TimeDecay { half_life_days: HALF_LIFE_DAYS } => "time_decay",
            Model::TimeDecay { half_life_days } => return write!(f, "time_decay:{half_life_days}"),
            Model::JShape => "j_shape",
            Model::InverseJ => "inverse_j",
            Model::Custom(weights) => return write!(f, "custom:{weights}"),
            Model::Influenced => "influenced",
        })
    }
}

impl FromStr for Model {
    type Err = BadModel;

    fn from_str(text: &str) -> Result<Self, BadModel> {
        let text = text.trim();
        if let Some(weights) = text.strip_prefix("custom:") {
            return Ok(Model::Custom(weights.parse()?));
        }
        if let Some(days) = text.strip_prefix("time_decay:") {
            let half_life_days = days.trim().parse().ok().filter(|days| (1..=HALF_LIFE_DAYS_MAX).contains(days));
            let half_life_days = half_life_days.ok_or_else(|| BadModel::HalfLife(days.chars().take(32).collect()))?;
            return Ok(Model::TimeDecay { half_life_days });
        }
        let mut known = Model::named();
        known.push(Model::Influenced);
        known
            .into_iter()
            .find(|model| model.to_string() == text)
            .ok_or_else(|| BadModel::Unknown(text.chars().take(64).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_has_one_name() {
        let mut models = Model::named();
        models.push(Model::Influenced);
        models.push(Model::TimeDecay { half_life_days: 30 });
        models.push("custom:first 50, rest 50, channel \"Direct\" x 0".parse().unwrap());
        for model in models {
            assert_eq!(model.to_string().parse::<Model>(), Ok(model.clone()), "{model}");
            assert!(!model.title().is_empty() && model.description().ends_with('.'));
        }
    }

    #[test]
    fn what_names_no_model_is_refused() {
        assert!(matches!("markov".parse::<Model>(), Err(BadModel::Unknown(_))));
        assert!(matches!("time_decay:0".parse::<Model>(), Err(BadModel::HalfLife(_))));
        assert!(matches!("custom:first".parse::<Model>(), Err(BadModel::Weights(_))));
    }
}
