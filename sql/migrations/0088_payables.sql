-- What sources are owed is summed in an index alone, and payouts are found as such.
-- squawk-ignore-file require-concurrent-index-creation, require-concurrent-index-deletion
drop index leadgen.idx_ledger_entries_source;
create index idx_ledger_entries_source on leadgen.ledger_entries (source_id, account, transaction_id)
  include (currency, amount) where source_id is not null;
create index idx_ledger_transactions_payout on leadgen.ledger_transactions (id, source_id) where kind = 'payout';
