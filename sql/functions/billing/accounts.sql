-- What a buyer has left, owes and had booked; for the holder of its key, and for operators. And what keeps it.

create or replace function billing.show_balance(p_key_hash text)
returns jsonb
language plpgsql
volatile
as $$
begin
  return billing.describe_balance(identity.act_as_buyer(p_key_hash));
end;
$$;
comment on function billing.show_balance(text) is 'The work of leadgen.show_balance.';

create or replace function billing.describe_balance(p_buyer_id bigint)
returns jsonb
language plpgsql
stable
as $$
begin
  return (
    select jsonb_build_object(
      'buyer_id', b.id,
      'billing_mode', b.billing_mode,
      'currency', b.currency,
      'balance', b.balance::text,
      'reserved', billing.sum_reserved(b.id)::text,
      'receivable', b.receivable::text,
      'credit_limit', b.credit_limit::text,
      'credit_left', case b.billing_mode when 'invoiced' then (b.credit_limit - b.receivable)::text end,
      'is_low', b.low_since is not null,
      'replacements_owed', b.replacements)
    from leadgen.buyers b
    where b.id = p_buyer_id
  );
end;
$$;
comment on function billing.describe_balance(bigint) is 'The money of a buyer, amounts as text; null: there is none.';

create or replace function billing.sum_reserved(p_buyer_id bigint)
returns numeric
language plpgsql
stable
as $$
-- Of the sales that wait to be accepted: those that were accepted or ended have nothing reserved any more
-- (list_broken_bookings). They are few and found first, with the keys of their bookings: under row-level security no
-- index is searched by what a function makes of a row.
begin
  return coalesce((
    with waiting as materialized (
      select 'sale:' || a.id as key
      from leadgen.lead_assignments a
      where a.buyer_id = p_buyer_id and a.acceptance = 'explicit' and a.accepted_at is null and a.released_at is null
    )
    select sum(-e.amount)
    from waiting w
    join leadgen.ledger_transactions s on s.key = w.key
    cross join lateral (
      select s.id union all select r.id from leadgen.ledger_transactions r where r.reverses_id = s.id
    ) t
    join leadgen.ledger_entries e on e.transaction_id = t.id and e.account = 'buyer_reserved'
  ), 0.00);
end;
$$;
comment on function billing.sum_reserved(bigint) is
  'What is reserved of a buyer for sales that it has not accepted yet.';

create or replace function billing.list_ledger(p_key_hash text, p_before bigint, p_limit integer)
returns jsonb
language plpgsql
volatile
as $$
begin
  return billing.list_entries(identity.act_as_buyer(p_key_hash), p_before, p_limit);
end;
$$;
comment on function billing.list_ledger(text, bigint, integer) is 'The work of leadgen.list_ledger.';

create or replace function billing.list_entries(p_buyer_id bigint, p_before bigint, p_limit integer)
returns jsonb
language plpgsql
stable
as $$
-- A page by key: as quick for the last as for the first. What is booked between accounts of the house is not there. A
-- payment may have two entries: a page ends with a whole transaction. Which accounts have a balance is what
-- balance_after says; of the account itself, an enum, row-level security lets no index or statistics be used.
declare
  v_entries jsonb;
begin
  select coalesce(jsonb_agg(jsonb_build_object(
    'transaction_id', x.id, 'booked_at', x.booked_at, 'type', x.seed_type, 'account', x.account,
    'amount', x.amount::text, 'balance_after', x.balance_after::text, 'currency', x.currency,
    'assignment_id', x.assignment_id, 'memo', x.memo) order by x.id desc, x.account), '[]')
  into v_entries
  from (
    select t.id, t.booked_at, k.seed_type,
      case e.account when 'buyer_prepaid' then 'balance' else 'receivable' end as account,
      case e.account when 'buyer_prepaid' then -e.amount else e.amount end as amount, e.balance_after, t.currency,
      t.assignment_id, t.memo
    from (
      select n.*
      from leadgen.ledger_entries n
      where n.buyer_id = p_buyer_id and n.balance_after is not null
        and n.transaction_id < coalesce(p_before, 9223372036854775807)
      order by n.transaction_id desc
      fetch first p_limit rows with ties
    ) e
    join leadgen.ledger_transactions t on t.id = e.transaction_id
    join leadgen.ledger_kinds k on k.code = t.kind
  ) x;
  return jsonb_build_object('entries', v_entries,
    'next_before', case when jsonb_array_length(v_entries) >= p_limit then v_entries -> -1 -> 'transaction_id' end);
end;
$$;
comment on function billing.list_entries(bigint, bigint, integer) is
  'What was booked of a buyer, the latest first, of transactions before this one; see leadgen.list_ledger.';

create or replace function billing.keep_balance()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform kernel.refuse('LG409', 'What a buyer has left and owes is changed by bookings alone',
    case when new.balance is distinct from old.balance then 'balance' else 'receivable' end,
    'an update by hand', 'a booking', 'leadgen money credit and leadgen money debit book it, with a reason.');
  return null;
end;
$$;
comment on function billing.keep_balance() is
  'Trigger: balance and receivable of a buyer change only within billing.post and billing.post_sales (LG409), for '
  'every role, the owner included.';
