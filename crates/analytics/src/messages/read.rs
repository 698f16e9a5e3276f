//! One message to one event: parse, check, stamp, and derive where it came from and who sent it.
//!
//! **Invariant:** a message gives an event or a rejection with its reason; nothing is dropped.
//! **Invariant:** neither a write key nor a whole IP address gets into what is stored.

use super::mask::{mask, network_of};
use super::place::{Hints, country};
use super::quick::{Quick, quick};
use super::reason::{Doubt, Rejection};
use super::stamp::{Times, stamp};
use super::wire::{Bag, Context, Core, Page, Raw, Text};
use super::worth::worth;
use crate::channel_rules::RuleSet;
use crate::channels::{Address, Marks, visitor, way};
use kernel::limits;
use kernel::time::Timestamp;
use lake::{AgentClass, Draft, EventKind};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// What is known about a request besides its messages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a> {
    /// The call of the address; none in a batch, where each message says its own.
    pub(crate) kind: Option<EventKind>,
    pub(crate) received_at: Timestamp,
    pub(crate) write_key: &'a str,
    /// The header `User-Agent`.
    pub(crate) user_agent: &'a str,
    /// A country that the network in front of Mainspring found.
    pub(crate) edge_country: &'a str,
    /// The header `Sec-GPC: 1`.
    pub(crate) gpc: bool,
    /// The batch's `sentAt`.
    pub(crate) sent_at: &'a str,
    /// By which channel and visitor are told.
    pub(crate) rules: &'a RuleSet,
    /// From chance: the ids of messages that have none are made from it.
    pub(crate) nonce: u128,
}

/// A message that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rejected {
    pub(crate) rejection: Rejection,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) message_id: String,
    pub(crate) user_id: String,
    pub(crate) anonymous_id: String,
    pub(crate) library: String,
    pub(crate) raw: String,
}

/// An event, and what is doubtful about it.
pub(crate) type Taken<'a> = (Draft<'a>, Vec<Doubt>);

/// Reads the message at `place` of a request.
pub(crate) fn read<'a>(raw: &'a RawValue, place: usize, request: &Request<'a>) -> Result<Taken<'a>, Box<Rejected>> {
    let text = raw.get();
    let mut doubts = Vec::new();
    let (core, context, bags) = match quick(text) {
        Some(Quick { core, context, properties, traits }) => (core, context, [properties, traits]),
        None => {
            let core: Core<'_> = match serde_json::from_str(text) {
                Ok(core) => core,
                Err(error) => return Err(unreadable(text, Rejection::Unreadable(error.to_string()))),
            };
            let context = read_context(core.context, &mut doubts);
            (core, context, [None, None])
        }
    };
    let stored = redact(text, &core, &context);
    // In a context that cannot be read, an address is where its name stands.
    let stored = if doubts.is_empty() { stored } else { Cow::Owned(mask(&stored)) };
    let library = library_of(&context);
    let reject = |rejection| {
        let clean = |text: &str| visible(text, 500);
        Box::new(Rejected {
            rejection,
            kind: clean(request.kind.map_or(&core.kind, |kind| kind.as_str())),
            name: clean(&core.event),
            message_id: clean(&core.message_id),
            user_id: clean(&core.user_id),
            anonymous_id: clean(&core.anonymous_id),
            library: clean(&library),
            raw: cut(&stored).to_owned(),
        })
    };
    if text.len() > limits::EVENT_BYTES_MAX {
        return Err(reject(Rejection::TooLarge(text.len())));
    }
    let kind = request.kind.or_else(|| EventKind::parse(&core.kind.trim().to_ascii_lowercase()));
    let Some(kind) = kind else { return Err(reject(Rejection::Type(visible(&core.kind, 64)))) };
    check(kind, &core).map_err(&reject)?;
    let (bag, properties) = properties(kind, &core, bags).map_err(&reject)?;
    let sent = if core.sent_at.trim().is_empty() { request.sent_at } else { &core.sent_at };
    let times = Times { original: &core.original_timestamp, timestamp: &core.timestamp, sent };
    let (at, doubt) = stamp(&times, request.received_at).map_err(&reject)?;
    doubts.extend(doubt);
    let (value, currency, doubt) = if kind == EventKind::Track { worth(&bag) } else { (None, String::new(), None) };
    doubts.extend(doubt);
    let mut event = Draft {
        at: at.micros(),
        received_at: request.received_at.micros(),
        kind,
        value,
        currency: currency.into(),
        event_id: message_id(text, place, &core, request),
        name: name(kind, &core),
        anonymous_id: part(&core.anonymous_id.0, str::trim),
        user_id: part(&core.user_id.0, str::trim),
        write_key: Cow::Borrowed(request.write_key),
        library,
        properties,
        raw: stored,
        ..Draft::default()
    };
    describe_sender(&mut event, &context, request);
    describe_page(&mut event, context, bag, request.rules);
    Ok((event, doubts))
}

