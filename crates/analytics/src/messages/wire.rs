//! The messages of the Segment HTTP API as they arrive (AN 1.5, OS §4.2): typed, borrowed, and lenient where the real
//! clients are.
//!
//! **Invariant:** one pass over the bytes; properties, traits and the message itself stay the text they were.

use crate::channels::{Marks, click_id};
use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// A text. Clients also send numbers and booleans where the specification says text; null is no text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

impl std::ops::Deref for Text<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(number.to_string())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(number.to_string())))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(number.to_string())))
    }

    fn visit_bool<E>(self, yes: bool) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Borrowed(if yes { "true" } else { "false" })))
    }

    fn visit_unit<E>(self) -> Result<Text<'de>, E> {
        Ok(Text::default())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

/// Any value, as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Raw<'a>(pub(super) &'a str);

impl<'a> Raw<'a> {
    pub(super) fn get(self) -> &'a str {
        self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Raw<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&RawValue>::deserialize(deserializer).map(|raw| Raw(raw.get()))
    }
}

/// The body of a batch.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Batch<'a> {
    #[serde(borrow)]
    pub(super) batch: Option<Vec<&'a RawValue>>,
    #[serde(borrow, rename = "writeKey")]
    pub(super) write_key: Text<'a>,
    #[serde(borrow, rename = "sentAt")]
    pub(super) sent_at: Text<'a>,
}

/// The key alone, for a body that is one message.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct KeyOnly<'a> {
    #[serde(borrow, rename = "writeKey")]
    pub(super) write_key: Text<'a>,
}

/// What every message has, without its context.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Core<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) message_id: Text<'a>,
    #[serde(borrow)]
    pub(super) user_id: Text<'a>,
    #[serde(borrow)]
    pub(super) anonymous_id: Text<'a>,
    #[serde(borrow)]
    pub(super) previous_id: Text<'a>,
    #[serde(borrow)]
    pub(super) group_id: Text<'a>,
    #[serde(borrow)]
    pub(super) event: Text<'a>,
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) timestamp: Text<'a>,
    #[serde(borrow)]
    pub(super) original_timestamp: Text<'a>,
    #[serde(borrow)]
    pub(super) sent_at: Text<'a>,
    #[serde(borrow)]
    pub(super) write_key: Option<Raw<'a>>,
    #[serde(borrow)]
    pub(super) properties: Option<Raw<'a>>,
    #[serde(borrow)]
    pub(super) traits: Option<Raw<'a>>,
    #[serde(borrow)]
    pub(super) context: Option<Raw<'a>>,
}

/// What the sender says about the circumstances.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Context<'a> {
    #[serde(borrow)]
    pub(super) page: Option<Page<'a>>,
    #[serde(borrow)]
    pub(super) campaign: Option<Campaign<'a>>,
    #[serde(borrow)]
    pub(super) library: Option<Library<'a>>,
    #[serde(borrow)]
    pub(super) user_agent: Text<'a>,
    #[serde(borrow)]
    pub(super) locale: Text<'a>,
    #[serde(borrow)]
    pub(super) timezone: Text<'a>,
    #[serde(borrow)]
    pub(super) location: Option<Location<'a>>,
    #[serde(borrow)]
    pub(super) device: Option<Device<'a>>,
    #[serde(borrow)]
    pub(super) os: Option<Named<'a>>,
    #[serde(borrow)]
    pub(super) ip: Option<Raw<'a>>,
    #[serde(borrow)]
    pub(super) group_id: Text<'a>,
    #[serde(borrow)]
    pub(super) traits: Option<Raw<'a>>,
    #[serde(borrow)]
    pub(super) consent: Option<Consent<'a>>,
    /// The page found that a program drives the browser (our own snippet says so).
    pub(super) automated: Option<bool>,
}

