-- Places are found by the import that stated them last, and by their line, when an import ends and when it is undone.

create index ledger_heads_seen on ledger_heads (seen_import);
create index ledger_heads_entry on ledger_heads (entry);
