//! The website and the browsers it is seen in.

/// A page: path, title, and how often it is read.
pub(crate) struct Page {
    pub(crate) path: &'static str,
    pub(crate) title: &'static str,
    pub(crate) category: &'static str,
    pub(crate) weight: f64,
}

const fn page(path: &'static str, title: &'static str, category: &'static str, weight: f64) -> Page {
    Page { path, title, category, weight }
}

/// The address of the website.
pub(crate) const HOST: &str = "www.northlathe.example";
/// The address of the product.
pub(crate) const APP_HOST: &str = "app.northlathe.example";
/// What the company is called.
pub(crate) const BRAND: &str = "Northlathe";

/// The pages, most of them a blog.
pub(crate) const PAGES: [Page; 42] = [
    page("/", "Revenue planning for B2B teams", "Marketing", 60.0),
    page("/product", "Product", "Marketing", 34.0),
    page("/product/attribution", "Attribution", "Marketing", 22.0),
    page("/product/budget", "Budget ledger", "Marketing", 16.0),
    page("/product/integrations", "Integrations", "Marketing", 14.0),
    page("/pricing", "Pricing", "Marketing", 38.0),
    page("/demo", "Book a demo", "Marketing", 12.0),
    page("/customers", "Customers", "Marketing", 14.0),
    page("/customers/copperfield-logistics", "How a logistics team halved its reporting time", "Case study", 7.0),
    page("/customers/larchworks-energy", "How an energy company found its wasted spend", "Case study", 6.0),
    page("/customers/opalgate-software", "From spreadsheets to one ledger in six weeks", "Case study", 6.0),
    page("/solutions/b2b-saas", "For B2B SaaS", "Marketing", 11.0),
    page("/solutions/manufacturing", "For manufacturing", "Marketing", 5.0),
    page("/compare/spreadsheets", "Instead of spreadsheets", "Marketing", 9.0),
    page("/guides/attribution-playbook", "The attribution playbook", "Guide", 17.0),
    page("/guides/marketing-budget-template", "Marketing budget template", "Guide", 19.0),
    page("/guides/first-party-data", "First-party data without tears", "Guide", 9.0),
    page("/webinars/pipeline-review", "Webinar: the weekly pipeline review", "Webinar", 8.0),
    page("/webinars/board-reporting", "Webinar: marketing in the board meeting", "Webinar", 6.0),
    page("/about", "About us", "Marketing", 6.0),
    page("/careers", "Careers", "Marketing", 7.0),
    page("/security", "Security", "Marketing", 5.0),
    page("/docs/getting-started", "Getting started", "Docs", 8.0),
    page("/docs/api", "API reference", "Docs", 7.0),
    page("/blog", "Blog", "Blog", 10.0),
    page("/blog/what-is-pipeline-contribution", "What is pipeline contribution?", "Blog", 12.0),
    page("/blog/cac-payback-explained", "CAC payback, explained with numbers", "Blog", 13.0),
    page("/blog/last-click-is-a-bad-boss", "Last click is a bad boss", "Blog", 11.0),
    page("/blog/utm-naming-that-survives", "UTM naming that survives a team", "Blog", 12.0),
    page("/blog/how-to-read-a-w-shape", "How to read a W-shaped model", "Blog", 7.0),
    page("/blog/buying-committees-in-data", "What buying committees look like in data", "Blog", 6.0),
    page("/blog/budget-season-checklist", "The budget season checklist", "Blog", 9.0),
    page("/blog/ad-fatigue-curves", "Ad fatigue has a half-life", "Blog", 6.0),
    page("/blog/incrementality-without-a-lab", "Incrementality without a lab", "Blog", 6.0),
    page("/blog/server-side-tracking-primer", "A primer on server-side tracking", "Blog", 8.0),
    page("/blog/consent-and-measurement", "Consent and measurement can be friends", "Blog", 5.0),
    page("/blog/why-our-demo-page-is-short", "Why our demo page is short", "Blog", 4.0),
    page("/blog/the-cost-of-a-lead", "The true cost of a lead", "Blog", 9.0),
    page("/blog/quarterly-business-review-template", "A QBR template for marketing", "Blog", 10.0),
    page("/blog/seasonality-in-b2b", "Seasonality in B2B is real", "Blog", 5.0),
    page("/blog/markov-chains-for-marketers", "Markov chains for marketers", "Blog", 5.0),
    page("/blog/naming-your-channels", "Naming your channels", "Blog", 5.0),
];

/// The page of a path.
pub(crate) fn find(path: &str) -> &'static Page {
    PAGES.iter().find(|page| page.path == path).unwrap_or(&PAGES[0])
}

/// Browsers: how they name themselves, their screen, and whether they are held in a hand.
pub(crate) const BROWSERS: [(&str, (u16, u16), f64); 8] = [
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36",
        (1920, 1080),
        31.0,
    ),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36",
        (1728, 1117),
        21.0,
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36 Edg/138.0.0.0",
        (1920, 1080),
        12.0,
    ),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
        (1512, 982),
        9.0,
    ),
    ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", (2560, 1440), 5.0),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
        (393, 852),
        12.0,
    ),
    (
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Mobile Safari/537.36",
        (412, 915),
        8.0,
    ),
    (
        "Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
        (820, 1180),
        2.0,
    ),
];

/// Programs that visit: how they name themselves, whether an AI agent, and how often.
pub(crate) const ROBOTS: [(&str, bool, f64); 8] = [
    (
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Googlebot/2.1; +http://www.google.com/bot.html) Chrome/138.0.0.0 Safari/537.36",
        false,
        30.0,
    ),
    (
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/138.0.0.0 Safari/537.36",
        false,
        16.0,
    ),
    ("Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)", false, 14.0),
    (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/138.0.0.0 Safari/537.36",
        false,
        8.0,
    ),
    (
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
        true,
        14.0,
    ),
    (
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)",
        true,
        8.0,
    ),
    (
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; ChatGPT-User/1.0; +https://openai.com/bot",
        true,
        6.0,
    ),
    (
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; PerplexityBot/1.0; +https://perplexity.ai/perplexitybot)",
        true,
        4.0,
    ),
];

/// What people do in the product, and how often.
pub(crate) const FEATURES: [(&str, f64); 10] = [
    ("Dashboard Opened", 30.0),
    ("Report Viewed", 26.0),
    ("Filter Applied", 16.0),
    ("Budget Line Updated", 8.0),
    ("Export Downloaded", 5.0),
    ("Comment Added", 5.0),
    ("Segment Created", 3.0),
    ("Forecast Saved", 3.0),
    ("Integration Synced", 3.0),
    ("Teammate Invited", 1.0),
];
