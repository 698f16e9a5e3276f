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
    /// Where the moments of the messages stand, and at last that of the sending.
    moments: Vec<usize>,
}

/// Length of a moment: `2026-03-01T09:30:00.000Z`.
const MOMENT: usize = 24;

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

    /// Gives the batch, one of [`of_anybody`], new message ids from `first` on, somebody for each visit, a moment for each
    /// message, and the moment it is sent.
    pub(crate) fn tell(
        &mut self,
        first: u64,
        mut person: impl FnMut() -> u64,
        mut moment: impl FnMut() -> String,
        sent: &str,
    ) {
        for (place, number) in self.ids.iter().zip(first..) {
            digits(&mut self.body[*place..*place + 12], number);
        }
        let mut visit = None;
        for (place, number) in &self.visitors {
            let who = match visit {
                Some((before, who)) if before == *number => who,
                _ => person(),
            };
            visit = Some((*number, who));
            digits(&mut self.body[*place..*place + 8], who);
        }
        let Some((last, moments)) = self.moments.split_last() else { return };
        for place in moments {
            self.body[*place..*place + MOMENT].copy_from_slice(moment().as_bytes());
        }
        self.body[*last..*last + MOMENT].copy_from_slice(sent.as_bytes());
    }
}

fn digits(place: &mut [u8], mut number: u64) {
    for digit in place.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(number % 16) as usize];
        number /= 16;
    }
}

/// Draws by counting.
pub(crate) struct Draw(pub(crate) u64);

impl Draw {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 += 1;
        xxh3_64_with_seed(&self.0.to_le_bytes(), 7)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
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
    (0..BATCHES).map(|_| batch(&mut draw, now, false)).collect()
}

/// Batches of visits by whomever [`Batch::tell`] says.
pub(crate) fn of_anybody(count: usize) -> Vec<Batch> {
    let mut draw = Draw(0);
    (0..count).map(|_| batch(&mut draw, "2000-01-01T00:00:00.000Z", true)).collect()
}

/// A message while it is written.
#[derive(Default)]
struct Text {
    text: String,
    ids: Vec<usize>,
    visitors: Vec<(usize, u64)>,
    moments: Vec<usize>,
}

fn batch(draw: &mut Draw, now: &str, anybody: bool) -> Batch {
    let mut all = Text { text: String::with_capacity(BATCH * 800), ..Text::default() };
    all.text.push_str(r#"{"batch":["#);
    let mut left = 0;
    let (mut visit, mut visitor) = (0, 0);
    for place in 0..BATCH {
        if place > 0 {
            all.text.push(',');
        }
        // Somebody's events come in runs, as a visit makes them.
        if left == 0 {
            (left, visitor) = (1 + draw.below(6), draw.below(VISITORS));
            visit += 1;
        }
        left -= 1;
        let (named, number) = if anybody { (0, visit) } else { (visitor, visitor) };
        message(draw, (visitor, named, number), now, &mut all);
    }
    all.text.push_str(r#"],"sentAt":""#);
    all.moments.push(all.text.len());
    let _ = write!(all.text, r#"{now}"}}"#);
    let Text { text, ids, visitors, moments } = all;
    Batch { body: text.into_bytes(), ids, visitors, moments }
}

/// A message of a visitor, who is called `named`, and known by `number` where the name goes on.
fn message(draw: &mut Draw, (visitor, named, number): (u64, u64, u64), now: &str, all: &mut Text) {
    let Text { text, ids, visitors, moments } = all;
    text.push_str(r#"{"messageId":"ajs-next-"#);
    ids.push(text.len());
    let _ = write!(text, r#"000000000000-4f2a","anonymousId":"{named:08x}-6f1d-4c7b-"#);
    visitors.push((text.len(), number));
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
            let _ = write!(text, r#""type":"identify","userId":"user-{named:06}-"#);
            visitors.push((text.len(), number));
            let _ = write!(text, r#"00000000","traits":{{"email":"visitor.{named}."#);
            visitors.push((text.len(), number));
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
            let (event, position) = (draw.one(&EVENTS), draw.below(500));
            let _ = write!(
                text,
                r#""type":"track","event":"{event}","properties":{{"section":"hero-{}","position":{position},"label":"Start your trial","variant":"{}","revenue":{}.5,"currency":"EUR"}},"#,
                position % 7,
                draw.one(&["a", "b"]),
                position % 90
            );
        }
    }
    let (zone, locale) = (ZONES[zone], LOCALES[zone]);
    text.push_str(r#""timestamp":""#);
    moments.push(text.len());
    let _ = write!(
        text,
        r#"{now}","integrations":{{}},"context":{{"page":{{"path":"{path}","referrer":"{referrer}","search":"{search}","title":"Northlathe: planning for makers","url":"https://northlathe.example{path}{search}"}},"userAgent":"{agent}","locale":"{locale}","timezone":"{zone}","library":{{"name":"analytics.js","version":"npm:next-1.70.0"}}}}}}"#
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_batch_tells_of_whom_and_when_it_is_said() {
        let mut batch = of_anybody(1).remove(0);
        let (mut people, mut moments) = (0, 0);
        let person = || {
            people += 1;
            people
        };
        let moment = || {
            moments += 1;
            format!("2026-03-01T09:{:02}:00.000Z", moments % 60)
        };
        batch.tell(77, person, moment, "2026-03-02T00:00:00.000Z");
        let value: serde_json::Value = serde_json::from_slice(&batch.body).unwrap();
        assert_eq!(value["sentAt"], "2026-03-02T00:00:00.000Z");
        let messages = value["batch"].as_array().unwrap();
        assert_eq!((messages.len(), moments), (BATCH, BATCH));
        assert_eq!(messages[59]["timestamp"], "2026-03-01T09:00:00.000Z");
        assert_eq!(messages[0]["messageId"], "ajs-next-00000000004d-4f2a");
        assert_eq!(messages[0]["anonymousId"], "00000000-6f1d-4c7b-00000001");
        let ids: HashSet<&str> = messages.iter().map(|one| one["anonymousId"].as_str().unwrap()).collect();
        assert_eq!(ids.len() as u64, people);
        for message in messages.iter().filter(|message| message["type"] == "identify") {
            let number = &message["anonymousId"].as_str().unwrap()[19..];
            assert_eq!(message["userId"], format!("user-000000-{number}"));
        }
    }

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
