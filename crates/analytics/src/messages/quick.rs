//! Reads a message that is as most are, in one pass.
//!
//! It is given what was found to be JSON already, so it checks no syntax again. Whatever is unusual (a number where a text
//! belongs, an escape in a text, a name that comes twice) it does not read at all: then the message is read with serde,
//! which says what is wrong with it.
//!
//! **Invariant:** what it reads is what serde reads.

use super::wire::{Bag, Campaign, Consent, Context, Core, Device, Library, Location, Named, Page, Raw, Text};
use crate::channels::{Marks, click_id};
use memchr::memchr2;
use std::borrow::Cow;

/// A message with its context, and properties and traits where they are objects.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Quick<'a> {
    pub(super) core: Core<'a>,
    pub(super) context: Context<'a>,
    pub(super) properties: Option<Bag<'a>>,
    pub(super) traits: Option<Bag<'a>>,
}

/// Reads a message; none when it is unusual.
pub(super) fn quick(text: &str) -> Option<Quick<'_>> {
    let mut scan = Scan { text, bytes: text.as_bytes(), at: 0 };
    let mut found = Quick::default();
    let mut seen = Seen(0);
    scan.object(|scan, key| {
        let core = &mut found.core;
        let (place, number) = match key {
            "type" => (&mut core.kind, 0),
            "messageId" => (&mut core.message_id, 1),
            "userId" => (&mut core.user_id, 2),
            "anonymousId" => (&mut core.anonymous_id, 3),
            "previousId" => (&mut core.previous_id, 4),
            "groupId" => (&mut core.group_id, 5),
            "event" => (&mut core.event, 6),
            "name" => (&mut core.name, 7),
            "timestamp" => (&mut core.timestamp, 8),
            "originalTimestamp" => (&mut core.original_timestamp, 9),
            "sentAt" => (&mut core.sent_at, 10),
            "properties" | "traits" => {
                let (raw, bag, number) = if key == "traits" {
                    (&mut core.traits, &mut found.traits, 12)
                } else {
                    (&mut core.properties, &mut found.properties, 11)
                };
                seen.first(number)?;
                (*raw, *bag) = scan.bag()?;
                return Some(());
            }
            "context" => {
                seen.first(13)?;
                (core.context, found.context) = scan.context()?;
                return Some(());
            }
            "writeKey" => {
                seen.first(14)?;
                core.write_key = scan.raw_or_none()?;
                return Some(());
            }
            _ => return scan.skip(),
        };
        seen.first(number)?;
        *place = scan.text()?;
        Some(())
    })?;
    Some(found)
}

/// Which names came already.
struct Seen(u32);

impl Seen {
    /// None when it came before.
    fn first(&mut self, number: u32) -> Option<()> {
        let bit = 1 << number;
        let is_first = self.0 & bit == 0;
        self.0 |= bit;
        is_first.then_some(())
    }
}

