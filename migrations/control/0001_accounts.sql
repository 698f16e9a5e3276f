-- Who can sign in, to which workspaces, and with which keys. Moments are microseconds since 1970, UTC.

create table users (
  id text not null primary key,
  email text not null,
  email_key text not null unique,
  name text not null,
  password_hash text not null,
  password_is_temporary boolean not null,
  created_us bigint not null,
  signed_in_us bigint
);

create table sessions (
  id text not null primary key,
  token_hash {{BLOB}} not null unique,
  user_id text not null references users (id) on delete cascade,
  address text not null,
  agent text not null,
  created_us bigint not null,
  seen_us bigint not null,
  expires_us bigint not null
);

create index sessions_user on sessions (user_id);
create index sessions_expires on sessions (expires_us);

create table workspaces (
  id text not null primary key,
  slug text not null unique,
  name text not null,
  currency text not null,
  time_zone text not null,
  created_us bigint not null
);

create table members (
  workspace_id text not null references workspaces (id) on delete cascade,
  user_id text not null references users (id) on delete cascade,
  role text not null,
  created_us bigint not null,
  primary key (workspace_id, user_id)
);

create index members_user on members (user_id);

create table api_keys (
  id text not null primary key,
  workspace_id text not null references workspaces (id) on delete cascade,
  kind text not null,
  name text not null,
  prefix text not null,
  secret_hash {{BLOB}} not null unique,
  permissions text not null,
  created_by text not null,
  creator_user_id text,
  created_us bigint not null,
  expires_us bigint,
  last_used_us bigint,
  revoked_us bigint
);

create index api_keys_workspace on api_keys (workspace_id, created_us);

-- The chain of what was changed in this database; `workspace_id` is empty for what belongs to no workspace.
create table control_audit (
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

create index control_audit_workspace on control_audit (workspace_id, id);

create table control_audit_head (
  only_row bigint not null primary key,
  sequence bigint not null,
  hash text not null
);

insert into control_audit_head (only_row, sequence, hash) values (1, 0, '');
