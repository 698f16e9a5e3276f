-- What records were. A value that metrics count has, beside what it is now, what it was: a row for each version that another
-- one took the place of, with the moments from (included) to (not included) which the database said so. The version that
-- stands is in the table itself, with the moment since which it is known. Without that moment (records from before this
-- table) it is known since its record came into being, which its id tells.

alter table people add column known_us bigint;
-- Whether an event said it, and not a file or somebody.
alter table people add column known_by_event boolean not null default false;

create table person_was (
  person bigint not null,
  known_us bigint,
  until_us bigint not null,
  by_event boolean not null,
  state text not null,
  created_us bigint not null,
  lead_us bigint,
  company text,
  country text not null,
  primary key (person, until_us)
);

alter table companies add column known_us bigint;
-- For the newest change: whoever keeps names asks whether there was one.
create index companies_changed on companies (changed);

create table company_was (
  company text not null,
  known_us bigint,
  until_us bigint not null,
  state text not null,
  name text not null,
  primary key (company, until_us)
);

alter table deals add column known_us bigint;

create table deal_was (
  deal text not null,
  known_us bigint,
  until_us bigint not null,
  state text not null,
  name text not null,
  pipeline text not null,
  stage text not null,
  outcome text not null,
  amount_micros bigint,
  currency text,
  company text,
  created_us bigint not null,
  closed_us bigint,
  primary key (deal, until_us)
);

alter table deal_people add column known_us bigint;

create table deal_people_was (
  deal text not null,
  person bigint not null,
  known_us bigint,
  until_us bigint not null,
  role text not null,
  is_primary boolean not null,
  primary key (deal, person, until_us)
);

alter table deal_stages add column known_us bigint;

create table deal_stages_was (
  deal text not null,
  stage text not null,
  entered_us bigint not null,
  known_us bigint,
  until_us bigint not null,
  primary key (deal, stage, entered_us, until_us)
);
