-- The ledger: what happened to money, in entries that sum to zero.
--
-- billing owns ledger_transactions, ledger_entries and two cached columns of leadgen.buyers, balance and receivable.
-- Its invariants, after every commit: the entries of each transaction sum to zero; balance is minus the sum of a
-- buyer's entries in buyer_prepaid, and never below zero; receivable is the sum of those in buyer_receivable, and no
-- sale takes it over credit_limit; what is booked is never changed, only reversed by another transaction.
--
--   a buyer pays in advance          cash ──────────────► buyer_prepaid
--   a sale, prepaid                  buyer_prepaid ─────► revenue
--   a sale, invoiced                 buyer_receivable ──► revenue
--   a sale to be accepted first      buyer_… ───────────► buyer_reserved ── accepted ──► revenue
--   a sale that ends, a credit       returns ───────────► buyer_prepaid or buyer_receivable
--   an invoice is paid               cash ──────────────► buyer_receivable
--
-- The arrow goes from the account that is debited (an amount above zero) to the one that is credited.
--
-- Who books for a buyer holds its queue and its row until its transaction ends (billing.lock_buyers). Several buyers
-- are locked by id, at once; who holds one already waits for no other (billing.take_funds). The two columns change in
-- post and post_sales alone, which say so by leadgen.is_booking (billing.keep_balance).

create or replace function billing.post(
  p_kind text,
  p_key text,
  p_currency text,
  p_entries billing.entry[],
  p_now timestamptz,
  p_memo text default null,
  p_reverses_id bigint default null,
  p_sale leadgen.lead_assignments default null
)
returns bigint
language plpgsql
volatile
as $$
-- The key is looked for under the buyer's lock; between buyers, and without one, the unique constraint decides.
declare
  v_buyer_id constant bigint := (select max(e.buyer_id) from unnest(p_entries) e);
  v_time constant record := billing.date_booking(p_now, p_memo);
  v_id bigint;
begin
  perform billing.lock_buyers(array[v_buyer_id], true);
  v_id := billing.find_booked(p_kind, p_key, p_currency, p_entries);
  if v_id is not null then
    return v_id;
  end if;
  perform billing.check_covered(v_buyer_id, p_currency, p_entries);
  perform set_config('leadgen.is_booking', 'on', true);
  with part as (
    select e.*, row_number() over (order by e.n) as position
    from unnest(p_entries) with ordinality as e (account, buyer_id, source_id, provider, amount, n)
    where e.amount <> 0
  ),
  kept as (
    update leadgen.buyers b
    set
      balance = b.balance - coalesce((select sum(p.amount) from part p where p.account = 'buyer_prepaid'), 0),
      receivable = b.receivable + coalesce((select sum(p.amount) from part p where p.account = 'buyer_receivable'), 0)
    where b.id = v_buyer_id
      and exists (select from part p where p.account in ('buyer_prepaid', 'buyer_receivable'))
    returning b.balance, b.receivable
  ),
  booked as (
    insert into leadgen.ledger_transactions (
      booked_at, kind, key, currency, entries, buyer_id, source_id, market_id, offer_id, assignment_id, reverses_id,
      memo
    )
    select v_time.booked_at, p_kind, p_key, p_currency, (select count(*) from part), v_buyer_id,
      (select max(p.source_id) from part p), p_sale.market_id, p_sale.offer_id, p_sale.id, p_reverses_id,
      v_time.memo
    on conflict on constraint ledger_transactions_key_unique do nothing
    returning id
  ),
  entered as (
    insert into leadgen.ledger_entries (
      transaction_id, position, account, buyer_id, source_id, provider, currency, amount, balance_after
    )
    select t.id, p.position, p.account, p.buyer_id, p.source_id, p.provider, p_currency, p.amount,
      case p.account when 'buyer_prepaid' then k.balance when 'buyer_receivable' then k.receivable end
    from booked t
    cross join part p
    left join kept k on true
  )
  select t.id into v_id from booked t;
  perform set_config('leadgen.is_booking', '', true);
  if v_id is null then
    perform billing.refuse_key(t) from leadgen.ledger_transactions t where t.key = p_key;
  end if;
  return v_id;
end;
$$;
comment on function billing.post(
  text, text, text, billing.entry[], timestamptz, text, bigint, leadgen.lead_assignments) is
  'Books a transaction of at most one buyer, whose row it locks, and returns its id; the id of the one booked before '
  'when the same comes again under one key. LG422: the key was used for something else. LG409: the balance does not '
  'cover it. The entries must sum to zero.';