/// A part of a text, borrowed where the text is.
fn part<'a>(whole: &Cow<'a, str>, part: impl for<'t> Fn(&'t str) -> &'t str) -> Cow<'a, str> {
    match whole {
        Cow::Borrowed(text) => Cow::Borrowed(part(text)),
        Cow::Owned(text) => Cow::Owned(part(text).to_owned()),
    }
}

/// A message of which nothing can be read.
pub(crate) fn unreadable(text: &str, rejection: Rejection) -> Box<Rejected> {
    let masked = mask(text);
    Box::new(Rejected {
        rejection,
        kind: String::new(),
        name: String::new(),
        message_id: String::new(),
        user_id: String::new(),
        anonymous_id: String::new(),
        library: String::new(),
        raw: visible(cut(&masked), limits::EVENT_BYTES_MAX),
    })
}

/// As much of a rejected message as is kept: what an event may have at most.
fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(limits::EVENT_BYTES_MAX)]
}

/// At most `most` characters, without those that cannot be seen (a database's text does not take NUL).
pub(crate) fn visible(text: &str, most: usize) -> String {
    text.chars().filter(|letter| !letter.is_control() || *letter == '\n' || *letter == '\t').take(most).collect()
}

/// As [`visible`], borrowed where nothing is left out.
fn seen<'a>(text: &Cow<'a, str>, most: usize) -> Cow<'a, str> {
    let is_plain = text.len() <= most && text.bytes().all(|byte| (b' '..0x7f).contains(&byte));
    if is_plain { text.clone() } else { Cow::Owned(visible(text, most)) }
}

/// The context; one that cannot be read is left out with a doubt, as the event itself is sound.
fn read_context<'a>(raw: Option<Raw<'a>>, doubts: &mut Vec<Doubt>) -> Context<'a> {
    let Some(raw) = raw else { return Context::default() };
    serde_json::from_str::<Option<Context<'a>>>(raw.get()).map_or_else(
        |error| {
            doubts.push(Doubt::Context(error.to_string()));
            Context::default()
        },
        Option::unwrap_or_default,
    )
}

fn check(kind: EventKind, core: &Core<'_>) -> Result<(), Rejection> {
    let ids = [
        ("userId", &core.user_id, limits::IDENTIFIER_CHARS_MAX),
        ("anonymousId", &core.anonymous_id, limits::IDENTIFIER_CHARS_MAX),
        ("previousId", &core.previous_id, limits::IDENTIFIER_CHARS_MAX),
        ("groupId", &core.group_id, limits::IDENTIFIER_CHARS_MAX),
        ("messageId", &core.message_id, limits::MESSAGE_ID_CHARS_MAX),
    ];
    for (field, text, most) in ids {
        if text.len() > most && text.chars().count() > most {
            return Err(Rejection::IdTooLong { field, found: text.chars().count(), most });
        }
        if !text.bytes().all(|byte| (b' '..0x7f).contains(&byte)) && text.chars().any(char::is_control) {
            return Err(Rejection::ControlCharacter(field));
        }
    }
    let missing = |text: &Text<'_>| text.trim().is_empty();
    match kind {
        EventKind::Alias if missing(&core.previous_id) => return Err(Rejection::AliasIncomplete("previousId")),
        EventKind::Alias if missing(&core.user_id) => return Err(Rejection::AliasIncomplete("userId")),
        _ if missing(&core.user_id) && missing(&core.anonymous_id) => return Err(Rejection::NobodyNamed),
        EventKind::Group if missing(&core.group_id) => return Err(Rejection::NoGroupId),
        EventKind::Track if missing(&core.event) => return Err(Rejection::NoEventName),
        _ => {}
    }
    if kind == EventKind::Track && core.event.len() > limits::EVENT_NAME_CHARS_MAX {
        let letters = core.event.chars().count();
        if letters > limits::EVENT_NAME_CHARS_MAX {
            return Err(Rejection::EventNameTooLong(letters));
        }
    }
    Ok(())
}

