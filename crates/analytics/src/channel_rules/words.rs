//! Rules and their differences in words.

use super::model::{ChannelRule, Condition, KnownSite, RuleBook, VisitorRule};

impl Condition {
    /// `the source is one of `a`, `b``.
    pub(super) fn text(&self) -> String {
        let values: Vec<String> = self.values.iter().map(|value| format!("`{value}`")).collect();
        format!("the {} {} {}", self.field.words(), self.test.words(), values.join(", "))
    }
}

impl ChannelRule {
    /// What the rule asks for.
    #[must_use]
    pub fn condition(&self) -> String {
        let conditions: Vec<String> = self.all.iter().map(Condition::text).collect();
        conditions.join(", and ")
    }

    fn text(&self) -> String {
        format!("“{}”: {} when {}", self.name, self.channel, self.condition())
    }
}

impl VisitorRule {
    fn text(&self) -> String {
        let (test, class) = (self.test.words(), self.class.words());
        format!("“{}”: {class} when the user agent {test} `{}`", self.name, self.text)
    }
}

fn site_text(site: &KnownSite) -> String {
    format!("`{}` among the {}", site.site, site.list.words())
}

/// What differs between two lists of things that have a name and a text, in their order.
fn named<T: PartialEq>(
    what: &str,
    before: &[T],
    after: &[T],
    name: impl Fn(&T) -> String,
    text: impl Fn(&T) -> String,
    differences: &mut Vec<String>,
) {
    let find = |list: &'_ [T], wanted: &str| list.iter().position(|one| name(one) == wanted);
    for one in before.iter().filter(|one| find(after, &name(one)).is_none()) {
        differences.push(format!("{what} removed: {}", text(one)));
    }
    for one in after {
        match find(before, &name(one)) {
            None => differences.push(format!("{what} added: {}", text(one))),
            Some(place) if before[place] != *one => {
                differences.push(format!("{what} changed: {}; before: {}", text(one), text(&before[place])));
            }
            Some(_) => {}
        }
    }
    let kept = |list: &[T], other: &[T]| -> Vec<String> {
        list.iter().map(&name).filter(|one| find(other, one).is_some()).collect()
    };
    let order = kept(after, before);
    if kept(before, after) != order {
        differences.push(format!("{what}s in another order: {}", order.join(", ")));
    }
}

/// How one version differs from the one before, a line for each difference.
#[must_use]
pub fn differences(before: &RuleBook, after: &RuleBook) -> Vec<String> {
    let mut found = Vec::new();
    named("Channel rule", &before.channels, &after.channels, |rule| rule.name.clone(), ChannelRule::text, &mut found);
    // The order of sites decides nothing.
    let sorted = |book: &RuleBook| {
        let mut sites = book.sites.clone();
        sites.sort_by(|one, other| one.site.cmp(&other.site));
        sites
    };
    named("Site", &sorted(before), &sorted(after), |site| site.site.clone(), site_text, &mut found);
    named("Visitor rule", &before.visitors, &after.visitors, |rule| rule.name.clone(), VisitorRule::text, &mut found);
    found
}
