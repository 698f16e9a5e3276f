//! Typed identifiers in their one normal form.

use kernel::limits::IDENTIFIER_CHARS_MAX;
use std::cmp::Ordering;
use std::fmt;

/// What an identifier is a key of. Ordered by priority: user id, then e-mail, then the rest by name (AN 1.6).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The key the team's own product uses.
    UserId,
    /// An e-mail address.
    Email,
    /// A browser or an installed app.
    AnonymousId,
    /// The key another system uses; the text is that system's name.
    External(String),
    /// A phone number in international form.
    Phone,
}

impl Kind {
    /// The kind of this text: `user_id`, `email`, `anonymous_id`, `phone`, `ext:<source>`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "user_id" => Some(Kind::UserId),
            "email" => Some(Kind::Email),
            "anonymous_id" => Some(Kind::AnonymousId),
            "phone" => Some(Kind::Phone),
            other => {
                let source = other.strip_prefix("ext:")?.trim().to_lowercase();
                let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
                (!source.is_empty() && source.len() <= 64 && source.chars().all(plain))
                    .then_some(Kind::External(source))
            }
        }
    }

    /// Whether the identifier is shared too easily to hold two e-mail addresses together: a browser that two people
    /// use, a switchboard's phone number (MA-34).
    #[must_use]
    pub fn is_weak(&self) -> bool {
        matches!(self, Kind::AnonymousId | Kind::Phone)
    }

    /// Whether knowing it makes a visitor a known person: somebody who gave an e-mail address, signed in, or stands
    /// in another system.
    #[must_use]
    pub fn makes_known(&self) -> bool {
        matches!(self, Kind::UserId | Kind::Email | Kind::External(_))
    }

    fn rank(&self) -> u8 {
        match self {
            Kind::UserId => 1,
            Kind::Email => 2,
            _ => 3,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::UserId => f.write_str("user_id"),
            Kind::Email => f.write_str("email"),
            Kind::AnonymousId => f.write_str("anonymous_id"),
            Kind::Phone => f.write_str("phone"),
            Kind::External(source) => write!(f, "ext:{source}"),
        }
    }
}

impl Ord for Kind {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_name = || match (self, other) {
            (Kind::External(a), Kind::External(b)) => a.cmp(b),
            _ => self.to_string().cmp(&other.to_string()),
        };
        self.rank().cmp(&other.rank()).then_with(by_name)
    }
}

impl PartialOrd for Kind {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Why an identifier was not used. Each is recorded, none is silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// A value that stands for "nobody": `null`, `0`, `anonymous` …
    #[error("blocked: this value stands for nobody")]
    Blocked,
    /// Longer than [`IDENTIFIER_CHARS_MAX`].
    #[error("longer than {IDENTIFIER_CHARS_MAX} characters")]
    TooLong,
    /// Not of the form of its kind.
    #[error("not of the form of its kind")]
    Malformed,
    /// It would give the person more identifiers of one kind than the rules allow.
    #[error("the person would have too many identifiers of one kind")]
    OverLimit,
    /// Only a shared browser or phone number stood between two e-mail addresses.
    #[error("the same browser or phone number, but another e-mail address")]
    SharedDevice,
    /// These two were separated by hand.
    #[error("these two people were separated by hand")]
    Separated,
}

impl Refusal {
    /// The reason as the database writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Refusal::Blocked => "blocked",
            Refusal::TooLong => "too_long",
            Refusal::Malformed => "malformed",
            Refusal::OverLimit => "over_limit",
            Refusal::SharedDevice => "shared_device",
            Refusal::Separated => "separated",
        }
    }
}

/// One identifier in normal form.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identifier {
    kind: Kind,
    value: String,
}

