//! The wire facts of OS §4.2 and the Segment specification of AN 1.5, message by message.

use super::*;
use kernel::limits;
use kernel::time::{HOUR, SECOND, Timestamp};
use lake::{AgentClass, EventKind};
use proptest::prelude::*;
use serde_json::value::RawValue;
use std::io::Write as _;

const BROWSER: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";

fn received() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

static RULES: std::sync::LazyLock<crate::channel_rules::RuleSet> = std::sync::LazyLock::new(Default::default);

fn request<'a>() -> Request<'a> {
    Request {
        kind: None,
        received_at: received(),
        write_key: "key_1",
        user_agent: "",
        edge_country: "",
        gpc: false,
        sent_at: "",
        rules: &RULES,
        nonce: 7,
    }
}

fn try_read(text: &str, request: &Request<'_>) -> Result<(lake::Event, Vec<Doubt>), Rejection> {
    let raw: &RawValue = serde_json::from_str(text).unwrap();
    let found = read(raw, 0, request).map_err(|rejected| rejected.rejection);
    found.map(|(draft, doubts)| (stored(&draft), doubts))
}

/// As it comes out of the log.
fn stored(draft: &lake::Draft<'_>) -> lake::Event {
    let mut events = lake::NewEvents::default();
    events.push(draft).unwrap();
    lake::Batch::from((0, events)).event(0).unwrap().event(0, 0)
}

fn event(text: &str) -> lake::Event {
    let (event, doubts) = try_read(text, &request()).unwrap();
    assert_eq!(doubts, [], "{text}");
    event
}

fn rejected(text: &str) -> String {
    try_read(text, &request()).unwrap_err().code().to_owned()
}

