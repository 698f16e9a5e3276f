import type { ChannelRule, KnownSite, RuleBook, RuleCondition, VisitorRule } from "./queries.ts";

/** What a condition looks at, in words. */
export const FIELDS: Record<RuleCondition["field"], string> = {
  source: "Source",
  medium: "Medium",
  campaign: "Campaign",
  referrer_host: "Referrer host",
  click_id: "Click id",
  landing_path: "Landing path",
};

/** How a condition compares, in words. */
export const TESTS: Record<RuleCondition["test"], string> = {
  equals: "is",
  contains: "contains",
  starts: "starts with",
  ends: "ends with",
  one_of: "is one of",
};

/** The lists of known sites. */
export const LISTS: Record<KnownSite["list"], string> = {
  search: "Search engines",
  social: "Social networks",
  video: "Video sites",
  shopping: "Shopping sites",
  assistants: "AI assistants",
};

/** How a user agent is compared, in words. */
export const VISITOR_TESTS: Record<VisitorRule["test"], string> = { contains: "contains", exact: "is" };

/** Who a visitor can be. */
export const CLASSES: Record<VisitorRule["class"], string> = { bot: "Bot", ai_agent: "AI agent", human: "Human" };

/** The classes as events have them. */
export const CLASS_NAMES: Record<string, string> = {
  human: "Human",
  bot: "Bot",
  ai_agent: "AI agent",
  unknown: "Unknown",
};

/** Options of a select from words. */
export function optionsOf<Value extends string>(words: Record<Value, string>): { value: Value; label: string }[] {
  return (Object.entries(words) as [Value, string][]).map(([value, label]) => ({ value, label }));
}

/** The list with the item at one place moved to another; out of bounds, the list as it is. */
export function moved<Item>(list: readonly Item[], from: number, to: number): Item[] {
  const next = [...list];
  if (to < 0 || to >= list.length) return next;
  next.splice(to, 0, ...next.splice(from, 1));
  return next;
}

/** The list with another item at a place. */
export function changed<Item>(list: readonly Item[], place: number, item: Item): Item[] {
  return list.map((one, index) => (index === place ? item : one));
}

/** The list without the item at a place. */
export function without<Item>(list: readonly Item[], place: number): Item[] {
  return list.filter((_, index) => index !== place);
}

/** A rule to begin with. */
export function newRule(): ChannelRule {
  return { name: "", channel: "Referral", all: [{ field: "source", test: "equals", values: [""] }] };
}

/** The texts that a line of text stands for: one, or several with commas between. */
export function valuesOf(test: RuleCondition["test"], text: string): string[] {
  return test === "one_of" ? text.split(",").map((part) => part.trimStart()) : [text];
}

/** The line that stands for some texts. */
export function lineOf(condition: RuleCondition): string {
  return condition.values.join(", ");
}

/** A draft without what was left empty at its end, as `a, b,` leaves it. */
export function readyToSend(book: RuleBook): RuleBook {
  const tidy = (condition: RuleCondition): RuleCondition => {
    const filled = condition.values.map((value) => value.trim()).filter((value) => value !== "");
    return { ...condition, values: filled.length > 0 ? filled : [""] };
  };
  const channels = book.channels.map((rule) => ({ ...rule, all: rule.all.map(tidy) }));
  return { channels, sites: book.sites, visitors: book.visitors };
}

/** Whether two drafts say the same. */
export function isSame(one: RuleBook, other: RuleBook): boolean {
  return JSON.stringify(readyToSend(one)) === JSON.stringify(readyToSend(other));
}