/// The properties of a kind of call (the traits of identify and group), read and as text.
fn properties<'a>(
    kind: EventKind,
    core: &Core<'a>,
    [properties, traits]: [Option<Bag<'a>>; 2],
) -> Result<(Bag<'a>, Cow<'a, str>), Rejection> {
    let (field, raw, read) = match kind {
        EventKind::Identify | EventKind::Group => ("traits", core.traits, traits),
        _ => ("properties", core.properties, properties),
    };
    let Some(raw) = raw else { return Ok((Bag::default(), Cow::Borrowed("{}"))) };
    let bag: Bag<'a> = match read {
        Some(bag) => bag,
        None => serde_json::from_str(raw.get()).map_err(|_| Rejection::NotAnObject(field))?,
    };
    if bag.count > limits::EVENT_PROPERTIES_MAX {
        return Err(Rejection::TooManyProperties { field, found: bag.count });
    }
    let text = if raw.get().starts_with('{') { raw.get() } else { "{}" };
    Ok((bag, Cow::Borrowed(text)))
}

/// The sender's id; without one, an id from the content where the message carries its time (so that a second sending
/// is known again), else from chance.
fn message_id<'a>(text: &str, place: usize, core: &Core<'a>, request: &Request<'_>) -> Cow<'a, str> {
    let given = part(&core.message_id.0, str::trim);
    if !given.is_empty() {
        return given;
    }
    let timed = !core.timestamp.is_empty() || !core.original_timestamp.is_empty();
    let number =
        if timed { xxhash_rust::xxh3::xxh3_128(text.as_bytes()) } else { request.nonce.wrapping_add(place as u128) };
    Cow::Owned(format!("ms-{number:032x}"))
}

fn name<'a>(kind: EventKind, core: &Core<'a>) -> Cow<'a, str> {
    Cow::Borrowed(match kind {
        EventKind::Track => return seen(&part(&core.event.0, str::trim), limits::EVENT_NAME_CHARS_MAX),
        EventKind::Page => "Page viewed",
        EventKind::Screen => "Screen viewed",
        EventKind::Identify => "Identified",
        EventKind::Group => "Grouped",
        EventKind::Alias => "Aliased",
    })
}

fn library_of<'a>(context: &Context<'a>) -> Cow<'a, str> {
    let Some(library) = &context.library else { return Cow::Borrowed("") };
    if library.version.is_empty() {
        library.name.0.clone()
    } else {
        Cow::Owned(format!("{} {}", &*library.name, &*library.version))
    }
}

pub(super) const BY_APP: &str = "sent by an app";
pub(super) const BY_SERVER: &str = "sent by a server of yours, about a person";
pub(super) const AUTOMATED: &str = "bot: the page found that a program drives the browser";
/// Longest user agent of a request that is kept with a message that names none, in bytes.
const USER_AGENT_BYTES_MAX: usize = 1_000;

/// The message with the user agent of its request as `receivedUserAgent`: what tells who visits is kept with the event, so
/// that it can be told again.
fn with_user_agent<'a>(raw: &str, user_agent: &str) -> Cow<'a, str> {
    let user_agent = &user_agent[..user_agent.floor_char_boundary(USER_AGENT_BYTES_MAX)];
    let rest = raw.trim_end().strip_suffix('}').unwrap_or(raw);
    let comma = if rest.trim_end().ends_with('{') { "" } else { "," };
    Cow::Owned(format!("{rest}{comma}\"receivedUserAgent\":{}}}", serde_json::Value::from(user_agent)))
}

