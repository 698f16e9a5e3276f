-- Persons and what is known about who they are. Nothing is deleted: an identifier that is taken away is `unlinked`, a
-- person who was merged keeps a row and an id, an import that is undone leaves persons `undone`.

-- One row. Updating it first makes every writer of identities wait for the one before; the numbers tell caches what to
-- drop: `changes` counts writes, `merges` merges and separations, `unlinks` identifiers taken away.
create table identity_state (
  only_row bigint not null primary key,
  changes bigint not null,
  merges bigint not null,
  unlinks bigint not null
);

insert into identity_state (only_row, changes, merges, unlinks) values (1, 0, 0, 0);

-- `state`: live, merged (another row stands for the component), undone. The `own_` columns and `traits` are what this
-- very row learned; the others are those of the whole component on its canonical row.
create table people (
  person bigint not null primary key,
  state text not null,
  changed bigint not null,
  own_created_us bigint not null,
  own_first_seen_us bigint not null,
  own_last_seen_us bigint not null,
  own_lead_us bigint,
  traits text not null,
  created_us bigint not null,
  first_seen_us bigint not null,
  last_seen_us bigint not null,
  lead_us bigint,
  origin text not null,
  company text,
  email text not null,
  phone text not null,
  name text not null,
  first_name text not null,
  last_name text not null,
  title text not null,
  country text not null,
  city text not null,
  sort_name text not null,
  search text not null
);

create index people_last_seen on people (last_seen_us, person) where state = 'live';
create index people_created on people (created_us, person) where state = 'live';
create index people_name on people (sort_name, person) where state = 'live';
create index people_company on people (company) where company is not null;
create index people_changed on people (changed);

-- Edges between an identifier and its home. `via` is the known identifier that brought it.
create table person_identifiers (
  identifier text not null,
  kind text not null,
  value text not null,
  person bigint not null,
  state text not null,
  linked_us bigint not null,
  source text not null,
  event_id text not null,
  via text not null,
  ended_us bigint
);

create unique index person_identifiers_one_home on person_identifiers (identifier) where state = 'linked';
create index person_identifiers_person on person_identifiers (person);

-- Identifiers that were left out of an event, and whose they are: the candidates for duplicates. The first time is kept.
create table person_refusals (
  identifier text not null,
  reason text not null,
  person bigint not null,
  owner bigint,
  at_us bigint not null,
  source text not null,
  event_id text not null,
  primary key (person, identifier, reason)
);

-- Two homes that one event showed to be one person. `state`: merged, separated.
create table person_merge_edges (
  person bigint not null,
  other bigint not null,
  state text not null,
  identifier text not null,
  other_identifier text not null,
  at_us bigint not null,
  source text not null,
  event_id text not null,
  ended_us bigint,
  ended_by text,
  primary key (person, other, source)
);

-- The merge edges that stand, flattened: from every person that is not its own canonical one.
create table person_merges (
  person bigint not null primary key,
  canonical bigint not null
);

create index person_merges_canonical on person_merges (canonical);
