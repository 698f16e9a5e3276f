-- How often the records of an erasure were emptied. Whoever keeps what it read of people reads it again when this is another
-- number.
alter table erasures add column emptied bigint not null default 0;
