//! What the product's servers report, and what programs do on the website.

use crate::Company;
use crate::draw::{Draw, floor, scaled};
use crate::events::{Outbox, Sender, message_id};
use crate::journeys::Seat;
use crate::population::Population;
use crate::site::{BRAND, FEATURES, HOST, PAGES, ROBOTS};
use crate::wire::{BROWSER_LIBRARY, Body, Context, PageContext, Props, Val, Wire, server};
use crate::words::{COUNTRIES, FIRST_NAMES, INDUSTRIES, LAST_NAMES, TITLES};
use kernel::time::{DAY, HOUR, SECOND};

/// Visits of programs on an average day at full size.
const ROBOT_VISITS: usize = 46;

impl Company {
    /// The traits a form or the product knows of a person.
    pub(crate) fn traits<'a>(&'a self, who: u32, email: &'a str) -> Vec<(&'static str, Val<'a>)> {
        let human = &self.population.people[who as usize];
        let mut traits = vec![
            ("email", Val::Text(email)),
            ("firstName", Val::Text(FIRST_NAMES[usize::from(human.first)])),
            ("lastName", Val::Text(LAST_NAMES[usize::from(human.last)])),
            ("title", Val::Text(TITLES[usize::from(human.title)])),
            ("country", Val::Text(COUNTRIES[usize::from(human.country)].code)),
        ];
        if let Some(firm) = human.firm {
            traits.push(("company", Val::Text(&self.population.firms[firm as usize].name)));
        }
        traits
    }

    /// Writes what the people with a seat do on a day.
    pub(crate) fn write_product(&self, day: i64, outbox: &mut Outbox) {
        let (start, end) = (self.calendar.at(day), self.calendar.at(day + 1));
        let begun = self.plan.seats.partition_point(|seat| seat.from < end);
        for (number, seat) in self.plan.seats[..begun].iter().enumerate().filter(|(_, seat)| seat.to > start) {
            let mut draw = Draw::of(self.settings.seed, "work", (number as u64) << 16 | day.unsigned_abs());
            if seat.from >= start {
                self.write_seat(seat, &mut draw, outbox);
            } else if draw.chance(seat.habit * self.calendar.day(day).work) {
                self.write_work(seat, start, &mut draw, outbox);
            }
        }
    }

    /// A seat begins: the server says who it is, which account, and what was bought.
    fn write_seat(&self, seat: &Seat, draw: &mut Draw, outbox: &mut Outbox) {
        let (user, account) = (Population::user_id(seat.person), Population::account_id(seat.firm));
        let email = self.population.email(seat.person);
        let firm = &self.population.firms[seat.firm as usize];
        let mut at = seat.from;
        let mut send = |kind: &'static str, body: Body<'_>| {
            let id = message_id("node-next", draw, at);
            let context = server(Some(&account));
            outbox.send(Sender::Server, at, &Wire::new(kind, &id, at, context, Body { user_id: Some(&user), ..body }));
            at += SECOND / 4;
        };
        send("identify", Body { traits: Some(Props(self.traits(seat.person, &email))), ..Body::default() });
        let traits = Props(vec![
            ("name", Val::Text(&firm.name)),
            ("domain", Val::Text(&firm.domain)),
            ("industry", Val::Text(INDUSTRIES[usize::from(firm.industry)])),
            ("employees", Val::Whole(i64::from(firm.employees))),
        ]);
        send("group", Body { group_id: Some(&account), traits: Some(traits), ..Body::default() });
        let event = match (seat.trial, seat.first) {
            (true, _) => "Trial Started",
            (false, true) => "Subscription Started",
            (false, false) => "Seat Activated",
        };
        let mut properties = vec![("plan", Val::Text(if seat.trial { "trial" } else { "team" }))];
        if seat.first {
            properties.push(("revenue", Val::Units(seat.micros)));
            properties.push(("currency", Val::Text("EUR")));
        }
        send("track", Body { event: Some(event), properties: Some(Props(properties)), ..Body::default() });
    }

    fn write_work(&self, seat: &Seat, start: i64, draw: &mut Draw, outbox: &mut Outbox) {
        let (user, account) = (Population::user_id(seat.person), Population::account_id(seat.firm));
        let ahead = COUNTRIES[usize::from(self.population.people[seat.person as usize].country)].hours_ahead * HOUR;
        let mut at = start + floor(draw.between(8.0, 17.0) * 3_600.0) * SECOND - ahead;
        at = at.clamp(start, start + DAY - 3 * HOUR);
        for step in 0..2 + draw.weighted(&[14.0, 16.0, 16.0, 14.0, 12.0, 9.0, 7.0, 5.0, 4.0, 3.0]) {
            let event =
                if step == 0 { "Signed In" } else { FEATURES[draw.weighted(&FEATURES.map(|(_, weight)| weight))].0 };
            let milliseconds = draw.whole(40, 1_900);
            let properties =
                Props(vec![("durationMs", Val::Whole(milliseconds)), ("beta", Val::Flag(milliseconds % 17 == 0))]);
            let id = message_id("node-next", draw, at);
            let body =
                Body { user_id: Some(&user), event: Some(event), properties: Some(properties), ..Body::default() };
            outbox.send(Sender::Server, at, &Wire::new("track", &id, at, server(Some(&account)), body));
            at += floor(draw.skewed(70.0, 1.0, 1.0, 600.0)) * SECOND;
        }
    }

    /// Writes what programs do on a day: search engines, monitors, AI agents. They run the snippet and have no past.
    pub(crate) fn write_robots(&self, day: i64, outbox: &mut Outbox) {
        let mut draw = Draw::of(self.settings.seed, "robots", day.unsigned_abs());
        for _ in 0..scaled(ROBOT_VISITS, self.settings.scale) {
            let (agent, ai, _) = ROBOTS[draw.weighted(&ROBOTS.map(|(_, _, weight)| weight))];
            let anonymous = crate::events::device_id(draw.bits(), 0, 0);
            let mut at = self.calendar.at(day) + draw.whole(0, 86_000) * SECOND;
            for _ in 0..1 + draw.weighted(&[40.0, 30.0, 20.0, 10.0]) {
                let page = &PAGES[draw.below(PAGES.len())];
                let (url, title) = (format!("https://{HOST}{}", page.path), format!("{} | {BRAND}", page.title));
                let seen = PageContext { path: page.path, referrer: "", search: "", title: &title, url: &url };
                let context =
                    Context { library: BROWSER_LIBRARY, page: Some(seen), user_agent: Some(agent), ..server(None) };
                let id = message_id("ajs-next", &mut draw, at);
                let properties =
                    Props(vec![("path", Val::Text(page.path)), ("title", Val::Text(&title)), ("url", Val::Text(&url))]);
                let body = Body {
                    anonymous_id: Some(&anonymous),
                    name: Some(page.title),
                    category: Some(page.category),
                    properties: Some(properties),
                    ..Body::default()
                };
                outbox.send(Sender::Browser, at, &Wire::new("page", &id, at, context, body));
                let count = if ai { &mut outbox.tally.ai_agents } else { &mut outbox.tally.bots };
                *count += 1;
                at += draw.whole(1, 9) * SECOND;
            }
        }
    }
}
