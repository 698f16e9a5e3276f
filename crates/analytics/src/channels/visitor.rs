//! Who sends: a person, a bot, an AI agent; and on which kind of device. From the user agent and what the page noticed.
//!
//! **Invariant:** nothing is dropped for what it is: a class is a label on the event, with its reason.

use super::lists::lower;
use hashbrown::HashMap;
use lake::AgentClass;
use parking_lot::RwLock;
use std::sync::LazyLock;

/// What a user agent tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Visitor {
    /// Who sends.
    pub class: AgentClass,
    /// Why that is assumed.
    pub reason: &'static str,
    /// `desktop`, `mobile`, `tablet` or `other`.
    pub device: &'static str,
    /// The browser's family; empty when it is not known.
    pub browser: &'static str,
    /// The system's family; empty when it is not known.
    pub os: &'static str,
}

struct Known {
    text: &'static str,
    class: AgentClass,
    reason: String,
}

static AGENTS: LazyLock<Vec<Known>> = LazyLock::new(|| {
    let lines = include_str!("lists/agents.txt").lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| {
            let mut parts = line.split(" | ");
            let (text, kind, who) = (parts.next()?, parts.next()?, parts.next()?);
            let (class, does) = match kind {
                "training" => (AgentClass::AiAgent, "AI training: "),
                "search" => (AgentClass::AiAgent, "AI search index: "),
                "fetch" => (AgentClass::AiAgent, "AI fetch for a person: "),
                _ => (AgentClass::Bot, "bot: "),
            };
            Some(Known { text, class, reason: format!("{does}{who} (`{text}` in the user agent)") })
        })
        .collect()
});

/// User agents that were read before. They repeat, and reading one takes longer than all else of an event.
static READ: LazyLock<RwLock<HashMap<String, Visitor>>> = LazyLock::new(RwLock::default);
const READ_MAX: usize = 4_096;
const USER_AGENT_BYTES_MAX: usize = 1_000;

/// What a user agent tells.
#[must_use]
pub fn visitor(user_agent: &str) -> Visitor {
    let user_agent = &user_agent[..user_agent.floor_char_boundary(USER_AGENT_BYTES_MAX)];
    if let Some(known) = READ.read().get(user_agent) {
        return *known;
    }
    let fresh = read(user_agent);
    let mut all = READ.write();
    if all.len() >= READ_MAX {
        all.clear();
    }
    all.insert(user_agent.to_owned(), fresh);
    fresh
}

fn read(user_agent: &str) -> Visitor {
    let text = lower(user_agent);
    let (class, reason) = class_of(&text);
    Visitor { class, reason, device: device_of(&text), browser: browser_of(&text), os: os_of(&text) }
}

fn class_of(text: &str) -> (AgentClass, &'static str) {
    if text.is_empty() {
        return (AgentClass::Unknown, "no user agent");
    }
    if let Some(known) = AGENTS.iter().find(|known| text.contains(known.text)) {
        return (known.class, &known.reason);
    }
    if text.starts_with("mozilla/")
        || text.starts_with("opera/")
        || text.contains("cfnetwork")
        || text.contains("dalvik")
    {
        return (AgentClass::Human, "a browser or an app, and on no list");
    }
    (AgentClass::Unknown, "the user agent is neither a browser nor on a list")
}

fn device_of(text: &str) -> &'static str {
    let has = |word: &str| text.contains(word);
    if has("ipad") || has("tablet") || has("kindle") || has("silk/") || (has("android") && !has("mobile") && !has("tv"))
    {
        "tablet"
    } else if has("smart-tv")
        || has("smarttv")
        || has("appletv")
        || has("googletv")
        || has("playstation")
        || has("xbox")
        || has("tv;")
    {
        "other"
    } else if has("mobi") || has("iphone") || has("ipod") || has("android") || has("windows phone") {
        "mobile"
    } else if has("windows nt") || has("macintosh") || has("x11") || has("cros ") || has("linux") {
        "desktop"
    } else {
        "other"
    }
}

/// Families by the words that only they carry; those that imitate others stand before them.
const BROWSERS: &[(&str, &str)] = &[
    ("edg/", "Edge"),
    ("edga/", "Edge"),
    ("edgios/", "Edge"),
    ("edge/", "Edge"),
    ("opr/", "Opera"),
    ("opera", "Opera"),
    ("samsungbrowser/", "Samsung Internet"),
    ("yabrowser/", "Yandex Browser"),
    ("vivaldi/", "Vivaldi"),
    ("ddg/", "DuckDuckGo"),
    ("duckduckgo/", "DuckDuckGo"),
    ("ucbrowser/", "UC Browser"),
    ("miuibrowser/", "MIUI Browser"),
    ("silk/", "Silk"),
    ("fban/", "Facebook app"),
    ("fbav/", "Facebook app"),
    ("instagram", "Instagram app"),
    ("linkedinapp", "LinkedIn app"),
    ("micromessenger", "WeChat"),
    ("line/", "LINE"),
    ("fxios/", "Firefox"),
    ("firefox/", "Firefox"),
    ("crios/", "Chrome"),
    ("chromium/", "Chrome"),
    ("chrome/", "Chrome"),
    ("trident/", "Internet Explorer"),
    ("msie ", "Internet Explorer"),
    ("safari/", "Safari"),
];