create or replace function billing.find_booked(
  p_kind text,
  p_key text,
  p_currency text,
  p_entries billing.entry[]
)
returns bigint
language plpgsql
stable
as $$
declare
  v_booked leadgen.ledger_transactions;
begin
  select t.* into v_booked from leadgen.ledger_transactions t where t.key = p_key;
  if not found then
    perform kernel.refuse('LG422', format('The key %s was used for payment %s', p_key, p.id), 'key',
      format('payment %s', p.id), 'a new key', format('See what came: leadgen money payments show %s', p.id))
    from leadgen.payments p
    where p.key = p_key;
    return null;
  elsif v_booked.kind <> p_kind or v_booked.currency <> p_currency
    or exists (
      select from (
        select e.account, e.buyer_id, e.source_id, e.provider, e.amount from leadgen.ledger_entries e
        where e.transaction_id = v_booked.id) b
      full join unnest(p_entries) p on
        (b.account, b.amount) = (p.account, p.amount)
        and (b.buyer_id, b.source_id, b.provider) is not distinct from (p.buyer_id, p.source_id, p.provider)
      where (b.account is null and p.amount <> 0) or p.account is null) then
    perform billing.refuse_key(v_booked);
  end if;
  return v_booked.id;
end;
$$;
comment on function billing.find_booked(text, text, text, billing.entry[]) is
  'The transaction that was booked under a key; null: none. LG422 when it is another one than this, or the key is that '
  'of a payment.';

create or replace function billing.refuse_key(p_booked leadgen.ledger_transactions)
returns void
language plpgsql
immutable
as $$
begin
  perform kernel.refuse('LG422', format('The key %s was used for another transaction', p_booked.key), 'key',
    format('transaction %s, %s', p_booked.id, p_booked.kind), 'a new key',
    'One key is one event; send another key for another one.');
end;
$$;
comment on function billing.refuse_key(leadgen.ledger_transactions) is
  'LG422: the key of a transaction came again, for something else.';

create or replace function billing.check_covered(p_buyer_id bigint, p_currency text, p_entries billing.entry[])
returns void
language plpgsql
stable
as $$
declare
  v_buyer leadgen.buyers;
  v_taken constant numeric := (select sum(e.amount) from unnest(p_entries) e where e.account = 'buyer_prepaid');
  v_owed constant numeric := (select sum(e.amount) from unnest(p_entries) e where e.account = 'buyer_receivable');
begin
  if p_buyer_id is null then
    return;
  end if;
  select b.* into v_buyer from leadgen.buyers b where b.id = p_buyer_id;
  if v_buyer.currency <> p_currency then
    perform kernel.refuse('LG409', format('Buyer %s pays in %s', p_buyer_id, v_buyer.currency), 'currency', p_currency,
      v_buyer.currency::text);
  elsif v_taken > v_buyer.balance then
    perform kernel.refuse('LG409', format('The balance of buyer %s does not cover it', p_buyer_id), 'amount',
      v_taken::text, format('at most the balance, %s %s', v_buyer.balance, v_buyer.currency));
  elsif v_buyer.balance - v_taken >= 100000000 then
    perform kernel.refuse('LG409', format('The balance of buyer %s would be too large', p_buyer_id), 'amount',
      (-v_taken)::text, 'a balance below 100000000.00');
  elsif abs(v_buyer.receivable + v_owed) >= 10000000000 then
    perform kernel.refuse('LG409', format('What buyer %s owes would be too large', p_buyer_id), 'amount',
      abs(v_owed)::text, format('a receivable between -9999999999.99 and 9999999999.99; it is %s', v_buyer.receivable));
  end if;
end;
$$;
comment on function billing.check_covered(bigint, text, billing.entry[]) is
  'LG409 when a buyer''s money is of another currency, or its balance or what it owes would leave its bounds. The '
  'caller holds the buyer.';

