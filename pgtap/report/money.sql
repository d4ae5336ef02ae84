-- The views of money: one month added up in several ways comes to the same cent.
begin;
select plan(24);
create temp table o as select testkit.open_books('Ace', '{"billing_cycle": "daily"}') as id;
create temp table ace as select testkit.buyer('Ace') as id;
select testkit.pay_for(id, '{"price": 8}') from o;
select testkit.at_time('2026-10-20 12:00+00');
select testkit.sell_leads(id, 3) from o;
select testkit.bill('2026-10-21 06:00+00');
select testkit.at_time('2026-10-24 03:00+00');
select leadgen.return_sale(min(a.id), 'spam') from leadgen.lead_assignments a;
select leadgen.refund_sale(max(a.id), 10.01, 'part', 'one answer was wrong') from leadgen.lead_assignments a;
select leadgen.credit_buyer(id, 5, 'sorry', 'late') from ace;
select leadgen.debit_buyer(id, 2.50, 'fee', 'set-up fee') from ace;
select testkit.bill('2026-10-24 06:00+00');
select testkit.sell_leads(id, 1) from o;
select leadgen.add_payment(id, 30, 'check', 'check 1') from ace;
select leadgen.pay_source(s.id, 'pay 1', 10, null, 'October', 'check') from leadgen.sources s where s.payout_policy_id is not null;

-- Revenue.
select is(array_agg(format('%s %s %s %s %s %s', r.booked_day, r.offer is not null, r.booked_revenue, r.booked_refunds, r.booked_credits,
      r.booked_net)
    order by r.booked_day, r.offer nulls first),
  '{"2026-10-20 t 135.00 0.00 0.00 135.00","2026-10-23 t 0.00 55.01 0.00 -55.01","2026-10-24 f 0.00 0.00 2.50 -2.50",
  "2026-10-24 t 45.00 0.00 0.00 45.00"}',
  'revenue: by the day in Austin on which it was booked; credits by that of the books') from report.revenue_by_day r;
create temp view total as
select sum(r.booked_net) as net, sum(r.booked_revenue) as sold, sum(r.booked_refunds) as returned from report.revenue_by_day r;
select is(t.net, 122.49, 'revenue: four leads, less a return, a part of one, a credit, and a fee more') from total t;
select is(t.net, -sum(m.change), 'revenue: the accounts revenue and returns say the same')
from total t, report.ledger_months m where m.account in ('revenue', 'returns') and m.booked_month = '2026-10' group by t.net;
select is(t.net, b.ledger, 'revenue: so does what was billed and is unbilled') from total t, report.billed b;
select is(t.net + 2.50, sum(m.sold_net), 'revenue: so does the margin, which knows no credits')
from total t, report.margin m group by t.net;
select is(t.sold, sum(s.price), 'revenue: so do the sales') from total t, report.sales s group by t.sold;
select is(t.sold - t.returned - 2.50, sum(p.amount) filter (where p.transaction_type <> 'deposit' and p.key !~ '^invoice:'),
  'revenue: so does the ledger of the first specification') from total t, report.provider_ledger p group by t.sold, t.returned;

-- Tax.
select is(array_agg(format('%s %s %s %s %s %s %s', x.issued_month, x.region, x.tax_name, x.tax_percent::float8, x.invoiced_tax,
  x.credited_tax, x.tax)), '{"2026-10 US-TX Sales tax 8.25 11.34 4.94 6.40"}', 'tax: by month, region and rate') from report.tax x;
select is(sum(x.tax), -min(m.change), 'tax: the account of the tax says the same')
from report.tax x, report.ledger_months m where m.account = 'tax';
select is(format('%s %s', sum(x.net), sum(x.tax)),
  (select format('%s %s', sum(case i.kind when 'invoice' then i.net else -i.net end),
    sum(case i.kind when 'invoice' then i.tax else -i.tax end)) from report.invoices i where i.status <> 'draft'),
  'tax: so do the invoices and credit notes that were sent') from report.tax x;

-- What is owed.
select is(a.receivable, b.receivable, 'ageing: what is owed is the balance') from report.receivables_ageing a
join report.buyer_balances b using (buyer_id);
select is(a.receivable, m.change, 'ageing: and what was booked of it') from report.receivables_ageing a
join report.ledger_months m on m.account = 'buyer_receivable';
select is(a.receivable, a.open + a.unbilled - a.unallocated, 'ageing: it is open, or unbilled, less what no invoice has')
from report.receivables_ageing a;
select is(a.open, sum(i.open), 'ageing: the invoices leave so much open')
from report.receivables_ageing a, report.invoices i group by a.open;
select is(a.open, a.not_due + a.days_1_to_30 + a.days_31_to_60 + a.days_61_to_90 + a.days_over_90, 'ageing: each is in one column')
from report.receivables_ageing a;
select is(a.unbilled, 45.00, 'ageing: the lead of today is unbilled') from report.receivables_ageing a;
select is(a.receivable, (leadgen.make_statement(ace.id, '2026-10-01', '2026-10-31') ->> 'closing')::numeric,
  'ageing: the statement of the month closes with it') from report.receivables_ageing a, ace;

-- Sources, and the whole.
select is(format('%s %s %s %s', p.amount, p.method, p.booked_market_day, p.memo), '10.00 check 2026-10-24 October', 'payouts: one row each')
from report.payouts p;
select is(sum(p.amount), min(s.paid), 'payouts: what sources were paid') from report.payouts p, report.source_payables s;
select is(min(s.owed), -min(m.change), 'payouts: what is left is the account of the source')
from report.source_payables s, report.ledger_months m where m.account = 'source_payable';
select is(sum(m.change), 0.00, 'months: the changes of a month sum to zero') from report.ledger_months m;
select testkit.at_time('2026-12-01 12:00+00');
select leadgen.close_month('2026-10'), leadgen.total_month('2026-10');
select set_eq('select account, entries, debits, credits from report.ledger_months',
  'select account::text, entries, debits, credits from leadgen.closed_totals', 'months: a closed month has the same totals');

-- Each day past due, in the zone of the invoice.
alter table leadgen.invoices disable trigger keep_sent;
create function pg_temp.aged(p_days integer) returns text language plpgsql as $$
begin
  update leadgen.invoices i
  set due_date = ((current_timestamp at time zone i.timezone)::date - p_days + time '23:59:59') at time zone i.timezone;
  return (select format('%s %s %s %s %s', a.not_due > 0, a.days_1_to_30 > 0, a.days_31_to_60 > 0, a.days_61_to_90 > 0,
    a.days_over_90 > 0) from report.receivables_ageing a);
end;
$$;
select is(array_agg(pg_temp.aged(days) order by days), '{"t f f f f","f t f f f","f t f f f","f f t f f","f f t f f","f f f t f",
  "f f f t f","f f f f t"}', 'ageing: the last day of each column, and the first of the next')
from unnest('{0,1,30,31,60,61,90,91}'::integer[]) days;
select is_empty('select * from billing.list_broken_books()', 'the books are in order');
select * from finish();
rollback;
