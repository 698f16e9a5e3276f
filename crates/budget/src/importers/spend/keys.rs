//! What makes a line of a report the same line when the report comes again: everything but the amount and the note
//! (AN-C: source, day, campaign, ad group, ad), and the account and the currency, as two accounts bill apart.

use crate::ledger::{Line, plain_name};

/// The key of a line. `feed` tells files of no known system apart: two invoices of one layout may be one report, two
/// layouts never are. A source is compared without case.
pub(super) fn report_key(line: &Line, feed: &str) -> String {
    key(line, &line.source.to_lowercase(), (&line.account, feed))
}

/// The keys under which a place of the line may stand that was written by an earlier version: with the source as the
/// report wrote it, or as the database folds it; and, for a file of no known system, without layout and account.
pub(super) fn older_keys(line: &Line, feed: &str) -> Vec<String> {
    let sources = [line.source.to_lowercase(), line.source.to_ascii_lowercase(), line.source.clone()];
    let reports = [(line.account.as_str(), feed), ("", "")];
    let reports = if feed.is_empty() { &reports[..1] } else { &reports[..] };
    let mut keys: Vec<String> = Vec::new();
    for report in reports {
        for source in &sources {
            let key = key(line, source, *report);
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    keys.split_off(1)
}

fn key(line: &Line, source: &str, (account, feed): (&str, &str)) -> String {
    let campaign = if line.campaign_id.is_empty() { plain_name(&line.campaign) } else { line.campaign_id.clone() };
    // A cost of a whole channel names no campaign; then the channel says which it is.
    let channel = match line.channel {
        Some(channel) if campaign.is_empty() => channel.as_str(),
        _ => "",
    };
    let parts = [
        line.system.as_str(),
        &line.date.to_string(),
        &campaign,
        &plain_name(&line.ad_group),
        &plain_name(&line.ad),
        &line.click_id,
        channel,
        source,
        line.money.currency.as_str(),
        account,
        feed,
    ];
    parts.join("\u{1f}")
}
