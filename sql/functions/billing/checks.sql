-- What must hold of money at every moment. Each query looks for the contrary.

create or replace function billing.list_broken_books()
returns table (rule text, detail text)
language plpgsql
stable
as $$
declare
  c_last constant bigint := 9223372036854775807;
begin
  return query
  select * from billing.list_broken_transactions(0, c_last)
  union all select * from billing.list_broken_bookings(0, c_last)
  union all select * from billing.list_broken_balances();
end;
$$;
comment on function billing.list_broken_books() is
  'What is wrong with the ledger, the bookings of sales and payments, the cached balances, invoices and closed months; '
  'no rows: all is well.';

create or replace function billing.list_broken_transactions(p_after_id bigint, p_last_id bigint)
returns table (rule text, detail text)
language plpgsql
stable
as $$
begin
  return query
  select 'transaction_sums_to_zero', format('transaction %s (%s): %s of %s entries, sum %s', t.id, t.key, e.found,
    t.entries, e.total)
  from leadgen.ledger_transactions t
  cross join lateral (
    select count(*) as found, coalesce(sum(x.amount), 0) as total,
      coalesce(bool_and(x.currency = t.currency), true) as fits
    from leadgen.ledger_entries x
    where x.transaction_id = t.id
  ) e
  where t.id > p_after_id and t.id <= p_last_id and (e.found <> t.entries or e.total <> 0 or not e.fits);

  -- Each entry of an account with a cached sum follows the one before.
  return query
  select 'balance_follows', format('transaction %s: %s of buyer %s is %s after %s, it was %s before', e.transaction_id,
    e.account, e.buyer_id, e.balance_after, e.amount, coalesce(b.balance_after, 0))
  from leadgen.ledger_entries e
  left join lateral (
    select x.balance_after from leadgen.ledger_entries x
    where x.buyer_id = e.buyer_id and x.account = e.account and x.transaction_id < e.transaction_id
    order by x.transaction_id desc
    limit 1
  ) b on true
  where e.transaction_id > p_after_id and e.transaction_id <= p_last_id
    and e.account in ('buyer_prepaid', 'buyer_receivable')
    and (e.balance_after <> coalesce(b.balance_after, 0)
        + case e.account when 'buyer_prepaid' then -e.amount else e.amount end
      or (e.account = 'buyer_prepaid' and e.balance_after < 0));

  -- A bank may take a payment back that was refunded: a chargeback may be more than is left.
  return query
  select 'reversal_fits', format('transaction %s (%s) gives back %s of %s, transaction %s (%s)', t.id, t.key,
    -given.amount, o.key, o.id, paid.amount)
  from leadgen.ledger_transactions t
  join leadgen.ledger_transactions o on o.id = t.reverses_id
  cross join lateral (
    select coalesce(sum(e.amount), 0) as amount from leadgen.ledger_entries e
    where e.transaction_id = o.id and e.account in ('buyer_prepaid', 'buyer_receivable')
  ) paid
  cross join lateral (
    select coalesce(sum(e.amount), 0) as amount
    from leadgen.ledger_transactions r
    join leadgen.ledger_entries e on e.transaction_id = r.id and e.account in ('buyer_prepaid', 'buyer_receivable')
    where r.reverses_id = o.id and r.kind <> 'chargeback'
  ) given
  where t.id > p_after_id and t.id <= p_last_id
    and (t.buyer_id is distinct from o.buyer_id or t.currency <> o.currency
      or t.assignment_id is distinct from o.assignment_id or paid.amount * (paid.amount + given.amount) < 0);
end;
$$;
comment on function billing.list_broken_transactions(bigint, bigint) is
  'What is wrong with the transactions whose id is above the first and at most the second: they do not sum to zero, a '
  'balance does not follow from the one before or is below zero, or more is given back than was paid.';

