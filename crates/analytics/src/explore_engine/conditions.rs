//! From conditions to filters of the lake, and from a segment to the people that are meant; refuses what means nothing, naming
//! the field.

use crate::explore_model::{Condition, EventChoice, Match, PropertyCondition, PropertyOp, PropertyType, Segment};
use crate::metrics::FilterOp;
use kernel::limits::EVENT_NAME_CHARS_MAX;
use kernel::problem::Problem;
use kernel::time::TimeRange;
use lake::folds::filter::{EventFilter, TextTest};
use lake::folds::predicates::{Predicate, Test, Who};
use lake::{NumberTest, ValueTest, micros};

/// Most conditions on one event.
const CONDITIONS_MAX: usize = 10;
/// Most values of one condition.
const VALUES_MAX: usize = 50;
/// Longest value, in characters.
const VALUE_CHARS_MAX: usize = 500;
/// Most conditions of a segment.
const SEGMENT_MAX: usize = 8;
/// Most times a condition of a segment can ask for.
const TIMES_MAX: u64 = 1_000_000;

/// The filter of a choice of events.
pub(super) fn filter(choice: &EventChoice, humans_only: bool, field: &str) -> Result<EventFilter, Problem> {
    if let Some(name) = &choice.name
        && (name.is_empty() || name.chars().count() > EVENT_NAME_CHARS_MAX)
    {
        let message = format!("A name of 1 to {EVENT_NAME_CHARS_MAX} characters; leave it out for every event.");
        return Err(Problem::invalid(format!("{field}.name"), message));
    }
    if choice.conditions.len() + choice.properties.len() > CONDITIONS_MAX {
        return Err(Problem::invalid(format!("{field}.conditions"), format!("At most {CONDITIONS_MAX} conditions.")));
    }
    let mut filter = EventFilter { name: choice.name.clone(), humans_only, ..EventFilter::default() };
    for (place, condition) in choice.conditions.iter().enumerate() {
        add(&mut filter, condition, &format!("{field}.conditions[{place}].values"))?;
    }
    for (place, condition) in choice.properties.iter().enumerate() {
        let test = value_test(condition, &format!("{field}.properties[{place}]"))?;
        filter.properties.push((condition.property.clone(), test));
    }
    Ok(filter)
}

fn check_values(values: &[String], is_part: bool, field: &str) -> Result<(), Problem> {
    if values.is_empty() || values.len() > VALUES_MAX {
        return Err(Problem::invalid(field, format!("From 1 to {VALUES_MAX} values.")));
    }
    if values.iter().any(|value| value.chars().count() > VALUE_CHARS_MAX) {
        return Err(Problem::invalid(field, format!("At most {VALUE_CHARS_MAX} characters a value.")));
    }
    if is_part && values.iter().any(String::is_empty) {
        return Err(Problem::invalid(field, "Every text contains the empty one; say a part of the text."));
    }
    Ok(())
}

fn lower(values: &[String]) -> Vec<String> {
    values.iter().map(|value| value.to_lowercase()).collect()
}

fn add(filter: &mut EventFilter, condition: &Condition, field: &str) -> Result<(), Problem> {
    let (column, values) = (condition.column.col(), &condition.values);
    check_values(values, matches!(condition.op, FilterOp::Contains | FilterOp::NotContains), field)?;
    match condition.op {
        FilterOp::In => filter.is.push((column, values.clone())),
        FilterOp::NotIn => filter.texts.push((column, TextTest::IsNot(values.clone()))),
        FilterOp::Contains => filter.texts.push((column, TextTest::Contains(lower(values)))),
        FilterOp::NotContains => filter.texts.push((column, TextTest::ContainsNot(lower(values)))),
    }
    Ok(())
}

/// Refuses a key that no property has.
pub(super) fn check_property(key: &str, field: &str) -> Result<(), Problem> {
    if key.is_empty() || key.chars().count() > VALUE_CHARS_MAX {
        return Err(Problem::invalid(field, format!("The key of a property: 1 to {VALUE_CHARS_MAX} characters.")));
    }
    Ok(())
}

