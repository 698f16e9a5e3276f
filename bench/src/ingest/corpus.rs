//! Batches of messages as browsers and servers send them, made once and given new ids before every sending.
//!
//! **Invariant:** the same seed gives the same bytes; no message id is sent twice unless a batch is repeated on purpose.

use std::fmt::Write as _;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Messages of one batch.
pub(crate) const BATCH: usize = 100;
/// Batches that are made; they are sent again and again, each time with ids of its own.
pub(crate) const BATCHES: usize = 500;
/// Visitors in one pass over the batches: ten events each.
const VISITORS: u64 = (BATCH * BATCHES) as u64 / 10;
/// Passes after which a visitor is followed by a new one: twenty events each, so that 5 % of the events bring a new person.
const LIFE: u64 = 2;

/// A batch, and where in it the parts are that change.
#[derive(Clone)]
pub(crate) struct Batch {
    pub(crate) body: Vec<u8>,
    /// Where twelve digits of a message id stand.
    ids: Vec<usize>,
    /// Where eight digits of a visitor's generation stand, and the visitor.
    visitors: Vec<(usize, u64)>,
}

impl Batch {
    /// Gives the batch new message ids from `first` on, and the visitors of this pass.
    pub(crate) fn renew(&mut self, first: u64, pass: u64) {
        for (place, number) in self.ids.iter().zip(first..) {
            digits(&mut self.body[*place..*place + 12], number);
        }
        for (place, visitor) in &self.visitors {
            digits(&mut self.body[*place..*place + 8], (pass + visitor % LIFE) / LIFE);
        }
    }
}

fn digits(place: &mut [u8], mut number: u64) {
    for digit in place.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(number % 16) as usize];
        number /= 16;
    }
}

/// Draws by counting.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 += 1;
        xxh3_64_with_seed(&self.0.to_le_bytes(), 7)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn one<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[(self.next() % words.len() as u64) as usize]
    }
}

const AGENTS: [&str; 10] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15",
    "Mozilla/5.0 (iPad; CPU OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
];
const REFERRERS: [&str; 8] = [
    "",
    "",
    "https://www.google.com/",
    "https://www.linkedin.com/",
    "https://northlathe.example/",
    "https://northlathe.example/pricing",
    "https://news.ycombinator.com/",
    "https://duckduckgo.com/",
];
const PATHS: [&str; 12] = [
    "/",
    "/pricing",
    "/docs",
    "/docs/start",
    "/blog",
    "/blog/planning",
    "/customers",
    "/demo",
    "/trial",
    "/about",
    "/careers",
    "/integrations",
];
const EVENTS: [&str; 8] = [
    "Button Clicked",
    "Form Submitted",
    "Demo Requested",
    "Product Viewed",
    "Video Played",
    "Trial Started",
    "Feature Used",
    "Search Performed",
];
const ZONES: [&str; 4] = ["Europe/Berlin", "America/New_York", "Europe/London", "Asia/Tokyo"];
const LOCALES: [&str; 4] = ["de-DE", "en-US", "en-GB", "ja-JP"];

/// The batches, of a moment as text.
pub(crate) fn batches(now: &str) -> Vec<Batch> {
    let mut draw = Draw(0);
    (0..BATCHES).map(|_| batch(&mut draw, now)).collect()
}

