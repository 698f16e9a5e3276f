//! "Explain this channel" over HTTP.

use super::{Address, Basis, Evidence, Explanation, Marks, explain, origin};
use kernel::scope::Permission;
use platform::http::{Access, ApiJson, ApiResult, Routes, Scoped, routes};
use serde::{Deserialize, Serialize};

/// The routes of the channel rules.
#[must_use]
pub fn routes() -> Routes {
    Routes::new().add(Access::Needs(Permission::MetricsRead), routes!(explain_channel), ())
}

/// A visit to explain: an address and a referrer, or the source, medium and campaign themselves.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
struct ChannelQuestion {
    /// The address of the page, with its UTM parameters and click ids.
    url: String,
    /// The address of the page before.
    referrer: String,
    /// The source; goes before that of the address.
    source: String,
    /// The medium; goes before that of the address.
    medium: String,
    /// The campaign; goes before that of the address.
    campaign: String,
}

/// Where a visit came from, and why it has its channel.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct ChannelAnswer {
    /// The source.
    source: String,
    /// The medium.
    medium: String,
    /// The campaign.
    campaign: String,
    /// The name of the click id that was found; empty when there is none.
    click_id_kind: String,
    /// What decided source and medium.
    basis: Basis,
    /// The channel, the rule that decided, and every earlier rule with the reason why it did not hold.
    explanation: Explanation,
}

/// Explain which channel a visit has, and why no earlier rule held.
#[utoipa::path(post, path = "/channels/explain", tag = "channels", request_body = ChannelQuestion,
    responses((status = 200, body = ChannelAnswer)))]
async fn explain_channel(
    Scoped(_scope): Scoped,
    ApiJson(question): ApiJson<ChannelQuestion>,
) -> ApiResult<axum::Json<ChannelAnswer>> {
    let (page, from) = (Address::parse(&question.url), Address::parse(&question.referrer));
    let stated = |text: &str| std::borrow::Cow::Owned(text.trim().to_owned());
    let mut marks = Marks {
        source: stated(&question.source),
        medium: stated(&question.medium),
        campaign: stated(&question.campaign),
        ..Marks::default()
    };
    marks.or(Marks::of_query(page.query));
    let found = origin(&marks, from.host, page.host);
    let click_id_kind = marks.click.as_ref().map_or("", |(known, _)| known.name);
    let explanation = explain(&Evidence {
        source: &found.source,
        medium: &found.medium,
        campaign: &marks.campaign,
        click_id_kind,
        network: &marks.network,
    });
    Ok(axum::Json(ChannelAnswer {
        source: found.source.to_string(),
        medium: found.medium.to_string(),
        campaign: marks.campaign.to_string(),
        click_id_kind: click_id_kind.to_owned(),
        basis: found.basis,
        explanation,
    }))
}
