-- Companies, their keys, and who belongs to them since when.

create table companies (
  id text not null primary key,
  state text not null,
  changed bigint not null,
  name text not null,
  name_key text not null,
  domain text not null,
  industry text not null,
  country text not null,
  properties text not null,
  created_us bigint not null,
  origin text not null,
  search text not null
);

create index companies_name_key on companies (name_key);
create index companies_created on companies (created_us, id);

-- `company_key` is `<kind>:<value>`: `domain:example.com`, `group:17`, `hubspot:99`.
create table company_keys (
  company_key text not null,
  company text not null,
  state text not null,
  source text not null,
  at_us bigint not null
);

create unique index company_keys_one_company on company_keys (company_key) where state = 'linked';
create index company_keys_company on company_keys (company);

create table company_members (
  person bigint not null,
  company text not null,
  how text not null,
  role text not null,
  since_us bigint not null,
  until_us bigint,
  source text not null,
  primary key (person, company, how)
);

create index company_members_company on company_members (company);
