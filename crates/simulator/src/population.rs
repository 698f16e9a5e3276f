//! Who there is: companies, the people in them, and people without a company.

use crate::calendar::{Calendar, days, running};
use crate::draw::{Draw, floor, key, scaled};
use crate::words;

/// A company that may buy.
pub(crate) struct Firm {
    pub(crate) name: String,
    pub(crate) domain: String,
    pub(crate) country: u8,
    pub(crate) industry: u8,
    pub(crate) city: u8,
    pub(crate) employees: u32,
    pub(crate) created_at: i64,
    /// The people of the company: a span of [`Population::people`].
    pub(crate) people: std::ops::Range<u32>,
}

/// How a person became known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// Filled in a form on the website.
    Web,
    /// Came on a list: a trade show, a purchase, a sales rep.
    List,
}

/// A person whose e-mail address the company knows.
pub(crate) struct Human {
    pub(crate) firm: Option<u32>,
    pub(crate) first: u8,
    pub(crate) last: u8,
    pub(crate) title: u8,
    pub(crate) country: u8,
    pub(crate) city: u8,
    /// Browsers this person uses: 1 to 3.
    pub(crate) devices: u8,
    pub(crate) free_mail: bool,
    pub(crate) known: Known,
    /// When the address became known. May lie before the company's life.
    pub(crate) known_at: i64,
}

/// Everybody.
pub(crate) struct Population {
    pub(crate) firms: Vec<Firm>,
    pub(crate) people: Vec<Human>,
}

/// Companies at full size.
pub(crate) const FIRMS: usize = 2_150;
/// People at full size.
pub(crate) const PEOPLE: usize = 42_500;

impl Population {
    /// Draws everybody.
    pub(crate) fn new(calendar: &Calendar, seed: u64, scale: f64) -> Self {
        let demand = running(calendar.days.iter().map(|day| day.demand));
        let (firm_count, people_count) = (scaled(FIRMS, scale), scaled(PEOPLE, scale));
        let mut population = Self { firms: Vec::with_capacity(firm_count), people: Vec::with_capacity(people_count) };
        let single = people_count / 7;
        for number in 0..firm_count {
            let left = people_count.saturating_sub(single + population.people.len());
            population.firm(calendar, seed, number, left / (firm_count - number), &demand);
        }
        while population.people.len() < people_count {
            let mut draw = Draw::of(seed, "person", population.people.len() as u64);
            let human = human(calendar, &mut draw, None, &demand);
            population.people.push(human);
        }
        population
    }

    fn firm(&mut self, calendar: &Calendar, seed: u64, number: usize, mean: usize, demand: &[f64]) {
        let mut draw = Draw::of(seed, "firm", number as u64);
        let country = country(&mut draw);
        let (name, domain) = firm_name(seed, number, country);
        let first = u32::try_from(self.people.len()).unwrap_or(0);
        let size = floor(draw.skewed(0.8, 0.65, 0.2, 4.0) * f64::from(u32::try_from(mean).unwrap_or(1))).max(4);
        for _ in 0..size {
            let mut own = Draw::of(seed, "person", self.people.len() as u64);
            let firm = Some((u32::try_from(number).unwrap_or(0), country));
            self.people.push(human(calendar, &mut own, firm, demand));
        }
        let last = u32::try_from(self.people.len()).unwrap_or(0);
        self.firms.push(Firm {
            name,
            domain,
            country,
            industry: small(draw.weighted(&[30.0, 9.0, 7.0, 9.0, 6.0, 11.0, 4.0, 5.0, 5.0, 4.0, 6.0, 4.0])),
            city: small(draw.below(4)),
            employees: u32::try_from(floor(draw.skewed(140.0, 1.15, 8.0, 9_000.0))).unwrap_or(100),
            created_at: calendar.at(-draw.whole(20, 700)),
            people: first..last,
        });
    }