/// What the value of a property must obey.
pub(crate) fn value_test(condition: &PropertyCondition, field: &str) -> Result<ValueTest, Problem> {
    use PropertyOp::{AtLeast, AtMost, Contains, In, Less, More, NotContains, NotIn};
    let (values, op) = (&condition.values, condition.op);
    check_property(&condition.property, &format!("{field}.property"))?;
    check_values(values, matches!(op, Contains | NotContains), &format!("{field}.values"))?;
    let wrong_op = |words: &str| Err(Problem::invalid(format!("{field}.op"), words));
    match condition.kind {
        PropertyType::Text => Ok(match op {
            In => ValueTest::Is(values.clone()),
            NotIn => ValueTest::Text(TextTest::IsNot(values.clone())),
            Contains => ValueTest::Text(TextTest::Contains(lower(values))),
            NotContains => ValueTest::Text(TextTest::ContainsNot(lower(values))),
            Less | AtMost | More | AtLeast => {
                return wrong_op("Only numbers are less or more; set the type to number.");
            }
        }),
        PropertyType::Number => number_test(op, values, field).map(ValueTest::Number),
        PropertyType::Bool => {
            let flag = match &values[..] {
                [one] if one == "true" => true,
                [one] if one == "false" => false,
                _ => return Err(Problem::invalid(format!("{field}.values"), "One value: true or false.")),
            };
            match op {
                In => Ok(ValueTest::Flag(flag)),
                NotIn => Ok(ValueTest::Flag(!flag)),
                _ => wrong_op("True and false can only be equal or not."),
            }
        }
    }
}

fn number_test(op: PropertyOp, values: &[String], field: &str) -> Result<NumberTest, Problem> {
    let number = |value: &String| {
        let message = format!("`{value}` is no number; write one with a point, for example 12.5.");
        micros(value).ok_or_else(|| Problem::invalid(format!("{field}.values"), message))
    };
    let numbers = values.iter().map(number).collect::<Result<Vec<i128>, Problem>>()?;
    let limit = || match &numbers[..] {
        [one] => Ok(*one),
        _ => Err(Problem::invalid(format!("{field}.values"), "One value to compare with.")),
    };
    Ok(match op {
        PropertyOp::In => NumberTest::Is(numbers),
        PropertyOp::NotIn => NumberTest::IsNot(numbers),
        PropertyOp::Less => NumberTest::Less(limit()?),
        PropertyOp::AtMost => NumberTest::AtMost(limit()?),
        PropertyOp::More => NumberTest::More(limit()?),
        PropertyOp::AtLeast => NumberTest::AtLeast(limit()?),
        PropertyOp::Contains | PropertyOp::NotContains => {
            let message = "A number contains nothing; set the type to text.";
            return Err(Problem::invalid(format!("{field}.op"), message));
        }
    })
}

/// Who a segment means by what they did in the range; its conditions on companies are not in it.
pub(super) fn who(segment: &Segment, humans_only: bool, range: TimeRange) -> Result<Who, Problem> {
    let conditions = &segment.conditions;
    if !(1..=SEGMENT_MAX).contains(&(conditions.len() + segment.companies.len())) {
        return Err(Problem::invalid("segment.conditions", format!("From 1 to {SEGMENT_MAX} conditions.")));
    }
    let one = |(place, condition): (usize, &crate::explore_model::SegmentCondition)| {
        let field = format!("segment.conditions[{place}]");
        if condition.times == 0 || condition.times > TIMES_MAX {
            return Err(Problem::invalid(format!("{field}.times"), format!("From 1 to {TIMES_MAX} times.")));
        }
        let filter = filter(&condition.event, humans_only, &format!("{field}.event"))?;
        let predicate = Predicate::Count { filter, at_least: condition.times };
        Ok(Test { predicate, holds: condition.did })
    };
    for (place, condition) in segment.companies.iter().enumerate() {
        value_test(condition, &format!("segment.companies[{place}]"))?;
    }
    let tests = conditions.iter().enumerate().map(one).collect::<Result<_, Problem>>()?;
    Ok(Who { tests, any: segment.all == Match::Any, range })
}
