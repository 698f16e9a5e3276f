//! Custom weights and the text they are written in.
//!
//! ```text
//! first 30, lead 20, opportunity 20, last 20, rest 10, channel "Direct" x 0, channel "Paid Search" x 1.5
//! ```
//!
//! Positions are shares of the whole (they need not sum to 100; what counts is their proportion). A channel factor
//! multiplies whatever its touches get from their positions. At most three decimal places.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// Largest share or factor.
const NUMBER_MAX: u32 = 1_000_000;
/// Most channel factors in one model.
const CHANNELS_MAX: usize = 100;

/// Shares of the whole by position, in thousandths of a per cent (or of whatever unit the author thinks in: only
/// their proportion counts).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Shares {
    /// The first touch.
    pub first: u32,
    /// The newest touch before the person became a lead.
    pub lead: u32,
    /// The newest touch before the opportunity was created.
    pub opportunity: u32,
    /// The touches before any conversion (lead, opportunity) of anybody in the journey, together.
    pub conversions: u32,
    /// The last touch.
    pub last: u32,
    /// All touches that none of the named positions of this model is on, together.
    pub rest: u32,
    /// All touches, together.
    pub every: u32,
}

impl Shares {
    /// Name and value of each position, in canonical order.
    pub(crate) fn named(&self) -> [(&'static str, u32); 7] {
        [
            ("first", self.first),
            ("lead", self.lead),
            ("opportunity", self.opportunity),
            ("conversions", self.conversions),
            ("last", self.last),
            ("rest", self.rest),
            ("every", self.every),
        ]
    }

    fn place(&mut self, name: &str) -> Option<&mut u32> {
        Some(match name {
            "first" => &mut self.first,
            "lead" => &mut self.lead,
            "opportunity" => &mut self.opportunity,
            "conversions" => &mut self.conversions,
            "last" => &mut self.last,
            "rest" => &mut self.rest,
            "every" => &mut self.every,
            _ => return None,
        })
    }
}

/// Shares by position, and factors by channel.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct CustomWeights {
    /// Shares by position.
    pub shares: Shares,
    /// Factors in thousandths by channel name; a channel that is not listed has factor 1.
    pub channels: BTreeMap<String, u32>,
}

impl CustomWeights {
    /// The factor of a channel, in thousandths.
    #[must_use]
    pub fn factor(&self, channel: &str) -> u32 {
        self.channels.get(channel).copied().unwrap_or(1_000)
    }
}

/// What is wrong with the text of custom weights.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadWeights {
    /// A part that is neither a position nor a channel factor.
    #[error(
        "`{0}` is neither a position (first, lead, opportunity, conversions, last, rest, every) with a number, nor `channel \"Name\" x number`"
    )]
    Part(String),
    /// A number that is negative, too large or too fine.
    #[error("`{0}` is not a number from 0 to 1000 with at most three decimal places")]
    Number(String),
    /// A position or channel twice.
    #[error("`{0}` is given twice")]
    Twice(String),
    /// Nothing gets a share.
    #[error("at least one position needs a share above zero, for example `every 100`")]
    Nothing,
    /// Too many channels.
    #[error("at most {CHANNELS_MAX} channel factors")]
    TooMany,
}

impl FromStr for CustomWeights {
    type Err = BadWeights;

    fn from_str(text: &str) -> Result<Self, BadWeights> {
        let mut weights = Self::default();
        let mut seen: Vec<&'static str> = Vec::new();
        for part in split_parts(text) {
            let bad = || BadWeights::Part(part.chars().take(80).collect());
            if let Some(rest) = part.strip_prefix("channel") {
                let (name, factor) = channel_factor(rest.trim()).ok_or_else(bad)?;
                if weights.channels.insert(name.clone(), number(factor)?).is_some() {
                    return Err(BadWeights::Twice(name));
                }
                if weights.channels.len() > CHANNELS_MAX {
                    return Err(BadWeights::TooMany);
                }
                continue;
            }
            let (name, value) = part.split_once(char::is_whitespace).ok_or_else(bad)?;
            let name = Shares::default().named().iter().map(|(known, _)| *known).find(|known| *known == name);
            let name = name.ok_or_else(bad)?;
            if seen.contains(&name) {
                return Err(BadWeights::Twice(name.to_owned()));
            }
            seen.push(name);
            *weights.shares.place(name).ok_or_else(bad)? = number(value.trim().trim_end_matches('%'))?;
        }
        if weights.shares == Shares::default() {
            return Err(BadWeights::Nothing);
        }
        Ok(weights)
    }
}