fn browser_of(text: &str) -> &'static str {
    BROWSERS.iter().find(|(word, _)| text.contains(word)).map_or("", |(_, name)| name)
}

const SYSTEMS: &[(&str, &str)] = &[
    ("windows phone", "Windows Phone"),
    ("windows", "Windows"),
    ("iphone", "iOS"),
    ("ipod", "iOS"),
    ("ipad", "iPadOS"),
    ("android", "Android"),
    ("cros ", "ChromeOS"),
    ("mac os x", "macOS"),
    ("macintosh", "macOS"),
    ("tizen", "Tizen"),
    ("harmonyos", "HarmonyOS"),
    ("linux", "Linux"),
    ("x11", "Linux"),
];

fn os_of(text: &str) -> &'static str {
    SYSTEMS.iter().find(|(word, _)| text.contains(word)).map_or("", |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// AN 1.10 and AN-A: bots and AI agents are kept apart, each with its reason.
    #[test]
    fn an_1_10_user_agents_are_told_apart() {
        for (user_agent, class, reason) in [
            (
                "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
                AgentClass::AiAgent,
                "AI training: OpenAI",
            ),
            (
                "Mozilla/5.0 AppleWebKit/537.36; compatible; OAI-SearchBot/1.0; +https://openai.com/searchbot",
                AgentClass::AiAgent,
                "AI search index: OpenAI",
            ),
            (
                "Mozilla/5.0 AppleWebKit/537.36; compatible; ChatGPT-User/1.0; +https://openai.com/bot",
                AgentClass::AiAgent,
                "AI fetch for a person: OpenAI",
            ),
            (
                "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)",
                AgentClass::AiAgent,
                "AI training: Anthropic",
            ),
            ("Claude-User/1.0", AgentClass::AiAgent, "AI fetch for a person: Anthropic"),
            ("Mozilla/5.0 (compatible; PerplexityBot/1.0)", AgentClass::AiAgent, "AI search index: Perplexity"),
            ("CCBot/2.0 (https://commoncrawl.org/faq/)", AgentClass::AiAgent, "AI training: Common Crawl"),
            ("meta-externalagent/1.1", AgentClass::AiAgent, "AI training: Meta"),
            (
                "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
                AgentClass::Bot,
                "bot: Google",
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0 Safari/537.36",
                AgentClass::Bot,
                "without a window",
            ),
            ("Mozilla/5.0 (compatible; SomethingNew/1.0; +https://new.example)", AgentClass::Bot, "by the address"),
            ("python-requests/2.32", AgentClass::Bot, "a script"),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15",
                AgentClass::Human,
                "on no list",
            ),
            (
                "Mozilla/5.0 (Linux; Android 11; CUBOT NOTE 20) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36",
                AgentClass::Human,
                "on no list",
            ),
            ("Acme/7", AgentClass::Unknown, "neither"),
            ("", AgentClass::Unknown, "no user agent"),
        ] {
            let found = visitor(user_agent);
            assert_eq!(found.class, class, "{user_agent}");
            assert!(found.reason.contains(reason), "{user_agent}: {}", found.reason);
        }
    }

    #[test]
    fn devices_browsers_and_systems_are_told_apart() {
        for (user_agent, device, browser, os) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0",
                "desktop",
                "Edge",
                "Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/124.0 Mobile/15E148 Safari/604.1",
                "mobile",
                "Chrome",
                "iOS",
            ),
            (
                "Mozilla/5.0 (iPad; CPU OS 17_4 like Mac OS X) AppleWebKit/605.1.15 Version/17.4 Mobile/15E148 Safari/604.1",
                "tablet",
                "Safari",
                "iPadOS",
            ),
            (
                "Mozilla/5.0 (Linux; Android 14; SM-X710) AppleWebKit/537.36 Chrome/126.0 Safari/537.36",
                "tablet",
                "Chrome",
                "Android",
            ),
            (
                "Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 SamsungBrowser/25.0 Chrome/121.0 Mobile Safari/537.36",
                "mobile",
                "Samsung Internet",
                "Android",
            ),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0", "desktop", "Firefox", "Linux"),
            (
                "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 Chrome/126.0 Safari/537.36",
                "desktop",
                "Chrome",
                "ChromeOS",
            ),
            (
                "Mozilla/5.0 (SMART-TV; Linux; Tizen 7.0) AppleWebKit/537.36 Version/7.0 TV Safari/537.36",
                "other",
                "Safari",
                "Tizen",
            ),
        ] {
            let found = visitor(user_agent);
            assert_eq!((found.device, found.browser, found.os), (device, browser, os), "{user_agent}");
        }
    }
}
