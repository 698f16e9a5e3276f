-- Versions of the workspace's own channel and visitor rules. A version never changes but for what its job did. Version 1, the rules
-- of the program alone, has no row.
create table channel_rule_versions (
    version bigint not null primary key,
    -- The rules as canonical JSON.
    rules text not null,
    -- The version of the program's rules when it was saved.
    program bigint not null,
    note text not null,
    saved_by text not null,
    saved_us bigint not null,
    -- The job that brings history to it, and what that changed, as JSON.
    job_id text,
    applied text
);
