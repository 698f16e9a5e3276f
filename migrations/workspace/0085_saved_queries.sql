-- SQL questions that people keep. Archived ones stay, so that a link to one still says what it was.
create table saved_queries (
  id text not null primary key,
  name text not null,
  description text not null,
  text text not null,
  -- How tables that follow from journeys are written, and how the answer is drawn: JSON.
  settings text not null,
  chart text not null,
  owner text not null,
  shared boolean not null,
  version bigint not null,
  created_us bigint not null,
  updated_us bigint not null,
  updated_by text not null,
  archived_us bigint
);

create index saved_queries_owner on saved_queries (owner, id);
