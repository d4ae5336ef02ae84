-- A ledger that a database has had before, written by plain SQL: temp table asked says how many sales and buyers. Half
-- of the buyers are prepaid. One sale in twenty was released. Nineteen twentieths of all are on invoices.
set session_replication_role = replica;
update leadgen.buyers set balance = 0;
insert into leadgen.buyers (name, email, phone, currency, billing_mode)
select 'Payer ' || n, 'payer' || n || '@buyer.example', '+15125550100', 'USD', case n % 2 when 0 then 'prepaid' else 'invoiced' end
from asked, generate_series(1, asked.buyers) n;
create temp table payer as
select b.id, b.billing_mode, row_number() over (order by b.id) - 1 as place from leadgen.buyers b where b.name like 'Payer %';

insert into leadgen.payments (buyer_id, purpose, amount, currency, method, key, said_status, status, told_status, received, fee, booked, bookings)
select p.id, 'top_up', 50000000, 'USD', 'check', 'bench ' || p.id, 'completed', 'completed', 'completed', 50000000, 0, 50000000, 1
from payer p where p.billing_mode = 'prepaid';

create temp table sold as
select n, p.id as buyer_id, p.billing_mode, n % 20 = 0 as is_released, n * 20 / asked.sales as slice,
  current_timestamp - (asked.sales - n) * interval '300 days' / asked.sales as at
from asked, generate_series(1, asked.sales) n
join payer p on p.place = n % (select buyers from asked);
analyze sold;

insert into leadgen.lead_assignments (
  id, created_at, market_id, lead_id, decision_id, offer_id, buyer_id, buyer_offer_id, is_exclusive, price, currency, price_steps,
  outcome, acceptance, accepted_at, released_at, billing_mode
)
overriding system value
select s.n, s.at, 1, s.n, s.n, 1, s.buyer_id, 1, false, 45, 'USD', '[]',
  case when s.is_released then 'lapsed' else 'accepted' end::leadgen.assignment_outcome, 'on_delivery', s.at,
  case when s.is_released then s.at end, s.billing_mode
from sold s;

-- A sale is transaction 2n, what gives it back 2n + 1; payments go before.
create temp table moved as
select m.id, s.*, m.kind, m.amount, -sum(m.amount) over (partition by s.buyer_id order by m.id) as left_of
from sold s
cross join lateral (values (2 * s.n + 1000, 'sale', 45.00), (2 * s.n + 1001, 'release', -45.00)) m (id, kind, amount)
where m.kind = 'sale' or s.is_released;

insert into leadgen.ledger_transactions (id, booked_at, kind, key, currency, entries, buyer_id, market_id, offer_id, assignment_id, reverses_id)
overriding system value
select m.id, m.at, m.kind, m.kind || ':' || m.n, 'USD', 2, m.buyer_id, 1, 1, m.n, case m.kind when 'release' then m.id - 1 end
from moved m
union all
select p.id, current_timestamp - interval '301 days', 'payment', 'payment:' || p.id, 'USD', 2, p.buyer_id, null, null, null, null
from leadgen.payments p;
insert into leadgen.ledger_entries (transaction_id, position, account, buyer_id, provider, currency, amount, balance_after)
select m.id, 1, case m.billing_mode when 'prepaid' then 'buyer_prepaid' else 'buyer_receivable' end::leadgen.ledger_account, m.buyer_id,
  null, 'USD', m.amount, case m.billing_mode when 'prepaid' then 50000000 + m.left_of else -m.left_of end
from moved m
union all
select m.id, 2, case m.kind when 'sale' then 'revenue' else 'returns' end::leadgen.ledger_account, null, null, 'USD', -m.amount, null
from moved m
union all
select p.id, 1, 'cash', null, 'check', 'USD', p.amount, null from leadgen.payments p
union all
select p.id, 2, 'buyer_prepaid', p.buyer_id, null, 'USD', -p.amount, p.amount from leadgen.payments p;

insert into leadgen.invoices (
  buyer_id, period_start, period_end, due_date, invoice_number, status, total_leads, amount_due, total_amount, paid_amount, currency,
  timezone, series, year, number, issued_at
)
select x.buyer_id, x.first_at - interval '1 second', x.last_at, x.last_at, 'INV-2026-' || x.number,
  case x.billing_mode when 'prepaid' then 'paid' else 'sent' end::leadgen.invoice_status, x.leads, x.amount, x.amount,
  case x.billing_mode when 'prepaid' then x.amount else 0 end, 'USD', 'UTC', 'INV', 2026, x.number, x.last_at
from (
  select m.buyer_id, m.billing_mode, m.slice, min(m.at) as first_at, max(m.at) as last_at, count(distinct m.n) as leads, sum(m.amount) as amount,
    row_number() over (order by m.slice, m.buyer_id) as number
  from moved m
  where m.slice < 19
  group by m.buyer_id, m.billing_mode, m.slice
) x;
insert into leadgen.invoice_lines (
  invoice_id, position, transaction_id, account, booked_at, kind, offer_id, assignment_id, lead_id, corrects_transaction_id, description, amount
)
select i.id, row_number() over (partition by i.id order by m.id), m.id,
  case m.billing_mode when 'prepaid' then 'buyer_prepaid' else 'buyer_receivable' end::leadgen.ledger_account, m.at, m.kind, 1, m.n, m.n,
  case m.kind when 'release' then m.id - 1 end, 'Lead ' || m.n, m.amount
from moved m
join (
  select i.id, i.buyer_id, row_number() over (partition by i.buyer_id order by i.id) - 1 as slice from leadgen.invoices i
) i on i.buyer_id = m.buyer_id and i.slice = m.slice;
insert into leadgen.invoice_series (series, year, last_number) select 'INV', 2026, count(*) from leadgen.invoices;
insert into leadgen.billing_calendar (buyer_id, cycle, period_start, period_end, billed_to, weighed_to, due_at)
select m.buyer_id, 'weekly', current_timestamp - interval '1 day', current_timestamp + interval '6 days', max(m.id),
  max(m.id), current_timestamp + interval '6 days'
from moved m
where m.slice < 19
group by m.buyer_id;

update leadgen.buyers b
set balance = case b.billing_mode when 'prepaid' then 50000000 - x.moved else 0 end,
  receivable = case b.billing_mode when 'invoiced' then x.moved else 0 end
from (select m.buyer_id, sum(m.amount) as moved from moved m group by m.buyer_id) x
where x.buyer_id = b.id;
select setval('leadgen.ledger_transactions_id_seq', (select max(id) from leadgen.ledger_transactions)),
  setval('leadgen.lead_assignments_id_seq', (select max(id) from leadgen.lead_assignments));
set session_replication_role = origin;
