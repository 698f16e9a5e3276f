-- What the ledger said. Entries and versions of the plan are never changed, so that those entered by a moment are what was
-- known then. Rates and mappings are replaced: here is what they were, from the moment they were entered to the one at which
-- they were replaced or taken away (not included).

create table ledger_rates_was (
  from_currency text not null,
  to_currency text not null,
  rated_on text not null,
  rate_nanos bigint not null,
  entered_us bigint not null,
  until_us bigint not null,
  primary key (from_currency, to_currency, rated_on, until_us)
);

create table ledger_mappings_was (
  spend_key text not null,
  to_campaign text not null,
  to_channel text,
  entered_us bigint not null,
  until_us bigint not null,
  primary key (spend_key, until_us)
);