#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Page<'a> {
    #[serde(borrow)]
    pub(super) url: Text<'a>,
    #[serde(borrow)]
    pub(super) path: Text<'a>,
    #[serde(borrow)]
    pub(super) title: Text<'a>,
    #[serde(borrow)]
    pub(super) referrer: Text<'a>,
    #[serde(borrow)]
    pub(super) search: Text<'a>,
}

#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Library<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) version: Text<'a>,
}

#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Location<'a> {
    #[serde(borrow)]
    pub(super) country: Text<'a>,
}

#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Device<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) model: Text<'a>,
}

#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Named<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
}

#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Consent<'a> {
    #[serde(borrow)]
    pub(super) category_preferences: Option<Raw<'a>>,
    pub(super) gpc: Option<bool>,
}

/// `context.campaign`: the UTM parameters without their prefix, and click ids under their own name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Campaign<'a>(pub(super) Marks<'a>);

struct CampaignVisitor;

impl<'de> Visitor<'de> for CampaignVisitor {
    type Value = Campaign<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Campaign<'de>, A::Error> {
        let mut marks = Marks::default();
        while let Some(key) = map.next_key::<Text<'de>>()? {
            let place = match &*key {
                "source" => &mut marks.source,
                "medium" => &mut marks.medium,
                "name" | "campaign" => &mut marks.campaign,
                "id" => &mut marks.campaign_id,
                "content" => &mut marks.content,
                "term" => &mut marks.term,
                "network" => &mut marks.network,
                other => {
                    match click_id(other) {
                        Some(known) => marks.click_on(known, map.next_value::<Text<'de>>()?.0),
                        None => drop(map.next_value::<IgnoredAny>()?),
                    }
                    continue;
                }
            };
            *place = map.next_value::<Text<'de>>()?.0;
        }
        Ok(Campaign(marks))
    }

    /// An empty list is what PHP makes of an empty object.
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Campaign<'de>, A::Error> {
        if list.next_element::<IgnoredAny>()?.is_some() {
            return Err(A::Error::custom("a list where an object belongs"));
        }
        Ok(Campaign::default())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Campaign<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CampaignVisitor)
    }
}

/// What is read out of properties or traits: how many there are, and the few that have a column.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Bag<'a> {
    pub(super) count: usize,
    pub(super) url: Text<'a>,
    pub(super) path: Text<'a>,
    pub(super) title: Text<'a>,
    pub(super) referrer: Text<'a>,
    pub(super) search: Text<'a>,
    pub(super) currency: Option<Raw<'a>>,
    pub(super) revenue: Option<Raw<'a>>,
    pub(super) value: Option<Raw<'a>>,
    pub(super) total: Option<Raw<'a>>,
}

struct BagVisitor;

impl<'de> Visitor<'de> for BagVisitor {
    type Value = Bag<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_unit<E>(self) -> Result<Bag<'de>, E> {
        Ok(Bag::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Bag<'de>, A::Error> {
        if list.next_element::<IgnoredAny>()?.is_some() {
            return Err(A::Error::custom("a list where an object belongs"));
        }
        Ok(Bag::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Bag<'de>, A::Error> {
        let mut bag = Bag::default();
        while let Some(key) = map.next_key::<Text<'de>>()? {
            bag.count += 1;
            let money = match &*key {
                "currency" => &mut bag.currency,
                "revenue" => &mut bag.revenue,
                "value" => &mut bag.value,
                "total" => &mut bag.total,
                "url" | "path" | "title" | "referrer" | "search" => {
                    let text = loose_text(map.next_value::<Raw<'de>>()?);
                    match &*key {
                        "url" => bag.url = text,
                        "path" => bag.path = text,
                        "title" => bag.title = text,
                        "referrer" => bag.referrer = text,
                        _ => bag.search = text,
                    }
                    continue;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            *money = Some(map.next_value::<Raw<'de>>()?);
        }
        Ok(bag)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Bag<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BagVisitor)
    }
}

/// A text out of any JSON; what is no text is none.
pub(super) fn loose_text(raw: Raw<'_>) -> Text<'_> {
    serde_json::from_str(raw.get()).unwrap_or_default()
}
