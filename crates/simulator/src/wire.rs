//! The form of a message on the wire: what Segment's libraries send.

use crate::calendar::iso;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

/// A value of a property.
pub(crate) enum Val<'a> {
    Text(&'a str),
    Whole(i64),
    Flag(bool),
    /// Micros as a decimal number of units.
    Units(i64),
}

impl Serialize for Val<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Val::Text(text) => serializer.serialize_str(text),
            Val::Whole(number) => serializer.serialize_i64(*number),
            Val::Flag(flag) => serializer.serialize_bool(*flag),
            Val::Units(micros) => serializer.serialize_i64(micros / kernel::money::UNIT),
        }
    }
}

/// Properties or traits, in their order.
pub(crate) struct Props<'a>(pub(crate) Vec<(&'static str, Val<'a>)>);

impl Serialize for Props<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// The page a message came from.
#[derive(Serialize, Clone, Copy)]
pub(crate) struct PageContext<'a> {
    pub(crate) path: &'a str,
    pub(crate) referrer: &'a str,
    pub(crate) search: &'a str,
    pub(crate) title: &'a str,
    pub(crate) url: &'a str,
}

/// The tags of a link.
#[derive(Serialize, Clone, Copy)]
pub(crate) struct CampaignContext<'a> {
    pub(crate) source: &'a str,
    pub(crate) medium: &'a str,
    pub(crate) name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) content: &'a str,
}

#[derive(Serialize, Clone, Copy)]
pub(crate) struct Library {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
}

/// The browser's library.
pub(crate) const BROWSER_LIBRARY: Library = Library { name: "analytics.js", version: "npm:next-1.81.0" };
/// The server's library.
pub(crate) const SERVER_LIBRARY: Library = Library { name: "@segment/analytics-node", version: "2.2.1" };

#[derive(Serialize, Clone, Copy)]
pub(crate) struct Location<'a> {
    pub(crate) country: &'a str,
}

#[derive(Serialize, Clone, Copy)]
pub(crate) struct Screen {
    pub(crate) width: u16,
    pub(crate) height: u16,
}

/// What somebody agreed to.
#[derive(Serialize, Clone, Copy)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Consent {
    pub(crate) category_preferences: Categories,
}

#[derive(Serialize, Clone, Copy)]
pub(crate) struct Categories {
    pub(crate) analytics: bool,
    pub(crate) advertising: bool,
}

/// Where a message comes from.
#[derive(Serialize, Clone, Copy)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Context<'a> {
    pub(crate) library: Library,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) page: Option<PageContext<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) campaign: Option<CampaignContext<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_agent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) locale: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) timezone: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) screen: Option<Screen>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) location: Option<Location<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) consent: Option<Consent>,
    /// Global Privacy Control, as the browser says it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) gpc: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) group_id: Option<&'a str>,
}

/// One message.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Wire<'a> {
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) message_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) anonymous_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) previous_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) group_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) event: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) category: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) properties: Option<Props<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) traits: Option<Props<'a>>,
    pub(crate) context: Context<'a>,
    pub(crate) timestamp: String,
}

/// What a message says, apart from who sends it and from where.
#[derive(Default)]
pub(crate) struct Body<'a> {
    pub(crate) anonymous_id: Option<&'a str>,
    pub(crate) user_id: Option<&'a str>,
    pub(crate) previous_id: Option<&'a str>,
    pub(crate) group_id: Option<&'a str>,
    pub(crate) event: Option<&'a str>,
    pub(crate) name: Option<&'a str>,
    pub(crate) category: Option<&'a str>,
    pub(crate) properties: Option<Props<'a>>,
    pub(crate) traits: Option<Props<'a>>,
}

impl<'a> Wire<'a> {
    /// A message of a kind.
    pub(crate) fn new(kind: &'static str, message_id: &'a str, at: i64, context: Context<'a>, body: Body<'a>) -> Self {
        Self {
            kind,
            message_id,
            anonymous_id: body.anonymous_id,
            user_id: body.user_id,
            previous_id: body.previous_id,
            group_id: body.group_id,
            event: body.event,
            name: body.name,
            category: body.category,
            properties: body.properties,
            traits: body.traits,
            context,
            timestamp: iso(at),
        }
    }
}

/// The context of a server: no page, no browser.
pub(crate) fn server(group_id: Option<&str>) -> Context<'_> {
    Context {
        library: SERVER_LIBRARY,
        page: None,
        campaign: None,
        user_agent: None,
        locale: None,
        timezone: None,
        screen: None,
        location: None,
        consent: None,
        gpc: false,
        group_id,
    }
}
