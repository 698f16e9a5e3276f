//! Rules that decide, what is refused, and words.

use super::*;
use crate::channels::{Channel, Evidence};
use lake::AgentClass;
use proptest::prelude::*;
use serde_json::json;

fn book(value: serde_json::Value) -> RuleBook {
    serde_json::from_value::<RuleBook>(value).unwrap().canonical().unwrap()
}

fn set(value: serde_json::Value) -> RuleSet {
    RuleSet::new(2, book(value))
}

fn sight<'a>(source: &'a str, medium: &'a str, campaign: &'a str) -> Sight<'a> {
    Sight { evidence: Evidence { source, medium, campaign, ..Evidence::default() }, ..Sight::default() }
}

/// AN-A "Channel groups": custom rules stand before the default group; every field and every test decides.
#[test]
fn an_a_own_rules_stand_before_those_of_the_program() {
    for (field, test, values, sight, holds) in [
        ("source", "equals", json!(["Partner"]), sight("PARTNER", "cpc", ""), true),
        ("source", "equals", json!(["partner"]), sight("partners", "cpc", ""), false),
        ("medium", "contains", json!(["mail"]), sight("google", "e-mail", ""), true),
        ("campaign", "starts", json!(["q1-"]), sight("google", "cpc", "Q1-launch"), true),
        ("campaign", "starts", json!(["q1-"]), sight("google", "cpc", "eq1-launch"), false),
        ("campaign", "ends", json!(["-launch"]), sight("google", "cpc", "q1-launch"), true),
        ("source", "one_of", json!(["b", "a"]), sight("a", "cpc", ""), true),
        ("source", "one_of", json!(["b", "a"]), sight("ab", "cpc", ""), false),
    ] {
        let own = json!({"field": field, "test": test, "values": values});
        let rules = set(json!({"channels": [{"name": "Own", "channel": "Audio", "all": [own]}]}));
        assert_eq!(rules.classify(&sight) == Channel::Audio, holds, "{own} {sight:?}");
    }
    let click = Sight { evidence: Evidence { click_id_kind: "gclid", ..Evidence::default() }, ..Sight::default() };
    let from = Sight { referrer_host: "Www.Partner.example", path: "/Landing/a", ..sight("google", "cpc", "") };
    for (field, test, value, sight) in [
        ("click_id", "equals", "gclid", click),
        ("referrer_host", "ends", "partner.example", from),
        ("landing_path", "starts", "/landing/", from),
    ] {
        let own = json!({"field": field, "test": test, "values": [value]});
        let rules = set(json!({"channels": [{"name": "Own", "channel": "Audio", "all": [own]}]}));
        assert_eq!(rules.classify(&sight), Channel::Audio, "{own}");
    }
    // All conditions of a rule, and the first of the rules.
    let source = json!({"field": "source", "test": "equals", "values": ["google"]});
    let medium = json!({"field": "medium", "test": "equals", "values": ["cpc"]});
    let rules = set(json!({"channels": [
        {"name": "Both", "channel": "Audio", "all": [source, medium]},
        {"name": "One", "channel": "SMS", "all": [source]},
    ]}));
    assert_eq!(rules.classify(&sight("google", "cpc", "")), Channel::Audio);
    assert_eq!(rules.classify(&sight("google", "organic", "")), Channel::Sms);
    assert_eq!(rules.classify(&sight("bing", "cpc", "")), Channel::PaidSearch);
}

/// AN 1.1 "explain this channel": the rule, and each earlier one that failed, the workspace's own first.
#[test]
fn an_1_1_an_explanation_lists_the_own_rules_that_failed() {
    let own = json!({"field": "source", "test": "equals", "values": ["partner"]});
    let rules = set(json!({"channels": [
        {"name": "Partners", "channel": "Referral", "all": [own]},
    ]}));
    let explained = rules.explain(&sight("bing", "cpc", ""));
    assert_eq!((explained.channel, explained.rules_version), (Channel::PaidSearch, 2));
    assert_eq!((explained.failed[0].rule.as_str(), explained.failed[1].rule.as_str()), ("W1", "C1"));
    assert_eq!(explained.failed[0].why, "not: the source is `partner` (source `bing`)");
    assert_eq!(explained.decided_by.unwrap().rule, "4");
    let explained = rules.explain(&sight("partner", "cpc", ""));
    let decided = explained.decided_by.unwrap();
    assert_eq!((decided.rule.as_str(), explained.failed.len()), ("W1", 0));
    assert_eq!(decided.condition, "“Partners”: the source is `partner`");
    assert_eq!(decided.why, "the source is `partner` (source `partner`)");
}

/// AN 1.1: the source lists can be added to; the rules that ask for them follow.
#[test]
fn an_1_1_own_sites_are_on_the_lists() {
    let rules = set(json!({"sites": [
        {"site": "find.example", "list": "search"}, {"site": "tube", "list": "video"},
    ]}));
    assert_eq!(rules.classify(&sight("find.example", "referral", "")), Channel::OrganicSearch);
    assert_eq!(rules.classify(&sight("WWW.Find.example", "cpc", "")), Channel::PaidSearch);
    assert_eq!(rules.classify(&sight("tube", "cpc", "")), Channel::PaidVideo);
    assert_eq!(rules.classify(&sight("example", "referral", "")), Channel::Referral);
    assert_eq!(rules.explain(&sight("find.example", "cpc", "")).decided_by.unwrap().rule, "4");
}