create or replace function billing.list_broken_bookings(p_after_id bigint, p_last_id bigint)
returns table (rule text, detail text)
language plpgsql
stable
as $$
begin
  return query
  select 'sale_is_booked', format('sale %s (%s, %s %s, %s): booked %s, given back %s', a.id, a.billing_mode, a.price,
    a.currency, a.outcome, coalesce(b.paid::text, 'nothing'), coalesce(-b.given, 0))
  from leadgen.lead_assignments a
  left join lateral (
    select t.id, t.currency, t.buyer_id, e.account, sum(e.amount) over () as paid, (
      select sum(x.amount)
      from leadgen.ledger_transactions r
      join leadgen.ledger_entries x on x.transaction_id = r.id and x.account = e.account
      where r.reverses_id = t.id) as given
    from leadgen.ledger_transactions t
    join leadgen.ledger_entries e on e.transaction_id = t.id and e.account in ('buyer_prepaid', 'buyer_receivable')
    where t.key = 'sale:' || a.id
  ) b on true
  where a.id > p_after_id and a.id <= p_last_id
    and case
      when a.billing_mode in ('prepaid', 'invoiced') and a.price > 0 then
        b.id is null or b.paid <> a.price or b.currency <> a.currency or b.buyer_id <> a.buyer_id
        or (b.account = 'buyer_prepaid') <> (a.billing_mode = 'prepaid')
        or (a.released_at is not null and b.paid + coalesce(b.given, 0) <> 0 and not exists (
          select from leadgen.replacements r where r.assignment_id = a.id and r.status = 'owed'))
      else b.id is not null
    end;

  return query
  select 'reserved_until_accepted', format('sale %s (%s, %s): reserved %s', a.id, a.acceptance, a.outcome, r.amount)
  from leadgen.lead_assignments a
  cross join lateral (
    select coalesce(sum(-e.amount), 0) as amount
    from leadgen.ledger_transactions t
    join leadgen.ledger_entries e on e.transaction_id = t.id and e.account = 'buyer_reserved'
    where t.key in ('sale:' || a.id, 'accept:' || a.id) or t.reverses_id = (
      select s.id from leadgen.ledger_transactions s where s.key = 'sale:' || a.id)
  ) r
  where a.id > p_after_id and a.id <= p_last_id and a.billing_mode in ('prepaid', 'invoiced')
    and a.acceptance = 'explicit'
    and (a.outcome = 'accepted' or a.released_at is not null) and r.amount <> 0;

  return query
  select * from billing.list_broken_costs(p_after_id, p_last_id)
  union all select * from billing.list_broken_statuses(p_after_id, p_last_id);
end;
$$;
comment on function billing.list_broken_bookings(bigint, bigint) is
  'What is wrong with the bookings of the sales whose id is above the first and at most the second: each that is to be '
  'booked is, at its price, and is given back when it has ended; what is reserved for it is earned or given back.';

create or replace function billing.list_broken_costs(p_after_id bigint, p_last_id bigint)
returns table (rule text, detail text)
language plpgsql
stable
as $$
-- A sale that a buyer still has to accept costs nothing yet; one that it accepted, and gave back, did.
begin
  return query
  select 'cost_is_booked', format('sale %s (%s, cost %s): owed %s, left %s', a.id, a.outcome,
    coalesce(a.cost::text, 'none'), coalesce(b.owed::text, 'nothing'), coalesce(b.amount_left::text, 'nothing'))
  from leadgen.lead_assignments a
  join leadgen.lead_decisions d on d.id = a.decision_id and d.market_id = a.market_id
  join leadgen.leads l on l.id = a.lead_id and l.market_id = a.market_id
  left join lateral (
    select t.source_id, t.currency, -e.amount as owed, billing.find_cost_left(t.id) as amount_left
    from leadgen.ledger_transactions t
    join leadgen.ledger_entries e on e.transaction_id = t.id and e.account = 'source_payable'
    where t.key = 'cost:' || a.id
  ) b on true
  where a.id > p_after_id and a.id <= p_last_id and (a.cost is not null or b.owed is not null)
    and (
      a.cost is distinct from kernel.cost_sale(d.cost, a.price, d.decimals)
      or coalesce(b.owed, a.cost) is distinct from a.cost
      or b.source_id <> l.source_id or b.currency <> a.currency or b.amount_left < 0 or b.amount_left > b.owed
      or (a.released_at is not null and b.amount_left <> 0)
      or (a.cost > 0 and b.owed is null
        and (a.acceptance is distinct from 'explicit' or a.accepted_at is not null)));

  return query
  select 'lead_cost_is_booked', format('lead %s: %s owed once a lead, %s of its sales stand', x.lead_id, x.owed,
    x.standing)
  from (
    select a.lead_id,
      cardinality(billing.find_lead_costs(a.lead_id, a.market_id)) as owed,
      count(*) filter (where s.released_at is null) as standing,
      count(*) filter (where s.released_at is null and kernel.cost_lead(d.cost, d.decimals) > 0
        and (s.acceptance is distinct from 'explicit' or s.accepted_at is not null)) as paid_for
    from leadgen.lead_assignments a
    join leadgen.lead_assignments s on s.lead_id = a.lead_id and s.market_id = a.market_id
    join leadgen.lead_decisions d on d.id = s.decision_id and d.market_id = s.market_id
    where a.id > p_after_id and a.id <= p_last_id and a.cost is not null
    group by a.id
  ) x
  where x.owed > 1 or (x.owed = 1 and x.standing = 0) or (x.owed = 0 and x.paid_for > 0);
