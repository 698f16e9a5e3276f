-- What a report says beside the money: how often the ads were shown and clicked.

alter table ledger_entries add column impressions bigint;
alter table ledger_entries add column clicks bigint;
