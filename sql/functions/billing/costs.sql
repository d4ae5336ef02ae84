-- What sources are owed.
--
--   a sale is made, or accepted      source_cost ──────► source_payable   cost:SALE: a price a sale, a share
--   the first of a lead's sales      source_cost ──────► source_payable   cost:lead:SALE: a price once a lead
--   it ends, or is given back        source_payable ───► source_cost
--   the source is paid               source_payable ───► cash             payouts.sql
--
-- A source is owed when revenue is earned: at the sale, and where the buyer must accept first, once it has. A sale that
-- ends takes what it cost with it. A part of its price that is given back takes the same part of what it cost. What is
-- paid once a lead is owed as long as one of its sales stands, and given back whole with the last of them.
--
-- A source has no row that all its leads would queue for: what it is owed is the sum of its entries.

create or replace function billing.owe_costs(p_sales bigint[], p_now timestamptz)
returns void
language plpgsql
volatile
as $$
-- In one statement, after the leads are held: two sales of one lead may be accepted at the same time.
begin
  perform
  from leadgen.leads l
  where l.id in (
    select a.lead_id from leadgen.lead_assignments a
    where a.id = any (p_sales) and a.cost is not null and a.acceptance = 'explicit')
  order by l.id
  for no key update;
  with sale as materialized (
    select a.*, l.source_id, d.cost as terms, d.decimals
    from leadgen.lead_assignments a
    join leadgen.leads l on l.id = a.lead_id and l.market_id = a.market_id
    join leadgen.lead_decisions d on d.id = a.decision_id and d.market_id = a.market_id
    where a.id = any (p_sales) and a.cost is not null
      and (a.acceptance is distinct from 'explicit' or a.outcome = 'accepted')
  ),
  owed as materialized (
    select s.id, 'cost:' || s.id as key, s.cost as amount from sale s
    union all
    select f.id, 'cost:lead:' || f.id, kernel.cost_lead(f.terms, f.decimals)
    from (select distinct on (s.lead_id) s.* from sale s order by s.lead_id, s.id) f
    where not (f.terms).is_per_sale and billing.find_lead_costs(f.lead_id, f.market_id) = '{}'
  ),
  booked as (
    insert into leadgen.ledger_transactions (
      booked_at, kind, key, currency, entries, source_id, market_id, offer_id, assignment_id, memo
    )
    select d.booked_at, 'cost', o.key, s.currency, 2, s.source_id, s.market_id, s.offer_id, s.id, d.memo
    from owed o
    join sale s on s.id = o.id
    cross join billing.date_booking(p_now, null) d
    where o.amount > 0 and not exists (select from leadgen.ledger_transactions t where t.key = o.key)
    order by s.id, o.key
    returning id, key, source_id, currency
  )
  insert into leadgen.ledger_entries (transaction_id, position, account, source_id, currency, amount)
  select t.id, e.position, e.account::leadgen.ledger_account, t.source_id, t.currency, e.sign * o.amount
  from booked t
  join owed o on o.key = t.key
  cross join lateral (values (1, 'source_cost', 1), (2, 'source_payable', -1)) as e (position, account, sign);
end;
$$;
comment on function billing.owe_costs(bigint[], timestamptz) is
  'What the source of these sales is owed for them: transaction cost:ID of each, and cost:lead:ID of the sale that '
  'came first where a price is paid once a lead. Those that still have to be accepted are left out, and what is owed '
  'already is not booked again. The caller holds the sales.';

create or replace function billing.find_lead_costs(p_lead_id bigint, p_market_id bigint)
returns bigint[]
language plpgsql
stable
as $$
begin
  return array(
    select t.id
    from leadgen.lead_assignments a
    join leadgen.ledger_transactions t on t.key = 'cost:lead:' || a.id
    where a.lead_id = p_lead_id and a.market_id = p_market_id
      and not exists (select from leadgen.ledger_transactions r where r.reverses_id = t.id)
    order by t.id);
end;
$$;
comment on function billing.find_lead_costs(bigint, bigint) is
  'The transactions by which a price is owed once a lead; none: it is not owed.';

