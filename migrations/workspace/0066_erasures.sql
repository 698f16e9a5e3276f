-- People who were erased: what was done, and by whom. Nothing here tells who they were: `work` holds their keys only while
-- the job runs.

create table erasures (
  id text not null primary key,
  person bigint not null,
  state text not null,
  keep_out boolean not null,
  requested_us bigint not null,
  requested_by text not null,
  job_id text,
  work text not null,
  plan text not null,
  late_events bigint not null,
  finished_us bigint,
  report text,
  sha256 text
);

create index erasures_person on erasures (person, requested_us);
create index erasures_requested on erasures (requested_us, id);

-- The keys of erased people as keyed hashes, so that a late event or a file that is imported again does not bring them back.
create table erasure_keys (
  hash text not null primary key,
  erasure text not null,
  until_us bigint not null,
  keep_out boolean not null
);
