//! What people do on the website, as their browsers report it.

use crate::Company;
use crate::calendar::days;
use crate::draw::{Draw, floor};
use crate::events::{Outbox, Sender, device_id, message_id};
use crate::journeys::{Goal, Visit};
use crate::market::{Campaign, MISLABELLED};
use crate::population::Population;
use crate::site::{self, APP_HOST, BRAND, BROWSERS, HOST, PAGES};
use crate::wire::{
    BROWSER_LIBRARY, Body, CampaignContext, Categories, Consent, Context, Location, PageContext, Props, Screen, Val,
    Wire,
};
use crate::words::{COUNTRIES, Country};
use kernel::time::SECOND;

/// A browser and whoever sits before it.
struct Browser {
    anonymous: String,
    user: Option<String>,
    agent: &'static str,
    screen: (u16, u16),
    country: &'static Country,
    gpc: bool,
}

/// A visit that is being written.
struct Session<'a> {
    company: &'a Company,
    outbox: &'a mut Outbox,
    draw: Draw,
    browser: Browser,
    at: i64,
    url: String,
    search: String,
    path: &'static str,
    title: String,
    referrer: String,
    tags: Option<(&'a Campaign, &'static str)>,
}

impl Company {
    /// Writes the messages of a visit.
    pub(crate) fn write_visit(&self, visit: &Visit, number: u64, outbox: &mut Outbox) {
        let mut draw = Draw::of(self.settings.seed, "visit", number);
        let browser = self.browser(visit);
        let campaign = self.market.get(visit.campaign);
        if campaign.name == MISLABELLED {
            outbox.tally.mislabelled_visits += 1;
        }
        let landing = match visit.goal {
            Goal::SignIn => "/login",
            _ if draw.chance(0.55) => campaign.landing[draw.below(campaign.landing.len())],
            _ => PAGES[draw.weighted(&PAGES.each_ref().map(|page| page.weight))].path,
        };
        let mut session = Session {
            company: self,
            outbox,
            draw,
            browser,
            at: visit.at,
            url: String::new(),
            search: String::new(),
            path: landing,
            title: String::new(),
            referrer: campaign.referrer.to_owned(),
            tags: None,
        };
        if visit.goal == Goal::SignIn {
            session.sign_in(visit);
        } else {
            session.land(campaign);
            session.look_around(visit.goal);
            session.reach(visit);
        }
    }

    fn browser(&self, visit: &Visit) -> Browser {
        let known = self.population.people.get(visit.who as usize);
        let strangers = u64::from(visit.who).saturating_sub(self.population.people.len() as u64);
        let country = known.map_or_else(
            || {
                Draw::of(self.settings.seed, "stranger", strangers)
                    .weighted(&COUNTRIES.each_ref().map(|one| one.weight))
            },
            |human| usize::from(human.country),
        );
        let country = &COUNTRIES[country];
        let mut draw = Draw::of(self.settings.seed, "device", u64::from(visit.who) * 8 + u64::from(visit.device));
        let (agent, screen, _) = BROWSERS[draw.weighted(&BROWSERS.map(|(_, _, weight)| weight))];
        let gpc = draw.chance(if matches!(country.code, "US" | "CA") { 0.06 } else { 0.008 });
        let signed_in = self.signed_in.get(visit.who as usize).copied().flatten();
        let user = signed_in.filter(|from| visit.device == 0 && visit.at > from + days(12.0));
        Browser {
            anonymous: device_id(self.settings.seed, visit.who, visit.device),
            user: user.map(|_| Population::user_id(visit.who)),
            agent,
            screen,
            country,
            gpc,
        }
    }
}

