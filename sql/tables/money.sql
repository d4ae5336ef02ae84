-- Money: the ledger, and what buyers are billed for.
--
-- Two entries or more make a transaction, and sum to zero. A positive amount is a debit, a negative one a credit. An
-- account is a kind (leadgen.ledger_account) of a buyer, a source or a provider, in one currency; those of the house
-- belong to nobody and have no row of their own that all sales would queue for. What a buyer has left or owes is
-- cached in leadgen.buyers; sql/functions/billing/ledger.sql draws where the money goes.

create type leadgen.ledger_account as enum (
  'buyer_prepaid', 'buyer_receivable', 'buyer_reserved', 'revenue', 'returns', 'tax', 'cash', 'fees', 'write_off',
  'source_payable', 'source_cost', 'opening');

create table leadgen.ledger_kinds (
  code text primary key,
  position integer not null,
  seed_type text,
  description text not null,
  is_billed boolean not null default false,

  constraint ledger_kinds_code_shape check (code ~ '^[a-z][a-z_]{1,29}$')
);
comment on table leadgen.ledger_kinds is 'The registry of what can happen to money. Deploys write it.';
comment on column leadgen.ledger_kinds.seed_type is
  'The word for it in report.provider_ledger: deposit, lead_purchase, refund, manual_credit, manual_debit; null: not shown there.';

comment on column leadgen.ledger_kinds.is_billed is
  'Whether its transactions are lines of invoices and credit notes: what is sold or given back is, what is paid is not.';

create type billing.entry as (
  account leadgen.ledger_account,
  buyer_id bigint,
  source_id bigint,
  provider text,
  amount numeric
);
comment on type billing.entry is
  'An entry to be booked (billing.post): an account with its party, and an amount in the currency of the transaction, a debit above zero.';

create table leadgen.ledger_transactions (
  id bigint generated always as identity primary key,
  booked_at timestamptz not null,
  kind text not null,
  key text not null,
  currency char(3) not null,
  entries smallint not null,
  buyer_id bigint,
  source_id bigint,
  market_id bigint,
  offer_id bigint,
  assignment_id bigint,
  reverses_id bigint,
  memo text,
  booked_by text not null default session_user,

  constraint ledger_transactions_key_unique unique (key),
  constraint ledger_transactions_key_shape check (length(key) between 3 and 200),
  constraint ledger_transactions_two_entries check (entries >= 2),
  constraint ledger_transactions_memo_bounded check (length(memo) <= 500)
);
comment on table leadgen.ledger_transactions is
  'Append-only, for every role: what happened to money, once for each event of the business. Its entries are in leadgen.ledger_entries.';
comment on column leadgen.ledger_transactions.booked_at is 'By leadgen.clock(): in which period it counts.';
comment on column leadgen.ledger_transactions.kind is 'What happened: a code of leadgen.ledger_kinds.';
comment on column leadgen.ledger_transactions.key is
  'The event that was booked, unique: sale:123, return:45, stripe:evt_1. Booked again, it is the same transaction.';
comment on column leadgen.ledger_transactions.entries is 'How many entries it has: none can be added to it later.';
comment on column leadgen.ledger_transactions.reverses_id is 'The transaction that this one undoes, in whole or in part.';
comment on column leadgen.ledger_transactions.memo is 'Why, in the words of whoever booked it. No personal data of leads.';
comment on column leadgen.ledger_transactions.booked_by is 'The login that booked it.';
create index idx_ledger_transactions_reverses on leadgen.ledger_transactions (reverses_id) where reverses_id is not null;
create index idx_ledger_transactions_payout on leadgen.ledger_transactions (id, source_id) where kind = 'payout';
create index idx_ledger_transactions_booked_at on leadgen.ledger_transactions using brin (booked_at);

create or replace trigger keep_record before update or delete or truncate on leadgen.ledger_transactions
  for each statement execute function kernel.refuse_change();
create or replace trigger check_booked after insert on leadgen.ledger_transactions
  referencing new table as written
  for each statement execute function billing.check_booked();

