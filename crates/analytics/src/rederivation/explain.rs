//! "Explain this channel": which rule decides, and why no earlier one held, by the rules in use or by a draft of them.

use super::ChannelRules;
use crate::channel_rules::{RuleBook, RuleSet, Sight};
use crate::channels::{Address, Basis, Evidence, Explanation, Marks, origin, visitor};
use kernel::problem::Problem;
use kernel::scope::{Permission, Scope};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;

/// A visit to explain: an address and a referrer, or the source, medium and campaign themselves.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ChannelQuestion {
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
    /// The user agent of the visitor, to learn who it is taken for.
    user_agent: String,
    /// Rules to try; absent: those in use.
    rules: Option<RuleBook>,
}

/// Where a visit came from, and why it has its channel.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ChannelAnswer {
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
    /// Who the visitor is taken for; absent when no user agent was given.
    visitor: Option<VisitorAnswer>,
    /// The channel, the rule that decided, and every earlier rule with the reason why it did not hold.
    explanation: Explanation,
}

/// Who a visitor is taken for.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct VisitorAnswer {
    /// `human`, `bot`, `ai_agent` or `unknown`.
    pub class: String,
    /// Why.
    pub reason: String,
}

impl ChannelRules {
    /// Which channel a visit has, and why no earlier rule held.
    ///
    /// # Errors
    /// 403 without `metrics.read`; 422 when a rule of the draft is wrong.
    pub async fn explain(&self, scope: &Scope, question: ChannelQuestion) -> Result<ChannelAnswer, Problem> {
        scope.require(Permission::MetricsRead)?;
        let rules = self.in_use(scope).await?;
        let rules = match question.rules.clone() {
            Some(draft) => Arc::new(RuleSet::new(rules.version(), draft.canonical()?)),
            None => rules,
        };
        Ok(answer(&rules, &question))
    }
}

fn answer(rules: &RuleSet, question: &ChannelQuestion) -> ChannelAnswer {
    let (page, from) = (Address::parse(&question.url), Address::parse(&question.referrer));
    let stated = |text: &str| Cow::Owned(text.trim().to_owned());
    let mut marks = Marks {
        source: stated(&question.source),
        medium: stated(&question.medium),
        campaign: stated(&question.campaign),
        ..Marks::default()
    };
    marks.or(Marks::of_query(page.query));
    let found = origin(&marks, from.host, page.host);
    let click_id_kind = marks.click.as_ref().map_or("", |(known, _)| known.name);
    let evidence = Evidence {
        source: &found.source,
        medium: &found.medium,
        campaign: &marks.campaign,
        click_id_kind,
        network: &marks.network,
    };
    let explanation = rules.explain(&Sight { evidence, referrer_host: from.host, path: page.path });
    let user_agent = question.user_agent.trim();
    let by_program = visitor(user_agent);
    let (class, reason) = rules.visitor(user_agent).unwrap_or((by_program.class, by_program.reason));
    ChannelAnswer {
        source: found.source.to_string(),
        medium: found.medium.to_string(),
        campaign: marks.campaign.to_string(),
        click_id_kind: click_id_kind.to_owned(),
        basis: found.basis,
        visitor: (!user_agent.is_empty())
            .then(|| VisitorAnswer { class: class.as_str().to_owned(), reason: reason.to_owned() }),
        explanation,
    }
}
