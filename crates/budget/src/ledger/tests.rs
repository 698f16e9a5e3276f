//! The ledger on both databases, its importers, its HTTP routes, and the laws of its sums.

use super::facts::{Book, join_book};
use super::*;
use crate::convert::Rates;
use crate::importers::{PlanImporter, RateImporter, SpendImporter};
use crate::summary::summarise;
use analytics::channels::Channel;
use analytics::metrics::{CampaignTouch, SpendMatch, SpendSource};
use jiff::civil::Date;
use kernel::ids::{ImportId, LedgerId};
use kernel::money::{Currency, Money, Rate, parse_decimal};
use kernel::scope::Role;
use kernel::time::Timestamp;
use people::imports::{Change, FieldKind, FieldValue, ImportContext, MappedRow, Outcome, RowOutcome, Undone};
use platform::audit;
use proptest::prelude::*;
use serde_json::json;
use testkit::{Client, TestPlatform, platforms};

pub(crate) fn money(text: &str) -> Money {
    let (amount, currency) = text.split_once(' ').unwrap();
    Money::new(parse_decimal(amount).unwrap(), currency.parse().unwrap())
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn new_entry(date: &str, amount: &str, channel: Channel) -> NewEntry {
    let body = json!({"date": date, "amount": money(amount), "channel": channel});
    serde_json::from_value(body).unwrap()
}

fn campaign(name: &str, id: &str, channel: &str, sessions: u64) -> CampaignTouch {
    CampaignTouch {
        channel: channel.into(),
        source: "google".into(),
        medium: "cpc".into(),
        campaign: name.into(),
        campaign_id: id.into(),
        first_at: Timestamp::default(),
        last_at: Timestamp::default(),
        sessions,
    }
}

fn touches() -> TouchIndex {
    TouchIndex {
        campaigns: vec![campaign("spring", "11", "Paid Search", 9), campaign("abm-dach", "", "Paid Social", 4)],
        by_campaign_id: HashMap::from([("11".to_owned(), 0)]),
        by_name: HashMap::from([("spring".to_owned(), 0), ("abm-dach".to_owned(), 1)]),
        by_click_id: HashMap::new(),
        ..TouchIndex::default()
    }
}

pub(crate) fn context(test: &TestPlatform, system: &str) -> ImportContext {
    let now = test.platform.world.now();
    ImportContext {
        scope: test.scope.clone(),
        import: ImportId::new(now, &mut test.platform.world.rng()),
        system: system.to_owned(),
        feed: "date,cost".to_owned(),
        now,
        zone: jiff::tz::TimeZone::UTC,
        currency: "EUR".parse().unwrap(),
    }
}

/// A row of an importer from the texts of its fields.
pub(crate) fn row(importer: &dyn Importer, line: u64, cells: &[(&str, &str)]) -> MappedRow {
    let fields = importer.spec().fields;
    let value = |field: &people::imports::FieldSpec| {
        let (_, text) = cells.iter().find(|(name, _)| *name == field.name)?;
        Some(match field.kind {
            FieldKind::Date => FieldValue::Date(text.parse().unwrap()),
            FieldKind::Money => FieldValue::Micros(parse_decimal(text).unwrap()),
            FieldKind::Number => FieldValue::Text(text.replace(',', ".")),
            FieldKind::Currency => FieldValue::Currency(text.parse().unwrap()),
            _ => FieldValue::Text((*text).to_owned()),
        })
    };
    MappedRow { line, values: fields.iter().map(value).collect(), properties: Vec::new() }
}

pub(crate) async fn apply(
    test: &TestPlatform,
    importer: &dyn Importer,
    context: &ImportContext,
    rows: &[MappedRow],
) -> Vec<RowOutcome> {
    let mut tx = test.db.begin().await.unwrap();
    let outcomes = importer.apply(context, &mut tx, rows).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(outcomes.len(), rows.len());
    outcomes
}

pub(crate) async fn undo(
    test: &TestPlatform,
    importer: &dyn Importer,
    context: &ImportContext,
    outcomes: &[RowOutcome],
) -> Vec<Undone> {
    let kept = outcomes.iter().enumerate().rev().filter(|(_, one)| one.undo.is_some());
    let changes: Vec<Change> = kept
        .map(|(place, one)| Change {
            line: place as u64 + 2,
            outcome: one.outcome,
            record: one.record.clone().unwrap(),
            undo: one.undo.clone().unwrap(),
        })
        .collect();
    let mut tx = test.db.begin().await.unwrap();
    let undone = importer.undo(context, &mut tx, &changes).await.unwrap();
    tx.commit().await.unwrap();
    undone
}

pub(crate) fn kinds(outcomes: &[RowOutcome]) -> Vec<Outcome> {
    outcomes.iter().map(|one| one.outcome).collect()
}

pub(crate) async fn total(ledger: &Ledger, scope: &Scope) -> i64 {
    ledger.summary(scope, None, None).await.unwrap().total.actual.micros
}

/// AN-H: a line and its reversal sum to zero; nothing is edited; every change is in the audit chain.
#[tokio::test]
async fn a_reversal_takes_a_line_back_once() {
    for test in platforms().await {
        let ledger = Ledger::new(&test.platform);
        let entered = ledger.enter(&test.scope, new_entry("2026-02-10", "120.50 EUR", Channel::Email)).await.unwrap();
        assert_eq!(total(&ledger, &test.scope).await, 120_500_000);
        let back = ledger.reverse(&test.scope, &entered.id, "wrong month").await.unwrap();
        assert_eq!((back.amount, back.reverses.as_ref()), (money("-120.5 EUR"), Some(&entered.id)));
        assert_eq!(total(&ledger, &test.scope).await, 0);
        let shown = ledger.find(&test.scope, &entered.id).await.unwrap();
        assert_eq!((shown.amount, shown.reversed_by), (entered.amount, Some(back.id.clone())));
        let code = |problem: Problem| (problem.status(), problem.code);
        let again = ledger.reverse(&test.scope, &entered.id, "").await.unwrap_err();
        assert_eq!(code(again), (409, "already_reversed".to_owned()));
        let twice = ledger.reverse(&test.scope, &back.id, "").await.unwrap_err();
        assert_eq!(code(twice), (409, "is_a_reversal".to_owned()));
        let unknown = LedgerId::new(test.platform.world.now(), &mut test.platform.world.rng());
        assert_eq!(ledger.reverse(&test.scope, &unknown, "").await.unwrap_err().status(), 404);
        let report = audit::verify(&test.db).await.unwrap();
        assert_eq!((report.entries, report.broken_at), (2, None));
    }
}

#[tokio::test]
async fn a_line_without_meaning_is_refused_with_its_field() {
    for test in platforms().await {
        let ledger = Ledger::new(&test.platform);
        let mut nothing = new_entry("2026-02-10", "1 EUR", Channel::Email);
        nothing.channel = None;
        let cases = [
            (nothing, "channel"),
            (new_entry("2026-02-10", "0 EUR", Channel::Email), "amount"),
            (new_entry("1926-02-10", "1 EUR", Channel::Email), "date"),
        ];
        for (new, field) in cases {
            let problem = ledger.enter(&test.scope, new).await.unwrap_err();
            assert_eq!((problem.status(), problem.field.as_deref()), (422, Some(field)));
        }
        let viewer = test.scope_as(Role::Analyst);
        let refused = ledger.enter(&viewer, new_entry("2026-02-10", "1 EUR", Channel::Email)).await.unwrap_err();
        assert_eq!(refused.status(), 403);
        assert!(ledger.list(&viewer, &EntryFilter::default()).await.unwrap().items.is_empty());
    }
}

/// MA-12, AN-C: a re-import changes nothing; a restated day is a reversal and a new line; undo restores.
#[tokio::test]
async fn a_report_that_comes_again_updates_by_reversal() {
    for test in platforms().await {
        let (ledger, importer) = (Ledger::new(&test.platform), SpendImporter::new(test.platform.clone()));
        let file = |cost: &str| {
            vec![
                row(
                    &importer,
                    2,
                    &[
                        ("date", "2026-02-01"),
                        ("cost", "10.00"),
                        ("campaign", "Spring"),
                        ("campaign_id", "11"),
                        ("ad_group", "A"),
                    ],
                ),
                row(
                    &importer,
                    3,
                    &[
                        ("date", "2026-02-01"),
                        ("cost", cost),
                        ("campaign", "Spring"),
                        ("campaign_id", "11"),
                        ("ad_group", "B"),
                    ],
                ),
                row(&importer, 4, &[("date", "2026-02-01"), ("cost", "2"), ("channel", "Nonsense")]),
            ]
        };
        let first = context(&test, "google_ads");
        let outcomes = apply(&test, &importer, &first, &file("20.00")).await;
        assert_eq!(kinds(&outcomes), [Outcome::Create, Outcome::Create, Outcome::Rejected]);
        assert_eq!(outcomes[2].problem.as_ref().unwrap().code, "unknown_channel");
        let resumed = apply(&test, &importer, &first, &file("20.00")).await;
        assert_eq!(kinds(&resumed)[..2], [Outcome::Unchanged, Outcome::Unchanged], "the same rows of the same import");
        let second = context(&test, "google_ads");
        let again = apply(&test, &importer, &second, &file("20.00")).await;
        assert_eq!(kinds(&again)[..2], [Outcome::Unchanged, Outcome::Unchanged]);
        assert_eq!(total(&ledger, &test.scope).await, 30_000_000);

        let third = context(&test, "google_ads");
        let restated = apply(&test, &importer, &third, &file("25.50")).await;
        assert_eq!(kinds(&restated)[..2], [Outcome::Unchanged, Outcome::Update]);
        assert_eq!((restated[1].changes[0].field.as_str(), restated[1].changes[0].to.as_str()), ("cost", "25.5 EUR"));
        assert_eq!(total(&ledger, &test.scope).await, 35_500_000);
        let all = ledger.list(&test.scope, &EntryFilter::default()).await.unwrap();
        assert_eq!(all.total, Some(4), "two lines, a reversal, a new line");
        let standing = EntryFilter { standing: true, ..EntryFilter::default() };
        assert_eq!(ledger.list(&test.scope, &standing).await.unwrap().total, Some(2));

        assert!(matches!(
            undo(&test, &importer, &first, &outcomes).await[..],
            [Undone::Refused(_), Undone::Refused(_)]
        ));
        assert_eq!(total(&ledger, &test.scope).await, 35_500_000, "what a later report states too stays");
        assert_eq!(undo(&test, &importer, &third, &restated).await, [Undone::Reverted, Undone::Reverted]);
        assert_eq!(total(&ledger, &test.scope).await, 30_000_000, "what stood before stands again");
        assert!(matches!(undo(&test, &importer, &third, &restated).await[0], Undone::Refused(_)), "once only");
        assert!(matches!(
            undo(&test, &importer, &first, &outcomes).await[..],
            [Undone::Refused(_), Undone::Refused(_)]
        ));
        assert_eq!(undo(&test, &importer, &second, &again).await, [Undone::Reverted, Undone::Reverted]);
        assert_eq!(total(&ledger, &test.scope).await, 30_000_000, "it had changed nothing");
        assert_eq!(undo(&test, &importer, &first, &outcomes).await, [Undone::Reverted, Undone::Reverted]);
        assert_eq!(total(&ledger, &test.scope).await, 0);
        assert_eq!(audit::verify(&test.db).await.unwrap().broken_at, None);
    }
}

/// A conversion names its rate and the day of the rate; without one the amount is listed, not lost.
#[tokio::test]
async fn amounts_convert_at_the_rate_of_their_day_or_are_listed() {
    for test in platforms().await {
        let (ledger, importer) = (Ledger::new(&test.platform), RateImporter::new(test.platform.clone()));
        let first = context(&test, "file");
        let rows = [
            row(&importer, 2, &[("date", "2026-02-06"), ("from", "USD"), ("to", "EUR"), ("rate", "0.9")]),
            row(&importer, 3, &[("date", "2026-02-09"), ("from", "USD"), ("rate", "0,8")]),
            row(&importer, 4, &[("date", "2026-02-09"), ("from", "USD"), ("rate", "cheap")]),
        ];
        let outcomes = apply(&test, &importer, &first, &rows).await;
        assert_eq!(kinds(&outcomes), [Outcome::Create, Outcome::Create, Outcome::Rejected]);
        for date in ["2026-02-08", "2026-02-10", "2026-01-02"] {
            ledger.enter(&test.scope, new_entry(date, "100 USD", Channel::PaidSearch)).await.unwrap();
        }
        let lines = ledger.list(&test.scope, &EntryFilter::default()).await.unwrap().items;
        let of = |date: &str| lines.iter().find(|line| line.date == day(date)).unwrap();
        let sunday = of("2026-02-08");
        assert_eq!(sunday.converted, Some(money("90 EUR")));
        assert_eq!(sunday.rate, Some(RateUsed { rate: "0.9".into(), date: day("2026-02-06") }));
        assert_eq!(of("2026-02-10").converted, Some(money("80 EUR")));
        let early = of("2026-01-02");
        assert!(early.converted.is_none() && early.problem.as_ref().unwrap().contains("no exchange rate of USD"));
        let report = ledger.unmatched(&test.scope).await.unwrap();
        assert_eq!((report.unconverted.len(), report.unconverted[0].amount), (1, money("100 USD")));
        let summary = ledger.summary(&test.scope, None, None).await.unwrap();
        assert_eq!((summary.total.actual, summary.unconverted), (money("170 EUR"), 1));

        let line = RateLine { date: day("2026-01-02"), from: "USD".parse().unwrap(), to: None, rate: "0.95".into() };
        let written = ledger.set_rates(&test.scope, vec![line.clone()]).await.unwrap();
        assert_eq!(written, Written { written: 1, unchanged: 0 });
        assert_eq!(ledger.set_rates(&test.scope, vec![line]).await.unwrap(), Written { written: 0, unchanged: 1 });
        assert_eq!(total(&ledger, &test.scope).await, 265_000_000, "a rate that comes later converts the past");
        assert_eq!(undo(&test, &importer, &first, &outcomes).await, [Undone::Reverted, Undone::Reverted]);
        let page = kernel::page::PageRequest { limit: Some(1), cursor: None };
        let rates = ledger.rates(&test.scope, None, &page).await.unwrap();
        assert_eq!((rates.total, rates.next_cursor, rates.items[0].rate.as_str()), (Some(1), None, "0.95"));
    }
}

/// AN-H: the plan by month and channel has versions; the newest is in force, the others stay.
#[tokio::test]
async fn a_plan_has_versions_and_its_import_can_be_undone() {
    for test in platforms().await {
        let (ledger, importer) = (Ledger::new(&test.platform), PlanImporter::new(test.platform.clone()));
        let change = |planned: Option<&str>| PlanChange {
            month: "2026-03".into(),
            channel: Channel::Email,
            planned: planned.map(money),
            note: String::new(),
        };
        let none = ledger.set_plan(&test.scope, vec![change(None)]).await.unwrap();
        assert_eq!(none, Written { written: 0, unchanged: 1 }, "what never was cannot be withdrawn");
        ledger.set_plan(&test.scope, vec![change(Some("500 EUR"))]).await.unwrap();
        let first = context(&test, "file");
        let rows = [
            row(&importer, 2, &[("month", "2026-03"), ("channel", "email"), ("planned", "700")]),
            row(&importer, 3, &[("month", "2026-04-01"), ("channel", "Display"), ("planned", "50")]),
            row(&importer, 4, &[("month", "March"), ("channel", "Display"), ("planned", "50")]),
        ];
        let outcomes = apply(&test, &importer, &first, &rows).await;
        assert_eq!(kinds(&outcomes), [Outcome::Update, Outcome::Create, Outcome::Rejected]);
        assert_eq!(kinds(&apply(&test, &importer, &first, &rows).await)[..2], [Outcome::Unchanged, Outcome::Unchanged]);
        let in_force = ledger.plan(&test.scope, (None, None), false).await.unwrap();
        assert_eq!(
            in_force.iter().map(|line| line.planned).collect::<Vec<_>>(),
            [Some(money("700 EUR")), Some(money("50 EUR"))]
        );
        assert_eq!(undo(&test, &importer, &first, &outcomes).await, [Undone::Reverted, Undone::Reverted]);
        let in_force = ledger.plan(&test.scope, (None, None), false).await.unwrap();
        assert_eq!((in_force.len(), in_force[0].planned, in_force[0].version), (1, Some(money("500 EUR")), 3));
        let all = ledger.plan(&test.scope, (Some(day("2026-03-01")), Some(day("2026-03-01"))), true).await.unwrap();
        assert_eq!(all.iter().map(|line| line.version).collect::<Vec<_>>(), [1, 2, 3]);
        let bad = PlanChange { month: "2026-13".into(), ..change(None) };
        let problem = ledger.set_plan(&test.scope, vec![change(None), bad]).await.unwrap_err();
        assert_eq!(problem.field.as_deref(), Some("items[1].month"));
    }
}

/// AN-C "Ad-cost join": unmatched spend is listed with the reason, and mapped by hand for the past too.
#[tokio::test]
async fn unmatched_spend_is_listed_and_can_be_mapped() {
    for test in platforms().await {
        let (ledger, importer) = (Ledger::new(&test.platform), SpendImporter::new(test.platform.clone()));
        let context = context(&test, "meta");
        let rows = [
            row(&importer, 2, &[("date", "2026-02-01"), ("cost", "10"), ("campaign", "SPRING")]),
            row(
                &importer,
                3,
                &[("date", "2026-02-01"), ("cost", "7"), ("campaign", "Boost ABM"), ("campaign_id", "99")],
            ),
            row(
                &importer,
                4,
                &[("date", "2026-02-02"), ("cost", "8"), ("campaign", "Boost ABM"), ("campaign_id", "99")],
            ),
        ];
        apply(&test, &importer, &context, &rows).await;
        let version = ledger.version(&test.scope).await.unwrap();
        let facts = ledger.spend(&test.scope, &touches()).await.unwrap();
        assert_eq!((facts.version, facts.unmatched), (version, 2));
        let spring = facts.entries.iter().find(|fact| fact.campaign == "spring").unwrap();
        assert_eq!((spring.matched, spring.channel.as_str()), (Some(SpendMatch::Name), "Paid Search"));
        let again = ledger.spend(&test.scope, &touches()).await.unwrap();
        assert!(Arc::ptr_eq(&facts, &again), "the same touches and version come from memory");
        let report = ledger.unmatched(&test.scope).await.unwrap();
        let lost = &report.campaigns[0];
        assert_eq!(
            (lost.lines, lost.amounts.as_slice(), lost.channel.as_str()),
            (2, &[money("15 EUR")][..], "Paid Social")
        );
        assert!(lost.reason.contains("utm_id=99"), "{}", lost.reason);
        assert_eq!(lost.suggestions, ["abm-dach"]);

        let to = Mapping { spend_key: String::new(), campaign: "abm-dach".into(), channel: None };
        ledger.map(&test.scope, &lost.spend_key, Some(to)).await.unwrap();
        assert_ne!(ledger.version(&test.scope).await.unwrap(), version);
        let facts = ledger.spend(&test.scope, &touches()).await.unwrap();
        let mapped = facts.entries.iter().filter(|fact| fact.campaign == "abm-dach" && fact.campaign_id == "99");
        assert_eq!((facts.unmatched, mapped.count()), (0, 2));
        assert!(ledger.unmatched(&test.scope).await.unwrap().campaigns.is_empty());
        ledger.map(&test.scope, &lost.spend_key, None).await.unwrap();
        assert_eq!(ledger.unmatched(&test.scope).await.unwrap().campaigns.len(), 1, "the touches are remembered");
        assert_eq!(ledger.map(&test.scope, &lost.spend_key, None).await.unwrap_err().status(), 404);
    }
}

#[tokio::test]
async fn lists_page_by_keyset_and_filter() {
    for test in platforms().await {
        let ledger = Ledger::new(&test.platform);
        for number in 1..=7 {
            let channel = if number % 2 == 0 { Channel::Email } else { Channel::Display };
            ledger.enter(&test.scope, new_entry("2026-02-10", &format!("{number} EUR"), channel)).await.unwrap();
        }
        let (mut cursor, mut seen) = (None, Vec::new());
        loop {
            let filter = EntryFilter { limit: Some(3), cursor, ..EntryFilter::default() };
            let page = ledger.list(&test.scope, &filter).await.unwrap();
            assert_eq!(page.total, Some(7));
            seen.extend(page.items.into_iter().map(|line| line.id));
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        let distinct: std::collections::HashSet<_> = seen.iter().collect();
        assert_eq!((seen.len(), distinct.len()), (7, 7));
        let email = EntryFilter { channel: Some("email".into()), ..EntryFilter::default() };
        assert_eq!(ledger.list(&test.scope, &email).await.unwrap().total, Some(3));
        let bad = EntryFilter { cursor: Some("x".into()), ..EntryFilter::default() };
        assert_eq!(ledger.list(&test.scope, &bad).await.unwrap_err().status(), 422);
    }
}

#[tokio::test]
async fn the_routes_enter_reverse_plan_and_sum_up() {
    for test in platforms().await {
        let ledger = Ledger::new(&test.platform);
        let client = Client::new(&test.platform, vec![routes(ledger)]);
        let _ = client.get("/api/v1/ledger/entries").await.expect(401);
        let client = client.session(test.set_up.session.token.as_str());
        let body = json!({"date": "2026-02-10", "amount": {"amount": "99.9", "currency": "EUR"}, "channel": "Email"});
        let made = client.post("/api/v1/ledger/entries", &body).await.expect(201).json();
        let plan = json!({"items": [{"month": "2026-02", "channel": "Email", "planned": {"amount": "100", "currency": "EUR"}}]});
        assert_eq!(client.put("/api/v1/ledger/plan", &plan).await.expect(200).json()["written"], 1);
        let summary = client.get("/api/v1/ledger/summary?from=2026-02&to=2026-02").await.expect(200).json();
        assert_eq!(summary["total"]["left"]["amount"], "0.1");
        assert_eq!(summary["cells"][0]["month"], "2026-02");
        let path = format!("/api/v1/ledger/entries/{}/reverse", made["id"].as_str().unwrap());
        let back = client.post(&path, &json!({"reason": "typed twice"})).await.expect(201).json();
        assert_eq!(back["reverses"], made["id"]);
        assert_eq!(client.post(&path, &json!({})).await.expect(409).code(), "already_reversed");
        let rates = json!({"items": [{"date": "2026-02-10", "from": "USD", "rate": "-1"}]});
        assert_eq!(client.put("/api/v1/ledger/rates", &rates).await.expect(422).json()["field"], "items[0].rate");
        let _ = client.get("/api/v1/ledger/rates?limit=2").await.expect(200);
        let _ = client.get("/api/v1/ledger/unmatched").await.expect(200);
        let _ = client.get("/api/v1/ledger/mappings").await.expect(200);
        let none = json!({"spend_key": "nothing"});
        assert_eq!(client.put("/api/v1/ledger/mappings", &none).await.expect(404).code(), "mapping_not_found");
        let bad = client.get("/api/v1/ledger/summary?from=spring").await.expect(422).json();
        assert_eq!(bad["field"], "from");
    }
}

/// A book of random lines, some of them reversed.
fn book(lines: &[(i64, u8, u8, u16, bool)]) -> Book {
    let codes = ["EUR", "USD", "GBP"];
    let own: Currency = "EUR".parse().unwrap();
    let known = [("USD", 911_234_567), ("GBP", 1_171_000_013)]
        .map(|(from, nanos)| (from.parse().unwrap(), own, day("2026-01-01"), Rate { nanos }));
    let (mut entries, mut reversed) = (Vec::new(), HashMap::new());
    let mut rng = platform::World::simulated(testkit::START, 1).rng();
    for (micros, currency, channel, after, back) in lines {
        let line = Line {
            system: "manual".into(),
            account: String::new(),
            date: day("2026-01-01").saturating_add(jiff::Span::new().days(i64::from(*after))),
            channel: Some(Channel::ALL[usize::from(*channel) % Channel::ALL.len()]),
            source: String::new(),
            medium: String::new(),
            campaign: String::new(),
            campaign_id: String::new(),
            ad_group: String::new(),
            ad: String::new(),
            click_id: String::new(),
            money: Money::new(*micros, codes[usize::from(*currency) % 3].parse().unwrap()),
            note: String::new(),
            impressions: None,
            clicks: None,
        };
        let id = LedgerId::new(testkit::START, &mut rng);
        let entry = Entry { id, entered_at: testkit::START, actor: String::new(), import: None, line, reverses: None };
        if *back {
            let mut counter = entry.clone();
            counter.id = LedgerId::new(testkit::START, &mut rng);
            counter.line.money.micros = -micros;
            counter.reverses = Some(entry.id.clone());
            reversed.insert(entry.id.clone(), counter.id.clone());
            entries.push(counter);
        }
        entries.push(entry);
    }
    let rates = Rates::new(own, known.into_iter());
    Book { version: 1, currency: own, entries, reversed, plans: Vec::new(), rates, mappings: HashMap::new() }
}

proptest! {
    /// AN-H: roll-ups equal leaves to the micro, in every cut, and reversed lines add nothing.
    #[test]
    fn roll_ups_equal_their_lines(lines in prop::collection::vec((-1_000_000_000_000_i64..1_000_000_000_000, 0_u8..3, 0_u8..20, 0_u16..400, any::<bool>()), 0..60)) {
        let joined = join_book(Arc::new(book(&lines)), &TouchIndex::default());
        let summary = summarise(&joined, None, None);
        let leaves: i64 = joined.facts.entries.iter().filter_map(|fact| fact.micros).sum();
        prop_assert_eq!(summary.total.actual.micros, leaves);
        prop_assert_eq!(summary.cells.iter().map(|cell| cell.actual.micros).sum::<i64>(), leaves);
        prop_assert_eq!(summary.months.iter().map(|total| total.actual.micros).sum::<i64>(), leaves);
        prop_assert_eq!(summary.channels.iter().map(|total| total.actual.micros).sum::<i64>(), leaves);
        prop_assert_eq!(summary.cells.iter().map(|cell| cell.lines).sum::<u64>(), joined.book.entries.len() as u64);
        let standing: i64 = joined.book.entries.iter().zip(&joined.worth).filter(|(entry, _)| joined.book.stands(entry)).filter_map(|(_, worth)| worth.micros()).sum();
        prop_assert_eq!(standing, leaves, "a line and its reversal sum to zero");
        let counted = joined.worth.iter().filter(|worth| worth.micros().is_none()).count() as u64;
        prop_assert_eq!(summary.unconverted, counted, "what is not converted is counted");
    }
}
