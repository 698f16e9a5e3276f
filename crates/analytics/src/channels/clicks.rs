//! Click ids: what ad platforms append to an address, and what each one tells.

/// Which kind of ad a click id stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Click {
    /// Google Ads: the network says where the ad was shown.
    Google,
    /// Microsoft Advertising.
    Microsoft,
    /// Another search engine's ads.
    Search,
    /// Google's display server.
    Display,
    /// Ads of a social network.
    Social,
    /// An affiliate network.
    Affiliate,
    /// Added to unpaid links as well: tells the site, not that somebody paid.
    Unpaid,
}

/// One click id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClickId {
    /// Its name in the address.
    pub name: &'static str,
    /// What it tells.
    pub click: Click,
    /// The source it stands for.
    pub source: &'static str,
    /// The medium it stands for, where no UTM says otherwise.
    pub medium: &'static str,
}

const fn id(name: &'static str, click: Click, source: &'static str, medium: &'static str) -> ClickId {
    ClickId { name, click, source, medium }
}

/// Every click id that is known, the strongest evidence first: an address with several is decided by the earliest here.
pub const CLICK_IDS: &[ClickId] = &[
    id("gclid", Click::Google, "google", "cpc"),
    id("gbraid", Click::Google, "google", "cpc"),
    id("wbraid", Click::Google, "google", "cpc"),
    id("msclkid", Click::Microsoft, "bing", "cpc"),
    id("yclid", Click::Search, "yandex", "cpc"),
    id("dclid", Click::Display, "dv360", "cpm"),
    id("li_fat_id", Click::Social, "linkedin", "paid_social"),
    id("ttclid", Click::Social, "tiktok", "paid_social"),
    id("twclid", Click::Social, "twitter", "paid_social"),
    id("rdt_cid", Click::Social, "reddit", "paid_social"),
    id("ScCid", Click::Social, "snapchat", "paid_social"),
    id("epik", Click::Social, "pinterest", "paid_social"),
    id("qclid", Click::Social, "quora", "paid_social"),
    id("irclickid", Click::Affiliate, "impact", "affiliate"),
    id("cjevent", Click::Affiliate, "cj", "affiliate"),
    id("fbclid", Click::Unpaid, "facebook", "social"),
    id("igshid", Click::Unpaid, "instagram", "social"),
];

/// The click id of this name, whatever its case.
#[must_use]
pub fn click_id(name: &str) -> Option<&'static ClickId> {
    CLICK_IDS.iter().find(|known| known.name.eq_ignore_ascii_case(name))
}

/// Where an ad platform showed the ad.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// Search results of the platform or its partners.
    Search,
    /// Video.
    Video,
    /// Banners on other sites.
    Display,
    /// Social or discovery feeds.
    Social,
    /// Several of them, decided by the platform.
    Cross,
    /// Shopping results.
    Shopping,
}

impl Network {
    /// Reads the code that Google's `{network}` and Microsoft's `{Network}` write into an address.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        match super::lists::lower(code).as_ref() {
            "g" | "s" | "o" | "search" | "google search" | "search partners" | "google partners" => Some(Self::Search),
            "ytv" | "v" | "youtube" | "youtube_search" | "youtube_watch" | "video" => Some(Self::Video),
            "d" | "a" | "audience" | "content" | "display" | "gdn" => Some(Self::Display),
            "social" => Some(Self::Social),
            "x" | "cross-network" | "cross_network" | "pmax" => Some(Self::Cross),
            "u" | "shopping" => Some(Self::Shopping),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn click_ids_are_found_whatever_their_case() {
        assert_eq!(click_id("GCLID").map(|known| known.source), Some("google"));
        assert_eq!(click_id("sccid").map(|known| known.source), Some("snapchat"));
        assert_eq!(click_id("utm_source"), None);
    }
}