create or replace function billing.lock_buyers(p_buyer_ids bigint[], p_waits boolean)
returns table (id bigint, balance numeric, receivable numeric, credit_limit numeric, billing_mode text)
language plpgsql
volatile
as $$
-- Who books stands in the queue of the buyer first (advisory class 6), so that a row which is held all the same is held
-- by an edit that is not committed. Leads do not wait for that (p_waits false).
begin
  perform pg_advisory_xact_lock(6, kernel.lock_key(b.id))
  from (select distinct i as id from unnest(p_buyer_ids) i where i is not null order by 1) b;
  if p_waits then
    return query
    select b.id, b.balance, b.receivable, b.credit_limit, b.billing_mode
    from leadgen.buyers b
    where b.id = any (p_buyer_ids)
    order by b.id
    for no key update;
  else
    return query
    select b.id, b.balance, b.receivable, b.credit_limit, b.billing_mode
    from leadgen.buyers b
    where b.id = any (p_buyer_ids)
    order by b.id
    for no key update skip locked;
  end if;
end;
$$;
comment on function billing.lock_buyers(bigint[], boolean) is
  'Locks these buyers for a booking until the transaction ends, by id, and says what their money is then. Without '
  'p_waits the rows that an open edit holds are left out.';

create or replace function billing.try_buyers(p_buyer_ids bigint[])
returns boolean
language plpgsql
volatile
as $$
declare
  v_id bigint;
begin
  foreach v_id in array p_buyer_ids loop
    if not pg_try_advisory_xact_lock(6, kernel.lock_key(v_id)) then
      return false;
    end if;
  end loop;
  return true;
end;
$$;
comment on function billing.try_buyers(bigint[]) is
  'Whether nobody books for these buyers; their queues are the caller''s then.';

create or replace function billing.await_edits(p_buyer_ids bigint[])
returns boolean
language plpgsql
volatile
set lock_timeout = '250ms'
as $$
-- An edit takes milliseconds, unless somebody keeps it open.
begin
  perform from leadgen.buyers b where b.id = any (p_buyer_ids) order by b.id for no key update;
  return true;
exception
  when lock_not_available then
    return false;
end;
$$;
comment on function billing.await_edits(bigint[]) is
  'Locks the rows of these buyers; false when somebody keeps an edit of one open for a quarter of a second.';

create or replace function billing.check_booked()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- A transaction and its entries come in one statement, so that neither is ever there without the other.
declare
  v_ids constant bigint[] := array(select w.id from written w);
  v_fault record;
begin
  select t.key, t.kind, k.code, t.booked_at into v_fault
  from leadgen.ledger_transactions t
  left join leadgen.ledger_kinds k on k.code = t.kind
  where t.id = any (v_ids) and (k.code is null
    or t.booked_at < (select max(c.ends_at) from leadgen.closed_periods c)
    or t.entries <> (select count(*) from leadgen.ledger_entries e where e.transaction_id = t.id))
  limit 1;
  if found then
    perform billing.check_open(v_fault.key, v_fault.booked_at);
    perform kernel.refuse('LG409', format('Transaction %s cannot be booked', v_fault.key),
      case when v_fault.code is null then 'kind' else 'entries' end,
      case when v_fault.code is null then v_fault.kind else 'another number of entries' end,
      case when v_fault.code is null then 'a code of leadgen.ledger_kinds'
        else 'all entries of the transaction, in the same statement' end);
  end if;
  return null;
end;
$$;
comment on function billing.check_booked() is
  'Trigger: a transaction is of a known kind, and comes with as many entries as it says (LG409).';

create or replace function billing.check_balanced()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- Entries that are added to an earlier transaction make its number wrong.
declare
  v_ids constant bigint[] := array(select distinct w.transaction_id from written w);
  v_fault record;
begin
  select x.transaction_id, x.entries, x.found, x.total, x.is_one_currency into v_fault
  from (
    select e.transaction_id, t.entries, count(*) as found, sum(e.amount) as total,
      bool_and(e.currency = t.currency) as is_one_currency
    from leadgen.ledger_entries e
    left join leadgen.ledger_transactions t on t.id = e.transaction_id
    where e.transaction_id = any (v_ids)
    group by e.transaction_id, t.entries
  ) x
  where x.entries is distinct from x.found or x.total <> 0 or not x.is_one_currency
  limit 1;
  if found then
    perform kernel.refuse('LG409', format('The entries of transaction %s cannot be booked', v_fault.transaction_id),
      'entries', format('%s entries that sum to %s', v_fault.found, v_fault.total),
      format('%s entries of one currency that sum to 0', coalesce(v_fault.entries::text, 'the transaction''s')));
  end if;
  return null;
end;
$$;
comment on function billing.check_balanced() is
  'Trigger: the entries of a transaction are all there, of its currency, and sum to zero (LG409).';