impl Identifier {
    /// The identifier of this raw text: trimmed; e-mail in lower case with its domain in ASCII; phone as `+digits`.
    ///
    /// # Errors
    /// A [`Refusal`] when the value is blocked, too long, or not of the form of its kind.
    pub fn new(kind: Kind, raw: &str) -> Result<Self, Refusal> {
        let trimmed = raw.trim();
        if trimmed.chars().nth(IDENTIFIER_CHARS_MAX).is_some() {
            return Err(Refusal::TooLong);
        }
        if is_blocked(trimmed) {
            return Err(Refusal::Blocked);
        }
        let value = match kind {
            Kind::Email => normal_email(trimmed).ok_or(Refusal::Malformed)?,
            Kind::Phone => normal_phone(trimmed).ok_or(Refusal::Malformed)?,
            Kind::UserId | Kind::AnonymousId | Kind::External(_) => {
                if trimmed.chars().any(char::is_control) {
                    return Err(Refusal::Malformed);
                }
                trimmed.to_owned()
            }
        };
        Ok(Self { kind, value })
    }

    /// What it is a key of.
    #[must_use]
    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    /// The value in normal form.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The one text of kind and value, unique in a workspace: `email:jane@example.com`.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}:{}", self.kind, self.value)
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.value)
    }
}

/// The blocked values of AN 1.6 (`^[0-]*$`, `-1`, `null`, `anonymous`), and what broken code writes when it has no id.
fn is_blocked(value: &str) -> bool {
    const NOBODY: [&str; 12] = [
        "-1",
        "null",
        "anonymous",
        "undefined",
        "none",
        "nil",
        "nan",
        "n/a",
        "(null)",
        "<null>",
        "[object object]",
        "not_authenticated",
    ];
    value.bytes().all(|byte| byte == b'0' || byte == b'-') || NOBODY.iter().any(|word| value.eq_ignore_ascii_case(word))
}

/// An e-mail address in lower case, its domain in ASCII (`jane@bücher.de` is `jane@xn--bcher-kva.de`); `None` when it
/// is not one address.
#[must_use]
pub fn normal_email(raw: &str) -> Option<String> {
    let lower = raw.trim().trim_start_matches("mailto:").to_lowercase();
    let (local, domain) = lower.rsplit_once('@')?;
    let domain = domain.trim_end_matches('.');
    let bad = |letter: char| letter.is_whitespace() || letter.is_control() || matches!(letter, ',' | ';' | '<' | '>');
    if local.is_empty() || local.contains(bad) || local.contains('@') || domain.contains(bad) {
        return None;
    }
    let domain = if domain.is_ascii() { domain.to_owned() } else { ascii_domain(domain)? };
    let label = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    (domain.contains('.') && domain.split('.').all(label)).then(|| format!("{local}@{domain}"))
}

fn ascii_domain(domain: &str) -> Option<String> {
    match url::Host::parse(domain) {
        Ok(url::Host::Domain(ascii)) => Some(ascii),
        _ => None,
    }
}

/// A phone number as `+` and 7 to 15 digits; `None` when it does not say its country, because a national number may be
/// two people in two countries.
#[must_use]
pub fn normal_phone(raw: &str) -> Option<String> {
    let trimmed = raw.trim();
    let rest = trimmed.strip_prefix('+').or_else(|| trimmed.strip_prefix("00"))?;
    // `+49 (0) 30 …`: the national zero is not dialled after a country code.
    let rest = rest.replace("(0)", "");
    let mut digits = String::with_capacity(16);
    for letter in rest.chars() {
        match letter {
            '0'..='9' => digits.push(letter),
            ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}' => {}
            _ => return None,
        }
    }
    ((7..=15).contains(&digits.len()) && !digits.starts_with('0')).then(|| format!("+{digits}"))
}

/// Whether a text has the form a browser library gives its anonymous ids: a UUID.
#[must_use]
pub fn looks_like_device_id(text: &str) -> bool {
    let groups: Vec<&str> = text.trim().split('-').collect();
    let hex = |part: &&str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    groups.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12]) && groups.iter().all(hex)
}
