//! The vectors of AN 1.1, and the laws of the engine.

use super::*;
use proptest::prelude::*;

fn manual<'a>(source: &'a str, medium: &'a str, campaign: &'a str) -> Evidence<'a> {
    Evidence { source, medium, campaign, ..Evidence::default() }
}

/// AN 1.1: every vector of the research table.
#[test]
fn an_1_1_the_default_channel_group_meets_every_vector() {
    use Channel as C;
    for (source, medium, campaign, channel) in [
        ("google", "cpc", "", C::PaidSearch),
        ("facebook", "cpm", "", C::PaidSocial),
        ("adnet.example", "cpm", "", C::Display),
        ("adnet.example", "cpc", "", C::PaidOther),
        ("google", "cpc", "eshop spring", C::PaidShopping),
        ("google", "cpc", "workshop", C::PaidSearch),
        ("google", "cpc", "e-shop", C::PaidShopping),
        ("google", "organic", "spring shopping", C::OrganicShopping),
        ("youtube", "organic", "", C::OrganicVideo),
        ("bing", "referral", "", C::OrganicSearch),
        ("news.ycombinator.com", "referral", "", C::OrganicSocial),
        ("quora.com", "referral", "", C::OrganicSocial),
        ("amazon", "referral", "", C::OrganicShopping),
        ("newsletter", "newsletter", "", C::Unassigned),
        ("email", "newsletter", "", C::Email),
        ("partner", "affiliates", "", C::Unassigned),
        ("partner", "affiliate", "", C::Affiliates),
        ("crm", "web_push", "", C::MobilePush),
        ("x", "mobile-app", "", C::MobilePush),
        ("Facebook", "CPC", "", C::PaidSocial),
        ("google", "cpc", "cross-network q1", C::CrossNetwork),
        ("chatgpt.com", "referral", "", C::AiAssistant),
    ] {
        assert_eq!(classify(&manual(source, medium, campaign)), channel, "{source}, {medium}, {campaign}");
    }
}

/// AN 1.1 and AN 0.2: the rest of the table, row by row.
#[test]
fn an_1_1_every_rule_is_reached() {
    use Channel as C;
    for (source, medium, campaign, channel) in [
        ("(direct)", "(none)", "", C::Direct),
        ("(direct)", "(not set)", "", C::Direct),
        ("", "", "", C::Direct),
        ("(direct)", "cpc", "", C::PaidOther),
        ("any", "any", "Summer Cross-Network", C::CrossNetwork),
        ("amazon.de", "paid-placement", "", C::PaidShopping),
        ("www.google.fr", "PPC", "", C::PaidSearch),
        ("linkedin.com", "paid_social", "", C::PaidSocial),
        ("youtube.com", "cpv", "", C::PaidVideo),
        ("youtube.com", "cpc", "", C::PaidVideo),
        ("vimeo", "retargeting", "", C::PaidVideo),
        ("adnet", "banner", "", C::Display),
        ("adnet", "retargeting", "", C::PaidOther),
        ("anything", "social-media", "", C::OrganicSocial),
        ("anything", "embedded-video", "", C::OrganicVideo),
        ("intranet", "organic", "", C::OrganicSearch),
        ("perplexity", "", "", C::AiAssistant),
        ("anything", "ai-assistant", "", C::AiAssistant),
        ("chatgpt.com", "cpc", "", C::PaidOther),
        ("partner.example", "link", "", C::Referral),
        ("crm", "e_mail", "", C::Email),
        ("podcast", "audio", "", C::Audio),
        ("sms", "", "", C::Sms),
        ("firebase", "x", "", C::MobilePush),
        ("shop", "", "workshops", C::Unassigned),
    ] {
        assert_eq!(classify(&manual(source, medium, campaign)), channel, "{source}, {medium}, {campaign}");
    }
}