/// AN 1.5: the six calls, with what each must have.
#[test]
fn an_1_5_each_call_is_read() {
    let cases = [
        (r#"{"type":"track","event":"Signed up","userId":"u1","messageId":"m1"}"#, EventKind::Track, "Signed up"),
        (r#"{"type":"page","name":"Home","anonymousId":"a1","messageId":"m2"}"#, EventKind::Page, "Page viewed"),
        (r#"{"type":"screen","name":"Home","anonymousId":"a1","messageId":"m3"}"#, EventKind::Screen, "Screen viewed"),
        (
            r#"{"type":"identify","userId":"u1","traits":{"email":"a@b.example"},"messageId":"m4"}"#,
            EventKind::Identify,
            "Identified",
        ),
        (
            r#"{"type":"group","userId":"u1","groupId":"g1","traits":{"name":"Acme"},"messageId":"m5"}"#,
            EventKind::Group,
            "Grouped",
        ),
        (r#"{"type":"alias","previousId":"a1","userId":"u1","messageId":"m6"}"#, EventKind::Alias, "Aliased"),
    ];
    for (text, kind, name) in cases {
        let found = event(text);
        assert_eq!((found.kind, found.name.as_str()), (kind, name));
        assert_eq!((found.raw.as_str(), found.write_key.as_str()), (text, "key_1"));
    }
}

/// AN 1.5: what Segment drops in silence is answered with a reason here.
#[test]
fn an_1_5_what_is_wrong_has_its_reason() {
    let long = |length: usize| "x".repeat(length);
    let many: Vec<String> = (0..=limits::EVENT_PROPERTIES_MAX).map(|number| format!("\"p{number}\":1")).collect();
    let cases = [
        ("[]".to_owned(), "unknown_type"),
        ("7".to_owned(), "unreadable"),
        (r#"{"type":"track","event":"e","userId":"u","event":"twice"}"#.to_owned(), "unreadable"),
        (r#"{"event":"e","userId":"u"}"#.to_owned(), "unknown_type"),
        (r#"{"type":"tracks","event":"e","userId":"u"}"#.to_owned(), "unknown_type"),
        (r#"{"type":"track","event":"e"}"#.to_owned(), "no_identifier"),
        (r#"{"type":"track","event":"e","userId":null,"anonymousId":" "}"#.to_owned(), "no_identifier"),
        (r#"{"type":"track","userId":"u"}"#.to_owned(), "no_event_name"),
        (format!(r#"{{"type":"track","event":"{}","userId":"u"}}"#, long(201)), "event_name_too_long"),
        (r#"{"type":"group","userId":"u","groupId":""}"#.to_owned(), "no_group_id"),
        (format!(r#"{{"type":"group","userId":"u","groupId":"{}"}}"#, long(501)), "identifier_too_long"),
        (format!(r#"{{"type":"track","event":"e","userId":"u","messageId":"{}"}}"#, long(101)), "identifier_too_long"),
        (r#"{"type":"track","event":"e","userId":"u\u0000x"}"#.to_owned(), "control_character"),
        (r#"{"type":"alias","userId":"u"}"#.to_owned(), "alias_incomplete"),
        (r#"{"type":"alias","previousId":"a"}"#.to_owned(), "alias_incomplete"),
        (
            format!(r#"{{"type":"track","event":"e","userId":"u","properties":{{{}}}}}"#, many.join(",")),
            "too_many_properties",
        ),
        (r#"{"type":"track","event":"e","userId":"u","properties":"x"}"#.to_owned(), "not_an_object"),
        (r#"{"type":"track","event":"e","userId":"u","timestamp":"yesterday"}"#.to_owned(), "bad_timestamp"),
        (
            format!(r#"{{"type":"track","event":"e","userId":"u","x":"{}"}}"#, long(limits::EVENT_BYTES_MAX)),
            "message_too_large",
        ),
    ];
    for (text, code) in cases {
        assert_eq!(rejected(&text), code, "{}", &text[..text.len().min(120)]);
    }
}

/// OS §4.2: null ids, numbers as ids, the empty lists of PHP, single quirks of real clients.
#[test]
fn os_4_2_quirks_of_clients_are_taken() {
    let found = event(
        r#"{"type":"TRACK","event":"e","userId":42,"anonymousId":null,"integrations":{},"context":[],"properties":[]}"#,
    );
    assert_eq!((found.user_id.as_str(), found.anonymous_id.as_str(), found.properties.as_str()), ("42", "", "{}"));
    assert!(event(r#"{"type":"track","event":"e","userId":"u","context":null}"#).event_id.starts_with("ms-"));
    let (found, doubts) =
        try_read(r#"{"type":"track","event":"e","userId":"u","context":{"page":"home"}}"#, &request()).unwrap();
    assert_eq!((found.name.as_str(), doubts[0].code()), ("e", "bad_context"));
    let one = Request { kind: Some(EventKind::Page), ..request() };
    let (found, _) = try_read(r#"{"anonymousId":"a"}"#, &one).unwrap();
    assert_eq!(found.kind, EventKind::Page, "the address says which call it is");
}

/// A message without an id that carries its time is known again when it is sent again; one without time is new each time.
#[test]
fn a_missing_message_id_is_made() {
    let timed = r#"{"type":"track","event":"e","userId":"u","timestamp":"2026-03-01T11:00:00Z"}"#;
    assert_eq!(event(timed).event_id, event(timed).event_id);
    let text = r#"{"type":"track","event":"e","userId":"u"}"#;
    let other = Request { nonce: 8, ..request() };
    assert_ne!(event(text).event_id, try_read(text, &other).unwrap().0.event_id);
}

/// AN 1.5: `timestamp = receivedAt − (sentAt − originalTimestamp)`, and its limits.
#[test]
fn an_1_5_the_skew_rule() {
    let at = |fields: &str| {
        let text = format!(r#"{{"type":"track","event":"e","userId":"u",{fields}}}"#);
        let (event, doubts) = try_read(&text, &request()).unwrap();
        (Timestamp::from_micros(event.at).since(received()) / SECOND, doubts.first().map(Doubt::code))
    };
    let cases = [
        (r#""x":1"#, 0, None),
        (r#""timestamp":"2026-03-01T11:59:00.000Z""#, -60, None),
        (r#""originalTimestamp":"2026-03-01T13:59:50Z","sentAt":"2026-03-01T14:00:00Z""#, -10, None),
        (
            r#""originalTimestamp":"2026-03-01T13:59:50Z","sentAt":"2026-03-01T14:00:00Z","timestamp":"1999-01-01T00:00:00Z""#,
            -10,
            None,
        ),
        (r#""timestamp":"2025-03-01T12:00:00+00:00","sentAt":"2026-03-01T12:00:00+00:00""#, -365 * 86_400, None),
        (r#""timestamp":"2026-03-03T11:00:00Z","sentAt":"2026-03-03T12:00:00Z""#, -3_600, Some("clock_skew")),
        (r#""timestamp":"2026-03-01T12:00:30Z""#, 0, None),
        (r#""timestamp":"2026-03-01T14:00:00Z""#, 0, Some("future_time")),
        (r#""timestamp":"1970-01-21T12:00:00Z""#, 0, Some("ancient_time")),
        (r#""timestamp":1772362800"#, -3_600, None),
        (r#""timestamp":1772362800000"#, -3_600, None),
        (r#""timestamp":"2026-03-01T11:00:00""#, -3_600, None),
        (r#""timestamp":"2026-03-01 11:00:00.5""#, -3_599, None),
        (r#""timestamp":"2026-03-01T12:00:00+01:00""#, -3_600, None),
    ];
    for (fields, seconds, doubt) in cases {
        assert_eq!(at(fields), (seconds, doubt), "{fields}");
    }
    let batch = Request { sent_at: "2026-03-01T13:00:00Z", ..request() };
    let text = r#"{"type":"track","event":"e","userId":"u","timestamp":"2026-03-01T12:30:00Z"}"#;
    let (event, _) = try_read(text, &batch).unwrap();
    assert_eq!(event.at, received().plus(-HOUR / 2).micros(), "the batch's sentAt serves for its messages");
}

#[test]
fn revenue_before_value_before_total_in_exact_micros() {
    let worth = |properties: &str| {
        let text = format!(r#"{{"type":"track","event":"e","userId":"u","properties":{properties}}}"#);
        let (event, doubts) = try_read(&text, &request()).unwrap();
        (event.value, event.currency, doubts.first().map(Doubt::code))
    };
    let none = String::new;
    let cases = [
        (r#"{}"#, None, none(), None),
        (r#"{"revenue":19.99,"currency":"eur"}"#, Some(19_990_000), "EUR".to_owned(), None),
        (r#"{"total":5,"value":"7.5","revenue":null}"#, Some(7_500_000), none(), None),
        (r#"{"total":-3}"#, Some(-3_000_000), none(), None),
        (r#"{"revenue":"$12.30","currency":"CAD"}"#, Some(12_300_000), "CAD".to_owned(), None),
        (r#"{"revenue":"$12.30"}"#, None, none(), Some("bad_currency")),
        (r#"{"revenue":"€12.30"}"#, Some(12_300_000), "EUR".to_owned(), None),
        (r#"{"value":" £12.30"}"#, Some(12_300_000), "GBP".to_owned(), None),
        (r#"{"revenue":0.1234567891}"#, Some(123_456), none(), None),
        (r#"{"revenue":1e3}"#, Some(1_000_000_000), none(), None),
        (r#"{"revenue":"free"}"#, None, none(), Some("bad_amount")),
        (r#"{"value":"blue"}"#, None, none(), None),
        (r#"{"value":true}"#, None, none(), None),
        (r#"{"revenue":5,"currency":"euro"}"#, None, none(), Some("bad_currency")),
    ];
    for (properties, value, currency, doubt) in cases {
        assert_eq!(worth(properties), (value, currency, doubt), "{properties}");
    }
}

#[test]
fn a_page_view_carries_where_it_came_from_and_on_what() {
    let text = r#"{"type":"page","anonymousId":"a","properties":{"url":"https://Acme.com/pricing?utm_source=LinkedIn&utm_medium=cpc&utm_campaign=Spring&utm_id=77&li_fat_id=x1","path":"/pricing","title":"Pricing","referrer":"https://www.linkedin.com/"},
        "context":{"library":{"name":"analytics.js","version":"next-1.84"},"locale":"de-AT","timezone":"Europe/Berlin"}}"#;
    let seen = Request { user_agent: BROWSER, edge_country: "", gpc: true, ..request() };
    let (event, doubts) = try_read(text, &seen).unwrap();
    assert_eq!(doubts, []);
    let texts = [
        (event.host.as_str(), "acme.com"),
        (&event.path, "/pricing"),
        (&event.title, "Pricing"),
        (&event.referrer_host, "www.linkedin.com"),
        (&event.source, "LinkedIn"),
        (&event.medium, "cpc"),
        (&event.campaign, "Spring"),
        (&event.campaign_id, "77"),
        (&event.click_id_kind, "li_fat_id"),
        (&event.click_id, "x1"),
        (&event.channel, "Paid Social"),
        (&event.device, "desktop"),
        (&event.browser, "Chrome"),
        (&event.os, "Windows"),
        (&event.country, "DE"),
        (&event.consent, "gpc"),
        (&event.library, "analytics.js next-1.84"),
    ];
    for (found, expected) in texts {
        assert_eq!(found, expected);
    }
    assert_eq!((event.agent_class, event.channel_rule), (AgentClass::Human, crate::channels::RULES_VERSION));
    assert_eq!(country_basis(&event), Some(CountryBasis::TimeZone));
}

#[test]
fn the_campaign_of_the_context_goes_before_the_address() {
    let found = event(
        r#"{"type":"track","event":"e","anonymousId":"a","context":{"userAgent":"Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 Version/17.4 Mobile/15E148 Safari/604.1",
            "campaign":{"name":"Kept","source":"google","gclid":"g1"},"page":{"url":"https://acme.com/?utm_campaign=Other&utm_term=shoes"}}}"#,
    );
    assert_eq!((found.campaign.as_str(), found.term.as_str()), ("Kept", "shoes"));
    assert_eq!(
        (found.medium.as_str(), found.channel.as_str(), found.device.as_str()),
        ("cpc", "Paid Search", "mobile")
    );
}

#[test]
fn what_a_server_reports_has_no_channel_of_its_own() {
    let found = event(
        r#"{"type":"track","event":"Order paid","userId":"u","context":{"library":{"name":"analytics-node","version":"3.1.0"}}}"#,
    );
    assert_eq!((found.device.as_str(), found.channel.as_str(), found.source.as_str()), ("server", "", ""));
    assert_eq!(found.agent_class, AgentClass::Human);
    let edge = Request { edge_country: "US", user_agent: "node", gpc: true, ..request() };
    let (found, _) = try_read(r#"{"type":"track","event":"e","userId":"u"}"#, &edge).unwrap();
    assert_eq!((found.country.as_str(), found.consent.as_str()), ("", ""), "these headers are the server's own");
}

/// AN-A: bots and AI agents are kept, with their class and the reason.
#[test]
fn an_a_a_bot_is_an_event_with_its_class() {
    let with = |user_agent: &str, more: &str| {
        event(&format!(r#"{{"type":"page","anonymousId":"a","context":{{"userAgent":"{user_agent}"{more}}}}}"#))
            .agent_class
    };
    assert_eq!(with("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", ""), AgentClass::Bot);
    assert_eq!(with("Mozilla/5.0 (compatible; ChatGPT-User/1.0; +https://openai.com/bot)", ""), AgentClass::AiAgent);
    assert_eq!(with(BROWSER, ""), AgentClass::Human);
    assert_eq!(with(BROWSER, r#","automated":true"#), AgentClass::Bot);
    assert_eq!(with("Something/1", ""), AgentClass::Unknown);
}

/// AN 1.8: consent is kept with each event.
#[test]
fn an_1_8_consent_is_kept() {
    let found = event(
        r#"{"type":"page","anonymousId":"a","context":{"consent":{"gpc":true,"categoryPreferences":{"analytics":true,"advertising":false}}}}"#,
    );
    assert_eq!(found.consent, "gpc advertising=no analytics=yes");
}

#[test]
fn neither_key_nor_address_is_stored() {
    let text = r#"{"writeKey":"secret-key","type":"track","event":"é","userId":"u","context":{"ip":"203.0.113.77","x":1},"z":2}"#;
    let found = event(text);
    let stored =
        r#"{"writeKey":"","type":"track","event":"é","userId":"u","context":{"ip":"203.0.113.0","x":1},"z":2}"#;
    assert_eq!(found.raw, stored);
    let six = event(r#"{"type":"track","event":"e","userId":"u","context":{"ip":"2001:db8:1:2:3::9"}}"#);
    assert!(six.raw.contains(r#""ip":"2001:db8:1::""#), "{}", six.raw);
    let raw: &RawValue = serde_json::from_str(r#"{"writeKey":"secret-key","type":"x"}"#).unwrap();
    assert!(!read(raw, 0, &request()).unwrap_err().raw.contains("secret"), "nor in the quarantine");
}

#[test]
fn countries_have_their_basis() {
    let of = |context: &str, edge: &'static str| {
        let text = format!(r#"{{"type":"page","anonymousId":"a","context":{{"userAgent":"{BROWSER}",{context}}}}}"#);
        let (event, _) = try_read(&text, &Request { edge_country: edge, ..request() }).unwrap();
        let basis = country_basis(&event);
        (event.country, basis)
    };
    let zone = r#""timezone":"America/New_York","locale":"en-GB""#;
    assert_eq!(of(r#""location":{"country":"Germany"}"#, "FR"), ("DE".to_owned(), Some(CountryBasis::Location)));
    assert_eq!(of(zone, "fr"), ("FR".to_owned(), Some(CountryBasis::NetworkEdge)));
    assert_eq!(of(zone, "XX"), ("US".to_owned(), Some(CountryBasis::TimeZone)));
    assert_eq!(of(r#""locale":"zh-Hant-TW""#, ""), ("TW".to_owned(), Some(CountryBasis::Locale)));
    assert_eq!(of(r#""locale":"en""#, ""), (String::new(), None));
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

/// OS §4.2: gzip is known by its bytes, whatever the label; a small body cannot fill the memory.
#[test]
fn os_4_2_bodies_are_unpacked_by_their_bytes() {
    assert_eq!(&*unpack(b"{}").unwrap(), b"{}");
    assert_eq!(&*unpack(&gzip(b"{\"batch\":[]}")).unwrap(), b"{\"batch\":[]}");
    let bomb = gzip(&vec![b' '; 50 << 20]);
    assert!(bomb.len() < 100_000);
    let problem = unpack(&bomb).unwrap_err();
    assert_eq!((problem.status(), problem.code.as_str()), (400, "batch_too_large"));
    assert_eq!(unpack(&gzip(b"{}")[..12]).unwrap_err().code, "bad_gzip");
    assert_eq!(unpack(&vec![b' '; limits::BATCH_BYTES_MAX + 1]).unwrap_err().status(), 400);
}

#[test]
fn a_body_is_taken_apart() {
    let batch = messages(br#"{"batch":[{"type":"page"},7],"writeKey":"k","sentAt":"s"}"#, true);
    assert_eq!((batch.messages.len(), &*batch.write_key, &*batch.sent_at), (2, "k", "s"));
    let first = messages(br#"{"batch":[{"type":"page","writeKey":"inside"}]}"#, true);
    assert_eq!(key_of_first(&first).as_deref(), Some("inside"));
    let one = messages("\u{feff}{\"writeKey\":\"k\"}".as_bytes(), false);
    assert_eq!((one.messages.len(), &*one.write_key), (1, "k"));
    for (bytes, is_batch) in [(&b"data=e30"[..], false), (b"{}", true), (b"{\"batch\":{}}", true), (b"\xff\xfe", false)]
    {
        assert!(messages(bytes, is_batch).unreadable.is_some());
    }
}

#[test]
fn identity_is_told_what_the_message_says() {
    let observed = |text: &str| {
        let raw: &RawValue = serde_json::from_str(text).unwrap();
        let mut events = lake::NewEvents::default();
        events.push(&read(raw, 0, &request()).unwrap().0).unwrap();
        observe(&lake::Batch::from((0, events)).event(0).unwrap(), 0)
    };
    let group = observed(
        r#"{"type":"group","userId":"u","groupId":"g","traits":{"name":"Acme"},"context":{"traits":{"email":"a@b.example"}}}"#,
    );
    assert_eq!((group.group_id.as_deref(), group.email.as_deref()), (Some("g"), Some("a@b.example")));
    assert_eq!(group.group_traits.unwrap()["name"], "Acme");
    let identify = observed(
        r#"{"type":"identify","userId":"u","traits":{"email":" A@b.example ","phone":"+49 1"},"context":{"externalIds":[{"id":"7","type":"hubspot"}]}}"#,
    );
    assert_eq!((identify.email.as_deref(), identify.phone.as_deref()), (Some("A@b.example"), Some("+49 1")));
    assert_eq!(identify.external, [("hubspot".to_owned(), "7".to_owned())]);
    let alias = observed(r#"{"type":"alias","previousId":"a","userId":"u"}"#);
    assert_eq!(alias.previous_id.as_deref(), Some("a"));
    let bot = observed(r#"{"type":"page","anonymousId":"a","context":{"userAgent":"Googlebot/2.1"}}"#);
    assert!(!bot.human && bot.traits.is_none());
}

proptest! {
    /// No bytes make the reader panic; what is not taken has a reason.
    #[test]
    fn no_body_makes_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), is_batch: bool) {
        if let Ok(plain) = unpack(&bytes) {
            let body = messages(&plain, is_batch);
            for message in &body.messages {
                let _ = read(message, 0, &request());
            }
        }
    }

    #[test]
    fn no_value_makes_the_reader_panic(field in "(type|event|userId|timestamp|context|properties|traits|messageId|sentAt)", value in r#"(null|7|"x"|\[\]|\{"page":\{"url":"[ -~&&[^"\\]]{0,30}"\}\}|true|-1e300|"[0-9T:-]{0,24}")"#) {
        let text = format!(r#"{{"{field}":{value},"anonymousId":"a"}}"#);
        let raw: &RawValue = serde_json::from_str(&text).unwrap();
        if let Ok((event, _)) = read(raw, 0, &Request { kind: Some(EventKind::Page), ..request() }) {
            prop_assert!(event.at <= received().micros());
            prop_assert!(!event.event_id.is_empty());
        }
    }
}

#[test]
fn what_cannot_be_read_holds_no_address_and_no_key() {
    for (text, kept) in [
        (r#"{"writeKey":"k1","context":{"ip" : "203.0.113.77""#, r#"{"writeKey":"","context":{"ip" : "203.0.113.0""#),
        (r#"{"IP":"203.0.113.77","a":"ip","#, r#"{"IP":"203.0.113.0","a":"ip","#),
        (r#"{"ip":"203.0.113.7"#, r#"{"ip":"203.0.113.0"#),
        (r#"{"ip":2030113,"x":1"#, r#"{"ip":"","x":1"#),
        (r#"{"ip":["203.0.113.77","203.0.113.78"],"#, r#"{"ip":""],"#),
        (r#""{\"ip\":\"203.0.113.77\",\"writeKey\":\"k\"}"#, r#""{\"ip\":\"203.0.113.0\",\"writeKey\":\"\"}"#),
        (r#"{"ip":"2001:db8:1:2::9","write_key":"k"#, r#"{"ip":"2001:db8:1::","write_key":""#),
        (r#"{"recipient":"x","ipa":"y"#, r#"{"recipient":"x","ipa":"y"#),
        ("", ""),
    ] {
        assert_eq!(super::mask::mask(text), kept);
    }
    let body = messages(br#"{"writeKey":"k1","batch":[{"context":{"ip":"203.0.113.77"}}]"#, true);
    assert_eq!(body.unreadable.unwrap().raw, r#"{"writeKey":"","batch":[{"context":{"ip":"203.0.113.0"}}]"#);
    let odd = r#"{"type":"track","event":"e","userId":"u","context":{"ip":"203.0.113.77","page":7}}"#;
    let (odd, doubts) = try_read(odd, &request()).unwrap();
    assert!(matches!(doubts[..], [Doubt::Context(_)]));
    assert!(odd.raw.contains(r#""ip":"203.0.113.0""#), "{}", odd.raw);
}

#[test]
fn no_more_of_a_rejected_message_is_kept_than_an_event_may_have() {
    let text = format!(r#"{{"type":"track","event":"e","userId":"u","x":"{}"}}"#, "é".repeat(limits::EVENT_BYTES_MAX));
    let raw = serde_json::value::RawValue::from_string(text).unwrap();
    let rejected = read(&raw, 0, &request()).unwrap_err();
    assert!((limits::EVENT_BYTES_MAX - 3..=limits::EVENT_BYTES_MAX).contains(&rejected.raw.len()));
}
