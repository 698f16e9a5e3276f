-- Since when a merge is known here, which is later than the moment of the event that showed it: what was known at a moment
-- counts the merges known by then. For merges from before, when they happened is the best there is.
alter table person_merge_edges add column known_us bigint not null default 0;

update person_merge_edges set known_us = at_us;