create or replace function billing.take_cost_back(p_sale leadgen.lead_assignments, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
-- The lead's other sales stand or have ended: the caller holds the offer, so none of them moves.
declare
  v_booked leadgen.ledger_transactions;
begin
  if p_sale.cost is null then
    return;
  end if;
  select t.* into v_booked from leadgen.ledger_transactions t where t.key = 'cost:' || p_sale.id;
  if found then
    perform billing.reverse_cost(
      v_booked, billing.find_cost_left(v_booked.id), 'cost:end:' || p_sale.id, p_sale.outcome::text, p_now);
  end if;
  if exists (
    select from leadgen.lead_assignments a
    where a.lead_id = p_sale.lead_id and a.market_id = p_sale.market_id and a.id <> p_sale.id and a.released_at is null
  ) then
    return;
  end if;
  for v_booked in
    select t.*
    from leadgen.ledger_transactions t
    where t.id = any (billing.find_lead_costs(p_sale.lead_id, p_sale.market_id))
    order by t.id
  loop
    perform billing.reverse_cost(v_booked, billing.find_cost_left(v_booked.id),
      'cost:lead-end:' || v_booked.assignment_id, p_sale.outcome::text, p_now);
  end loop;
end;
$$;
comment on function billing.take_cost_back(leadgen.lead_assignments, timestamptz) is
  'A sale has ended: its source is not owed what is left of its cost, nor, if it was the last of its lead, what is '
  'paid once a lead. The caller holds the sale and its offer.';

create or replace function billing.share_refund(
  p_sale leadgen.lead_assignments,
  p_refund_id bigint,
  p_now timestamptz
)
returns void
language plpgsql
volatile
as $$
-- Of all that was given back so far the part is taken and rounded, so that the parts never come to more than the cost,
-- and to all of it when the whole price was given back.
declare
  v_booked leadgen.ledger_transactions;
  v_given numeric;
  v_left numeric;
begin
  if p_sale.cost is null then
    return;
  end if;
  select t.* into v_booked from leadgen.ledger_transactions t where t.key = 'cost:' || p_sale.id;
  if not found then
    return; -- it costs nothing, or is not accepted yet
  end if;
  select -sum(e.amount) into v_given
  from leadgen.ledger_transactions t
  join leadgen.ledger_transactions r on r.reverses_id = t.id
  join leadgen.ledger_entries e on e.transaction_id = r.id and e.account in ('buyer_prepaid', 'buyer_receivable')
  where t.key = 'sale:' || p_sale.id;
  v_left := p_sale.cost
    - round(p_sale.cost * v_given / p_sale.price, kernel.currency_minor_unit(v_booked.currency));
  perform billing.reverse_cost(v_booked, billing.find_cost_left(v_booked.id) - v_left, 'cost:refund:' || p_refund_id,
    'refund', p_now);
end;
$$;
comment on function billing.share_refund(leadgen.lead_assignments, bigint, timestamptz) is
  'A part of a sale''s price was given back by this transaction: so is the same part of what its source is owed for '
  'it. The caller holds the sale.';

create or replace function billing.find_cost_left(p_transaction_id bigint)
returns numeric
language plpgsql
stable
as $$
begin
  return (
    select -sum(e.amount)
    from (
      select p_transaction_id as id
      union all
      select t.id from leadgen.ledger_transactions t where t.reverses_id = p_transaction_id
    ) x
    join leadgen.ledger_entries e on e.transaction_id = x.id and e.account = 'source_payable');
end;
$$;
comment on function billing.find_cost_left(bigint) is
  'What is left of a booked cost: without what was taken back of it.';

create or replace function billing.reverse_cost(
  p_booked leadgen.ledger_transactions,
  p_amount numeric,
  p_key text,
  p_memo text,
  p_now timestamptz
)
returns void
language plpgsql
volatile
as $$
declare
  v_sale leadgen.lead_assignments;
begin
  if p_amount > 0 is not true then
    return;
  end if;
  select a.* into v_sale from leadgen.lead_assignments a where a.id = p_booked.assignment_id;
  perform billing.post('cost_reversal', p_key, p_booked.currency, array[
    ('source_payable', null, p_booked.source_id, null, p_amount)::billing.entry,
    ('source_cost', null, p_booked.source_id, null, -p_amount)::billing.entry], p_now, p_memo, p_booked.id, v_sale);
end;
$$;
comment on function billing.reverse_cost(leadgen.ledger_transactions, numeric, text, text, timestamptz) is
  'So much of a booked cost is owed no more; nothing is booked for an amount that is not above zero.';