impl<'a> Session<'a> {
    /// The first page: tags and click id stand in its address.
    fn land(&mut self, campaign: &'a Campaign) {
        let mut search = String::new();
        let mut add = |name: &str, value: &str| {
            search.push(if search.is_empty() { '?' } else { '&' });
            search.push_str(name);
            search.push('=');
            search.push_str(value);
        };
        if let Some(tags) = &campaign.tags {
            let group = campaign.ad_groups.len();
            let content = if group == 0 { "" } else { campaign.ad_groups[self.draw.below(group)] };
            add("utm_source", tags.source);
            add("utm_medium", tags.medium);
            add("utm_campaign", &tags.campaign);
            if tags.with_id && !campaign.id.is_empty() {
                add("utm_id", &campaign.id);
            }
            if !content.is_empty() {
                add("utm_content", &crate::market::slug(content));
            }
            self.tags = Some((campaign, content));
        }
        // A browser with Global Privacy Control is not followed by the click.
        if let Some(click) = campaign.click.filter(|_| !self.browser.gpc && self.draw.chance(0.92)) {
            add(click, &format!("sim{:016x}{:08x}", self.draw.bits(), self.draw.bits() >> 32));
        }
        self.search = search;
        self.page(self.path);
    }

    /// Shows a page.
    fn page(&mut self, path: &'static str) {
        let page = site::find(path);
        (self.path, self.title) = (path, format!("{} | {BRAND}", page.title));
        self.url = format!("https://{HOST}{path}{}", self.search);
        self.show(page.title, page.category);
    }

    fn show(&mut self, name: &str, category: &str) {
        let (url, search, title) = (self.url.clone(), self.search.clone(), self.title.clone());
        let referrer = self.referrer.clone();
        let properties = Props(vec![
            ("path", Val::Text(self.path)),
            ("referrer", Val::Text(&referrer)),
            ("search", Val::Text(&search)),
            ("title", Val::Text(&title)),
            ("url", Val::Text(&url)),
        ]);
        let category = Some(category);
        self.send("page", Body { name: Some(name), category, properties: Some(properties), ..Body::default() });
    }

    fn look_around(&mut self, goal: Goal) {
        let wanted = match goal {
            Goal::Browse => 1 + self.draw.weighted(&[44.0, 20.0, 13.0, 9.0, 6.0, 4.0, 4.0]),
            _ => 2 + self.draw.weighted(&[20.0, 25.0, 22.0, 15.0, 10.0, 8.0]),
        };
        for number in 0..wanted {
            if number > 0 {
                self.turn_page();
            }
            let content = self.path.starts_with("/blog/") || self.path.starts_with("/guides/");
            if content && self.draw.chance(0.45) {
                self.wait(35.0);
                let percent = *self.draw.pick(&[25_i64, 50, 75, 90]);
                self.track("Scroll Depth Reached", vec![("percent", Val::Whole(percent))]);
            } else if self.draw.chance(0.10) {
                self.wait(12.0);
                let place = *self.draw.pick(&["hero", "footer", "inline", "navigation"]);
                self.track("CTA Clicked", vec![("placement", Val::Text(place)), ("path", Val::Text(self.path))]);
            } else if self.path == "/pricing" && self.draw.chance(0.3) {
                self.wait(20.0);
                let seats = self.draw.whole(3, 120);
                self.track(
                    "Pricing Calculator Used",
                    vec![("seats", Val::Whole(seats)), ("annual", Val::Flag(seats % 3 > 0))],
                );
            }
        }
    }

    fn turn_page(&mut self) {
        self.wait(28.0);
        // Tags stand in the address of the first page alone.
        self.referrer = std::mem::take(&mut self.url);
        self.search.clear();
        self.tags = None;
        let path = PAGES[self.draw.weighted(&PAGES.each_ref().map(|page| page.weight))].path;
        self.page(path);
    }

    /// The end of a visit that comes to something.
    fn reach(&mut self, visit: &Visit) {
        let (form, path, event) = match visit.goal {
            Goal::Guide => (
                "guide-download",
                *self.draw.pick(&[
                    "/guides/attribution-playbook",
                    "/guides/marketing-budget-template",
                    "/guides/first-party-data",
                ]),
                "Guide Downloaded",
            ),
            Goal::Webinar => (
                "webinar-registration",
                *self.draw.pick(&["/webinars/pipeline-review", "/webinars/board-reporting"]),
                "Webinar Registered",
            ),
            Goal::Demo => ("demo-request", "/demo", "Demo Requested"),
            Goal::Browse | Goal::SignIn => return,
        };
        if self.path != path {
            self.wait(18.0);
            self.referrer = std::mem::take(&mut self.url);
            self.search.clear();
            self.tags = None;
            self.page(path);
        }
        self.wait(40.0);
        self.outbox.tally.forms += 1;
        self.track("Form Submitted", vec![("form", Val::Text(form)), ("path", Val::Text(path))]);
        self.at += 150_000;
        self.identify(visit.who);
        self.at += 150_000;
        self.track(event, vec![("form", Val::Text(form)), ("path", Val::Text(path))]);
    }