create table leadgen.ledger_entries (
  transaction_id bigint not null,
  position smallint not null,
  account leadgen.ledger_account not null,
  buyer_id bigint,
  source_id bigint,
  provider text,
  currency char(3) not null,
  amount numeric(12,2) not null,
  balance_after numeric(12,2),

  constraint ledger_entries_pkey primary key (transaction_id, position),
  constraint ledger_entries_amount_not_zero check (amount <> 0),
  constraint ledger_entries_party_fits check (
    (buyer_id is not null) = (account in ('buyer_prepaid', 'buyer_receivable', 'buyer_reserved'))
    and (source_id is not null) = (account in ('source_payable', 'source_cost'))
    and (provider is not null) = (account in ('cash', 'fees'))),
  constraint ledger_entries_balance_fits check (
    (balance_after is not null) = (account in ('buyer_prepaid', 'buyer_receivable')))
);

comment on table leadgen.ledger_entries is
  'Append-only, for every role: the entries of a transaction, which sum to zero.';
comment on column leadgen.ledger_entries.amount is 'In the currency; above zero a debit, below it a credit.';
comment on column leadgen.ledger_entries.balance_after is
  'What buyers.balance (account buyer_prepaid) or buyers.receivable (buyer_receivable) was after it; of other accounts null.';
create index idx_ledger_entries_buyer on leadgen.ledger_entries (buyer_id, account, transaction_id) where buyer_id is not null;
-- A page of a buyer's ledger, where row-level security takes the account out of what an index is searched by.
create index idx_ledger_entries_buyer_transaction on leadgen.ledger_entries (buyer_id, transaction_id)
  where buyer_id is not null;
create index idx_ledger_entries_source on leadgen.ledger_entries (source_id, account, transaction_id)
  include (currency, amount) where source_id is not null;

create or replace trigger keep_record before update or delete or truncate on leadgen.ledger_entries
  for each statement execute function kernel.refuse_change();
create or replace trigger check_balanced after insert on leadgen.ledger_entries
  referencing new table as written
  for each statement execute function billing.check_balanced();

create table leadgen.billing_changes (
  id bigint generated always as identity primary key,
  lead_id bigint,
  invoice_id bigint,

  constraint billing_changes_one_subject check (num_nonnulls(lead_id, invoice_id) = 1)
);
comment on table leadgen.billing_changes is
  'Leads, and invoices with the leads on them, whose billing_status has still to follow what was booked or sent. Workers take them.';

create table leadgen.replacements (
  id bigint generated always as identity primary key,
  created_at timestamptz not null,
  market_id bigint not null,
  offer_id bigint not null,
  buyer_id bigint not null,
  return_id bigint not null,
  assignment_id bigint not null,
  amount numeric(10,2) not null,
  currency char(3) not null,
  status text not null default 'owed',
  used_by bigint,
  ended_at timestamptz,
  ended_by text,
  reason text,

  constraint replacements_return_unique unique (return_id),
  constraint replacements_used_by_unique unique (used_by),
  constraint replacements_amount_positive check (amount > 0),
  constraint replacements_status_valid check (status in ('owed', 'used', 'ended')),
  constraint replacements_used_has_sale check ((status = 'used') = (used_by is not null)),
  constraint replacements_ended_has_time check ((status <> 'owed') = (ended_at is not null)),
  constraint replacements_reason_bounded check (length(reason) <= 500)
);
comment on table leadgen.replacements is
  'Leads owed to buyers in place of the money of a return: the next sale of the offer to the buyer gives the money of the returned one back.';
comment on column leadgen.replacements.assignment_id is 'The sale that was returned. Its price stays booked while the replacement is owed.';
comment on column leadgen.replacements.amount is 'What was left of its price when it was returned.';
comment on column leadgen.replacements.status is
  'owed; used: used_by is the sale that replaced it; ended: the buyer got its money without another lead.';
comment on column leadgen.replacements.reason is 'Why it was ended, in the words of whoever did it.';
create index idx_replacements_owed on leadgen.replacements (buyer_id, offer_id, id) where status = 'owed';
create index idx_replacements_sale on leadgen.replacements (assignment_id);

create or replace trigger keep_record before delete or truncate on leadgen.replacements
  for each statement execute function kernel.refuse_change();
create or replace trigger keep_ended before update on leadgen.replacements
  for each row when (old.status <> 'owed') execute function kernel.refuse_change();
create or replace trigger keep_terms before update of
    id, created_at, market_id, offer_id, buyer_id, return_id, assignment_id, amount, currency on leadgen.replacements
  for each row execute function kernel.immutable_columns(
    'id', 'created_at', 'market_id', 'offer_id', 'buyer_id', 'return_id', 'assignment_id', 'amount', 'currency');