/// AN 1.1: click-id traffic goes before the manual rules.
#[test]
fn an_1_1_click_ids_go_first() {
    use Channel as C;
    for (click_id_kind, network, source, medium, campaign, channel) in [
        ("gclid", "", "google", "cpc", "", C::PaidSearch),
        ("gclid", "g", "newsletter", "email", "", C::PaidSearch),
        ("gbraid", "ytv", "google", "cpc", "", C::PaidVideo),
        ("wbraid", "d", "google", "cpc", "", C::Display),
        ("gclid", "x", "google", "cpc", "", C::CrossNetwork),
        ("gclid", "", "google", "cpc", "Cross-network Q3", C::CrossNetwork),
        ("msclkid", "", "bing", "cpc", "", C::PaidSearch),
        ("msclkid", "a", "bing", "cpc", "", C::Display),
        ("dclid", "", "", "", "", C::Display),
        ("li_fat_id", "", "linkedin", "", "", C::PaidSocial),
        ("ttclid", "", "", "", "", C::PaidSocial),
        ("twclid", "", "", "", "", C::PaidSocial),
        ("fbclid", "", "facebook", "social", "", C::OrganicSocial),
        ("fbclid", "", "facebook", "paid", "", C::PaidSocial),
        ("irclickid", "", "", "", "", C::Affiliates),
        ("unknown", "", "google", "organic", "", C::OrganicSearch),
    ] {
        let evidence = Evidence { source, medium, campaign, click_id_kind, network };
        assert_eq!(classify(&evidence), channel, "{evidence:?}");
    }
}