struct Scan<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Scan<'a> {
    /// The next byte that is no space.
    fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.bytes.get(self.at)?;
            if !matches!(byte, b' ' | b'\n' | b'\t' | b'\r') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// A text without escapes.
    fn string(&mut self) -> Option<&'a str> {
        self.take(b'"')?;
        let start = self.at;
        let length = memchr2(b'"', b'\\', &self.bytes[start..])?;
        self.at = start + length;
        let is_plain = self.bytes[self.at] == b'"';
        self.at += 1;
        is_plain.then(|| &self.text[start..start + length])
    }

    /// A text or null.
    fn text(&mut self) -> Option<Text<'a>> {
        match self.peek()? {
            b'"' => Some(Text(Cow::Borrowed(self.string()?))),
            b'n' => self.skip().map(|()| Text::default()),
            _ => None,
        }
    }

    /// Passes over a text, with or without escapes.
    fn skip_string(&mut self) -> Option<()> {
        self.at += 1;
        loop {
            self.at += memchr2(b'"', b'\\', self.bytes.get(self.at..)?)?;
            if self.bytes[self.at] == b'"' {
                self.at += 1;
                return Some(());
            }
            self.at += 2;
        }
    }

    /// Passes over any value.
    fn skip(&mut self) -> Option<()> {
        match self.peek()? {
            b'"' => self.skip_string(),
            b'{' | b'[' => {
                let mut depth = 0_u32;
                loop {
                    match *self.bytes.get(self.at)? {
                        b'"' => {
                            self.skip_string()?;
                            continue;
                        }
                        b'{' | b'[' => depth += 1,
                        b'}' | b']' => depth -= 1,
                        _ => {}
                    }
                    self.at += 1;
                    if depth == 0 {
                        return Some(());
                    }
                }
            }
            _ => {
                let rest = &self.bytes[self.at..];
                let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\t' | b'\r');
                self.at += rest.iter().position(ends).unwrap_or(rest.len());
                Some(())
            }
        }
    }

    /// Any value, as it stands.
    fn raw(&mut self) -> Option<Raw<'a>> {
        self.peek()?;
        let start = self.at;
        self.skip()?;
        Some(Raw(&self.text[start..self.at]))
    }

    /// Any value; null is none.
    fn raw_or_none(&mut self) -> Option<Option<Raw<'a>>> {
        let raw = self.raw()?;
        Some(Some(raw).filter(|raw| raw.get() != "null"))
    }

    /// Calls `each` with every name of an object, at its value.
    fn object(&mut self, mut each: impl FnMut(&mut Self, &'a str) -> Option<()>) -> Option<()> {
        self.take(b'{')?;
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(());
        }
        loop {
            self.peek()?;
            let key = self.string()?;
            self.take(b':')?;
            each(self, key)?;
            match self.peek()? {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Some(());
                }
                _ => return None,
            }
        }
    }

    /// An object or null.
    fn object_or_none<T: Default>(
        &mut self,
        mut each: impl FnMut(&mut Self, &mut T, &'a str) -> Option<()>,
    ) -> Option<Option<T>> {
        if self.peek()? == b'n' {
            return self.skip().map(|()| None);
        }
        let mut found = T::default();
        self.object(|scan, key| each(scan, &mut found, key))?;
        Some(Some(found))
    }

    /// An object or null, with some texts of it, each of them once.
    fn texts_or_none<T: Default>(
        &mut self,
        place: impl for<'t> Fn(&'t mut T, &str) -> Option<(&'t mut Text<'a>, u32)>,
    ) -> Option<Option<T>> {
        let mut seen = Seen(0);
        self.object_or_none(|scan, found: &mut T, key| {
            let Some((place, number)) = place(found, key) else { return scan.skip() };
            seen.first(number)?;
            *place = scan.text()?;
            Some(())
        })
    }

    fn flag_or_none(&mut self) -> Option<Option<bool>> {
        match self.raw()?.get() {
            "null" => Some(None),
            "true" => Some(Some(true)),
            "false" => Some(Some(false)),
            _ => None,
        }
    }

    /// Properties or traits: as they stand, and what is read out of them.
    fn bag(&mut self) -> Option<(Option<Raw<'a>>, Option<Bag<'a>>)> {
        self.peek()?;
        let start = self.at;
        let bag = self.object_or_none(|scan, bag: &mut Bag<'a>, key| {
            bag.count += 1;
            let money = match key {
                "currency" => &mut bag.currency,
                "revenue" => &mut bag.revenue,
                "value" => &mut bag.value,
                "total" => &mut bag.total,
                "url" => return scan.loose(&mut bag.url),
                "path" => return scan.loose(&mut bag.path),
                "title" => return scan.loose(&mut bag.title),
                "referrer" => return scan.loose(&mut bag.referrer),
                "search" => return scan.loose(&mut bag.search),
                _ => return scan.skip(),
            };
            *money = Some(scan.raw()?);
            Some(())
        })?;
        Some((bag.is_some().then(|| Raw(&self.text[start..self.at])), bag))
    }

    /// A text out of what may be anything.
    fn loose(&mut self, place: &mut Text<'a>) -> Option<()> {
        *place = match self.peek()? {
            b'{' | b'[' => self.skip().map(|()| Text::default())?,
            _ => self.text()?,
        };
        Some(())
    }

    fn context(&mut self) -> Option<(Option<Raw<'a>>, Context<'a>)> {
        self.peek()?;
        let start = self.at;
        let mut seen = Seen(0);
        let found = self.object_or_none(|scan, context: &mut Context<'a>, key| {
            let (place, number) = match key {
                "userAgent" => (&mut context.user_agent, 0),
                "locale" => (&mut context.locale, 1),
                "timezone" => (&mut context.timezone, 2),
                "groupId" => (&mut context.group_id, 3),
                _ => return scan.part(context, key, &mut seen),
            };
            seen.first(number)?;
            *place = scan.text()?;
            Some(())
        })?;
        Some((found.is_some().then(|| Raw(&self.text[start..self.at])), found.unwrap_or_default()))
    }

    /// A part of the context that is more than a text.
    fn part(&mut self, context: &mut Context<'a>, key: &str, seen: &mut Seen) -> Option<()> {
        let number = match key {
            "page" => 4,
            "campaign" => 5,
            "library" => 6,
            "location" => 7,
            "device" => 8,
            "os" => 9,
            "ip" => 10,
            "traits" => 11,
            "consent" => 12,
            "automated" => 13,
            _ => return self.skip(),
        };
        seen.first(number)?;
        match key {
            "page" => context.page = self.page()?,
            "campaign" => context.campaign = self.campaign()?,
            "library" => context.library = self.texts_or_none(library)?,
            "location" => context.location = self.texts_or_none(location)?,
            "device" => context.device = self.texts_or_none(device)?,
            "os" => context.os = self.texts_or_none(named)?,
            "ip" => context.ip = self.raw_or_none()?,
            "traits" => context.traits = self.raw_or_none()?,
            "consent" => context.consent = self.consent()?,
            _ => context.automated = self.flag_or_none()?,
        }
        Some(())
    }

    fn page(&mut self) -> Option<Option<Page<'a>>> {
        self.texts_or_none(page)
    }

    fn campaign(&mut self) -> Option<Option<Campaign<'a>>> {
        let marks = self.object_or_none(|scan, marks: &mut Marks<'a>, key| {
            let place = match key {
                "source" => &mut marks.source,
                "medium" => &mut marks.medium,
                "name" | "campaign" => &mut marks.campaign,
                "id" => &mut marks.campaign_id,
                "content" => &mut marks.content,
                "term" => &mut marks.term,
                "network" => &mut marks.network,
                other => {
                    return match click_id(other) {
                        Some(known) => {
                            let value = scan.text()?;
                            marks.click_on(known, value.0);
                            Some(())
                        }
                        None => scan.skip(),
                    };
                }
            };
            *place = scan.text()?.0;
            Some(())
        })?;
        Some(marks.map(Campaign))
    }

    fn consent(&mut self) -> Option<Option<Consent<'a>>> {
        let mut seen = Seen(0);
        self.object_or_none(|scan, consent: &mut Consent<'a>, key| {
            match key {
                "categoryPreferences" => {
                    seen.first(0)?;
                    consent.category_preferences = scan.raw_or_none()?;
                }
                "gpc" => {
                    seen.first(1)?;
                    consent.gpc = scan.flag_or_none()?;
                }
                _ => scan.skip()?,
            }
            Some(())
        })
    }
}

