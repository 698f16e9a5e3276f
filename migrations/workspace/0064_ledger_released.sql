-- An import that is undone while a later one states its place too leaves behind who stated the place before it: the undo of
-- the later one finds its way back past it.

create table ledger_released (
  report_key text not null,
  occurrence bigint not null,
  import text not null,
  seen_import text not null,
  seen_line bigint not null,
  primary key (report_key, occurrence, import)
);
