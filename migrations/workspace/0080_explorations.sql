-- Questions about what people did, kept under a name.

create table explorations (
  id text not null primary key,
  name text not null,
  kind text not null,
  -- The question as canonical JSON.
  request text not null,
  -- Whether its dates move on, so that they always end today.
  rolling boolean not null,
  -- Whether it is shown on Home.
  pinned boolean not null,
  owner text not null,
  created_us bigint not null,
  updated_us bigint not null,
  archived_us bigint
);

create index explorations_by_name on explorations (name, id);
