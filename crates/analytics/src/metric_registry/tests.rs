//! The registry explains every metric and refuses what would be wrong.

use super::registry::TABLE;
use super::{Dimension, METRICS, Metric, Words};
use std::collections::HashMap;

#[test]
fn every_metric_is_explained() {
    let words: HashMap<String, Words> = serde_json::from_str(include_str!("words.json")).unwrap();
    assert_eq!(METRICS.len(), TABLE.len());
    assert_eq!(words.len(), TABLE.len());
    for metric in METRICS.iter() {
        let words = metric.words;
        assert!(words.definition.ends_with('.') && words.decision.ends_with('?'), "{}", metric.id);
        assert!(!words.name.is_empty() && !words.formula.is_empty(), "{}", metric.id);
        assert_eq!(Metric::find(metric.id).map(|found| found.id), Some(metric.id));
    }
}

/// AN-A "Scopes": invalid pairs are refused with the reason.
#[test]
fn an_a_scopes_are_refused_with_the_reason() {
    let cases = [
        ("cac", Dimension::Country, "does not say that"),
        ("spend_to_plan", Dimension::Campaign, "by month and channel"),
        ("attributed_revenue", Dimension::Page, "many pages"),
        ("content_assisted_pipeline", Dimension::Channel, "which pages were seen"),
        ("sessions", Dimension::Model, "no attribution model"),
    ];
    for (metric, dimension, reason) in cases {
        let refusal = Metric::find(metric).unwrap().refusal(dimension).unwrap();
        assert!(refusal.contains(reason), "{refusal}");
    }
    assert_eq!(Metric::find("roi").unwrap().refusal(Dimension::Campaign), None);
    for metric in METRICS.iter() {
        assert!(metric.dimensions().contains(&Dimension::Month), "{} has no time", metric.id);
    }
}

#[test]
fn only_what_adds_up_says_so() {
    let additive = |id| Metric::find(id).unwrap().is_additive();
    assert!(additive("attributed_revenue") && additive("spend") && additive("deals_won"));
    assert!(!additive("marketing_influenced_revenue") && !additive("roi") && !additive("time_to_convert"));
    for id in ["roi", "roas", "cac", "payback_months", "cost_per_opportunity"] {
        assert!(Metric::find(id).unwrap().needs_conserving_credit(), "{id}");
    }
}
