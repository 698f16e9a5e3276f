-- The re-derivations that changed rows of event files, and the moment from which questions see what they derived. A row that was
-- derived again names in `superseded` the re-derivation that replaced what it had.
create table lake_rederived (
    id bigint not null primary key,
    at_us bigint not null
);
