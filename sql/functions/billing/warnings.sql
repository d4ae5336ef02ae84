-- Money that runs low: who is told, and when it is over.

create or replace function billing.find_low_buyers()
returns table (buyer_id bigint, is_low boolean, money_left numeric, warned_at numeric, is_credit boolean)
language plpgsql
stable
as $$
-- Over all buyers, for there are few of them: nothing is asked of the road of a lead. Some at a time: they are held
-- until all are told. Low begins below the line and
-- ends a tenth above it, so that one at the line is not told with every sale; or when there is no line any more. A
-- buyer that never had money is not low.
begin
  return query
  select b.id, coalesce(m.money_left < l.line, false), m.money_left, l.line, b.billing_mode = 'invoiced'
  from leadgen.buyers b
  cross join lateral (
    select case when b.billing_mode = 'invoiced' then b.credit_limit - b.receivable else b.balance end as money_left
  ) m
  left join lateral (
    select max(bo.min_balance_required) as minimum
    from leadgen.buyer_offers bo
    where bo.buyer_id = b.id and bo.is_active
  ) e on true
  cross join lateral (
    select greatest(case when b.billing_mode <> 'none' then b.low_balance_at end,
      case when b.billing_mode <> 'invoiced' then e.minimum * 1.25 end) as line
  ) l
  where case when b.low_since is null then m.money_left < l.line else (m.money_left >= l.line * 1.1) is not false end
    and (b.low_since is not null or b.is_active and exists (
      select from leadgen.ledger_entries x where x.buyer_id = b.id))
  order by b.low_since is not null, random()
  limit 20;
end;
$$;
comment on function billing.find_low_buyers() is
  'Buyers whose money has fallen below the line since they were last looked at, or has risen well above it again: what '
  'they can still spend (the balance, or of the invoiced what is left of the credit limit) and the line.';

create or replace function billing.mark_low(p_buyer_id bigint, p_is_low boolean, p_now timestamptz)
returns boolean
language plpgsql
volatile
as $$
-- A buyer for whom somebody books is looked at in the next round.
begin
  if not billing.try_buyers(array[p_buyer_id]) then
    return false;
  end if;
  update leadgen.buyers b
  set low_since = case when p_is_low then p_now end
  where b.id = (select x.id from leadgen.buyers x where x.id = p_buyer_id for no key update skip locked)
    and (b.low_since is null) = p_is_low;
  return found;
end;
$$;
comment on function billing.mark_low(bigint, boolean, timestamptz) is
  'Notes that a buyer''s money is low, or no longer; false: that was noted already, or somebody books for '
  'the buyer or edits it.';

create or replace function billing.forecast_days(p_buyer_id bigint, p_money_left numeric, p_now timestamptz)
returns numeric
language plpgsql
stable
as $$
-- What its sales of the last seven days cost, less what was given back of them, by those days; by fewer where its first
-- sale is not that old. Of a busy buyer only the latest 10,000 entries are read, and the time that they took counts.
declare
  c_most constant integer := 10000;
  v_spent record;
  v_since timestamptz := billing.find_first_sale(p_buyer_id);
begin
  select count(*) as entries, min(x.booked_at) as read_from,
    sum(x.amount) filter (where x.sold_at >= p_now - interval '7 days') as amount
  into v_spent
  from (
    select e.amount, t.booked_at,
      case when t.kind = 'sale' then t.booked_at
        when t.kind in ('return', 'release', 'refund') then s.booked_at
      end as sold_at
    from leadgen.ledger_entries e
    join leadgen.ledger_transactions t on t.id = e.transaction_id
    left join leadgen.ledger_transactions s on s.id = t.reverses_id and s.kind = 'sale'
    where e.buyer_id = p_buyer_id and e.account in ('buyer_prepaid', 'buyer_receivable')
    order by e.transaction_id desc
    limit c_most
  ) x;
  if v_spent.entries = c_most then
    v_since := greatest(v_since, v_spent.read_from);
  end if;
  return round(greatest(p_money_left, 0) / nullif(greatest(v_spent.amount, 0), 0)
    * least(7, greatest(extract(epoch from p_now - v_since) / 86400, 1)), 1);
end;
$$;
comment on function billing.forecast_days(bigint, numeric, timestamptz) is
  'For how many days a buyer''s money lasts at the pace of the last seven; null: it bought nothing.';

create or replace function billing.find_first_sale(p_buyer_id bigint)
returns timestamptz
language plpgsql
stable
as $$
begin
  return (
    select min(x.booked_at)
    from unnest(array['buyer_prepaid', 'buyer_receivable']::leadgen.ledger_account[]) a (account)
    cross join lateral (
      select t.booked_at
      from leadgen.ledger_entries e
      join leadgen.ledger_transactions t on t.id = e.transaction_id and t.kind = 'sale'
      where e.buyer_id = p_buyer_id and e.account = a.account
      order by e.transaction_id
      limit 1
    ) x
  );
end;
$$;
comment on function billing.find_first_sale(bigint) is 'When a buyer was first charged for a lead; null: never.';
