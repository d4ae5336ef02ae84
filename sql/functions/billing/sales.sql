-- Sales: who can pay is settled while a lead is decided, and booked with the sale.

create or replace function billing.take_funds(
  p_snapshot kernel.snapshot,
  p_decision kernel.decision,
  p_waits boolean,
  out outcome text,
  out balances numeric[],
  out credits numeric[],
  out held bigint[]
)
language plpgsql
volatile
as $$
-- The decision was made from what was read without a lock. The winners that pay are locked here, by id, and asked once
-- more. If one has spent the money meanwhile, all are let go, so that nobody waits for a buyer with another in hand.
declare
  c_pays constant integer := kernel.flag('is_prepaid') | kernel.flag('is_invoiced');
  v_places integer[];
  v_place integer;
  v_ids bigint[];
  v_buyer record;
begin
  outcome := 'enough';
  balances := p_snapshot.balances;
  credits := p_snapshot.credits;
  foreach v_place in array p_decision.winners loop
    if p_snapshot.flags[v_place] & c_pays > 0 then
      v_places := v_places || v_place;
    end if;
  end loop;
  if v_places is null then
    return;
  end if;
  v_ids := array(select p_snapshot.buyers[p] from unnest(v_places) p);
  begin
    if not p_waits and not billing.try_buyers(v_ids) then
      raise exception using errcode = 'FUND2', message = 'somebody books for a winner';
    end if;
    for v_buyer in select b.* from billing.lock_buyers(v_ids, false) b loop
      v_place := array_position(p_snapshot.buyers, v_buyer.id);
      v_places := array_remove(v_places, v_place);
      if v_buyer.billing_mode = 'prepaid' then
        balances[v_place] := v_buyer.balance;
      else
        credits[v_place] := v_buyer.credit_limit - v_buyer.receivable;
      end if;
      if (kernel.flag('is_' || v_buyer.billing_mode) & p_snapshot.flags[v_place] > 0) is not true
        or balances[v_place] < greatest(p_snapshot.prices[v_place], p_snapshot.min_balances[v_place])
        or credits[v_place] < p_snapshot.prices[v_place] then
        raise exception using errcode = 'FUND1', message = 'a winner''s money has changed';
      end if;
    end loop;
    if v_places <> '{}' then
      v_ids := array(select p_snapshot.buyers[p] from unnest(v_places) p);
      held := case when not billing.await_edits(v_ids) then v_ids end;
      raise exception using errcode = 'FUND1', message = 'the row of a winner was held';
    end if;
  exception
    when sqlstate 'FUND1' then
      outcome := 'changed';
    when sqlstate 'FUND2' then
      outcome := 'busy';
  end;
end;
$$;
comment on function billing.take_funds(kernel.snapshot, kernel.decision, boolean) is
  'Locks the winners whose sales are booked until the transaction ends, and says whether each can still pay: enough, '
  'with the balances and credits that were read under the lock; changed: decide again from what is true now, without '
  'the buyers in held, of which somebody keeps an edit open; busy: somebody books for one of them and p_waits is '
  'false. Nothing is locked but by enough.';

create or replace function billing.mark_held(p_snapshot kernel.snapshot, p_buyer_ids bigint[])
returns kernel.snapshot
language plpgsql
immutable
as $$
declare
  v_snapshot kernel.snapshot := p_snapshot;
begin
  if p_buyer_ids is null then
    return p_snapshot;
  end if;
  for v_place in 1 .. cardinality(p_snapshot.buyers) loop
    if p_snapshot.buyers[v_place] = any (p_buyer_ids) then
      v_snapshot.flags[v_place] := v_snapshot.flags[v_place] | kernel.flag('is_held');
    end if;
  end loop;
  return v_snapshot;
end;
$$;
comment on function billing.mark_held(kernel.snapshot, bigint[]) is
  'A snapshot in which these buyers cannot be booked for, because somebody keeps an edit of their rows open.';

