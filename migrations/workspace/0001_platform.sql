-- What every feature of a workspace stands on: background jobs, the audit chain, and single values.

create table jobs (
  id text not null primary key,
  kind text not null,
  job_key text,
  payload text not null,
  actor text not null,
  state text not null,
  attempts bigint not null,
  run_after_us bigint not null,
  lease_owner text,
  lease_until_us bigint,
  cancel_asked boolean not null,
  progress_done bigint not null,
  progress_total bigint not null,
  note text not null,
  error text,
  created_us bigint not null,
  started_us bigint,
  finished_us bigint
);

-- One live job for a key: asking twice gives the job that is already there.
create unique index jobs_live_key on jobs (kind, job_key) where state in ('queued', 'running');
create index jobs_due on jobs (state, run_after_us);
create index jobs_created on jobs (created_us);

create table audit (
  sequence bigint not null primary key,
  id text not null unique,
  at_us bigint not null,
  workspace_id text not null,
  actor text not null,
  action text not null,
  target text not null,
  details text not null,
  hash text not null
);

create table audit_head (
  only_row bigint not null primary key,
  sequence bigint not null,
  hash text not null
);

insert into audit_head (only_row, sequence, hash) values (1, 0, '');

-- Single values that belong to no table of their own.
create table meta (
  name text not null primary key,
  value text not null
);
