//! From an e-mail address or a web address to the domain of a company.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Providers of mail for anybody, and of throw-away addresses: a person with such an address says nothing about a
/// company. One domain a line; `#` begins a comment.
static FREE_MAIL: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    let lines = include_str!("free_mail.txt").lines();
    lines.map(|line| line.split('#').next().unwrap_or("").trim()).filter(|line| !line.is_empty()).collect()
});

/// Names whose every ending is a mail provider: `yahoo.co.uk`, `hotmail.fr`, `gmx.at`.
const FREE_MAIL_NAMES: [&str; 11] = [
    "gmail",
    "googlemail",
    "yahoo",
    "ymail",
    "rocketmail",
    "hotmail",
    "outlook",
    "live",
    "gmx",
    "protonmail",
    "yandex",
];

/// The registrable domain of a web address, a domain, or an e-mail address: `https://www.shop.example.co.uk/x` is
/// `example.co.uk`. Empty when there is none, or when it is a mail provider's.
#[must_use]
pub fn company_domain(text: &str) -> String {
    let domain = registrable(text);
    if is_free_mail(&domain) { String::new() } else { domain }
}

/// Whether a registrable domain is a mail provider's or a throw-away one.
#[must_use]
pub fn is_free_mail(domain: &str) -> bool {
    let name = domain.split('.').next().unwrap_or("");
    FREE_MAIL.contains(domain) || FREE_MAIL_NAMES.contains(&name)
}

fn registrable(text: &str) -> String {
    let lower = text.trim().to_lowercase();
    let host = lower.split_once("://").map_or(lower.as_str(), |(_, rest)| rest);
    let host = host.split(['/', '?', '#']).next().unwrap_or("");
    let host = host.rsplit('@').next().unwrap_or("");
    let host = host.split(':').next().unwrap_or("").trim_matches('.');
    let ascii = science::identity::normal_email(&format!("x@{host}"));
    let Some(host) = ascii.as_deref().and_then(|address| address.strip_prefix("x@")) else { return String::new() };
    if host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return String::new();
    }
    // A suffix that stands on no list (`server.internal`) is a network of one's own, not a company's domain. `.example` is
    // kept for made-up companies (RFC 2606): those of the demo and of whoever tries things out.
    match psl::domain(host.as_bytes()) {
        Some(domain) if domain.suffix().is_known() || domain.suffix().as_bytes() == b"example" => {
            std::str::from_utf8(domain.as_bytes()).unwrap_or_default().to_owned()
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ma_2_domains_of_companies_and_of_nobody() {
        let cases = [
            ("jane@acme.com", "acme.com"),
            ("jane@mail.eu.acme.co.uk", "acme.co.uk"),
            ("https://www.Acme.com:8080/about?x=1#y", "acme.com"),
            ("Bücher.example.de", "example.de"),
            ("jane@bücher.de", "xn--bcher-kva.de"),
            ("jane@gmail.com", ""),
            ("jane@yahoo.co.uk", ""),
            ("jane@hotmail.fr", ""),
            ("jane@web.de", ""),
            ("jane@mailinator.com", ""),
            ("192.168.0.1", ""),
            ("localhost", ""),
            ("", ""),
            ("co.uk", ""),
            ("jane@server.internal", ""),
            ("jane@mail.acme.example", "acme.example"),
            ("example", ""),
        ];
        for (text, domain) in cases {
            assert_eq!(company_domain(text), domain, "{text}");
        }
        assert!(FREE_MAIL.len() > 300, "{}", FREE_MAIL.len());
        for domain in FREE_MAIL.iter() {
            assert_eq!(&registrable(domain), domain, "the list holds registrable domains in normal form");
        }
    }
}
