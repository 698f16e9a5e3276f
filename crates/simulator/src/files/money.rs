//! Money: the reports of the ad platforms, a sheet of invoices, the plan and the rates.

use super::{Table, cents, english, german, preamble};
use crate::Company;
use crate::market::{Campaign, Platform};
use crate::spend::{SpendRow, currency};
use kernel::money::Rate;

/// The lines of one platform with their campaign, by date.
fn lines(company: &Company, platform: Platform) -> Vec<(&SpendRow, &Campaign)> {
    let with = company.spend.iter().map(|row| (row, company.market.get(row.campaign)));
    let mut lines: Vec<_> = with.filter(|(_, campaign)| campaign.platform == platform).collect();
    lines.sort_by_key(|(row, _)| (row.date, row.campaign));
    lines
}

/// Google Ads: two lines above the header and a row of totals below, which must not be counted as spend.
pub(super) fn google(company: &Company) -> Vec<u8> {
    let (start, end) = (company.calendar.start, company.calendar.date(company.calendar.len() - 1));
    let span = format!("\"{} - {}\"", start.strftime("%B %-d, %Y"), end.strftime("%B %-d, %Y"));
    let header =
        ["Day", "Campaign", "Campaign ID", "Ad group", "Campaign type", "Currency code", "Cost", "Impr.", "Clicks"];
    let mut table = Table::with(b',', preamble(&["Ad group report".to_owned(), span]), &header);
    let (mut cost, mut impressions, mut clicks) = (0, 0, 0);
    for (row, campaign) in lines(company, Platform::Google) {
        let kind = if campaign.click.is_some() { "Search" } else { "Display" };
        let currency = currency(campaign.platform);
        table.line([
            row.date.to_string().as_str(),
            &campaign.name,
            &campaign.id,
            row.group.unwrap_or(""),
            kind,
            currency.as_str(),
            &english(row.micros),
            &row.impressions.to_string(),
            &row.clicks.to_string(),
        ]);
        cost += row.micros;
        impressions += row.impressions;
        clicks += row.clicks;
    }
    let total = ["Total: Account", " --", " --", " --", " --", "USD"].map(str::to_owned);
    table.line(total.into_iter().chain([english(cost), impressions.to_string(), clicks.to_string()]));
    table.bytes()
}

/// Meta, exported in German: a byte order mark, semicolons, decimal commas, translated headers.
pub(super) fn meta(company: &Company) -> Vec<u8> {
    let header = [
        "Tag",
        "Kampagnenname",
        "Kampagnen-ID",
        "Anzeigengruppenname",
        "Anzeigenname",
        "Ausgegebener Betrag (EUR)",
        "Impressionen",
        "Link-Klicks",
        "Berichtsstart",
        "Berichtsende",
    ];
    let mut table = Table::with(b';', vec![0xEF, 0xBB, 0xBF], &header);
    for (row, campaign) in lines(company, Platform::Meta) {
        let ad = row.group.unwrap_or("");
        let date = row.date.to_string();
        table.line([
            date.as_str(),
            &campaign.name,
            &campaign.id,
            &format!("{ad} | Zielgruppe A"),
            ad,
            &german(row.micros),
            &row.impressions.to_string(),
            &row.clicks.to_string(),
            &date,
            &date,
        ]);
    }
    table.bytes()
}

/// LinkedIn: American dates and dollars.
pub(super) fn linkedin(company: &Company) -> Vec<u8> {
    let header = [
        "Start Date (in UTC)",
        "Account Name",
        "Currency",
        "Campaign Group Name",
        "Campaign Name",
        "Campaign ID",
        "Creative Name",
        "Total Spent",
        "Impressions",
        "Clicks",
    ];
    let mut table = Table::new(&header);
    for (row, campaign) in lines(company, Platform::LinkedIn) {
        let group = campaign.name.rsplit(" | ").next().unwrap_or("");
        table.line([
            row.date.strftime("%m/%d/%Y").to_string().as_str(),
            crate::site::BRAND,
            currency(campaign.platform).as_str(),
            group,
            &campaign.name,
            &campaign.id,
            row.group.unwrap_or(""),
            &cents(row.micros),
            &row.impressions.to_string(),
            &row.clicks.to_string(),
        ]);
    }
    table.bytes()
}

/// Invoices kept in a sheet: the channel is written by hand.
pub(super) fn invoices(company: &Company) -> Vec<u8> {
    let header = ["Date", "Channel", "Source", "Campaign", "Campaign ID", "Amount", "Currency", "Note"];
    let mut table = Table::new(&header);
    for (row, campaign) in lines(company, Platform::Invoice) {
        let tags = campaign.tags.as_ref();
        // A cost of the channel as a whole names no campaign.
        let name = tags.map_or("", |_| campaign.name.as_str());
        table.line([
            row.date.to_string().as_str(),
            campaign.channel.name(),
            tags.map_or("", |tags| tags.source),
            name,
            &campaign.id,
            &cents(row.micros),
            currency(campaign.platform).as_str(),
            &format!("Invoice {}: {}", row.date.strftime("%Y-%m"), campaign.name),
        ]);
    }
    table.bytes()
}

pub(super) fn plan(company: &Company) -> Vec<u8> {
    let mut table = Table::new(&["Month", "Channel", "Planned Amount", "Currency"]);
    for row in &company.budget {
        let month = row.month.strftime("%Y-%m").to_string();
        table.line([month.as_str(), row.channel.name(), &cents(row.micros), "EUR"]);
    }
    table.bytes()
}

/// Rates of working days only: a weekend uses the Friday before.
pub(super) fn rates(company: &Company) -> Vec<u8> {
    let mut table = Table::new(&["Date", "From", "To", "Rate"]);
    for (date, nanos) in &company.fx.0 {
        table.line([date.to_string().as_str(), "USD", "EUR", &Rate { nanos: *nanos }.to_string()]);
    }
    table.bytes()
}
