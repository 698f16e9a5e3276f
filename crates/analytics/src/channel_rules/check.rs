//! Limits, and the canonical form: trimmed, in lower case where case does not matter.

use super::model::{ChannelRule, Condition, ConditionField, ConditionTest, RuleBook, VisitorRule};
use kernel::problem::Problem;
use std::collections::HashSet;

/// AN 1.1: a group has at most 50 rules, a name at most 80 characters.
const RULES_MAX: usize = 50;
const NAME_CHARS_MAX: usize = 80;
const CONDITIONS_MAX: usize = 10;
const VALUES_MAX: usize = 50;
const VALUE_CHARS_MAX: usize = 200;
const SITES_MAX: usize = 500;
const VISITORS_MAX: usize = 100;

fn at_most(field: &str, what: &str, found: usize, most: usize) -> Result<(), Problem> {
    if found <= most {
        return Ok(());
    }
    Err(Problem::invalid(field, format!("There are {found} {what}; at most {most} are possible. Remove some.")))
}

/// A text without spaces around it, within its limit.
fn tidy(text: &mut String, field: &str, what: &str, most: usize) -> Result<(), Problem> {
    *text = text.trim().to_owned();
    let letters = text.chars().count();
    if letters == 0 {
        return Err(Problem::invalid(field, format!("{what} is empty. Fill it in, or remove it.")));
    }
    if letters > most {
        return Err(Problem::invalid(field, format!("{what} has {letters} characters; at most {most} are possible.")));
    }
    if text.chars().any(char::is_control) {
        return Err(Problem::invalid(field, format!("{what} has a control character. Remove it.")));
    }
    Ok(())
}

fn value(text: &mut String, field: &str, what: &str) -> Result<(), Problem> {
    tidy(text, field, what, VALUE_CHARS_MAX)?;
    *text = text.to_lowercase();
    Ok(())
}

impl RuleBook {
    /// The canonical form.
    ///
    /// # Errors
    /// 422 naming the rule and the field that is empty, too long or too many.
    pub fn canonical(mut self) -> Result<Self, Problem> {
        at_most("channels", "channel rules", self.channels.len(), RULES_MAX)?;
        at_most("sites", "sites", self.sites.len(), SITES_MAX)?;
        at_most("visitors", "visitor rules", self.visitors.len(), VISITORS_MAX)?;
        let mut names = HashSet::new();
        for (place, rule) in self.channels.iter_mut().enumerate() {
            let field = format!("channels[{place}]");
            check_channel(rule, place, &field)?;
            if !names.insert(rule.name.to_lowercase()) {
                let message = format!("Two channel rules are named “{}”. Give one another name.", rule.name);
                return Err(Problem::invalid(format!("{field}.name"), message));
            }
        }
        let mut sites = HashSet::new();
        for (place, site) in self.sites.iter_mut().enumerate() {
            let field = format!("sites[{place}].site");
            value(&mut site.site, &field, &format!("Site {}", place + 1))?;
            if site.site.contains(['/', ' ', ':']) {
                let message =
                    format!("“{}” is no host. Write it as in `search.example`, without `https://`.", site.site);
                return Err(Problem::invalid(field, message));
            }
            if !sites.insert(site.site.clone()) {
                return Err(Problem::invalid(field, format!("“{}” is there twice. Remove one.", site.site)));
            }
        }
        let mut names = HashSet::new();
        for (place, rule) in self.visitors.iter_mut().enumerate() {
            let field = format!("visitors[{place}]");
            check_visitor(rule, place, &field)?;
            if !names.insert(rule.name.to_lowercase()) {
                let message = format!("Two visitor rules are named “{}”. Give one another name.", rule.name);
                return Err(Problem::invalid(format!("{field}.name"), message));
            }
        }
        Ok(self)
    }
}

fn check_channel(rule: &mut ChannelRule, place: usize, field: &str) -> Result<(), Problem> {
    let number = place + 1;
    let named = format!("The name of channel rule {number}");
    tidy(&mut rule.name, &format!("{field}.name"), &named, NAME_CHARS_MAX)?;
    let of_rule = format!("channel rule {number} “{}”", rule.name);
    let conditions = format!("{field}.all");
    if rule.all.is_empty() {
        let message = format!("A rule without a condition would take every visit: give {of_rule} one.");
        return Err(Problem::invalid(conditions, message));
    }
    at_most(&conditions, &format!("conditions in {of_rule}"), rule.all.len(), CONDITIONS_MAX)?;
    for (place, condition) in rule.all.iter_mut().enumerate() {
        check_condition(condition, &format!("{conditions}[{place}].values"), &of_rule)?;
    }
    Ok(())
}

fn check_condition(condition: &mut Condition, field: &str, of_rule: &str) -> Result<(), Problem> {
    let what = format!("The {} in {of_rule}", condition.field.words());
    if condition.values.is_empty() {
        return Err(Problem::invalid(field, format!("{what} is compared with nothing. Say with what.")));
    }
    if condition.test != ConditionTest::OneOf && condition.values.len() > 1 {
        let message = format!("{what} is compared with several texts; `{}` takes one.", condition.test.words());
        return Err(Problem::invalid(field, message));
    }
    at_most(
        field,
        &format!("texts for the {} in {of_rule}", condition.field.words()),
        condition.values.len(),
        VALUES_MAX,
    )?;
    for text in &mut condition.values {
        value(text, field, &what)?;
    }
    if condition.test == ConditionTest::OneOf {
        condition.values.sort();
        condition.values.dedup();
    }
    let wrong = |text: &&String| match condition.field {
        ConditionField::ReferrerHost => text.contains('/'),
        ConditionField::LandingPath => {
            let is_whole = !matches!(condition.test, ConditionTest::Contains | ConditionTest::Ends);
            is_whole && !text.starts_with('/')
        }
        _ => false,
    };
    if let Some(text) = condition.values.iter().find(wrong) {
        let remedy = match condition.field {
            ConditionField::ReferrerHost => "Write a host alone, as in `partner.example`.",
            _ => "A path begins with `/`.",
        };
        return Err(Problem::invalid(field, format!("{what}: “{text}” can never be it. {remedy}")));
    }
    Ok(())
}

fn check_visitor(rule: &mut VisitorRule, place: usize, field: &str) -> Result<(), Problem> {
    let number = place + 1;
    tidy(&mut rule.name, &format!("{field}.name"), &format!("The name of visitor rule {number}"), NAME_CHARS_MAX)?;
    let what = format!("The text of visitor rule {number} “{}”", rule.name);
    value(&mut rule.text, &format!("{field}.text"), &what)
}