    /// The product's sign-in page: from here on the browser knows who it is.
    fn sign_in(&mut self, visit: &Visit) {
        self.url = format!("https://{APP_HOST}/login");
        self.title = format!("Sign in | {BRAND}");
        self.show("Sign in", "Product");
        self.wait(9.0);
        let user = Population::user_id(visit.who);
        if self.draw.chance(0.04) {
            let anonymous = std::mem::take(&mut self.browser.anonymous);
            let body = Body { previous_id: Some(&anonymous), user_id: Some(&user), ..Body::default() };
            self.send("alias", body);
            self.browser.anonymous = anonymous;
            self.at += 120_000;
        }
        self.browser.user = Some(user);
        self.identify(visit.who);
        self.at += 120_000;
        let company = self.company;
        if let Some(firm) = company.population.people[visit.who as usize].firm {
            let (account, firm) = (Population::account_id(firm), &company.population.firms[firm as usize]);
            let traits = Props(vec![("name", Val::Text(&firm.name)), ("domain", Val::Text(&firm.domain))]);
            self.send("group", Body { group_id: Some(&account), traits: Some(traits), ..Body::default() });
        }
    }

    fn identify(&mut self, who: u32) {
        let company = self.company;
        let email = company.population.email(who);
        let traits = Some(Props(company.traits(who, &email)));
        self.send("identify", Body { traits, ..Body::default() });
    }

    fn track(&mut self, event: &'static str, properties: Vec<(&'static str, Val<'_>)>) {
        self.send("track", Body { event: Some(event), properties: Some(Props(properties)), ..Body::default() });
    }

    /// Time passes: some seconds around a median.
    fn wait(&mut self, seconds: f64) {
        self.at += floor(self.draw.skewed(seconds, 0.9, 2.0, 900.0) * 1_000.0) * (SECOND / 1_000);
    }

    fn send(&mut self, kind: &'static str, body: Body<'_>) {
        let id = message_id("ajs-next", &mut self.draw, self.at);
        let browser = &self.browser;
        let campaign = self.tags.and_then(|(campaign, content)| {
            let tags = campaign.tags.as_ref()?;
            let id = if tags.with_id { campaign.id.as_str() } else { "" };
            Some(CampaignContext { source: tags.source, medium: tags.medium, name: &tags.campaign, id, content })
        });
        let page = PageContext {
            path: self.path,
            referrer: &self.referrer,
            search: &self.search,
            title: &self.title,
            url: &self.url,
        };
        let categories = Categories { analytics: true, advertising: !browser.gpc };
        let context = Context {
            library: BROWSER_LIBRARY,
            page: Some(page),
            campaign,
            user_agent: Some(browser.agent),
            locale: Some(browser.country.locale),
            timezone: Some(browser.country.zone),
            screen: Some(Screen { width: browser.screen.0, height: browser.screen.1 }),
            location: Some(Location { country: browser.country.code }),
            consent: Some(Consent { category_preferences: categories }),
            gpc: browser.gpc,
            group_id: None,
        };
        let anonymous_id = Some(browser.anonymous.as_str()).filter(|id| !id.is_empty());
        let user_id = body.user_id.or(browser.user.as_deref());
        let wire = Wire::new(kind, &id, self.at, context, Body { anonymous_id, user_id, ..body });
        self.outbox.tally.gpc += u64::from(browser.gpc);
        self.outbox.send(Sender::Browser, self.at, &wire);
    }
}
