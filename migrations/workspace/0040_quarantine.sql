-- Events that were rejected, and doubts about events that were taken. One row a fingerprint of the message: the same
-- message sent again raises `seen`.
create table quarantine (
    id text not null primary key,
    fingerprint text not null unique,
    status text not null,
    code text not null,
    reason text not null,
    received_at_us bigint not null,
    last_received_at_us bigint not null,
    seen bigint not null,
    event_offset bigint,
    kind text not null,
    name text not null,
    message_id text not null,
    user_id text not null,
    anonymous_id text not null,
    write_key text not null,
    library text not null,
    raw text not null
);

create index quarantine_by_time on quarantine (last_received_at_us, id);
