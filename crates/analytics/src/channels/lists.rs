//! The lists of known sites: which hosts and names are search engines, social networks, video sites, shops, assistants.
//!
//! **Invariant:** a list is text in `lists/`, compiled in; changing one changes [`super::RULES_VERSION`].

use hashbrown::HashMap;
use std::borrow::Cow;
use std::sync::LazyLock;

/// One of the lists a rule can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// Search engines.
    Search,
    /// Social networks, communities and messengers.
    Social,
    /// Video sites.
    Video,
    /// Shops and price comparison.
    Shopping,
    /// AI assistants.
    Assistants,
}

impl List {
    /// Every list, in the order in which a referrer is looked up: the more special first.
    pub const ALL: [List; 5] = [List::Assistants, List::Shopping, List::Video, List::Social, List::Search];

    /// What the list holds, for an explanation.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            List::Search => "search engines",
            List::Social => "social networks",
            List::Video => "video sites",
            List::Shopping => "shopping sites",
            List::Assistants => "AI assistants",
        }
    }

    /// The text the list is made from.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            List::Search => include_str!("lists/search.txt"),
            List::Social => include_str!("lists/social.txt"),
            List::Video => include_str!("lists/video.txt"),
            List::Shopping => include_str!("lists/shopping.txt"),
            List::Assistants => include_str!("lists/assistants.txt"),
        }
    }

    /// The name under which the list knows a source: a host (`m.facebook.com`) or a bare word (`Facebook`).
    #[must_use]
    pub fn name_of(self, source: &str) -> Option<&'static str> {
        let sites = match self {
            List::Search => &*SEARCH,
            List::Social => &*SOCIAL,
            List::Video => &*VIDEO,
            List::Shopping => &*SHOPPING,
            List::Assistants => &*ASSISTANTS,
        };
        sites.find(&lower(source))
    }

    /// Whether the list knows a source.
    #[must_use]
    pub fn has(self, source: &str) -> bool {
        self.name_of(source).is_some()
    }
}

static SEARCH: LazyLock<Sites> = LazyLock::new(|| Sites::read(List::Search.text()));
static SOCIAL: LazyLock<Sites> = LazyLock::new(|| Sites::read(List::Social.text()));
static VIDEO: LazyLock<Sites> = LazyLock::new(|| Sites::read(List::Video.text()));
static SHOPPING: LazyLock<Sites> = LazyLock::new(|| Sites::read(List::Shopping.text()));
static ASSISTANTS: LazyLock<Sites> = LazyLock::new(|| Sites::read(List::Assistants.text()));

/// The text in lower case; borrowed when it already is.
pub(crate) fn lower(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    if text.bytes().any(|byte| byte.is_ascii_uppercase() || !byte.is_ascii()) {
        Cow::Owned(text.to_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

/// A list that has been read.
struct Sites {
    /// Hosts and bare words; `None` is a host that is kept out.
    entries: HashMap<&'static str, Option<&'static str>>,
    /// Names under any top-level domain.
    brands: HashMap<&'static str, &'static str>,
}

impl Sites {
    fn read(text: &'static str) -> Self {
        let (mut entries, mut brands) = (HashMap::new(), HashMap::new());
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (entry, name) = line.split_once(' ').unwrap_or((line, line));
            if let Some(host) = entry.strip_prefix('!') {
                entries.insert(host, None);
            } else if let Some(brand) = entry.strip_suffix(".*") {
                brands.insert(brand, name);
            } else {
                entries.insert(entry, Some(name));
            }
        }
        Self { entries, brands }
    }

    /// Looks up a lower-case source: itself, then every domain above it, then as a brand under any top-level domain.
    fn find(&self, source: &str) -> Option<&'static str> {
        if let Some(found) = self.entries.get(source) {
            return *found;
        }
        if !source.contains('.') {
            return None;
        }
        let mut rest = source;
        while let Some((_, above)) = rest.split_once('.') {
            // A bare word of the list is not a top-level domain: `example.meta` is no social network.
            if let Some(found) = self.entries.get(above).filter(|_| above.contains('.')) {
                return *found;
            }
            rest = above;
        }
        self.brand(source)
    }

    fn brand(&self, source: &str) -> Option<&'static str> {
        let labels: Vec<&str> = source.split('.').collect();
        // The registered name stands before `.tld`, or before `.co.tld` and the like.
        let second = labels.len().checked_sub(2).map(|place| (place, labels[place]))?;
        let at = match second {
            (place, "co" | "com" | "net" | "org" | "ne" | "or") if place > 0 => place - 1,
            (place, _) => place,
        };
        self.brands.get(labels[at]).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_known_by_itself_its_domain_or_its_brand() {
        for (list, source, name) in [
            (List::Search, "google", Some("google")),
            (List::Search, "www.google.co.uk", Some("google")),
            (List::Search, "news.google.de", Some("google")),
            (List::Search, "mail.google.com", None),
            (List::Search, "gemini.google.com", None),
            (List::Search, "notgoogle.com", None),
            (List::Search, "google.evil.example", None),
            (List::Social, "l.facebook.com", Some("facebook")),
            (List::Social, "LinkedIn", Some("linkedin")),
            (List::Social, "x", None),
            (List::Social, "example.meta", None),
            (List::Shopping, "smile.amazon.co.jp", Some("amazon")),
            (List::Shopping, "aws.amazon.com", None),
            (List::Assistants, "gemini.google.com", Some("gemini")),
            (List::Assistants, "www.perplexity.ai", Some("perplexity")),
        ] {
            assert_eq!(list.name_of(source), name, "{source} in {list:?}");
        }
    }

    #[test]
    fn no_line_of_a_list_is_written_twice() {
        for list in List::ALL {
            let mut seen = std::collections::BTreeSet::new();
            for line in list.text().lines().filter(|line| !line.starts_with('#')) {
                let entry = line.split(' ').next().unwrap();
                assert!(seen.insert(entry), "{entry} twice in {list:?}");
                assert_eq!(entry, entry.to_lowercase(), "{entry} must be lower case");
            }
        }
    }
}
