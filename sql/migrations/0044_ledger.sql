-- The ledger, and what a buyer owes or has left. Until an operator says how a buyer pays (billing_mode), its sales are not
-- booked: so it was before the ledger. New buyers are invoiced. There are few buyers: their table is checked at once.
-- squawk-ignore-file constraint-missing-not-valid, prefer-bigint-over-smallint
create type leadgen.ledger_account as enum (
  'buyer_prepaid', 'buyer_receivable', 'buyer_reserved', 'revenue', 'returns', 'tax', 'cash', 'fees', 'write_off',
  'source_payable', 'source_cost', 'opening');

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
create index idx_ledger_transactions_reverses on leadgen.ledger_transactions (reverses_id) where reverses_id is not null;
create index idx_ledger_transactions_booked_at on leadgen.ledger_transactions using brin (booked_at);

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
create index idx_ledger_entries_buyer on leadgen.ledger_entries (buyer_id, account, transaction_id) where buyer_id is not null;
create index idx_ledger_entries_source on leadgen.ledger_entries (source_id, account, transaction_id) where source_id is not null;

update leadgen.buyers set credit_limit = 0 where credit_limit < 0;
alter table leadgen.buyers
  add column currency char(3),
  add column billing_mode text not null default 'none',
  add column receivable numeric(12,2) not null default 0,
  add column low_balance_at numeric(10,2) not null default 100.00,
  add column low_since timestamptz,
  add constraint buyers_billing_mode_valid check (billing_mode in ('none', 'prepaid', 'invoiced')) not valid,
  add constraint buyers_credit_limit_not_negative check (credit_limit >= 0 and credit_limit < 100000000) not valid,
  add constraint buyers_low_balance_not_negative check (low_balance_at >= 0 and low_balance_at < 100000000) not valid,
  add constraint buyers_currency_shape check (currency ~ '^[A-Z]{3}$') not valid;
alter table leadgen.buyers
  validate constraint buyers_billing_mode_valid,
  validate constraint buyers_credit_limit_not_negative,
  validate constraint buyers_low_balance_not_negative,
  validate constraint buyers_currency_shape;
alter table leadgen.buyers alter column billing_mode set default 'invoiced';
alter table leadgen.buyers set (fillfactor = 70);

update leadgen.buyers b
set currency = coalesce(
  (
    select m.currency
    from leadgen.buyer_offers bo
    join leadgen.offers o on o.id = bo.offer_id
    join leadgen.markets m on m.id = o.market_id
    where bo.buyer_id = b.id
    order by bo.id
    limit 1
  ),
  case when b.balance > 0 then 'USD' end);

-- What buyers had before the ledger.
with opened as (
  insert into leadgen.ledger_transactions (booked_at, kind, key, currency, entries, buyer_id, memo)
  select
    current_timestamp as booked_at, 'opening' as kind, 'opening:' || b.id as key, b.currency, 2 as entries, b.id as buyer_id,
    'The balance before the ledger' as memo
  from leadgen.buyers b
  where b.balance > 0
  order by b.id
  returning id, buyer_id, currency
)
insert into leadgen.ledger_entries (transaction_id, position, account, buyer_id, currency, amount, balance_after)
select
  t.id as transaction_id, e.position, e.account::leadgen.ledger_account as account,
  case when e.position = 1 then t.buyer_id end as buyer_id, t.currency, e.amount,
  case when e.position = 1 then b.balance end as balance_after
from opened t
join leadgen.buyers b on b.id = t.buyer_id
cross join lateral (values (1, 'buyer_prepaid', -b.balance), (2, 'opening', b.balance)) as e (position, account, amount);

create table leadgen.ledger_kinds (
  code text primary key,
  position integer not null,
  seed_type text,
  description text not null,

  constraint ledger_kinds_code_shape check (code ~ '^[a-z][a-z_]{1,29}$')
);

create type billing.entry as (
  account leadgen.ledger_account,
  buyer_id bigint,
  source_id bigint,
  provider text,
  amount numeric
);

alter table leadgen.lead_assignments add column billing_mode text;
alter table leadgen.lead_decisions
  add column credits numeric[],
  add column credit_limits numeric[];
alter type kernel.snapshot
  add attribute credits numeric[],
  add attribute credit_limits numeric[];
alter type rehearsal.play add attribute spent numeric[];
