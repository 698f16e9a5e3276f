//! Cells that are words: yes and no, e-mail addresses, domains, countries, and the ways of writing nothing.

use std::collections::HashMap;
use std::sync::OnceLock;

/// Whether a cell says nothing: empty, or one of the marks programs write for it. Not `null` or `n/a` in other
/// spellings, because there are people called Null.
pub(crate) fn is_nothing(text: &str) -> bool {
    let text = text.trim();
    text.is_empty() || matches!(text, "--" | "—" | "NULL" | "\\N" | "#N/A" | "(not set)" | "(No value)")
}

/// Yes or no, in four languages.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    match text.trim().to_lowercase().as_str() {
        "true" | "yes" | "y" | "1" | "t" | "x" | "ja" | "wahr" | "oui" | "vrai" | "si" | "sí" | "verdadero" => {
            Some(true)
        }
        "false" | "no" | "n" | "0" | "f" | "nein" | "falsch" | "non" | "faux" | "falso" => Some(false),
        _ => None,
    }
}

/// An e-mail address, trimmed, also out of `mailto:` and `Name <address>`. The form is checked, not whether it exists.
pub(crate) fn email(text: &str) -> Option<&str> {
    let mut text = text.trim();
    if let Some((_, rest)) = text.split_once('<') {
        text = rest.strip_suffix('>')?.trim();
    }
    text = text.strip_prefix("mailto:").unwrap_or(text);
    let (local, domain) = text.rsplit_once('@')?;
    let local_is_fine = !local.is_empty()
        && local.len() <= 64
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains(|letter: char| {
            letter.is_whitespace() || letter.is_control() || "@,;:<>()[]\"\\".contains(letter)
        });
    (local_is_fine && text.len() <= 254 && is_domain(domain)).then_some(text)
}

fn is_domain(text: &str) -> bool {
    let label = |part: &str| {
        !part.is_empty()
            && part.len() <= 63
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part.chars().all(|letter| letter.is_alphanumeric() || letter == '-')
    };
    text.len() <= 253
        && text.contains('.')
        && text.split('.').all(label)
        && text.rsplit('.').next().is_some_and(|top| !top.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A domain in lower case, out of an address or a URL.
pub(crate) fn domain(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text.split_once("://").map_or(text, |(_, rest)| rest);
    let text = text.split(['/', '?', '#']).next()?;
    let text = text.rsplit('@').next()?;
    let text = text.split_once(':').map_or(text, |(host, _)| host).trim_end_matches('.').to_lowercase();
    let text = text.strip_prefix("www.").map(str::to_owned).unwrap_or(text);
    is_domain(&text).then_some(text)
}

/// A country as two capital letters, from its code of two or three letters or its name in four languages.
pub(crate) fn country(text: &str) -> Option<&'static str> {
    static COUNTRIES: OnceLock<HashMap<&'static str, &'static str>> = OnceLock::new();
    let countries = COUNTRIES.get_or_init(|| {
        let mut all = HashMap::new();
        for line in include_str!("countries.txt").lines() {
            let mut parts = line.split('|');
            if let Some(code) = parts.next() {
                all.insert(code, code);
                parts.for_each(|name| {
                    all.insert(name, code);
                });
            }
        }
        all
    });
    let text = text.trim();
    if text.len() == 2 {
        return countries.get(text.to_ascii_uppercase().as_str()).copied();
    }
    let lower = text.to_lowercase();
    countries.get(lower.strip_prefix("the ").unwrap_or(&lower)).or_else(|| countries.get(lower.as_str())).copied()
}

/// A header as it is compared: lower case, single spaces, no mark at the end.
pub(crate) fn plain_header(text: &str) -> String {
    let text = text
        .trim()
        .trim_matches(['*', ':', '\u{feff}'])
        .to_lowercase()
        .replace(['_', '\u{a0}', '\u{202f}'], " ")
        .replace('’', "'");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `Total`, `Total: Campaigns`, `Gesamt: Konto` in the first cell.
pub(crate) fn is_total(cell: &str) -> bool {
    const WORDS: [&str; 8] = ["total", "totals", "grand total", "gesamt", "gesamtsumme", "summe", "totaux", "totales"];
    let lower = cell.trim().to_lowercase();
    let word = lower.split(':').next().unwrap_or("").trim();
    WORDS.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_understood() {
        assert_eq!((boolean(" Ja "), boolean("FALSE"), boolean("maybe")), (Some(true), Some(false), None));
        for good in [
            "ada@example.com",
            " Ada.L+x@mail.example.co.uk ",
            "Ada <ada@example.com>",
            "mailto:ada@exämple.de",
            "o'neil@x.io",
        ] {
            assert!(email(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "ada",
            "ada@",
            "@x.de",
            "a b@x.de",
            "ada@localhost",
            "a@b@c.de",
            "ada@-x.de",
            "ada@x..de",
            "a,b@x.de",
            "a@1.2.3.4",
        ] {
            assert_eq!(email(bad), None, "{bad}");
        }
        assert_eq!(domain("https://www.Example.com:8080/a?b").as_deref(), Some("example.com"));
        assert_eq!(domain("ada@example.com").as_deref(), Some("example.com"));
        assert_eq!(domain("not a domain"), None);
        for (text, code) in [
            ("de", "DE"),
            ("Deutschland", "DE"),
            ("United States", "US"),
            ("the Netherlands", "NL"),
            ("ESPAÑA", "ES"),
            ("GBR", "GB"),
            ("South Korea", "KR"),
            ("Côte d'Ivoire", "CI"),
        ] {
            assert_eq!(country(text), Some(code), "{text}");
        }
        assert_eq!(country("Atlantis"), None);
        assert_eq!(plain_header("\u{feff} Record_ID *"), "record id");
        assert!(is_nothing(" -- ") && !is_nothing("Null"));
    }
}
