//! Truth tables: events in order, and who each belongs to.

use super::*;

/// Replays events (`kind=value …`, `alias` first for an explicit one) over an empty graph. Each line of the answer says
/// whose event it was (persons are numbered 1, 2, … in order of creation) and what was refused.
fn replay(events: &[&str]) -> (Graph, Vec<String>) {
    let (rules, mut graph, mut next) = (Rules::default(), Graph::default(), 0_u64);
    let mut lines = Vec::new();
    for event in events {
        let alias = event.starts_with("alias ");
        let mut refused = Vec::new();
        let mut identifiers = Vec::new();
        for (kind, value) in event.trim_start_matches("alias ").split(' ').filter_map(|part| part.split_once('=')) {
            match Identifier::new(Kind::parse(kind).unwrap(), value) {
                Ok(identifier) => identifiers.push(identifier),
                Err(reason) => refused.push(format!("{kind}:{}", reason.as_str())),
            }
        }
        let decision = decide(&rules, &identifiers, alias, &graph);
        refused.extend(decision.refused.iter().map(|r| format!("{}:{}", r.identifier.kind(), r.reason.as_str())));
        let home = graph.apply(&decision, || {
            next += 1;
            next
        });
        let person = home.map_or_else(|| "nobody".to_owned(), |home| graph.canonical(home).to_string());
        lines.push([vec![person], refused].concat().join(" "));
    }
    (graph, lines)
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn an_1_6_the_truth_table() {
    let table: &[(&str, &[&str], &[&str])] = &[
        (
            "the golden test: the e-mail is dropped and abc456 is a new person",
            &["user_id=abc123 email=jane@example1.com", "user_id=abc456 email=jane@example1.com"],
            &["1", "2 email:over_limit"],
        ),
        (
            "no match creates, one attaches, the attached identifier is known afterwards",
            &["anonymous_id=a", "anonymous_id=a user_id=u", "user_id=u"],
            &["1", "1", "1"],
        ),
        (
            "many merge: two browsers, one sign-in",
            &[
                "anonymous_id=a",
                "anonymous_id=b",
                "anonymous_id=a user_id=u",
                "anonymous_id=b user_id=u",
                "anonymous_id=b",
            ],
            &["1", "2", "1", "1", "1"],
        ),
        (
            "two user ids in one browser stay two people; the browser stays with the first",
            &["anonymous_id=a user_id=u1", "anonymous_id=a user_id=u2", "user_id=u2", "anonymous_id=a"],
            &["1", "2 anonymous_id:over_limit", "2", "1"],
        ),
        (
            "an alias joins two user ids, and later events do not cut them again",
            &[
                "user_id=old",
                "user_id=new",
                "alias user_id=old user_id=new",
                "user_id=new email=n@x.org",
                "user_id=old",
            ],
            &["1", "2", "1", "1", "1"],
        ),
        (
            "an alias from an anonymous id",
            &["anonymous_id=a", "alias anonymous_id=a user_id=u", "user_id=u"],
            &["1", "1", "1"],
        ),
        (
            "blocked values stand for nobody",
            &[
                "user_id=null",
                "user_id=0",
                "user_id=000-00",
                "user_id=-1",
                "user_id=Anonymous anonymous_id=a",
                "user_id=--",
            ],
            &[
                "nobody user_id:blocked",
                "nobody user_id:blocked",
                "nobody user_id:blocked",
                "nobody user_id:blocked",
                "1 user_id:blocked",
                "nobody user_id:blocked",
            ],
        ),
        (
            "the sixth e-mail address is one too many",
            &[
                "user_id=u email=1@x.org",
                "user_id=u email=2@x.org",
                "user_id=u email=3@x.org",
                "user_id=u email=4@x.org",
                "user_id=u email=5@x.org",
                "user_id=u email=6@x.org",
                "email=6@x.org",
            ],
            &["1", "1", "1", "1", "1", "1 email:over_limit", "2"],
        ),
        (
            "demotion goes from the last by priority: phone, then external ids, then the browser, then e-mail",
            &[
                "user_id=u1 email=j@x.org ext:crm=7 anonymous_id=a phone=+4930123456",
                "user_id=u2 email=j@x.org ext:crm=7 anonymous_id=a phone=+4930123456",
            ],
            &["1", "2 phone:over_limit ext:crm:over_limit anonymous_id:over_limit email:over_limit"],
        ),
        (
            "an e-mail in another spelling is the same one",
            &["email=Jane@Example.COM", "email=jane@example.com", "email=j@bücher.de", "email=j@xn--bcher-kva.de"],
            &["1", "1", "2", "2"],
        ),
    ];
    for (name, events, expected) in table {
        assert_eq!(replay(events).1, *expected, "{name}");
    }
}

#[test]
fn ma_34_a_second_email_in_one_browser_never_overwrites_the_first_person() {
    let table: &[(&str, &[&str], &[&str])] = &[
        (
            "two people, one browser: the second is new, the first keeps the browser",
            &["anonymous_id=a email=ann@x.org", "anonymous_id=a email=bob@x.org", "email=bob@x.org", "anonymous_id=a"],
            &["1", "2 anonymous_id:shared_device", "2", "1"],
        ),
        (
            "both known before they share the browser: not merged",
            &["anonymous_id=a email=ann@x.org", "email=bob@x.org", "anonymous_id=a email=bob@x.org"],
            &["1", "2", "2 anonymous_id:shared_device"],
        ),
        (
            "a signed-in person may add a second address",
            &[
                "anonymous_id=a user_id=u email=ann@x.org",
                "anonymous_id=a user_id=u email=ann@home.org",
                "email=ann@home.org",
            ],
            &["1", "1", "1"],
        ),
        (
            "a new sign-in with another address in the same browser is another person",
            &["anonymous_id=a email=ann@x.org", "anonymous_id=a user_id=u2 email=bob@x.org", "user_id=u2"],
            &["1", "2 anonymous_id:shared_device", "2"],
        ),
        (
            "a switchboard's number does not make colleagues one person",
            &["email=ann@x.org phone=+49301234567", "email=bob@x.org phone=+49301234567", "phone=+49301234567"],
            &["1", "2 phone:shared_device", "1"],
        ),
        (
            "an anonymous browser joins the first address it gives",
            &["anonymous_id=a", "anonymous_id=a email=ann@x.org", "anonymous_id=a"],
            &["1", "1", "1"],
        ),
    ];
    for (name, events, expected) in table {
        assert_eq!(replay(events).1, *expected, "{name}");
    }
}

#[test]
fn a_merge_names_its_evidence() {
    let (graph, _) = replay(&["anonymous_id=a", "email=j@x.org"]);
    let event = [
        Identifier::new(Kind::Email, "j@x.org").unwrap(),
        Identifier::new(Kind::AnonymousId, "a").unwrap(),
        Identifier::new(Kind::UserId, "u").unwrap(),
    ];
    let decision = decide(&Rules::default(), &event, false, &graph);
    let Outcome::Merge(edges) = &decision.outcome else { panic!("{decision:?}") };
    assert_eq!(edges[0].pair(), (1, 2));
    assert_eq!(edges[0].identifier.key(), "email:j@x.org");
    assert_eq!(edges[0].other_identifier.key(), "anonymous_id:a");
    assert_eq!(decision.home, Some(2), "the event is the e-mail's, the most important known identifier");
    assert_eq!(decision.links, [event[2].clone()]);
}

#[test]
fn what_was_separated_by_hand_stays_separate() {
    let (mut graph, _) = replay(&["anonymous_id=a", "email=j@x.org"]);
    graph.separate(2, 1);
    let event = [Identifier::new(Kind::Email, "j@x.org").unwrap(), Identifier::new(Kind::AnonymousId, "a").unwrap()];
    let decision = decide(&Rules::default(), &event, false, &graph);
    assert_eq!(decision.outcome, Outcome::Attach);
    assert_eq!(decision.home, Some(2));
    assert_eq!(decision.refused[0].reason, Refusal::Separated);
    assert_eq!(decision.refused[0].home, Some(1));
}

#[test]
fn a_merge_counts_kinds_the_event_does_not_carry() {
    let mut graph = Graph::default();
    for number in 0..3 {
        for person in [1, 2] {
            graph.link(Identifier::new(Kind::Email, &format!("{number}-{person}@x.org")).unwrap(), person, true);
        }
    }
    graph.link(Identifier::new(Kind::UserId, "u").unwrap(), 1, true);
    graph.link(Identifier::new(Kind::External("crm".to_owned()), "7").unwrap(), 2, true);
    let event =
        [Identifier::new(Kind::UserId, "u").unwrap(), Identifier::new(Kind::External("crm".to_owned()), "7").unwrap()];
    let decision = decide(&Rules::default(), &event, false, &graph);
    assert_eq!(decision.outcome, Outcome::Attach, "3 + 3 e-mail addresses are more than five");
    assert_eq!(decision.refused[0].reason, Refusal::OverLimit);
}

#[test]
fn phones_and_emails_have_one_form() {
    let phones = [
        ("+49 (0)30 / 123-4567", Some("+49301234567")),
        ("0049 30 1234567", Some("+49301234567")),
        ("+1 (415) 555-0100", Some("+14155550100")),
        ("030 1234567", None),
        ("+12", None),
        ("+49 30 call me", None),
    ];
    for (raw, normal) in phones {
        assert_eq!(normal_phone(raw).as_deref(), normal, "{raw}");
    }
    let emails = [
        (" Jane.Doe@Example.com ", Some("jane.doe@example.com")),
        ("mailto:a@b.co", Some("a@b.co")),
        ("jürgen@müller.example", Some("jürgen@xn--mller-kva.example")),
        ("jane@example", None),
        ("jane", None),
        ("@example.com", None),
        ("a b@example.com", None),
        ("a@b.com,c@d.com", None),
        ("a@b@c.com", None),
        ("a@-..com", None),
    ];
    for (raw, normal) in emails {
        assert_eq!(normal_email(raw).as_deref(), normal, "{raw}");
    }
    assert!(looks_like_device_id("3f2504e0-4f89-41d3-9a0c-0305e82c3301"));
    assert!(!looks_like_device_id("user-17"));
}

#[test]
fn kinds_sort_by_priority_and_round_trip() {
    let mut kinds = [
        Kind::Phone,
        Kind::External("hubspot".to_owned()),
        Kind::AnonymousId,
        Kind::External("crm".to_owned()),
        Kind::Email,
        Kind::UserId,
    ];
    kinds.sort();
    let names: Vec<String> = kinds.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["user_id", "email", "anonymous_id", "ext:crm", "ext:hubspot", "phone"]);
    for (kind, name) in kinds.iter().zip(&names) {
        assert_eq!(Kind::parse(name).as_ref(), Some(kind));
    }
    for bad in ["", "ext:", "ext:a b", "cookie", "ext:a:b"] {
        assert_eq!(Kind::parse(bad), None, "{bad}");
    }
}

#[test]
fn a_value_that_is_too_long_is_refused_by_name() {
    let long = "x".repeat(501);
    assert_eq!(Identifier::new(Kind::UserId, &long), Err(Refusal::TooLong));
    assert!(Identifier::new(Kind::UserId, &"x".repeat(500)).is_ok());
}
