//! The CRM: people, companies, deals and what happened to the deals, in the form of HubSpot's exports.

use super::Table;
use crate::Company;
use crate::calendar::minute;
use crate::deals::{Deal, Ending};
use crate::market::Channel;
use crate::population::Known;
use crate::words::{COUNTRIES, DEAL_ROLES, FIRST_NAMES, INDUSTRIES, LAST_NAMES, LOST_REASONS, OWNERS, TITLES};

/// Ids as the CRM counts them.
const PERSON_IDS: u64 = 51_000_000;
const COMPANY_IDS: u64 = 88_000_000;
const DEAL_IDS: u64 = 31_000_000;

/// The CRM's id of a deal, by its place.
fn deal_id(place: usize) -> String {
    (DEAL_IDS + place as u64 * 7).to_string()
}

fn person_id(person: u32) -> String {
    (PERSON_IDS + u64::from(person) * 3).to_string()
}

fn company_id(firm: u32) -> String {
    (COMPANY_IDS + u64::from(firm) * 11).to_string()
}

pub(super) fn companies(company: &Company) -> Vec<u8> {
    let mut table = Table::new(&[
        "Record ID",
        "Company name",
        "Company Domain Name",
        "Industry",
        "Country/Region",
        "City",
        "Street Address",
        "Number of Employees",
        "Create Date",
        "Company owner",
    ]);
    for (number, firm) in (0_u32..).zip(&company.population.firms) {
        let country = &COUNTRIES[usize::from(firm.country)];
        // Addresses of two lines, as people type them: a quoted cell with a line break inside.
        let street = match number % 9 {
            0 => format!("Harbour Street {}\nSecond floor", number % 90 + 1),
            1 => String::new(),
            _ => format!("Mill Lane {}", number % 120 + 1),
        };
        table.line([
            company_id(number).as_str(),
            &firm.name,
            &firm.domain,
            INDUSTRIES[usize::from(firm.industry)],
            country.name,
            country.cities[usize::from(firm.city)],
            &street,
            &firm.employees.to_string(),
            &minute(firm.created_at),
            OWNERS[number as usize % OWNERS.len()],
        ]);
    }
    table.bytes()
}

pub(super) fn contacts(company: &Company) -> Vec<u8> {
    let mut table = Table::new(&[
        "Record ID",
        "First Name",
        "Last Name",
        "Email",
        "Phone Number",
        "Job Title",
        "Country/Region",
        "City",
        "Lifecycle Stage",
        "Lead Status",
        "Original Source",
        "Create Date",
        "Associated Company",
        "Associated Company IDs",
    ]);
    for (number, human) in (0_u32..).zip(&company.population.people) {
        let country = &COUNTRIES[usize::from(human.country)];
        let firm = human.firm.map(|firm| (&company.population.firms[firm as usize], company_id(firm)));
        let customer = company.signed_in[number as usize].is_some();
        let (stage, source) = match (human.known, customer) {
            (_, true) => ("Customer", "Direct Traffic"),
            (Known::Web, false) => ("Lead", "Organic Search"),
            (Known::List, false) => ("Subscriber", "Offline Sources"),
        };
        let phone = if number % 5 == 0 {
            format!("+{} 555 {:07}", country.dial, number * 37 % 10_000_000)
        } else {
            String::new()
        };
        table.line([
            person_id(number).as_str(),
            FIRST_NAMES[usize::from(human.first)],
            LAST_NAMES[usize::from(human.last)],
            &company.population.email(number),
            &phone,
            TITLES[usize::from(human.title)],
            country.name,
            country.cities[usize::from(human.city)],
            stage,
            if human.known == Known::Web { "Open" } else { "" },
            source,
            &minute(human.known_at),
            firm.as_ref().map_or("", |(firm, _)| &firm.name),
            firm.as_ref().map_or("", |(_, id)| id),
        ]);
    }
    table.bytes()
}

pub(super) fn deals(company: &Company) -> Vec<u8> {
    let mut table = Table::new(&[
        "Record ID",
        "Deal Name",
        "Pipeline",
        "Deal Stage",
        "Amount",
        "Currency",
        "Create Date",
        "Close Date",
        "Deal owner",
        "Deal Type",
        "Closed Lost Reason",
        "Is Closed Won",
        "Is closed lost",
        "Associated Company",
        "Associated Company IDs",
        "Associated Contact",
        "Associated Contact IDs",
    ]);
    for (place, deal) in company.deals.iter().enumerate() {
        let firm = &company.population.firms[deal.firm as usize];
        let kind = if deal.expansion { "Existing Business" } else { "New Business" };
        let ids: Vec<String> = deal.committee.iter().map(|person| person_id(*person)).collect();
        let addresses: Vec<String> = deal.committee.iter().map(|person| company.population.email(*person)).collect();
        table.line([
            deal_id(place).as_str(),
            &deal_name(company, deal),
            "Sales Pipeline",
            deal.stages.last().map_or("", |(stage, _)| stage),
            &super::cents(deal.micros),
            "EUR",
            &minute(deal.created_at),
            &minute(deal.close_at),
            OWNERS[usize::from(deal.owner)],
            kind,
            if deal.ending == Ending::Lost { LOST_REASONS[usize::from(deal.reason)] } else { "" },
            if deal.ending == Ending::Won { "true" } else { "false" },
            if deal.ending == Ending::Lost { "true" } else { "false" },
            &firm.name,
            &company_id(deal.firm),
            &addresses.join(";"),
            &ids.join(";"),
        ]);
    }
    table.bytes()
}

fn deal_name(company: &Company, deal: &Deal) -> String {
    let firm = &company.population.firms[deal.firm as usize];
    let what = if deal.expansion { "more seats" } else { "team plan" };
    // Two deals of a company are at least 150 days apart, so the quarter makes the name its own.
    let date = crate::calendar::civil(deal.created_at).0;
    format!("{} - {what} Q{}-{}", firm.name, (date.month() - 1) / 3 + 1, date.year() % 100)
}

pub(super) fn stage_history(company: &Company) -> Vec<u8> {
    let mut table = Table::new(&["Deal ID", "Deal Name", "Pipeline", "Deal Stage", "Entered At"]);
    for (place, deal) in company.deals.iter().enumerate() {
        let name = deal_name(company, deal);
        for (stage, at) in &deal.stages {
            table.line([deal_id(place).as_str(), &name, "Sales Pipeline", stage, &minute(*at)]);
        }
    }
    table.bytes()
}

/// A report of the CRM that somebody put together: names and addresses, no ids.
pub(super) fn contact_roles(company: &Company) -> Vec<u8> {
    let mut table = Table::new(&["Deal Name", "Email", "Role", "Is Primary"]);
    for deal in &company.deals {
        let name = deal_name(company, deal);
        for (number, person) in deal.committee.iter().enumerate() {
            let role = DEAL_ROLES[number.min(DEAL_ROLES.len() - 1)];
            let primary = if number == 0 { "true" } else { "false" };
            table.line([name.as_str(), &company.population.email(*person), role, primary]);
        }
    }
    table.bytes()
}

/// The deals with what caused them: for tests that compare an attribution with the truth.
pub(crate) fn causes(company: &Company) -> Vec<(String, Channel)> {
    company.deals.iter().enumerate().map(|(place, deal)| (deal_id(place), deal.cause)).collect()
}
