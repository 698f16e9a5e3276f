-- Which Parquet files and which runs of event ids make up the lake. The lake is the only writer; a switch of files is
-- one transaction.
create table lake_state (
    id bigint not null primary key,
    sealed_offset bigint not null,
    sealed_at_us bigint not null,
    next_id bigint not null
);

create table lake_files (
    id bigint not null primary key,
    path text not null,
    bucket bigint not null,
    month bigint not null,
    row_count bigint not null,
    byte_count bigint not null,
    at_min_us bigint not null,
    at_max_us bigint not null,
    offset_min bigint not null,
    offset_max bigint not null
);

create table lake_runs (
    id bigint not null primary key,
    path text not null,
    entry_count bigint not null,
    byte_count bigint not null
);
