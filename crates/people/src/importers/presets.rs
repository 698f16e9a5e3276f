//! Files of well-known systems, recognised by their headers. The list is `presets.json`, so that a preset is data.

use crate::sheets::plain_header;
use serde::Deserialize;
use std::collections::{BTreeMap, HashSet};
use std::sync::OnceLock;

/// What is known about one kind of file of one system. Headers are in lower case; `(*)` stands for a currency code.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Preset {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) kind: String,
    pub(crate) system: String,
    /// Of each group, the file must have a header.
    needs: Vec<Vec<String>>,
    /// A file with a header of each of these groups is something else.
    #[serde(default)]
    refuses: Vec<Vec<String>>,
    /// Field → headers, the preferred one first.
    pub(crate) columns: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub(crate) constants: BTreeMap<String, String>,
    /// A row in which one of these fields is empty sums up others.
    #[serde(default)]
    pub(crate) skip_blank: Vec<String>,
}

/// All presets.
pub(crate) fn all() -> &'static [Preset] {
    static PRESETS: OnceLock<Vec<Preset>> = OnceLock::new();
    PRESETS.get_or_init(|| serde_json::from_str(include_str!("presets.json")).unwrap_or_default())
}

/// The preset of this id.
pub(crate) fn named(id: &str) -> Option<&'static Preset> {
    all().iter().find(|preset| preset.id == id)
}

/// Whether some preset knows a header.
pub(crate) fn knows(header: &str) -> bool {
    static KNOWN: OnceLock<HashSet<String>> = OnceLock::new();
    let known =
        KNOWN.get_or_init(|| all().iter().flat_map(|preset| preset.columns.values()).flatten().cloned().collect());
    known.contains(header) || known.contains(&without_currency(header).0)
}

/// `amount spent (eur)` → `amount spent (*)` and `EUR`.
pub(crate) fn without_currency(header: &str) -> (String, Option<String>) {
    let inner = header.strip_suffix(')').and_then(|rest| rest.rsplit_once(" ("));
    match inner {
        Some((name, code)) if code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_lowercase()) => {
            (format!("{name} (*)"), Some(code.to_uppercase()))
        }
        _ => (header.to_owned(), None),
    }
}

impl Preset {
    /// The columns of a file by field, when the file is of this preset: field, place, currency named in the header.
    pub(crate) fn recognise(&self, columns: &[String]) -> Option<Vec<(String, usize, Option<String>)>> {
        let headers: Vec<(String, Option<String>)> =
            columns.iter().map(|name| without_currency(&plain_header(name))).collect();
        let has = |group: &Vec<String>| group.iter().any(|name| headers.iter().any(|(header, _)| header == name));
        if !self.needs.iter().all(has) || (!self.refuses.is_empty() && self.refuses.iter().all(has)) {
            return None;
        }
        let mut found = Vec::new();
        for (field, names) in &self.columns {
            let place = names.iter().find_map(|name| headers.iter().position(|(header, _)| header == name));
            if let Some(place) = place {
                found.push((field.clone(), place, headers[place].1.clone()));
            }
        }
        Some(found)
    }
}

/// The preset that explains most columns of a file, of one kind when that is given.
pub(crate) fn recognise(columns: &[String], kind: Option<&str>) -> Option<&'static Preset> {
    let fitting = all().iter().filter(|preset| kind.is_none_or(|kind| kind == preset.kind));
    let scored = fitting.filter_map(|preset| Some((preset.recognise(columns)?.len(), preset)));
    // Of two that explain as much, the first of the list.
    scored.rev().max_by_key(|(count, _)| *count).map(|(_, preset)| preset)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn preset(header: &str) -> Option<&'static str> {
        let columns: Vec<String> = header.split(',').map(str::to_owned).collect();
        recognise(&columns, None).map(|preset| preset.id.as_str())
    }

    #[test]
    fn files_are_recognised_by_their_headers_ma_12() {
        let cases = [
            (
                "Record ID,First Name,Last Name,Email,Phone Number,Contact owner,Lead Status,Create Date",
                "hubspot_contacts",
            ),
            (
                "Record ID,Company name,Company owner,Create Date,Phone Number,Country/Region,Industry",
                "hubspot_companies",
            ),
            ("Record ID,Deal Name,Deal Stage,Close Date,Deal owner,Amount,Pipeline", "hubspot_deals"),
            ("Record ID,Deal Name,Deal Stage,Date entered", "hubspot_stage_history"),
            ("Id,FirstName,LastName,Email,AccountId,MailingCountry,LeadSource,CreatedDate", "salesforce_contacts"),
            ("Lead ID,First Name,Last Name,Company / Account,Email,Lead Source,Lead Status", "salesforce_leads"),
            ("Account ID,Account Name,Website,Industry,Billing Country", "salesforce_accounts"),
            ("Id,Name,StageName,Amount,CloseDate,CreatedDate,AccountId,IsWon,IsClosed", "salesforce_opportunities"),
            ("Id,OpportunityId,StageName,Amount,CloseDate,CreatedDate,Probability", "salesforce_stage_history"),
            ("Id,OpportunityId,ContactId,Role,IsPrimary", "salesforce_contact_roles"),
            ("Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CC,LEID,EUID", "mailchimp_audience"),
            ("Day,Campaign,Campaign ID,Currency code,Cost,Impr.,Clicks", "google_ads"),
            ("Tag,Kampagne,Währungscode,Kosten,Impressionen,Klicks", "google_ads"),
            (
                "Reporting starts,Reporting ends,Campaign name,Ad set name,Amount spent (USD),Impressions,Link clicks",
                "meta_ads",
            ),
            ("Berichtsstart,Berichtsende,Kampagnenname,Ausgegebener Betrag (EUR),Impressionen,Link-Klicks", "meta_ads"),
            ("Jour,Nom de la campagne,Nom de l’ensemble de publicités,Montant dépensé (EUR),Impressions", "meta_ads"),
            ("Día,Nombre de la campaña,Importe gastado (MXN),Impresiones", "meta_ads"),
            (
                "Start Date (in UTC),Account Name,Currency,Campaign Group Name,Campaign Name,Total Spent,Impressions,Clicks",
                "linkedin_ads",
            ),
        ];
        assert_eq!(all().len(), 14, "the list can be read");
        for (header, id) in cases {
            assert_eq!(preset(header), Some(id), "{header}");
        }
        assert_eq!(preset("name,age,colour"), None);
        assert_eq!(preset("email,first name"), None, "too little to be sure of a system");
    }

    #[test]
    fn a_header_may_name_its_currency() {
        let columns = vec!["Campaign name".to_owned(), "Amount spent (USD)".to_owned(), "Day".to_owned()];
        let found = named("meta_ads").unwrap().recognise(&columns).unwrap();
        assert!(found.contains(&("cost".to_owned(), 1, Some("USD".to_owned()))));
        assert!(knows("amount spent (usd)") && !knows("colour"));
    }
}
