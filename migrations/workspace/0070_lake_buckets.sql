-- Into how many buckets people are divided; 0 until the first switch after this migration.
alter table lake_state add column buckets bigint not null default 0;
