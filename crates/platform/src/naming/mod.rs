//! What people may call things: names, short names, addresses, time zones.
//!
//! **Invariant:** a short name can be a folder and a schema of Postgres on every system.

use kernel::limits::NAME_CHARS_MAX;
use kernel::problem::Problem;

/// Longest short name, in characters.
pub(crate) const SLUG_CHARS_MAX: usize = 40;

/// A name people give to something: not empty, not too long.
pub(crate) fn check_name(field: &str, name: &str) -> Result<String, Problem> {
    let name = name.trim();
    let length = name.chars().count();
    if length == 0 || length > NAME_CHARS_MAX || name.chars().any(char::is_control) {
        return Err(Problem::invalid(field, format!("Write a name of 1 to {NAME_CHARS_MAX} characters.")));
    }
    Ok(name.to_owned())
}

/// An IANA time zone.
pub(crate) fn check_zone(zone: &str) -> Result<(), Problem> {
    jiff::tz::TimeZone::get(zone).map(|_| ()).map_err(|_| {
        let found: String = zone.chars().take(64).collect();
        let message = format!("`{found}` is not a time zone; write an IANA name such as Europe/Berlin.");
        Problem::invalid("time_zone", message)
    })
}

/// The short name that follows from a name: lower-case letters, digits and single hyphens.
pub(crate) fn slug_of(name: &str) -> String {
    let mut slug = String::new();
    for letter in name.to_lowercase().chars() {
        let plain = match letter {
            'a'..='z' | '0'..='9' => Some(letter.to_string()),
            'ä' | 'æ' => Some("ae".to_owned()),
            'ö' | 'ø' | 'œ' => Some("oe".to_owned()),
            'ü' => Some("ue".to_owned()),
            'ß' => Some("ss".to_owned()),
            'à' | 'á' | 'â' | 'ã' | 'å' => Some("a".to_owned()),
            'ç' => Some("c".to_owned()),
            'è' | 'é' | 'ê' | 'ë' => Some("e".to_owned()),
            'ì' | 'í' | 'î' | 'ï' => Some("i".to_owned()),
            'ñ' => Some("n".to_owned()),
            'ò' | 'ó' | 'ô' | 'õ' => Some("o".to_owned()),
            'ù' | 'ú' | 'û' => Some("u".to_owned()),
            _ => None,
        };
        match plain {
            Some(plain) => slug.push_str(&plain),
            None if !slug.is_empty() && !slug.ends_with('-') => slug.push('-'),
            None => {}
        }
    }
    let slug: String = slug.chars().take(SLUG_CHARS_MAX - 4).collect();
    let slug = slug.trim_matches('-').to_owned();
    if slug.len() < 2 { format!("workspace-{slug}").trim_matches('-').to_owned() } else { slug }
}

/// Longest address that mail can be sent to, in bytes (RFC 5321).
pub(crate) const EMAIL_BYTES_MAX: usize = 254;

/// An address somebody signs in with.
pub(crate) fn check_email(email: &str) -> Result<String, Problem> {
    let email = email.trim();
    let good = email.len() <= EMAIL_BYTES_MAX
        && !email.chars().any(|letter| letter.is_whitespace() || letter.is_control())
        && email.split_once('@').is_some_and(|(mailbox, host)| {
            !mailbox.is_empty() && !host.contains('@') && host.split('.').all(|part| !part.is_empty())
        });
    if good {
        return Ok(email.to_owned());
    }
    let found: String = email.chars().take(64).collect();
    Err(Problem::invalid("email", format!("`{found}` is not an e-mail address.")))
}

#[cfg(test)]
mod tests {
    use super::slug_of;

    #[test]
    fn short_names_are_folders_and_schemas() {
        for (name, slug) in [
            ("Acme", "acme"),
            ("  Acme GmbH & Co. KG ", "acme-gmbh-co-kg"),
            ("Müller/Söhne", "mueller-soehne"),
            ("../../etc/passwd", "etc-passwd"),
            ("X", "workspace-x"),
            ("東京", "workspace"),
            ("a".repeat(90).as_str(), "a".repeat(36).as_str()),
        ] {
            assert_eq!(slug_of(name), slug);
        }
    }
}
