-- Deals: pipelines with their stages, deals, who takes part, and the stages they went through.

create table deal_state (
  only_row bigint not null primary key,
  changes bigint not null
);

insert into deal_state (only_row, changes) values (1, 0);

create table pipelines (
  pipeline text not null primary key,
  name text not null,
  place bigint not null
);

create table pipeline_stages (
  stage text not null primary key,
  pipeline text not null,
  name text not null,
  name_key text not null,
  place bigint not null,
  probability_percent bigint not null,
  outcome text not null
);

create unique index pipeline_stages_name on pipeline_stages (pipeline, name_key);

create table deals (
  id text not null primary key,
  state text not null,
  name text not null,
  name_key text not null,
  pipeline text not null,
  stage text not null,
  outcome text not null,
  amount_micros bigint,
  currency text,
  company text,
  owner text not null,
  reason text not null,
  created_us bigint not null,
  closed_us bigint,
  properties text not null,
  origin text not null,
  source_row text not null
);

create index deals_name_key on deals (name_key);
create index deals_created on deals (created_us, id);
create index deals_company on deals (company) where company is not null;

create table deal_keys (
  deal_key text not null,
  deal text not null,
  state text not null,
  source text not null
);

create unique index deal_keys_one_deal on deal_keys (deal_key) where state = 'linked';
create index deal_keys_deal on deal_keys (deal);

create table deal_people (
  deal text not null,
  person bigint not null,
  role text not null,
  is_primary boolean not null,
  source text not null,
  primary key (deal, person)
);

create index deal_people_person on deal_people (person);

create table deal_stages (
  deal text not null,
  stage text not null,
  entered_us bigint not null,
  source text not null,
  primary key (deal, stage, entered_us)
);
