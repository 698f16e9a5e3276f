//! Conditions: which events, which people.

use crate::metrics::FilterOp;
use lake::Col;
use serde::{Deserialize, Serialize};

macro_rules! columns {
    ($($(#[$doc:meta])* $name:ident = $title:literal,)+) => {
        /// A column of an event that can be asked about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(rename_all = "snake_case")]
        #[schema(as = ExploreColumn)]
        pub enum Column { $($(#[$doc])* $name,)+ }

        impl Column {
            /// Every column, in the order they are offered in.
            pub const ALL: &'static [Column] = &[$(Column::$name),+];

            /// The column of the lake.
            #[must_use]
            pub const fn col(self) -> Col {
                match self { $(Column::$name => Col::$name),+ }
            }

            /// Its name for people.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Column::$name => $title),+ }
            }
        }
    };
}

columns! {
    /// Name of what happened.
    Name = "Event",
    /// Channel of the touch.
    Channel = "Channel",
    /// Campaign source.
    Source = "Source",
    /// Campaign medium.
    Medium = "Medium",
    /// Campaign name.
    Campaign = "Campaign",
    /// Which creative.
    Content = "Content",
    /// Which keyword.
    Term = "Term",
    /// Host of the page.
    Host = "Host",
    /// Path of the page.
    Path = "Page",
    /// Title of the page.
    Title = "Page title",
    /// Host of the page before.
    ReferrerHost = "Referring host",
    /// Kind of device.
    Device = "Device",
    /// Browser family.
    Browser = "Browser",
    /// Operating system family.
    Os = "Operating system",
    /// Country code.
    Country = "Country",
    /// Currency of the value.
    Currency = "Currency",
    /// Kind of the click id.
    ClickIdKind = "Ad click",
    /// Consent under which the event was collected.
    Consent = "Consent",
    /// Name and version of the sending library.
    Library = "Library",
}

/// A condition on one column of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EventCondition)]
pub struct Condition {
    /// The column.
    pub column: Column,
    /// How to compare.
    pub op: FilterOp,
    /// With what; an empty text stands for an event that does not say.
    #[schema(example = json!(["/pricing"]))]
    pub values: Vec<String>,
}

/// What the value of a property is taken as.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PropertyType {
    /// A text; numbers, true and false as they are written.
    #[default]
    Text,
    /// A number, also when it is written as a text; what is none obeys no condition.
    Number,
    /// `true` or `false`, also when it is written as a text.
    Bool,
}

/// How the value of a property compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PropertyOp {
    /// Equal to one of the values.
    In,
    /// Equal to none of the values.
    NotIn,
    /// Contains one of the values, whatever the case; texts only.
    Contains,
    /// Contains none of the values, whatever the case; texts only.
    NotContains,
    /// Less than the value; numbers only.
    Less,
    /// The value or less; numbers only.
    AtMost,
    /// More than the value; numbers only.
    More,
    /// The value or more; numbers only.
    AtLeast,
}

/// A condition on one property: of an event, or of a company.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PropertyCondition {
    /// The key at the top of the properties.
    #[schema(example = "plan")]
    pub property: String,
    /// What its value is taken as.
    #[serde(default, rename = "type")]
    pub kind: PropertyType,
    /// How to compare.
    pub op: PropertyOp,
    /// With what; an empty text stands for one that does not say. Numbers are decimals with a point.
    #[schema(example = json!(["pro"]))]
    pub values: Vec<String>,
}

/// Which events are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EventChoice {
    /// The name; every event when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "Signed up")]
    pub name: Option<String>,
    /// All of these must hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// And all of these, on properties.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub properties: Vec<PropertyCondition>,
}

/// Whether all or any of the conditions must hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SegmentMatch)]
pub enum Match {
    /// All of them.
    #[default]
    All,
    /// At least one.
    Any,
}

/// A condition on a person: an event happened often enough in the range, or it did not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SegmentCondition {
    /// `true`: did it at least `times` times. `false`: did it less often.
    pub did: bool,
    /// The event.
    pub event: EventChoice,
    /// How often; once when absent.
    #[serde(default = "once")]
    #[schema(minimum = 1)]
    pub times: u64,
}

/// The people who count: those with an event in the range for whom this holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ExploreSegment)]
pub struct Segment {
    /// Whether all or any of the conditions must hold.
    #[serde(default, rename = "match")]
    pub all: Match,
    /// The conditions on what they did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<SegmentCondition>,
    /// The conditions on the company they belong to, as it is known today: `name`, `domain`, `industry`, `country` and every
    /// other property of a company. Whoever belongs to none has one that does not say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub companies: Vec<PropertyCondition>,
}

const fn once() -> u64 {
    1
}