impl fmt::Display for CustomWeights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shares = self.shares.named().into_iter().filter(|(_, value)| *value > 0);
        let shares = shares.map(|(name, value)| format!("{name} {}", decimal(value)));
        let channels = self.channels.iter().map(|(name, factor)| format!("channel \"{name}\" x {}", decimal(*factor)));
        f.write_str(&shares.chain(channels).collect::<Vec<_>>().join(", "))
    }
}

/// The parts between commas, semicolons and line ends that are not inside quotes.
fn split_parts(text: &str) -> Vec<&str> {
    let mut quoted = false;
    let parts = text.split(|letter| {
        if letter == '"' {
            quoted = !quoted;
        }
        !quoted && matches!(letter, ',' | ';' | '\n')
    });
    parts.map(str::trim).filter(|part| !part.is_empty()).collect()
}

/// `"Paid Search" x 1.5` → the name and the number's text.
fn channel_factor(text: &str) -> Option<(String, &str)> {
    let (name, rest) = text.strip_prefix('"')?.split_once('"')?;
    let factor = rest.trim_start().strip_prefix(['x', '×', '*'])?;
    let name = name.trim();
    (!name.is_empty() && name.chars().count() <= 80).then(|| (name.to_owned(), factor.trim()))
}

/// Thousandths of a decimal number.
fn number(text: &str) -> Result<u32, BadWeights> {
    let bad = || BadWeights::Number(text.chars().take(32).collect());
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !plain(whole) || !plain(fraction) || fraction.len() > 3 || whole.len() > 4 {
        return Err(bad());
    }
    let thousandths: u32 = format!("{whole}{fraction:0<3}").parse().map_err(|_| bad())?;
    if whole.is_empty() || thousandths > NUMBER_MAX {
        return Err(bad());
    }
    Ok(thousandths)
}

fn decimal(thousandths: u32) -> String {
    let (whole, fraction) = (thousandths / 1_000, thousandths % 1_000);
    if fraction == 0 {
        return whole.to_string();
    }
    format!("{whole}.{}", format!("{fraction:03}").trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn weights_are_read_from_text() {
        let text = "first 30, last 22.5%; rest 10\nchannel \"Direct\" x 0, channel \"Paid, Social\" x 1.5";
        let weights: CustomWeights = text.parse().unwrap();
        assert_eq!(weights.shares, Shares { first: 30_000, last: 22_500, rest: 10_000, ..Shares::default() });
        assert_eq!(
            (weights.factor("Direct"), weights.factor("Paid, Social"), weights.factor("Email")),
            (0, 1_500, 1_000)
        );
        assert_eq!(
            weights.to_string(),
            "first 30, last 22.5, rest 10, channel \"Direct\" x 0, channel \"Paid, Social\" x 1.5"
        );
    }

    #[test]
    fn what_is_wrong_is_said() {
        let cases = [
            ("", BadWeights::Nothing),
            ("first 0", BadWeights::Nothing),
            ("channel \"Direct\" x 0", BadWeights::Nothing),
            ("middle 10", BadWeights::Part("middle 10".into())),
            ("first", BadWeights::Part("first".into())),
            ("channel Direct x 0", BadWeights::Part("channel Direct x 0".into())),
            ("first -1", BadWeights::Number("-1".into())),
            ("first 1.2345", BadWeights::Number("1.2345".into())),
            ("first .5", BadWeights::Number(".5".into())),
            ("first 1001", BadWeights::Number("1001".into())),
            ("first 10, first 20", BadWeights::Twice("first".into())),
        ];
        for (text, error) in cases {
            assert_eq!(text.parse::<CustomWeights>(), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_text_form_round_trips(
            first in 1_u32..=NUMBER_MAX, rest in 0_u32..=NUMBER_MAX,
            channels in prop::collection::btree_map("[A-Za-z][A-Za-z ,;]{0,10}[a-z]", 0_u32..=NUMBER_MAX, 0..4),
        ) {
            let weights = CustomWeights { shares: Shares { first, rest, ..Shares::default() }, channels };
            prop_assert_eq!(weights.to_string().parse::<CustomWeights>(), Ok(weights));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,80}") {
            let _ = text.parse::<CustomWeights>();
        }
    }
}
