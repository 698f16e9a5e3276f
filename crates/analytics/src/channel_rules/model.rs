//! What a workspace can say.

use crate::channels::{Channel, List};
use lake::AgentClass;
use serde::{Deserialize, Serialize};

/// A version's own rules. Empty: the program's rules alone.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RuleBook {
    /// Channel rules, in order; the first that holds decides, before every rule of the program. At most 50.
    pub channels: Vec<ChannelRule>,
    /// Sites that count as on a list. At most 500.
    pub sites: Vec<KnownSite>,
    /// Rules for user agents, in order; the first that holds decides, before the program's list. At most 100.
    pub visitors: Vec<VisitorRule>,
}

/// A channel, and what must hold for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelRule {
    /// Its name, at most 80 characters.
    #[schema(example = "Partner newsletters")]
    pub name: String,
    /// The channel it leads to.
    pub channel: Channel,
    /// Every one of these must hold; 1 to 10.
    pub all: Vec<Condition>,
}

/// One condition. Case does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// What it looks at.
    pub field: ConditionField,
    /// How.
    pub test: ConditionTest,
    /// What it compares with: one text, or up to 50 for `one_of`; at most 200 characters each.
    pub values: Vec<String>,
}

macro_rules! choices {
    ($(#[$doc:meta])* $name:ident { $($(#[$item_doc:meta])* $item:ident = $words:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $($(#[$item_doc])* $item,)+
        }

        impl $name {
            /// In words.
            #[must_use]
            pub fn words(self) -> &'static str {
                match self { $(Self::$item => $words,)+ }
            }
        }
    };
}

choices! {
    /// What a condition looks at.
    ConditionField {
        /// The source.
        Source = "source",
        /// The medium.
        Medium = "medium",
        /// The campaign.
        Campaign = "campaign",
        /// The host of the page before.
        ReferrerHost = "referrer host",
        /// The name of the click id in the address, such as `gclid`.
        ClickId = "click id",
        /// The path of the page.
        LandingPath = "landing path",
    }
}

choices! {
    /// How a condition compares.
    ConditionTest {
        /// The whole text.
        Equals = "is",
        /// A part of it.
        Contains = "contains",
        /// Its beginning.
        Starts = "starts with",
        /// Its end.
        Ends = "ends with",
        /// One of several whole texts.
        OneOf = "is one of",
    }
}

/// A site that counts as on a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KnownSite {
    /// A host, with every host below it, or a source's name.
    #[schema(example = "search.example")]
    pub site: String,
    /// The list.
    pub list: SiteList,
}

choices! {
    /// A list of known sites.
    SiteList {
        /// Search engines.
        Search = "search engines",
        /// Social networks.
        Social = "social networks",
        /// Video sites.
        Video = "video sites",
        /// Shops and price comparison.
        Shopping = "shopping sites",
        /// AI assistants.
        Assistants = "AI assistants",
    }
}

impl SiteList {
    pub(super) fn list(self) -> List {
        match self {
            Self::Search => List::Search,
            Self::Social => List::Social,
            Self::Video => List::Video,
            Self::Shopping => List::Shopping,
            Self::Assistants => List::Assistants,
        }
    }
}

/// Who a user agent stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VisitorRule {
    /// Its name, at most 80 characters.
    #[schema(example = "Our uptime check")]
    pub name: String,
    /// How the user agent is compared.
    pub test: VisitorTest,
    /// With what; case does not matter. At most 200 characters.
    pub text: String,
    /// Who it is.
    pub class: VisitorClass,
}

choices! {
    /// How a user agent is compared.
    VisitorTest {
        /// A part of it.
        Contains = "contains",
        /// The whole.
        Exact = "is",
    }
}

choices! {
    /// Who a visitor is.
    VisitorClass {
        /// A crawler, monitor or script.
        Bot = "bot",
        /// An AI agent.
        AiAgent = "AI agent",
        /// A person.
        Human = "human",
    }
}

impl VisitorClass {
    /// The class on an event.
    #[must_use]
    pub fn class(self) -> AgentClass {
        match self {
            Self::Bot => AgentClass::Bot,
            Self::AiAgent => AgentClass::AiAgent,
            Self::Human => AgentClass::Human,
        }
    }
}
