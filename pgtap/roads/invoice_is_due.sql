-- invoice_due_buyer: who is billed, when; and that one buyer who cannot be billed stops no other.
begin;
select plan(22);
create temp table o as select testkit.open_books('Ace', '{"billing_cycle": "monthly"}') as id;
create temp table ace as select testkit.buyer('Ace') as id;
update leadgen.offers set invoice_threshold = 100;
select testkit.at_time('2026-11-20 12:00+00');

-- A threshold.
select testkit.sell_leads(id, 2) from o;
select is(testkit.bill('2026-11-20 12:01+00'), null, 'below the threshold nothing is billed');
select is((c.due_at = c.period_end, c.unbilled_at_most, c.weighed_by)::text, '(t,90.00,"{500.00,100.00}")',
  'it is known how much was unbilled, and by which thresholds') from leadgen.billing_calendar c;
select is(billing.weigh_buyers('2026-11-20 12:02+00'), 0, 'nothing new: nobody is due');
select testkit.sell_leads(id, 1) from o;
select is(billing.weigh_buyers('2026-11-20 12:02+00'), 1, 'the sale that reaches the threshold makes its buyer due');
select is(testkit.bill('2026-11-20 12:02+00'), 'INV-2026-00001 sent 135.00+11.13 open 146.13', 'it is billed');
select is((c.due_at = c.period_end)::text, 'true', 'it is due again when its period ends') from leadgen.billing_calendar c;
select testkit.sell_leads(id, 1) from o;
select testkit.bill('2026-11-20 12:03+00');
select is((select count(*) from leadgen.invoices), 1::bigint, 'what was billed does not count again');
update leadgen.offers set invoice_threshold = 45;
select testkit.bill('2026-11-20 12:04+00');
select is((select count(*) from leadgen.invoices), 2::bigint, 'a lower threshold counts without another sale');
select testkit.sell_leads(id, 1) from o;
select leadgen.refund_sale(max(a.id), 10, 'part', 'late') from leadgen.lead_assignments a;
select testkit.bill('2026-11-20 12:05+00');
select is((select count(*) from leadgen.invoices), 2::bigint, 'what was given back is taken off');

-- A sale that is accepted first counts when it is accepted.
update leadgen.routing_policies set config = jsonb_set(config, '{acceptance}', '{"mode": "explicit", "window_hours": 24}');
update leadgen.offers set invoice_threshold = 80;
select testkit.sell_leads(id, 1) from o;
select testkit.bill('2026-11-20 12:06+00');
select is((select count(*) from leadgen.invoices), 2::bigint, 'a sale that waits to be accepted is not billed');
select is(r.reserved, 45.00, 'its price is reserved') from report.buyer_balances r join ace on ace.id = r.buyer_id;
select leadgen.accept_sale(max(a.id)) from leadgen.lead_assignments a;
select is(r.reserved, 0.00, 'it is reserved no more') from report.buyer_balances r join ace on ace.id = r.buyer_id;
select testkit.bill('2026-11-20 12:07+00');
select is((select count(*) from leadgen.invoices), 3::bigint, 'the acceptance reaches the threshold');

-- Two buyers, of whom the first cannot be billed.
create temp table best as select testkit.enroll_buyer(id, 'Best') as seat from o;
update leadgen.buyer_offers e set is_active = e.id = best.seat from best;
update leadgen.routing_policies set config = config - 'acceptance';
select testkit.sell_leads(id, 1) from o;
update leadgen.buyer_offers e set is_active = e.id <> best.seat from best;
select testkit.sell_leads(id, 1) from o;
create function pg_temp.fail() returns trigger language plpgsql as $$ begin raise exception 'no such tax'; end; $$;
create trigger fail before insert on leadgen.invoices for each row when (new.timezone <> 'x') execute function pg_temp.fail();
alter table leadgen.invoices disable trigger fail;
create function pg_temp.bill_all(p_at timestamptz, p_fails boolean) returns text language plpgsql as $$
declare
  v_first bigint;
  v_next bigint;
begin
  perform testkit.at_time(p_at);
  if p_fails then
    alter table leadgen.invoices enable trigger fail;
  end if;
  v_first := roads.invoice_due_buyer();
  alter table leadgen.invoices disable trigger fail;
  v_next := roads.invoice_due_buyer();
  return format('%s %s', (v_first = (select id from ace)), (v_next <> v_first));
end;
$$;
select is(pg_temp.bill_all('2026-12-01 06:00+00', true), 't t', 'the first buyer cannot be billed; the next one is looked at');
select is(count(*) filter (where i.buyer_id = ace.id), 3::bigint, 'nothing is left of the first one''s bill') from leadgen.invoices i, ace;
select is(count(*) filter (where i.buyer_id <> ace.id), 1::bigint, 'the second is billed') from leadgen.invoices i, ace;
select is(array_agg(e.message), array[format('buyer %s: the chore invoice_due_buyer failed: no such tax', ace.id)],
  'operators are told why')
from ace join leadgen.events e on e.buyer_id = ace.id and e.kind = 'billing_failed' group by ace.id;
select is(testkit.bill('2026-12-01 06:14+00') like '%INV-2026-00005%', false, 'it is not tried at once');
select is(pg_temp.bill_all('2026-12-01 06:15+00', true), 't ', 'it is tried a quarter of an hour later');
select is(count(*), 1::bigint, 'it is told once a day') from leadgen.events e where e.kind = 'billing_failed';
select is(testkit.bill('2026-12-01 06:30+00') like '%INV-2026-00005%', true, 'once the fault is mended it is billed');
select is_empty('select * from billing.list_broken_books()', 'the books are in order');
select * from finish();
rollback;