create or replace function billing.post_sales(p_sales bigint[], p_source_id bigint, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
-- In one statement. The buyers are locked since take_funds. A sale whose buyer must accept it first is not earned yet:
-- its money is reserved until then. Whether a buyer is owed a replacement is known from the row that is written anyway.
declare
  v_owed bigint[];
begin
  perform set_config('leadgen.is_booking', 'on', true);
  with sale as materialized (
    select a.*
    from leadgen.lead_assignments a
    where a.id = any (p_sales) and a.billing_mode in ('prepaid', 'invoiced') and a.price > 0
  ),
  owed as (
    update leadgen.buyers b
    set
      balance = b.balance - case s.billing_mode when 'prepaid' then s.price else 0 end,
      receivable = b.receivable + case s.billing_mode when 'invoiced' then s.price else 0 end
    from sale s
    where b.id = s.buyer_id
    returning s.id, b.balance, b.receivable, b.replacements
  ),
  booked as (
    insert into leadgen.ledger_transactions (
      booked_at, kind, key, currency, entries, buyer_id, source_id, market_id, offer_id, assignment_id, memo
    )
    select greatest(p_now, c.ends_at), 'sale', 'sale:' || s.id, s.currency, 2, s.buyer_id, p_source_id, s.market_id,
      s.offer_id, s.id, case when p_now < c.ends_at then (billing.date_booking(p_now, null)).memo end
    from sale s
    cross join (select max(p.ends_at) as ends_at from leadgen.closed_periods p) c
    order by s.id
    returning id, assignment_id
  ),
  entered as (
    insert into leadgen.ledger_entries (transaction_id, position, account, buyer_id, currency, amount, balance_after)
    select t.id, 1,
      case s.billing_mode when 'prepaid' then 'buyer_prepaid' else 'buyer_receivable' end::leadgen.ledger_account,
      s.buyer_id, s.currency, s.price, case s.billing_mode when 'prepaid' then o.balance else o.receivable end
    from booked t
    join sale s on s.id = t.assignment_id
    join owed o on o.id = s.id
    union all
    select t.id, 2, case s.acceptance when 'explicit' then 'buyer_reserved' else 'revenue' end::leadgen.ledger_account,
      case s.acceptance when 'explicit' then s.buyer_id end, s.currency, -s.price, null
    from booked t
    join sale s on s.id = t.assignment_id
  )
  select array_agg(o.id order by o.id) into v_owed from owed o where o.replacements > 0;
  perform set_config('leadgen.is_booking', '', true);
  if v_owed is not null then
    perform billing.use_replacements(v_owed, p_now);
  end if;
end;
$$;
comment on function billing.post_sales(bigint[], bigint, timestamptz) is
  'Books sales that were just made, each as transaction sale:ID; free ones, and those of '
  'buyers whose sales are not booked, are left out. A buyer that is owed a replacement gets '
  'what it paid for the returned lead. The caller holds the buyers.';

create or replace function billing.earn_sales(p_sales bigint[], p_now timestamptz)
returns void
language plpgsql
volatile
as $$
-- No buyer's row is needed: what is reserved has no cached sum. The caller holds the sales, so none is earned twice.
-- What was given back before is not earned.
begin
  with sale as materialized (
    select t.*, r.amount as rest
    from leadgen.lead_assignments a
    join leadgen.ledger_transactions t on t.key = 'sale:' || a.id
    cross join lateral (
      select sum(-e.amount) as amount
      from leadgen.ledger_transactions x
      join leadgen.ledger_entries e on e.transaction_id = x.id and e.account = 'buyer_reserved'
      where x.id in (
        select t.id union all select b.id from leadgen.ledger_transactions b where b.reverses_id = t.id)
    ) r
    where a.id = any (p_sales) and a.acceptance = 'explicit' and a.outcome = 'accepted' and r.amount > 0
      and not exists (select from leadgen.ledger_transactions e where e.key = 'accept:' || a.id)
  ),
  booked as (
    insert into leadgen.ledger_transactions (
      booked_at, kind, key, currency, entries, buyer_id, source_id, market_id, offer_id, assignment_id, memo
    )
    select d.booked_at, 'acceptance', 'accept:' || s.assignment_id, s.currency, 2, s.buyer_id, s.source_id, s.market_id,
      s.offer_id, s.assignment_id, d.memo
    from sale s
    cross join billing.date_booking(p_now, null) d
    order by s.assignment_id
    returning id, assignment_id
  )
  insert into leadgen.ledger_entries (transaction_id, position, account, buyer_id, currency, amount)
  select t.id, e.position, e.account::leadgen.ledger_account, e.buyer_id, s.currency, e.amount
  from booked t
  join sale s on s.assignment_id = t.assignment_id
  cross join lateral (values (1, 'buyer_reserved', s.buyer_id, s.rest), (2, 'revenue', null, -s.rest))
    as e (position, account, buyer_id, amount);
  perform billing.queue_leads(array(
    select a.lead_id from leadgen.lead_assignments a
    where a.id = any (p_sales) and a.acceptance = 'explicit' and a.outcome = 'accepted'
      and a.billing_mode = 'prepaid'));
  perform billing.owe_costs(p_sales, p_now);
  perform billing.share_refund(a, r.id, p_now)
  from leadgen.lead_assignments a
  join leadgen.ledger_transactions t on t.key = 'sale:' || a.id
  join leadgen.ledger_transactions r on r.reverses_id = t.id
  where a.id = any (p_sales) and a.cost > 0 and a.acceptance = 'explicit' and a.outcome = 'accepted';
end;
$$;
comment on function billing.earn_sales(bigint[], timestamptz) is
  'What was reserved for these sales, whose buyers have accepted them, is earned: transaction accept:ID; and their '
  'source is owed for them. Others are left out. The caller holds the sales.';

create or replace function billing.give_money_back(p_sale leadgen.lead_assignments, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
-- What an operator credited of this sale before was given back already.
declare
  v_booked leadgen.ledger_transactions;
  v_rest billing.entry[];
  v_return_id bigint;
begin
  if p_sale.billing_mode in ('prepaid', 'invoiced') is not true then
    return;
  end if;
  select t.* into v_booked from leadgen.ledger_transactions t where t.key = 'sale:' || p_sale.id;
  if not found then
    return; -- it was free
  end if;
  perform billing.lock_buyers(array[p_sale.buyer_id], true);
  v_rest := billing.list_reversal(v_booked, null);
  if v_rest = '{}' then
    return;
  end if;
  select r.id into v_return_id
  from leadgen.sale_returns r
  where r.assignment_id = p_sale.id and r.status = 'approved' and p_sale.outcome = 'returned';
  perform billing.post(case when v_return_id is null then 'release' else 'return' end,
    coalesce('return:' || v_return_id, 'release:' || p_sale.id), v_booked.currency, v_rest, p_now,
    p_memo => p_sale.outcome::text, p_reverses_id => v_booked.id, p_sale => p_sale);
end;
$$;
comment on function billing.give_money_back(leadgen.lead_assignments, timestamptz) is
  'Reverses what is left of a sale that has ended: transaction return:ID of the return, else release:ID of the sale. '
  'The caller holds the sale.';

create or replace function billing.list_reversal(p_booked leadgen.ledger_transactions, p_amount numeric)
returns billing.entry[]
language plpgsql
stable
as $$
-- Revenue is not taken back: what is given back after it was earned is booked to returns, so that both can be read.
declare
  v_paid leadgen.ledger_entries;
  v_rest numeric;
  v_is_earned constant boolean := not exists (
    select from leadgen.ledger_entries e where e.transaction_id = p_booked.id and e.account = 'buyer_reserved')
    or exists (select from leadgen.ledger_transactions t where t.key = 'accept:' || p_booked.assignment_id);
begin
  select e.* into v_paid
  from leadgen.ledger_entries e
  where e.transaction_id = p_booked.id and e.account in ('buyer_prepaid', 'buyer_receivable');
  select v_paid.amount + coalesce(sum(e.amount), 0) into v_rest
  from leadgen.ledger_transactions t
  join leadgen.ledger_entries e on e.transaction_id = t.id and e.account = v_paid.account
  where t.reverses_id = p_booked.id;
  if p_amount > v_rest then
    perform kernel.refuse('LG409', format('Transaction %s has less left to give back', p_booked.key), 'amount',
      p_amount::text, format('at most %s %s', v_rest, p_booked.currency));
  elsif v_rest = 0 then
    return '{}';
  end if;
  v_rest := coalesce(p_amount, v_rest);
  return array[
    (v_paid.account, v_paid.buyer_id, null, null, -v_rest)::billing.entry,
    (case when v_is_earned then 'returns' else 'buyer_reserved' end,
      case when v_is_earned then null else v_paid.buyer_id end, null, null, v_rest)::billing.entry];
end;
$$;
comment on function billing.list_reversal(leadgen.ledger_transactions, numeric) is
  'The entries that give back so much of a booked sale, null: all that is left; none when nothing is. LG409 when less '
  'is left. The caller holds the buyer.';