/// The libraries that run in a visitor's browser: there the request's own user agent is the visitor's.
fn runs_in_browser(library: &str) -> bool {
    let has =
        |word: &str| library.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()));
    ["analytics.js", "mainspring.js", "javascript", "rudderlabs", "browser"].iter().any(|word| has(word))
}

/// Device, browser, system, who sends, country and consent.
fn describe_sender<'a>(event: &mut Draft<'a>, context: &Context<'a>, request: &Request<'a>) {
    let own = context.user_agent.trim();
    let from_page = runs_in_browser(&event.library)
        || (context.page.is_some() && own.is_empty() && request.user_agent.starts_with("Mozilla/"));
    let user_agent = if own.is_empty() && from_page { request.user_agent } else { own };
    if own.is_empty() && !user_agent.is_empty() {
        event.raw = with_user_agent(&event.raw, user_agent);
    }
    let none = Cow::Borrowed("");
    let app = context.device.as_ref().map_or(&none, |device| &device.kind.0);
    let system = context.os.as_ref().map_or(&none, |os| &os.name.0);
    let (mut on_server, mut ruled, reason) = (false, false, &mut event.agent_reason);
    if !user_agent.is_empty() || from_page {
        let found = visitor(user_agent);
        event.device = Cow::Borrowed(found.device);
        event.browser = Cow::Borrowed(found.browser);
        event.os = if found.os.is_empty() { seen(system, 50) } else { Cow::Borrowed(found.os) };
        event.agent_class = found.class;
        *reason = Cow::Borrowed(found.reason);
        if let Some((class, why)) = request.rules.visitor(user_agent) {
            (event.agent_class, *reason, ruled) = (class, Cow::Borrowed(why), true);
        }
    } else if !app.is_empty() || ["ios", "ipados", "android"].iter().any(|known| system.eq_ignore_ascii_case(known)) {
        let tablet = context.device.as_ref().is_some_and(|device| device.model.to_ascii_lowercase().contains("ipad"));
        event.device = Cow::Borrowed(if tablet { "tablet" } else { "mobile" });
        event.os = seen(if system.is_empty() { app } else { system }, 50);
        event.agent_class = AgentClass::Human;
        *reason = Cow::Borrowed(BY_APP);
    } else {
        on_server = true;
        event.device = Cow::Borrowed("server");
        event.agent_class = AgentClass::Human;
        *reason = Cow::Borrowed(BY_SERVER);
    }
    if context.automated == Some(true) && event.agent_class == AgentClass::Human && !ruled {
        event.agent_class = AgentClass::Bot;
        *reason = Cow::Borrowed(AUTOMATED);
    }
    let hints = Hints {
        location: context.location.as_ref().map_or("", |location| &location.country),
        edge: if on_server { "" } else { request.edge_country },
        time_zone: &context.timezone,
        locale: &context.locale,
    };
    event.country = Cow::Borrowed(country(&hints).map_or("", |(code, _)| code));
    let gpc = request.gpc && !on_server;
    if gpc || context.consent.is_some() {
        event.consent = Cow::Owned(consent(context, gpc));
    }
}

/// `gpc` where the browser asks not to be tracked over sites, then the categories: `advertising=no analytics=yes`.
fn consent(context: &Context<'_>, gpc_header: bool) -> String {
    let given = context.consent.as_ref();
    let mut parts = Vec::new();
    if gpc_header || given.is_some_and(|consent| consent.gpc == Some(true)) {
        parts.push("gpc".to_owned());
    }
    let categories = given.and_then(|consent| consent.category_preferences);
    let categories: std::collections::BTreeMap<String, bool> =
        categories.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
    parts.extend(categories.into_iter().take(30).map(|(category, yes)| {
        format!("{}={}", visible(&category, 50).replace(' ', "_"), if yes { "yes" } else { "no" })
    }));
    parts.join(" ")
}

