-- Files and runs that the catalog took out and that may still lie in the folder: removed when nobody reads them any more,
-- after a crash by the next start.

create table lake_gone (
    id bigint not null primary key,
    path text not null
);
