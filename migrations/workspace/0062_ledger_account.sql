-- Two accounts, sources or currencies of one platform bill apart: a report that comes again restates its own lines only.
-- Places that are known keep their lines under the longer key. The mark between the parts is the unit separator.

alter table ledger_entries add column account text not null default '';

update ledger_heads set report_key = (
  select case when e.campaign = '' and e.campaign_id = '' then ledger_heads.report_key
    else ledger_heads.report_key || lower(e.source) end || '' || e.currency || ''
  from ledger_entries e where e.id = ledger_heads.entry
) where entry in (select id from ledger_entries);
