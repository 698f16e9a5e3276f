//! Reading quickly is reading as serde does.

use super::quick::{Quick, quick};
use super::wire::{Bag, Context, Core, Raw};
use proptest::prelude::*;
use serde_json::Value;

fn bag(raw: Option<Raw<'_>>) -> Option<Option<Bag<'_>>> {
    raw.map(|raw| serde_json::from_str(raw.get())).transpose().ok()
}

/// As [`quick`], with serde alone; none when serde does not read it.
fn slow(text: &str) -> Option<Quick<'_>> {
    let core: Core<'_> = serde_json::from_str(text).ok()?;
    let context = match core.context {
        Some(raw) => serde_json::from_str::<Option<Context<'_>>>(raw.get()).ok()?.unwrap_or_default(),
        None => Context::default(),
    };
    let (properties, traits) = (bag(core.properties)?, bag(core.traits)?);
    Some(Quick { core, context, properties, traits })
}

const NAMES: [&str; 44] = [
    "type",
    "messageId",
    "userId",
    "anonymousId",
    "previousId",
    "groupId",
    "event",
    "name",
    "timestamp",
    "originalTimestamp",
    "sentAt",
    "properties",
    "traits",
    "context",
    "writeKey",
    "integrations",
    "userAgent",
    "locale",
    "timezone",
    "page",
    "campaign",
    "library",
    "location",
    "device",
    "os",
    "ip",
    "consent",
    "automated",
    "url",
    "path",
    "title",
    "referrer",
    "search",
    "currency",
    "revenue",
    "value",
    "version",
    "country",
    "model",
    "source",
    "gclid",
    "categoryPreferences",
    "gpc",
    "id",
];

fn values() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        4 => "[a-z ä/:?=&.-]{0,12}".prop_map(|text| serde_json::to_string(&text).unwrap()),
        1 => Just(r#""an \"escape\" \\ ☃""#.to_owned()),
        1 => Just("null".to_owned()),
        1 => any::<bool>().prop_map(|yes| yes.to_string()),
        1 => any::<i32>().prop_map(|number| number.to_string()),
        1 => Just("1.5e3".to_owned()),
        1 => Just("[]".to_owned()),
        1 => Just("{}".to_owned()),
    ];
    leaf.prop_recursive(4, 60, 12, |inner| {
        let list = proptest::collection::vec(inner.clone(), 0..4);
        let space = prop_oneof![4 => Just(""), 1 => Just(" "), 1 => Just("\n\t")];
        let object = proptest::collection::vec((proptest::sample::select(&NAMES[..]), inner), 0..12);
        prop_oneof![
            1 => list.prop_map(|list| format!("[{}]", list.join(", "))),
            6 => (object, space).prop_map(|(pairs, space)| {
                let pairs = pairs.iter().map(|(name, value)| format!("{space}\"{name}\"{space}:{space}{value}{space}"));
                format!("{{{}}}", pairs.collect::<Vec<_>>().join(","))
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    /// The differential test: quick reads nothing that serde reads otherwise, or not at all.
    #[test]
    fn what_is_read_quickly_is_what_serde_reads(text in values()) {
        prop_assert!(serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok());
        if let Some(found) = quick(&text) {
            prop_assert_eq!(Some(found), slow(&text));
        }
    }

    /// What is no JSON at all may not be given to it; if it is, it ends.
    #[test]
    fn any_text_ends(text in ".{0,60}") {
        let _ = quick(&text);
        let _ = quick(&format!("{{\"type\":{text}"));
    }
}

#[test]
fn ordinary_messages_are_read_quickly() {
    for text in [
        r#"{"messageId":"m1","anonymousId":"a1","type":"track","event":"Seen","properties":{"revenue":1.5,"url":"/x"},
            "timestamp":"2026-03-01T09:30:00.000Z","integrations":{"All":true,"x":["\"]}"]},"context":{"page":{"url":
            "https://a.example/?utm_source=x","referrer":""},"campaign":{"source":"x","gclid":"1"},"userAgent":"Mozilla/5.0",
            "library":{"name":"analytics.js","version":"1"},"ip":"10.0.0.1","consent":{"gpc":true,"categoryPreferences":
            {"ads":false}},"os":{"name":"iOS"},"device":{"type":"ios"},"location":{"country":"DE"},"automated":false}}"#,
        r#"{"type":"identify","userId":"u","traits":{"email":"a@b.example","n":{"deep":[1,{"x":null}]}},"context":null}"#,
        "{}",
    ] {
        let found = quick(text);
        assert!(found.is_some() && found == slow(text), "{text}");
    }
    for text in [
        r#"{"type":"track","type":"page"}"#,
        r#"{"type":7}"#,
        r#"{"event":"a \"quote\""}"#,
        r#"{"context":[]}"#,
        r#"{"properties":[]}"#,
        "[]",
        "null",
        "",
    ] {
        assert_eq!(quick(text), None, "{text}");
        let _: Result<Value, _> = serde_json::from_str(text);
    }
}