fn came_from(url: &str, referrer: &str) -> (String, String, Channel, Basis) {
    let (page, from) = (Address::parse(url), Address::parse(referrer));
    let marks = Marks::of_query(page.query);
    let found = origin(&marks, from.host, page.host);
    let evidence = Evidence {
        source: &found.source,
        medium: &found.medium,
        campaign: &marks.campaign,
        click_id_kind: marks.click.as_ref().map_or("", |(known, _)| known.name),
        network: &marks.network,
    };
    let channel = classify(&evidence);
    (found.source.into_owned(), found.medium.into_owned(), channel, found.basis)
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn source_and_medium_come_from_utm_then_click_id_then_referrer() {
    use Channel as C;
    for (url, referrer, source, medium, channel, basis) in [
        (
            "https://acme.com/?utm_source=News%20Letter&utm_medium=Email",
            "https://google.com/",
            "News Letter",
            "Email",
            C::Email,
            Basis::Utm,
        ),
        ("https://acme.com/?gclid=abc", "https://www.google.com/", "google", "cpc", C::PaidSearch, Basis::ClickId),
        ("https://acme.com/?GCLID=abc&network=ytv", "", "google", "cpc", C::PaidVideo, Basis::ClickId),
        ("https://acme.com/?fbclid=a&gclid=b", "", "google", "cpc", C::PaidSearch, Basis::ClickId),
        (
            "https://acme.com/?fbclid=a",
            "https://l.facebook.com/",
            "facebook",
            "social",
            C::OrganicSocial,
            Basis::ClickId,
        ),
        ("https://acme.com/", "https://www.google.co.uk/", "google", "organic", C::OrganicSearch, Basis::Referrer),
        (
            "https://acme.com/",
            "https://gemini.google.com/app",
            "gemini",
            "ai-assistant",
            C::AiAssistant,
            Basis::Referrer,
        ),
        ("https://acme.com/?utm_source=chatgpt.com", "", "chatgpt.com", "(not set)", C::AiAssistant, Basis::Utm),
        ("https://acme.com/", "https://lnkd.in/x", "linkedin", "referral", C::OrganicSocial, Basis::Referrer),
        (
            "https://acme.com/",
            "android-app://com.reddit.frontpage/",
            "reddit",
            "referral",
            C::OrganicSocial,
            Basis::Referrer,
        ),
        (
            "https://acme.com/",
            "https://www.youtube.com/watch?v=1",
            "youtube",
            "referral",
            C::OrganicVideo,
            Basis::Referrer,
        ),
        (
            "https://acme.com/",
            "https://www.partner.example/a",
            "partner.example",
            "referral",
            C::Referral,
            Basis::Referrer,
        ),
        ("https://app.acme.co.uk/b", "https://www.acme.co.uk/a", "(direct)", "(none)", C::Direct, Basis::None),
        ("https://one.github.io/", "https://two.github.io/", "two.github.io", "referral", C::Referral, Basis::Referrer),
        ("https://acme.com/", "", "(direct)", "(none)", C::Direct, Basis::None),
        (
            "https://acme.com/?utm_campaign=spring",
            "https://www.bing.com/",
            "bing",
            "organic",
            C::OrganicSearch,
            Basis::Utm,
        ),
        ("https://acme.com/?utm_medium=cpc", "", "(not set)", "cpc", C::PaidOther, Basis::Utm),
    ] {
        let found = came_from(url, referrer);
        assert_eq!(found, (source.to_owned(), medium.to_owned(), channel, basis), "{url} from {referrer}");
    }
}

#[test]
fn marks_keep_their_case_and_the_campaign_has_its_id() {
    let marks =
        Marks::of_query("?UTM_Source=LinkedIn&utm_campaign=Spring+Sale%21&gad_campaignid=7&utm_id=42&utm_term=a%2Bb");
    assert_eq!((&*marks.source, &*marks.campaign), ("LinkedIn", "Spring Sale!"));
    assert_eq!((&*marks.campaign_id, &*marks.term), ("42", "a+b"));
}

#[test]
fn an_address_is_taken_apart() {
    let parts = |url| {
        let address = Address::parse(url);
        (address.host, address.path, address.query)
    };
    assert_eq!(parts("https://user:pw@Acme.com:8443/a/b?c=d#e?f"), ("Acme.com", "/a/b", "c=d"));
    assert_eq!(parts("https://acme.com"), ("acme.com", "/", ""));
    assert_eq!(parts("https://acme.com?x=1"), ("acme.com", "/", "x=1"));
    assert_eq!(parts("http://[::1]:80/a"), ("::1", "/a", ""));
    assert_eq!(parts("/pricing?x=1"), ("", "/pricing", "x=1"));
    assert_eq!(parts("not an address"), ("", "", ""));
    assert_eq!(parts("android-app://com.slack/x"), ("com.slack", "/x", ""));
}

/// AN-A: "explain this channel" shows the rule that held and every failed earlier rule.
#[test]
fn an_a_an_explanation_lists_each_failed_rule_and_the_values() {
    let why = explain(&manual("google", "cpc", "Workshop"));
    assert_eq!(why.channel, Channel::PaidSearch);
    let decided = why.decided_by.unwrap();
    assert_eq!(decided.rule, "4");
    assert!(decided.why.contains("source `google`") && decided.why.contains("medium `cpc`"), "{}", decided.why);
    let orders: Vec<&str> = why.failed.iter().map(|rule| rule.rule.as_str()).collect();
    assert_eq!(orders, ["C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8", "C9", "1", "2", "3"]);
    let shopping = why.failed.last().unwrap();
    assert!(shopping.why.contains("campaign `workshop`"), "{}", shopping.why);
    let none = explain(&manual("newsletter", "newsletter", ""));
    assert_eq!((none.channel, none.decided_by), (Channel::Unassigned, None));
    assert_eq!(none.failed.len(), RULES.len());
}

/// The rules, the lists and the click ids belong to a version: whoever changes one raises it and this number.
#[test]
fn a_change_of_rules_is_a_new_version() {
    let mut text = rules_text();
    for list in List::ALL {
        text.push_str(list.text());
    }
    text.push_str(&format!("{CLICK_IDS:?}"));
    let print = xxhash_rust::xxh3::xxh3_64(text.as_bytes());
    assert_eq!((RULES_VERSION, format!("{print:016x}").as_str()), (1, "8d3ae48170d57d2d"));
}

proptest! {
    #[test]
    fn the_explanation_is_the_decision(source in "[ -~]{0,20}", medium in "[a-z_-]{0,14}", campaign in ".{0,20}", click in 0_usize..20) {
        let click_id_kind = CLICK_IDS.get(click).map_or("", |known| known.name);
        let evidence = Evidence { click_id_kind, ..manual(&source, &medium, &campaign) };
        let why = explain(&evidence);
        prop_assert_eq!(why.channel, classify(&evidence));
        prop_assert_eq!(why.channel, classify(&Evidence { click_id_kind, ..manual(&source.to_uppercase().to_lowercase(), &medium.to_uppercase(), &campaign) }));
    }

    #[test]
    fn no_address_makes_the_reader_panic(url in ".{0,60}", referrer in ".{0,30}") {
        let _ = came_from(&url, &referrer);
    }

    /// AN 1.1: the two patterns, against what they say letter by letter.
    #[test]
    fn the_patterns_mean_what_they_say(text in "[a-fsz hopcid-]{0,12}") {
        let letters: Vec<char> = text.chars().collect();
        let shop = text.contains("shopping") || (0..letters.len().saturating_sub(3)).any(|at| {
            letters[at..at + 4] == ['s', 'h', 'o', 'p']
                && (at == 0 || !matches!(letters[at - 1], 'a'..='d' | 'f'..='z'))
        });
        prop_assert_eq!(rules::is_shopping_name(&text), shop);
    }
}
