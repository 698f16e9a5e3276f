/** Questions to begin with. Each runs on any workspace; a test runs them on the demo company. */
import type { ChartSpec } from "./queries.ts";

/** A question to begin with. */
export interface Example {
  name: string;
  /** What it answers. */
  text: string;
  sql: string;
  chart?: ChartSpec;
}

/** The examples, the simplest first. */
export const EXAMPLES: Example[] = [
  {
    name: "Visits a week by channel",
    text: "How traffic develops, without bots and AI agents.",
    sql: `select cast(date_trunc('week', cast(day as timestamp)) as date) as week, channel, count(*) as visits
from sessions
where agent_class = 'human'
group by week, channel
order by week, channel`,
    chart: { kind: "line", x: "week", y: ["visits"], series: "channel", stacked: false },
  },
  {
    name: "Revenue by channel, four ways to count it",
    text: "What each channel gets of the deals that were won, under four models of attribution.",
    sql: `select channel,
  sum(micros) filter (where model = 'first_touch') / 1e6 as first_touch,
  sum(micros) filter (where model = 'last_touch') / 1e6 as last_touch,
  sum(micros) filter (where model = 'linear') / 1e6 as linear,
  sum(micros) filter (where model = 'w_shape') / 1e6 as w_shape
from credits
where goal = 'deal_won'
group by channel
order by linear desc nulls last`,
    chart: { kind: "rows", x: "channel", y: ["first_touch", "last_touch", "linear", "w_shape"], stacked: false },
  },
  {
    name: "Cost per lead by month",
    text: "Spend beside new leads. Months without leads have no cost.",
    sql: `with spend as (
  select left(day, 7) as month, sum(micros) / 1e6 as spent
  from ledger
  where kind = 'actual'
  group by 1
), leads as (
  select left(lead_day, 7) as month, count(*) as leads
  from people
  where lead_day is not null
  group by 1
)
select spend.month, spent, leads, spent / nullif(leads, 0) as cost_per_lead
from spend
left join leads on leads.month = spend.month
order by spend.month`,
    chart: { kind: "bar", x: "month", y: ["cost_per_lead"], stacked: false },
  },
  {
    name: "Days from first visit to a won deal",
    text: "How long people of companies that bought had known you.",
    sql: `select deals.name, deals.won_day, min(sessions.day) as first_visit,
  date_part('day', min(deals.won_at) - min(sessions.started_at)) as days
from deals
join sessions on sessions.company = deals.company
where deals.outcome = 'won' and sessions.started_at < deals.won_at
group by deals.deal, deals.name, deals.won_day
order by days desc`,
  },
  {
    name: "Pages before a deal",
    text: "The pages that people of a company saw before its deal, by the value of those deals.",
    sql: `select page, count(distinct deal) as deals, sum(value_micros) / 1e6 as value
from deal_pages
group by page
order by value desc nulls last
limit 25`,
    chart: { kind: "rows", x: "page", y: ["value"], stacked: false },
  },
];