fn batch(draw: &mut Draw, now: &str) -> Batch {
    let mut text = String::with_capacity(BATCH * 800);
    let (mut ids, mut visitors) = (Vec::new(), Vec::new());
    text.push_str(r#"{"batch":["#);
    let mut left = 0;
    let mut visitor = 0;
    for place in 0..BATCH {
        if place > 0 {
            text.push(',');
        }
        // Somebody's events come in runs, as a visit makes them.
        if left == 0 {
            (left, visitor) = (1 + draw.below(6), draw.below(VISITORS));
        }
        left -= 1;
        message(draw, visitor, now, &mut text, &mut ids, &mut visitors);
    }
    let _ = write!(text, r#"],"sentAt":"{now}"}}"#);
    Batch { body: text.into_bytes(), ids, visitors }
}

fn message(
    draw: &mut Draw,
    visitor: u64,
    now: &str,
    text: &mut String,
    ids: &mut Vec<usize>,
    visitors: &mut Vec<(usize, u64)>,
) {
    text.push_str(r#"{"messageId":"ajs-next-"#);
    ids.push(text.len());
    let _ = write!(text, r#"000000000000-4f2a","anonymousId":"{visitor:08x}-6f1d-4c7b-"#);
    visitors.push((text.len(), visitor));
    text.push_str(r#"00000000","#);
    // The same visitor has the same machine, place and way here.
    let mut own = Draw(visitor << 20);
    let (agent, zone) = (own.one(&AGENTS), own.below(4) as usize);
    let (path, referrer, campaign) = (draw.one(&PATHS), own.one(&REFERRERS), own.below(24));
    let search = match campaign {
        0..4 => format!("?utm_source=newsletter&utm_medium=email&utm_campaign=launch-{campaign}"),
        4 => format!("?gclid=Cj0KCQjw{:016x}", own.next()),
        5 => format!("?utm_source=linkedin&utm_medium=paid_social&utm_campaign=q3&li_fat_id={:016x}", own.next()),
        _ => String::new(),
    };
    match draw.below(100) {
        0..2 => {
            let _ = write!(text, r#""type":"identify","userId":"user-{visitor:06}-"#);
            visitors.push((text.len(), visitor));
            let _ = write!(text, r#"00000000","traits":{{"email":"visitor.{visitor}."#);
            visitors.push((text.len(), visitor));
            let plan = draw.one(&["free", "team", "scale"]);
            let _ = write!(
                text,
                r#"00000000@customer.example","firstName":"Alex","lastName":"Visitor","title":"Operations Lead","plan":"{plan}"}},"#
            );
        }
        2..36 => {
            let _ = write!(
                text,
                r#""type":"page","properties":{{"path":"{path}","referrer":"{referrer}","search":"{search}","title":"Northlathe","url":"https://northlathe.example{path}{search}"}},"#
            );
        }
        _ => {
            let (event, number) = (draw.one(&EVENTS), draw.below(500));
            let _ = write!(
                text,
                r#""type":"track","event":"{event}","properties":{{"section":"hero-{}","position":{number},"label":"Start your trial","variant":"{}","revenue":{}.5,"currency":"EUR"}},"#,
                number % 7,
                draw.one(&["a", "b"]),
                number % 90
            );
        }
    }
    let (zone, locale) = (ZONES[zone], LOCALES[zone]);
    let _ = write!(
        text,
        r#""timestamp":"{now}","integrations":{{}},"context":{{"page":{{"path":"{path}","referrer":"{referrer}","search":"{search}","title":"Northlathe: planning for makers","url":"https://northlathe.example{path}{search}"}},"userAgent":"{agent}","locale":"{locale}","timezone":"{zone}","library":{{"name":"analytics.js","version":"npm:next-1.70.0"}}}}}}"#
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn batches_are_json_of_the_size_they_claim_with_ids_of_their_own() {
        let mut batches = batches("2026-03-01T09:30:00.000Z");
        let mut ids = HashSet::new();
        let mut bytes = 0;
        for (place, batch) in batches.iter_mut().enumerate() {
            batch.renew(1_000_000 + (place * BATCH) as u64, 3);
            bytes += batch.body.len();
            let value: serde_json::Value = serde_json::from_slice(&batch.body).unwrap();
            let messages = value["batch"].as_array().unwrap();
            assert_eq!(messages.len(), BATCH);
            for message in messages {
                assert!(ids.insert(message["messageId"].as_str().unwrap().to_owned()));
            }
        }
        let each = bytes / BATCH / BATCHES;
        assert!((740..800).contains(&each), "{each} bytes a message");
    }
}