/// AN 1.10: who visits can be said by the workspace, before the program's list.
#[test]
fn an_1_10_own_rules_say_who_visits() {
    let rules = set(json!({"visitors": [
        {"name": "Uptime", "test": "contains", "text": "AcmeCheck/", "class": "bot"},
        {"name": "Kiosk", "test": "exact", "text": "Kiosk 1", "class": "human"},
    ]}));
    let (class, reason) = rules.visitor("Mozilla/5.0 acmecheck/2").unwrap();
    assert_eq!((class, reason), (AgentClass::Bot, "bot, by your rule “Uptime” (`acmecheck/` in the user agent)"));
    assert!(RuleSet::is_own_reason(reason));
    assert_eq!(rules.visitor("kiosk 1").unwrap().0, AgentClass::Human);
    assert!(rules.visitor("kiosk 12").is_none() && rules.visitor("").is_none());
}

#[test]
fn what_is_wrong_is_named_with_its_rule_and_field() {
    let condition = json!({"field": "source", "test": "equals", "values": ["a"]});
    let rule = |name: &str| json!({"name": name, "channel": "Audio", "all": [condition]});
    let many: Vec<_> = (0..51).map(|place| rule(&format!("r{place}"))).collect();
    let with =
        |condition: serde_json::Value| json!({"channels": [{"name": "R", "channel": "Audio", "all": [condition]}]});
    for (wrong, field, says) in [
        (json!({ "channels": many }), "channels", "at most 50"),
        (json!({"channels": [rule("a"), rule("A")]}), "channels[1].name", "Two channel rules"),
        (json!({"channels": [rule(" ")]}), "channels[0].name", "is empty"),
        (json!({"channels": [rule(&"x".repeat(81))]}), "channels[0].name", "at most 80"),
        (json!({"channels": [{"name": "R", "channel": "Audio", "all": []}]}), "channels[0].all", "“R”"),
        (with(json!({"field": "source", "test": "equals", "values": []})), "channels[0].all[0].values", "“R”"),
        (
            with(json!({"field": "source", "test": "equals", "values": ["a", "b"]})),
            "channels[0].all[0].values",
            "takes one",
        ),
        (
            with(json!({"field": "source", "test": "one_of", "values": ["a", ""]})),
            "channels[0].all[0].values",
            "is empty",
        ),
        (
            with(json!({"field": "referrer_host", "test": "equals", "values": ["https://a.example/"]})),
            "channels[0].all[0].values",
            "host alone",
        ),
        (
            with(json!({"field": "landing_path", "test": "starts", "values": ["a"]})),
            "channels[0].all[0].values",
            "begins with",
        ),
        (json!({"sites": [{"site": "https://a.example", "list": "search"}]}), "sites[0].site", "no host"),
        (
            json!({"sites": [{"site": "a.example", "list": "search"}, {"site": "A.example", "list": "video"}]}),
            "sites[1].site",
            "twice",
        ),
        (json!({"visitors": [{"name": "V", "test": "exact", "text": " ", "class": "bot"}]}), "visitors[0].text", "“V”"),
    ] {
        let problem = serde_json::from_value::<RuleBook>(wrong).unwrap().canonical().unwrap_err();
        assert_eq!((problem.status(), problem.field.as_deref()), (422, Some(field)), "{problem:?}");
        assert!(problem.message.contains(says), "{}", problem.message);
    }
}

#[test]
fn versions_differ_in_words() {
    let condition = |value: &str| json!({"field": "source", "test": "equals", "values": [value]});
    let before = book(json!({"channels": [
        {"name": "A", "channel": "Audio", "all": [condition("a")]},
        {"name": "B", "channel": "SMS", "all": [condition("b")]},
        {"name": "C", "channel": "SMS", "all": [condition("c")]},
    ], "sites": [{"site": "x.example", "list": "video"}]}));
    let after = book(json!({"channels": [
        {"name": "C", "channel": "SMS", "all": [condition("c")]},
        {"name": "A", "channel": "Email", "all": [condition("a")]},
    ], "visitors": [{"name": "V", "test": "contains", "text": "v", "class": "ai_agent"}]}));
    assert_eq!(
        differences(&before, &after),
        [
            "Channel rule removed: “B”: SMS when the source is `b`",
            "Channel rule changed: “A”: Email when the source is `a`; before: “A”: Audio when the source is `a`",
            "Channel rules in another order: C, A",
            "Site removed: `x.example` among the video sites",
            "Visitor rule added: “V”: AI agent when the user agent contains `v`",
        ]
    );
    assert!(differences(&before, &before).is_empty());
}

fn conditions() -> impl Strategy<Value = Condition> {
    use {ConditionField as F, ConditionTest as T};
    let field =
        prop_oneof![Just(F::Source), Just(F::Medium), Just(F::Campaign), Just(F::ReferrerHost), Just(F::ClickId)];
    let test = prop_oneof![Just(T::Equals), Just(T::Contains), Just(T::Starts), Just(T::Ends)];
    (field, test, "[ab]{1,2}").prop_map(|(field, test, value)| Condition { field, test, values: vec![value] })
}

proptest! {
    /// What is explained is what is decided.
    #[test]
    fn an_explanation_is_the_decision(
        rules in proptest::collection::vec((0..20_usize, proptest::collection::vec(conditions(), 1..3)), 0..6),
        texts in proptest::array::uniform4("(a|b|google|cpc|email){0,2}"),
    ) {
        let channels = rules.into_iter().enumerate().map(|(place, (channel, all))| ChannelRule {
            name: format!("r{place}"),
            channel: Channel::ALL[channel],
            all,
        });
        let book = RuleBook { channels: channels.collect(), ..RuleBook::default() };
        let rules = RuleSet::new(2, book.canonical().unwrap());
        let [source, medium, campaign, referrer_host] = &texts;
        let sight = Sight { referrer_host, ..sight(source, medium, campaign) };
        let explained = rules.explain(&sight);
        prop_assert_eq!(explained.channel, rules.classify(&sight));
    }
}