/// Page, referrer, campaign and channel.
fn describe_page<'a>(event: &mut Draft<'a>, context: Context<'a>, bag: Bag<'a>, rules: &RuleSet) {
    let own = event.kind == EventKind::Page;
    let pick = |first: Text<'a>, second: Text<'a>| if own && !second.is_empty() { second.0 } else { first.0 };
    let Page { url, path, title, referrer, search } = context.page.unwrap_or_default();
    event.url = pick(url, bag.url);
    event.title = pick(title, bag.title);
    event.referrer = pick(referrer, bag.referrer);
    let (stated_path, stated_query) = (pick(path, bag.path), pick(search, bag.search));
    let [host, path, query] = address_of(&event.url);
    let query = if query.is_empty() { stated_query } else { query };
    let mut marks = context.campaign.map(|campaign| campaign.0).unwrap_or_default();
    match query {
        Cow::Borrowed("") => {}
        Cow::Borrowed(text) => marks.or(Marks::of_query(text)),
        Cow::Owned(text) => marks.or(Marks::of_query(&text).into_owned()),
    }
    event.path = if stated_path.is_empty() { path } else { stated_path };
    event.host = lower(host);
    event.referrer_host = lower(part(&event.referrer, |address| Address::parse(address).host));
    let traced =
        marks.click.is_some() || !marks.source.is_empty() || !marks.medium.is_empty() || !marks.campaign.is_empty();
    // What a server reports has no way here of its own, unless it says so.
    if event.device != "server" || traced || !event.url.is_empty() {
        let found = way(rules, &marks, &event.referrer_host, &event.host, &event.path);
        event.channel = Cow::Borrowed(found.channel.as_str());
        event.channel_rule = rules.version();
        event.source = Cow::Owned(found.source);
        event.medium = Cow::Owned(found.medium);
        event.click_id_kind = Cow::Borrowed(marks.click.as_ref().map_or("", |(known, _)| known.name));
    }
    event.click_id = marks.click.map_or(Cow::Borrowed(""), |(_, value)| value);
    event.campaign = marks.campaign;
    event.campaign_id = marks.campaign_id;
    event.content = marks.content;
    event.term = marks.term;
}

/// Host, path and query of an address, borrowed where it is.
fn address_of<'a>(address: &Cow<'a, str>) -> [Cow<'a, str>; 3] {
    match address {
        Cow::Borrowed(text) => {
            let Address { host, path, query } = Address::parse(text);
            [host, path, query].map(Cow::Borrowed)
        }
        Cow::Owned(text) => {
            let Address { host, path, query } = Address::parse(text);
            [host, path, query].map(|part| Cow::Owned(part.to_owned()))
        }
    }
}

fn lower(host: Cow<'_, str>) -> Cow<'_, str> {
    if host.bytes().any(|byte| byte.is_ascii_uppercase()) { Cow::Owned(host.to_ascii_lowercase()) } else { host }
}

/// The message as it is stored: the write key is taken out, an IP address is cut to its network.
fn redact<'a>(text: &'a str, core: &Core<'_>, context: &Context<'_>) -> Cow<'a, str> {
    let ip = context.ip.filter(|raw| raw.get() != "null");
    let mut changes: Vec<(&str, String)> = Vec::new();
    changes.extend(core.write_key.map(|raw| (raw.get(), "\"\"".to_owned())));
    changes.extend(ip.map(|raw| (raw.get(), format!("\"{}\"", network_of(raw.get().trim_matches('"'))))));
    if changes.is_empty() {
        return Cow::Borrowed(text);
    }
    // Both are slices of `text`: their places are where they start.
    let place = |part: &str| part.as_ptr().addr().wrapping_sub(text.as_ptr().addr());
    changes.sort_by_key(|(part, _)| place(part));
    let (mut stored, mut done) = (String::with_capacity(text.len()), 0);
    for (part, instead) in changes {
        let start = place(part);
        let Some(before) = text.get(done..start) else { continue };
        stored.push_str(before);
        stored.push_str(&instead);
        done = start + part.len();
    }
    stored.push_str(text.get(done..).unwrap_or_default());
    Cow::Owned(stored)
}