fn page<'t, 'a>(page: &'t mut Page<'a>, key: &str) -> Option<(&'t mut Text<'a>, u32)> {
    Some(match key {
        "url" => (&mut page.url, 0),
        "path" => (&mut page.path, 1),
        "title" => (&mut page.title, 2),
        "referrer" => (&mut page.referrer, 3),
        "search" => (&mut page.search, 4),
        _ => return None,
    })
}

fn library<'t, 'a>(library: &'t mut Library<'a>, key: &str) -> Option<(&'t mut Text<'a>, u32)> {
    Some(match key {
        "name" => (&mut library.name, 0),
        "version" => (&mut library.version, 1),
        _ => return None,
    })
}

fn location<'t, 'a>(location: &'t mut Location<'a>, key: &str) -> Option<(&'t mut Text<'a>, u32)> {
    (key == "country").then_some((&mut location.country, 0))
}

fn device<'t, 'a>(device: &'t mut Device<'a>, key: &str) -> Option<(&'t mut Text<'a>, u32)> {
    Some(match key {
        "type" => (&mut device.kind, 0),
        "model" => (&mut device.model, 1),
        _ => return None,
    })
}

fn named<'t, 'a>(named: &'t mut Named<'a>, key: &str) -> Option<(&'t mut Text<'a>, u32)> {
    (key == "name").then_some((&mut named.name, 0))
}