    /// The address of a person.
    pub(crate) fn email(&self, person: u32) -> String {
        let human = &self.people[person as usize];
        let first = words::ascii(words::FIRST_NAMES[usize::from(human.first)]);
        let last = words::ascii(words::LAST_NAMES[usize::from(human.last)]);
        match human.firm {
            Some(firm) if !human.free_mail => {
                let firm = &self.firms[firm as usize];
                let place = person - firm.people.start;
                // Two people of one name in a company get a number, as they do in life.
                let same = |other: u32| {
                    let other = &self.people[other as usize];
                    other.first == human.first && other.last == human.last
                };
                let earlier = (firm.people.start..person).filter(|other| same(*other)).count();
                let number = if earlier > 0 { format!("{}", place + 1) } else { String::new() };
                format!("{first}.{last}{number}@{}", firm.domain)
            }
            _ => {
                let domain = words::FREE_MAIL[person as usize % words::FREE_MAIL.len()];
                format!("{first}.{last}.simulated{person}@{domain}")
            }
        }
    }

    /// The id of a person inside the product.
    pub(crate) fn user_id(person: u32) -> String {
        format!("user_{:06}", person + 1_000)
    }

    /// The id of a company inside the product.
    pub(crate) fn account_id(firm: u32) -> String {
        format!("acct_{:05}", firm + 100)
    }
}

/// A position in a short list.
pub(crate) fn small(number: usize) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}

fn country(draw: &mut Draw) -> u8 {
    let weights: Vec<f64> = words::COUNTRIES.iter().map(|country| country.weight).collect();
    small(draw.weighted(&weights))
}

/// A name no other company has: the pairs of halves are walked with a step that meets each of them once.
fn firm_name(seed: u64, number: usize, country: u8) -> (String, String) {
    let pairs = words::NAME_FIRST.len() * words::NAME_SECOND.len();
    let start = usize::try_from(key(seed, "names", 0) % pairs as u64).unwrap_or(0);
    let place = (start + number * 1_153) % pairs;
    let stem = format!("{}{}", words::NAME_FIRST[place / 48], words::NAME_SECOND[place % 48]);
    // More companies than pairs of halves: the next round gets a third part.
    let round = number / pairs;
    let extra = if round == 0 { String::new() } else { format!(" {}", round + 1) };
    let domain =
        format!("{}{}.example", stem.to_lowercase(), if round == 0 { String::new() } else { round.to_string() });
    (format!("{stem}{extra} {}", words::COUNTRIES[usize::from(country)].suffix), domain)
}

fn human(calendar: &Calendar, draw: &mut Draw, firm: Option<(u32, u8)>, demand: &[f64]) -> Human {
    let home = match firm {
        Some((_, home)) if draw.chance(0.88) => home,
        _ => country(draw),
    };
    let known = if draw.chance(0.2) { Known::Web } else { Known::List };
    let known_at = if known == Known::Web || draw.chance(0.55) {
        calendar.at(calendar.draw_day(draw, demand)) + crate::calendar::desk_time(draw)
    } else {
        calendar.at(-1) - days(draw.between(0.0, 500.0))
    };
    let titles =
        [8.0, 5.0, 11.0, 3.0, 9.0, 5.0, 6.0, 5.0, 9.0, 9.0, 6.0, 6.0, 4.0, if firm.is_none() { 30.0 } else { 0.0 }];
    Human {
        firm: firm.map(|(firm, _)| firm),
        first: small(draw.below(words::FIRST_NAMES.len())),
        last: small(draw.below(words::LAST_NAMES.len())),
        title: small(draw.weighted(&titles)),
        country: home,
        city: small(draw.below(4)),
        devices: small(draw.weighted(&[62.0, 31.0, 7.0])) + 1,
        free_mail: firm.is_none() || draw.chance(0.04),
        known,
        known_at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn addresses_and_domains_are_unique() {
        let calendar = Calendar::new("2026-11-01".parse().unwrap());
        let population = Population::new(&calendar, 7, 1.0);
        let count = u32::try_from(population.people.len()).unwrap();
        assert!(count >= 40_000 && population.firms.len() >= 2_000);
        let addresses: HashSet<String> = (0..count).map(|person| population.email(person)).collect();
        assert_eq!(addresses.len(), population.people.len());
        let domains: HashSet<&str> = population.firms.iter().map(|firm| firm.domain.as_str()).collect();
        assert_eq!(domains.len(), population.firms.len());
        assert!(addresses.iter().all(|address| address.is_ascii()));
    }
}
