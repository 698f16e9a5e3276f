//! The words the company's world is made of. All invented: no company or person here exists, and every company's
//! domain ends in `.example`, which can never be registered.

/// First halves of company names.
pub(crate) const NAME_FIRST: [&str; 64] = [
    "Alder", "Amber", "Arbor", "Aster", "Auro", "Basalt", "Beacon", "Birch", "Boreal", "Bramble", "Brook", "Calder",
    "Canopy", "Cedar", "Cinder", "Cobalt", "Copper", "Coral", "Crest", "Delta", "Drift", "Dune", "Ember", "Fathom",
    "Fern", "Flint", "Gale", "Glen", "Granite", "Harbor", "Haze", "Hollow", "Indigo", "Iron", "Ivory", "Juniper",
    "Kelp", "Lantern", "Larch", "Lumen", "Maple", "Marble", "Meadow", "Mistral", "Moor", "Nimbus", "Oaken", "Onyx",
    "Opal", "Orchard", "Pebble", "Pine", "Quartz", "Raven", "Ridge", "Rowan", "Saffron", "Sable", "Silver", "Spruce",
    "Thistle", "Umber", "Violet", "Willow",
];

/// Second halves of company names.
pub(crate) const NAME_SECOND: [&str; 48] = [
    "bridge", "brook", "craft", "crest", "dale", "field", "fleet", "forge", "gate", "grid", "grove", "hall", "haven",
    "keep", "lathe", "lattice", "ledge", "line", "loom", "mark", "mast", "mere", "mill", "node", "path", "pillar",
    "point", "port", "quay", "reach", "rig", "sail", "scale", "shed", "shore", "spire", "stack", "stead", "stone",
    "stride", "tide", "vale", "vault", "ward", "wheel", "wick", "works", "yard",
];

