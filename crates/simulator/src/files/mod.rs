//! The files a real company would have: what its CRM, its ad platforms and its spreadsheets export.
//!
//! **Invariant:** the totals of the files are the totals of the truth, to the cent.

mod crm;
mod money;

use crate::Company;
use std::io::Write;

pub(crate) use crm::causes;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// People.
    People,
    /// Companies.
    Companies,
    /// Deals.
    Deals,
    /// When each deal entered each stage.
    StageHistory,
    /// Who takes part in which deal.
    ContactRoles,
    /// Spend.
    Spend,
    /// The plan by month and channel.
    Plan,
    /// Daily exchange rates.
    Rates,
}

impl FileKind {
    /// The kind as imports name it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            FileKind::People => "people",
            FileKind::Companies => "companies",
            FileKind::Deals => "deals",
            FileKind::StageHistory => "stage_history",
            FileKind::ContactRoles => "contact_roles",
            FileKind::Spend => "spend",
            FileKind::Plan => "plan",
            FileKind::Rates => "rates",
        }
    }
}

/// A file, in the order in which the files should be imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedCsv {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: FileKind,
    /// The system it comes from, as imports name it: its ids are unique within it.
    pub system: &'static str,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// Every file.
pub(crate) fn all(company: &Company) -> Vec<NamedCsv> {
    let file = |name, kind, system, bytes| NamedCsv { name, kind, system, bytes };
    vec![
        file("hubspot-companies.csv", FileKind::Companies, "hubspot", crm::companies(company)),
        file("hubspot-contacts.csv", FileKind::People, "hubspot", crm::contacts(company)),
        file("hubspot-deals.csv", FileKind::Deals, "hubspot", crm::deals(company)),
        file("hubspot-deal-stage-history.csv", FileKind::StageHistory, "hubspot", crm::stage_history(company)),
        file("deal-contact-roles.csv", FileKind::ContactRoles, "file", crm::contact_roles(company)),
        file("exchange-rates-usd-eur.csv", FileKind::Rates, "file", money::rates(company)),
        file("google-ads-ad-group-report.csv", FileKind::Spend, "google_ads", money::google(company)),
        file("meta-anzeigen.csv", FileKind::Spend, "meta_ads", money::meta(company)),
        file("linkedin-campaign-performance.csv", FileKind::Spend, "linkedin_ads", money::linkedin(company)),
        file("other-marketing-invoices.csv", FileKind::Spend, "file", money::invoices(company)),
        file("marketing-plan.csv", FileKind::Plan, "file", money::plan(company)),
    ]
}

/// Writes the lines of a table. Writing to memory cannot fail, so there is no error to hand on.
struct Table(csv::Writer<Vec<u8>>);

impl Table {
    fn new(header: &[&str]) -> Self {
        Self::with(b',', Vec::new(), header)
    }

    /// A table after some bytes that stand above it, with its own delimiter.
    fn with(delimiter: u8, above: Vec<u8>, header: &[&str]) -> Self {
        let writer = csv::WriterBuilder::new().delimiter(delimiter).flexible(true).from_writer(above);
        let mut table = Self(writer);
        table.line(header);
        table
    }

    fn line<T: AsRef<[u8]>>(&mut self, cells: impl IntoIterator<Item = T>) {
        let _ = self.0.write_record(cells);
    }

    fn bytes(self) -> Vec<u8> {
        self.0.into_inner().unwrap_or_default()
    }
}

/// Bytes that stand above a table.
fn preamble(lines: &[String]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in lines {
        let _ = writeln!(bytes, "{line}");
    }
    bytes
}

/// `1234567.8` in micros as `1234567.80`.
fn cents(micros: i64) -> String {
    let cents = micros / 10_000;
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// As [`cents`], with thousands separated as in English: `1,234,567.80`.
fn english(micros: i64) -> String {
    let plain = cents(micros);
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, "00"));
    let mut text = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    format!("{text}.{fraction}")
}

/// As [`cents`], with the comma of German: `1234567,80`.
fn german(micros: i64) -> String {
    cents(micros).replace('.', ",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_print_as_each_platform_writes_them() {
        assert_eq!(cents(1_234_567_800_000), "1234567.80");
        assert_eq!(english(1_234_567_800_000), "1,234,567.80");
        assert_eq!(english(999_000_000), "999.00");
        assert_eq!(german(50_000), "0,05");
    }
}
