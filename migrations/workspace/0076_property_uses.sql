-- How often questions asked for a property, by day: the properties that are asked for most are kept by event files as
-- columns of their own.
create table property_uses (
  name text not null,
  -- Days since 1970-01-01 UTC.
  day bigint not null,
  uses bigint not null,
  primary key (name, day)
);
