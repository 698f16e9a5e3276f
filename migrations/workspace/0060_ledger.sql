-- The ledger: money that was spent, money that was planned, and what currencies were worth.

-- Grows with every change of anything below, so that whoever keeps answers knows when they are stale.
create table ledger_state (
  only_row bigint not null primary key,
  changes bigint not null
);

insert into ledger_state (only_row, changes) values (1, 0);

-- Append-only: a line is never changed and never deleted; a reversal is a line of its own.
create table ledger_entries (
  id text not null primary key,
  entered_us bigint not null,
  actor text not null,
  import text,
  system text not null,
  spent_on text not null,
  channel text,
  source text not null,
  medium text not null,
  campaign text not null,
  campaign_id text not null,
  ad_group text not null,
  ad text not null,
  click_id text not null,
  amount_micros bigint not null,
  currency text not null,
  note text not null,
  reverses text
);

-- A line is reversed once at most.
create unique index ledger_entries_reverses on ledger_entries (reverses) where reverses is not null;
create index ledger_entries_spent on ledger_entries (spent_on, id);

-- Which line now stands for a line of a report: the place a restated report is compared with.
create table ledger_heads (
  report_key text not null,
  occurrence bigint not null,
  entry text not null,
  seen_import text not null,
  seen_line bigint not null,
  primary key (report_key, occurrence)
);

-- The plan of a channel for a month; the highest version is in force, without an amount it was withdrawn.
create table ledger_plan (
  month text not null,
  channel text not null,
  version bigint not null,
  amount_micros bigint,
  currency text,
  note text not null,
  import text,
  actor text not null,
  entered_us bigint not null,
  primary key (month, channel, version)
);

-- Units of to_currency for one unit of from_currency, in billionths, on a day.
create table ledger_rates (
  from_currency text not null,
  to_currency text not null,
  rated_on text not null,
  rate_nanos bigint not null,
  actor text not null,
  entered_us bigint not null,
  primary key (from_currency, to_currency, rated_on)
);

-- What somebody said by hand: the spend of this campaign belongs to that campaign or channel, in the past too.
create table ledger_mappings (
  spend_key text not null primary key,
  to_campaign text not null,
  to_channel text,
  actor text not null,
  entered_us bigint not null
);