/// A country people come from.
pub(crate) struct Country {
    pub(crate) code: &'static str,
    pub(crate) name: &'static str,
    pub(crate) locale: &'static str,
    pub(crate) zone: &'static str,
    /// Hours ahead of UTC, the year round: close enough for the hours of an office.
    pub(crate) hours_ahead: i64,
    pub(crate) weight: f64,
    pub(crate) suffix: &'static str,
    pub(crate) cities: [&'static str; 4],
    pub(crate) dial: &'static str,
}

/// The countries, with their share of the market.
pub(crate) const COUNTRIES: [Country; 10] = [
    country("DE", "Germany", "de-DE", "Europe/Berlin", 1, 0.27, "GmbH", ["Berlin", "Hamburg", "Köln", "München"], "49"),
    country(
        "US",
        "United States",
        "en-US",
        "America/New_York",
        -5,
        0.24,
        "Inc.",
        ["New York", "Austin", "Denver", "Boston"],
        "1",
    ),
    country(
        "GB",
        "United Kingdom",
        "en-GB",
        "Europe/London",
        0,
        0.14,
        "Ltd",
        ["London", "Leeds", "Bristol", "Glasgow"],
        "44",
    ),
    country("FR", "France", "fr-FR", "Europe/Paris", 1, 0.09, "SAS", ["Paris", "Lyon", "Nantes", "Lille"], "33"),
    country(
        "NL",
        "Netherlands",
        "nl-NL",
        "Europe/Amsterdam",
        1,
        0.07,
        "B.V.",
        ["Amsterdam", "Utrecht", "Rotterdam", "Eindhoven"],
        "31",
    ),
    country(
        "SE",
        "Sweden",
        "sv-SE",
        "Europe/Stockholm",
        1,
        0.05,
        "AB",
        ["Stockholm", "Göteborg", "Malmö", "Uppsala"],
        "46",
    ),
    country(
        "ES",
        "Spain",
        "es-ES",
        "Europe/Madrid",
        1,
        0.05,
        "S.L.",
        ["Madrid", "Barcelona", "Valencia", "Málaga"],
        "34",
    ),
    country("AT", "Austria", "de-AT", "Europe/Vienna", 1, 0.035, "GmbH", ["Wien", "Graz", "Linz", "Salzburg"], "43"),
    country("CH", "Switzerland", "de-CH", "Europe/Zurich", 1, 0.035, "AG", ["Zürich", "Basel", "Bern", "Luzern"], "41"),
    country(
        "CA",
        "Canada",
        "en-CA",
        "America/Toronto",
        -5,
        0.03,
        "Inc.",
        ["Toronto", "Ottawa", "Calgary", "Halifax"],
        "1",
    ),
];

#[expect(clippy::too_many_arguments, reason = "one line a country reads better than ten names")]
const fn country(
    code: &'static str,
    name: &'static str,
    locale: &'static str,
    zone: &'static str,
    hours_ahead: i64,
    weight: f64,
    suffix: &'static str,
    cities: [&'static str; 4],
    dial: &'static str,
) -> Country {
    Country { code, name, locale, zone, hours_ahead, weight, suffix, cities, dial }
}

/// Industries of companies.
pub(crate) const INDUSTRIES: [&str; 12] = [
    "Software",
    "Manufacturing",
    "Logistics",
    "Financial services",
    "Healthcare",
    "Professional services",
    "Energy",
    "Education",
    "Telecommunications",
    "Construction",
    "Media",
    "Wholesale",
];

/// First names.
pub(crate) const FIRST_NAMES: [&str; 72] = [
    "Aaliyah",
    "Adrian",
    "Agnes",
    "Ailsa",
    "Aisha",
    "Alba",
    "Anouk",
    "Anton",
    "Astrid",
    "Aurelie",
    "Bastian",
    "Bettina",
    "Bruno",
    "Camille",
    "Carla",
    "Caspar",
    "Cecilia",
    "Chidi",
    "Clara",
    "Daniela",
    "Dario",
    "Edda",
    "Elif",
    "Elin",
    "Emil",
    "Esther",
    "Fabian",
    "Farah",
    "Fiona",
    "Frida",
    "Gideon",
    "Greta",
    "Hanna",
    "Hugo",
    "Ida",
    "Imran",
    "Ines",
    "Ingrid",
    "Isak",
    "Jasper",
    "Jonas",
    "Joséphine",
    "Jürgen",
    "Katja",
    "Kofi",
    "Lars",
    "Leonie",
    "Linnea",
    "Lucia",
    "Maarten",
    "Magnus",
    "Malik",
    "Marek",
    "Mira",
    "Nadia",
    "Nils",
    "Noor",
    "Olivia",
    "Oscar",
    "Pilar",
    "Priya",
    "Rafael",
    "Renée",
    "Sanne",
    "Selma",
    "Søren",
    "Tamsin",
    "Theo",
    "Ulrike",
    "Viktor",
    "Wanda",
    "Yusuf",
];

/// Last names.
pub(crate) const LAST_NAMES: [&str; 84] = [
    "Aldervang",
    "Amberley",
    "Arnhold",
    "Asquith",
    "Bachmeier",
    "Barlowe",
    "Beekhuis",
    "Bellerose",
    "Bergqvist",
    "Birkholm",
    "Blackwood",
    "Bonnevie",
    "Brandl",
    "Brightwater",
    "Calloway",
    "Castellan",
    "Cresswell",
    "Dahlgreen",
    "Dawnay",
    "Delacourt",
    "Dornbusch",
    "Eastmoor",
    "Eichwald",
    "Ellingsworth",
    "Fairbairn",
    "Falkenrath",
    "Farrowdale",
    "Feldkamp",
    "Fontenelle",
    "Fuchsthal",
    "Garrowby",
    "Glimmerdal",
    "Goldacker",
    "Greenhalgh",
    "Grünfeld",
    "Hallström",
    "Hartwell",
    "Haverkamp",
    "Hazelden",
    "Heidenberg",
    "Hollingbrook",
    "Ibarrola",
    "Ilderton",
    "Jessamine",
    "Kaltenbach",
    "Kestrelby",
    "Kirschbaum",
    "Königsau",
    "Lagerfeldt",
    "Langhorne",
    "Larkfield",
    "Lindqvist",
    "Lockhart",
    "Marchetti",
    "Meadowcroft",
    "Merriweather",
    "Montclair",
    "Nachtweide",
    "Nightingale",
    "Norrland",
    "Oakhurst",
    "Okonjo",
    "O'Rahilly",
    "Ottersen",
    "Peverell",
    "Quistgaard",
    "Ravensworth",
    "Rosenthal",
    "Rydström",
    "Sandoval-Ruiz",
    "Schönfelder",
    "Silberhorn",
    "Sommerville",
    "Steenwijk",
    "Tannenberg",
    "Thornbury",
    "Ulvestad",
    "Valbuena",
    "Vandermeer",
    "Waldgrave",
    "Westerholt",
    "Winterbourne",
    "Ysenburg",
    "Zimmerlin",
];

/// What people do, most frequent in a buying committee first.
pub(crate) const TITLES: [&str; 14] = [
    "Head of Marketing Operations",
    "VP Marketing",
    "Marketing Operations Manager",
    "Chief Marketing Officer",
    "Demand Generation Manager",
    "Head of Revenue Operations",
    "Finance Controller",
    "IT Security Manager",
    "Growth Marketing Manager",
    "Marketing Analyst",
    "CRM Manager",
    "Content Lead",
    "Procurement Manager",
    "Student",
];

/// Roles people have in a deal, by the order they join it.
pub(crate) const DEAL_ROLES: [&str; 6] =
    ["Champion", "Decision Maker", "Budget Holder", "Influencer", "End User", "Legal & Compliance"];

/// Free-mail domains: no company can be known by them.
pub(crate) const FREE_MAIL: [&str; 6] = ["gmail.com", "outlook.com", "gmx.de", "yahoo.com", "web.de", "proton.me"];

/// People who own deals at the simulated company.
pub(crate) const OWNERS: [&str; 6] =
    ["Ottilie Brandsma", "Rasmus Feather", "Delphine Oakes", "Joost Marlow", "Henrike Sandvig", "Amadou Lisle"];

/// Why deals are lost.
pub(crate) const LOST_REASONS: [&str; 6] =
    ["No budget", "Chose a competitor", "No decision", "Missing feature", "Bad timing", "Unresponsive"];

/// A name as the local part of an address: lower case, ASCII, hyphens kept.
pub(crate) fn ascii(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for letter in name.chars().flat_map(char::to_lowercase) {
        match letter {
            'ä' => text.push_str("ae"),
            'ö' | 'ø' => text.push_str("oe"),
            'ü' => text.push_str("ue"),
            'é' | 'è' => text.push('e'),
            'á' | 'à' | 'å' => text.push('a'),
            ' ' | '\'' => {}
            _ => text.push(letter),
        }
    }
    text
}
