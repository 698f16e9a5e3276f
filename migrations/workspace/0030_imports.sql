-- Imports: one uploaded file and what became of it.

create table imports (
  id text not null primary key,
  created_us bigint not null,
  created_by text not null,
  filename text not null,
  bytes bigint not null,
  sha256 text not null,
  state text not null,
  kind text not null,
  form text not null,
  mapping text not null,
  rows_total bigint,
  checked text,
  started_us bigint,
  applied text not null,
  applied_line bigint not null,
  reverted bigint not null,
  refused bigint not null,
  finished_us bigint,
  job_id text,
  error text
);

create index imports_created on imports (created_us);
create index imports_sha256 on imports (sha256);

-- Every row that is not imported, with its reason, and a sample of the others. `phase` is check, apply or undo.
create table import_rows (
  import_id text not null,
  phase text not null,
  line bigint not null,
  outcome text not null,
  report text not null,
  primary key (import_id, phase, line)
);

create index import_rows_outcome on import_rows (import_id, phase, outcome, line);

-- What each committed batch changed, to take it back; a batch that was taken back is deleted.
create table import_changes (
  import_id text not null,
  batch_line bigint not null,
  changes text not null,
  primary key (import_id, batch_line)
);