end;
$$;
comment on function billing.list_broken_costs(bigint, bigint) is
  'What is wrong with what the sources of these sales are owed: each sale costs what its '
  'decision says, is owed when it is earned and no more when it has ended; a price that is '
  'paid once a lead is owed once while a sale of it stands.';

create or replace function billing.list_broken_balances()
returns table (rule text, detail text)
language plpgsql
stable
as $$
begin
  return query
  with summed as (
    select e.buyer_id,
      coalesce(sum(-e.amount) filter (where e.account = 'buyer_prepaid'), 0) as balance,
      coalesce(sum(e.amount) filter (where e.account = 'buyer_receivable'), 0) as receivable
    from leadgen.ledger_entries e
    where e.buyer_id is not null
    group by e.buyer_id
  )
  select 'balance_is_its_sum',
    format('buyer %s: balance %s, its entries say %s; receivable %s, its entries say %s', coalesce(b.id, s.buyer_id),
      coalesce(b.balance::text, 'gone'), coalesce(s.balance, 0), coalesce(b.receivable::text, 'gone'),
      coalesce(s.receivable, 0))
  from leadgen.buyers b
  full join summed s on s.buyer_id = b.id
  where (b.balance, b.receivable) is distinct from (coalesce(s.balance, 0), coalesce(s.receivable, 0));

  return query
  select 'books_balance', format('%s: the sum of all entries is %s', e.currency, sum(e.amount))
  from leadgen.ledger_entries e
  group by e.currency
  having sum(e.amount) <> 0;

  return query
  select 'revenue_is_sales', format('buyer %s, %s: %s was sold, %s is booked', s.buyer_id, s.currency, s.sold, s.booked)
  from (
    select coalesce(a.buyer_id, t.buyer_id) as buyer_id, coalesce(a.currency, t.currency) as currency,
      coalesce(a.sold, 0) as sold, coalesce(t.booked, 0) as booked
    from (
      select x.buyer_id, x.currency, sum(x.price) as sold
      from leadgen.lead_assignments x
      where x.billing_mode in ('prepaid', 'invoiced')
      group by x.buyer_id, x.currency
    ) a
    full join (
      select y.buyer_id, y.currency, sum(e.amount) as booked
      from leadgen.ledger_transactions y
      join leadgen.ledger_entries e on e.transaction_id = y.id and e.account in ('buyer_prepaid', 'buyer_receivable')
      where y.kind = 'sale'
      group by y.buyer_id, y.currency
    ) t on t.buyer_id = a.buyer_id and t.currency = a.currency
  ) s
  where s.sold <> s.booked;

  return query
  select * from billing.list_broken_replacements()
  union all select * from billing.list_broken_payments()
  union all select * from billing.list_broken_invoices();
end;
$$;
comment on function billing.list_broken_balances() is
  'What is wrong with sums: a cached balance is not the sum of its entries, the books do not balance, what was booked '
  'of a buyer''s sales or payments is not what was sold or paid, or an invoice or a closed month says something else.';

create or replace function billing.find_last_ids(out transactions bigint, out sales bigint)
language plpgsql
stable
as $$
begin
  transactions := (select max(t.id) from leadgen.ledger_transactions t);
  sales := (select max(a.id) from leadgen.lead_assignments a);
end;
$$;
comment on function billing.find_last_ids() is 'The work of leadgen.find_last_bookings.';
