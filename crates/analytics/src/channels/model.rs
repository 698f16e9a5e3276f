//! The channels, and what a classification looks at.

use serde::{Deserialize, Serialize};

macro_rules! channels {
    ($($(#[$doc:meta])* $item:ident = $text:literal,)+) => {
        /// Where a visit came from, in the words of GA4's default channel group (AN 1.1).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
        pub enum Channel {
            $($(#[$doc])* #[serde(rename = $text)] $item,)+
        }

        impl Channel {
            /// Every channel, in the order of the rules.
            pub const ALL: &'static [Channel] = &[$(Channel::$item,)+];

            /// The name as reports show it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Channel::$item => $text,)+ }
            }
        }
    };
}

channels! {
    /// No source at all: typed, bookmarked, or stripped on the way.
    Direct = "Direct",
    /// Campaigns that Google places over several networks.
    CrossNetwork = "Cross-network",
    /// Paid placements in shops and shopping campaigns.
    PaidShopping = "Paid Shopping",
    /// Paid search results.
    PaidSearch = "Paid Search",
    /// Paid placements in social networks.
    PaidSocial = "Paid Social",
    /// Paid placements around video.
    PaidVideo = "Paid Video",
    /// Banners.
    Display = "Display",
    /// Paid, by its medium, but on no known kind of site.
    PaidOther = "Paid Other",
    /// Unpaid visits from shops and price comparison.
    OrganicShopping = "Organic Shopping",
    /// Unpaid visits from social networks.
    OrganicSocial = "Organic Social",
    /// Unpaid visits from video sites.
    OrganicVideo = "Organic Video",
    /// Unpaid search results.
    OrganicSearch = "Organic Search",
    /// Links in the answers of AI assistants.
    AiAssistant = "AI Assistant",
    /// Links on other sites.
    Referral = "Referral",
    /// Links in e-mail.
    Email = "Email",
    /// Links of affiliates.
    Affiliates = "Affiliates",
    /// Podcasts and other audio.
    Audio = "Audio",
    /// Text messages.
    Sms = "SMS",
    /// Notifications on a phone or in a browser.
    MobilePush = "Mobile Push Notifications",
    /// There is a source, and no rule knows it.
    Unassigned = "Unassigned",
}

impl Channel {
    /// The channel of this name, whatever its case.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.trim();
        Self::ALL.iter().copied().find(|channel| channel.as_str().eq_ignore_ascii_case(name))
    }

    /// Whether somebody was paid for the visit.
    #[must_use]
    pub fn is_paid(self) -> bool {
        use Channel as C;
        matches!(
            self,
            C::CrossNetwork
                | C::PaidShopping
                | C::PaidSearch
                | C::PaidSocial
                | C::PaidVideo
                | C::Display
                | C::PaidOther
        )
    }
}

impl std::fmt::Display for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a classification looks at. Every text may be empty; matching ignores case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Evidence<'a> {
    /// `utm_source`, or what was derived from the click id or the referrer.
    pub source: &'a str,
    /// `utm_medium`, or what was derived.
    pub medium: &'a str,
    /// `utm_campaign`.
    pub campaign: &'a str,
    /// The name of the click id in the address (`gclid`, `li_fat_id`, …).
    pub click_id_kind: &'a str,
    /// The ad network as the ad platform names it (`g`, `ytv`, `audience`, …), where the address carries it.
    pub network: &'a str,
}
