-- leads.billing_status: how far the sales of a lead are billed and paid.
begin;
select plan(38);
select testkit.at_time('2026-11-20 12:00+00');

create function pg_temp.follow() returns integer language plpgsql as $$
-- What the worker does until nothing is left: how often it found something.
declare
  v_turns integer := 0;
begin
  while leadgen.run_chore('follow_billing') loop
    v_turns := v_turns + 1;
    if v_turns > 100 then
      raise exception 'the chore does not end';
    end if;
  end loop;
  return v_turns;
end;
$$;
create function pg_temp.status(p_sale_id bigint) returns text language sql as $$
  select format('%s, billed %s, paid %s', l.billing_status, coalesce(to_char(l.billed_at at time zone 'UTC', 'MM-DD'), 'never'),
    coalesce(to_char(l.paid_at at time zone 'UTC', 'MM-DD'), 'not'))
  from leadgen.leads l join leadgen.lead_assignments a on a.lead_id = l.id where a.id = p_sale_id;
$$;

-- Invoiced: it follows the invoice.
create temp table o as select testkit.open_books() as id;
create temp table sale as select testkit.sell_delivered(id, n) as id, n from o cross join generate_series(1, 3) n order by n;
select is(pg_temp.status(id), 'pending, billed never, paid not', 'what is on no invoice is pending') from sale where n = 1;
select testkit.bill('2026-11-23 06:00+00');
select is(pg_temp.status(id), 'pending, billed never, paid not', 'it follows when a worker comes') from sale where n = 1;
select is((select count(*) from leadgen.billing_changes), 1::bigint, 'an invoice leaves one row, however many leads it has');
select is_empty('select * from leadgen.list_broken_invariants()', 'what a worker has still to follow is no fault');
select is(leadgen.run_chore('follow_billing'), true, 'the leads of an invoice are queued first');
select is((select array_agg(c.lead_id order by c.lead_id) from leadgen.billing_changes c),
  (select array_agg(a.lead_id order by a.lead_id) from leadgen.lead_assignments a join sale using (id)), 'each lead once');
select is_empty('select * from leadgen.list_broken_invariants()', 'what is queued is no fault');
select is(pg_temp.follow(), 1, 'one turn settles up to 500 leads');
select is(array_agg(distinct pg_temp.status(id)), '{"billed, billed 11-23, paid not"}',
  'sent: its leads are billed') from sale;
select leadgen.dispute_invoice('INV-2026-00001', 'says that two never came');
select pg_temp.follow();
select is(pg_temp.status(id), 'disputed, billed 11-23, paid not', 'a disputed invoice: so is the lead') from sale where n = 1;
select leadgen.resolve_dispute('INV-2026-00001', 'they did');
select pg_temp.follow();
select is(pg_temp.status(id), 'billed, billed 11-23, paid not', 'the dispute is over') from sale where n = 1;
select testkit.at_time('2026-11-24 12:00+00');
select testkit.ask(id, 'spam') from sale where n = 3;
select is(pg_temp.status(id), 'refunded, billed 11-23, paid not', 'a return settles its lead at once') from sale where n = 3;
select leadgen.refund_sale(id, 5, 'part of it', 'one answer was wrong') from sale where n = 2;
select pg_temp.follow();
select is(pg_temp.status(id), 'billed, billed 11-23, paid not', 'a part that is given back changes nothing') from sale where n = 2;
select leadgen.refund_sale(id, null, 'all of it', 'it was bad') from sale where n = 2;
select pg_temp.follow();
select is(pg_temp.status(id), 'refunded, billed 11-23, paid not', 'all of it is given back') from sale where n = 2;
select leadgen.add_payment(i.buyer_id, i.total_amount, 'check', 'check 1', null, i.id) from leadgen.invoices i;
select pg_temp.follow();
select is(pg_temp.status(id), 'paid, billed 11-23, paid 11-24', 'the invoice is paid: so is the lead that stands') from sale where n = 1;
select is(pg_temp.status(id), 'refunded, billed 11-23, paid not', 'what was given back is not paid by it') from sale where n = 2;
select is_empty('select * from leadgen.list_broken_invariants()', 'invoiced: all invariants hold');

-- A cancelled invoice gives all of it back.
create temp table later as select testkit.sell_delivered(id, n) as id, n from o cross join generate_series(4, 7) n order by n;
select testkit.bill('2026-11-30 06:00+00');
select pg_temp.follow();
select is(pg_temp.status(id), 'billed, billed 11-30, paid not', 'an invoice that is paid in part: its leads are billed')
from later where n = 4;
select leadgen.cancel_invoice('INV-2026-00002', 'made by mistake');
select pg_temp.follow();
select is(pg_temp.status(id), 'refunded, billed 11-30, paid not', 'a cancelled invoice gives its leads back') from later where n = 4;

-- Prepaid: paid with the sale, without another update of the lead.
create temp table advance as select testkit.make_offer('{"duplicate_window_hours": 0}',
  '{"on_no_buyer": "hold", "hold_hours": 48}') as offer_id;
create temp table pia as select testkit.enroll_buyer(offer_id, 'Pia') as id from advance;
select testkit.pay_in(id, 45) from pia;
create temp table bought as select testkit.sell_lead(offer_id, 1) as id from advance;
select is(pg_temp.status(id), 'paid, billed 11-30, paid 11-30', 'prepaid: a new lead is paid from its insert') from bought;
select is(l.updated_at, null, 'the lead was written once') from leadgen.leads l join leadgen.lead_assignments a on a.lead_id = l.id
join bought on bought.id = a.id;
select testkit.submit(offer_id, '{}', 2) from advance;
select is(l.billing_status, 'pending', 'a held lead is pending') from leadgen.leads l order by l.id desc limit 1;
select testkit.pay_in(id, 45) from pia;
select testkit.work_holds();
select is(l.billing_status, 'paid', 'a held lead is paid when it is sold') from leadgen.leads l order by l.id desc limit 1;

-- Explicit acceptance: what is reserved is not paid yet.
create temp table careful as select testkit.make_offer('{"duplicate_window_hours": 0}',
  '{"on_no_buyer": "reject", "acceptance": {"mode": "explicit", "window_hours": 24}}') as offer_id;
create temp table una as select testkit.enroll_buyer(offer_id, 'Pia') as id from careful;
select testkit.pay_in(id, 90) from una;
create temp table asked as select testkit.sell_delivered(offer_id, n) as id, n from careful cross join generate_series(1, 2) n order by n;
select is(pg_temp.status(id), 'pending, billed never, paid not', 'what is reserved is pending') from asked where n = 1;
select leadgen.accept_sale(id) from asked where n = 1;
select pg_temp.follow();
select is(pg_temp.status(id), 'paid, billed 11-30, paid 11-30', 'its buyer accepts it: it is paid') from asked where n = 1;
select testkit.at_time('2026-12-01 13:00+00');
select leadgen.run_chore('settle_answers'), leadgen.run_chore('release_due_sale');
select is(pg_temp.status(id), 'refunded, billed never, paid not', 'a sale that lapsed was given back') from asked where n = 2;

-- Several sales: the one that is least far decides, and one dispute is enough.
create temp table shared as select testkit.make_offer('{"duplicate_window_hours": 0}',
  '{"on_no_buyer": "reject", "max_buyers": 2}') as offer_id;
create temp table two as
select testkit.enroll_buyer(offer_id, 'Pia', '{"routing_priority": 9}') as prepaid,
  testkit.enroll(offer_id, jsonb_build_object('buyer_id', testkit.new_buyer('Ivo'))) as invoiced from shared;
select testkit.pay_in(prepaid, 500) from two;
select testkit.sell_lead(offer_id, 1) from shared;
create temp table both_sales as select a.id, a.billing_mode from leadgen.lead_assignments a join shared using (offer_id);
select is(array_agg(billing_mode order by billing_mode), '{invoiced,prepaid}', 'a lead with two sales') from both_sales;
select is(pg_temp.status(min(id)), 'pending, billed never, paid not', 'one is paid, and one is on no invoice') from both_sales;
select testkit.at_time('2026-12-01 13:01+00');
select leadgen.invoice_buyer(testkit.buyer_of(invoiced), null, true) from two;
select pg_temp.follow();
select is(pg_temp.status(min(id)), 'billed, billed 12-01, paid not', 'one is paid, and one is billed') from both_sales;
select leadgen.dispute_invoice(i.invoice_number, 'no') from leadgen.invoices i join two on i.buyer_id = testkit.buyer_of(invoiced);
select pg_temp.follow();
select is(pg_temp.status(min(id)), 'disputed, billed 12-01, paid not', 'one is paid, and one is disputed') from both_sales;
select leadgen.refund_sale(id, null, 'the other', 'it was bad') from both_sales where billing_mode = 'invoiced';
select pg_temp.follow();
select is(pg_temp.status(min(id)), 'paid, billed 12-01, paid 12-01', 'what was given back does not count') from both_sales;
select leadgen.refund_lead(a.lead_id, 'spam') from leadgen.lead_assignments a join both_sales using (id) order by a.id limit 1;
select pg_temp.follow();
select is(pg_temp.status(min(id)), 'refunded, billed 12-01, paid not', 'nothing stands any more') from both_sales;

-- Nobody who is not booked counts.
update leadgen.buyers b set billing_mode = 'none' from pia where b.id = testkit.buyer_of(pia.id);
select is(pg_temp.status(testkit.sell_lead(offer_id, 9)), 'pending, billed never, paid not',
  'a buyer that is not booked: pending') from advance;
select is((select l.billing_status::text from leadgen.leads l where l.id = (leadgen.explain_lead(max(a.lead_id)) ->> 'lead_id')::bigint),
  leadgen.explain_lead(max(a.lead_id)) ->> 'billing_status', 'explain says it') from leadgen.lead_assignments a;
select is_empty('select * from leadgen.list_broken_invariants()', 'all invariants hold');
select is(testkit.fault_of($$update leadgen.leads set billing_status = 'disputed' where billing_status = 'refunded'$$),
  'LG409 billing_status',
  'what was given back is not disputed');

-- What somebody wrote by hand stops no other.
select testkit.at_time('2026-12-02 13:00+00');
create temp table slip as select testkit.sell_lead(offer_id, n) as id from shared cross join generate_series(2, 3) n;
update leadgen.leads l set billing_status = 'refunded' from leadgen.lead_assignments a
where a.lead_id = l.id and a.id = (select min(id) from slip);
select testkit.at_time('2026-12-02 13:01+00');
select leadgen.invoice_buyer(testkit.buyer_of(invoiced), null, true) from two;
select pg_temp.follow();
select is(array_agg(distinct pg_temp.status(id)), '{"billed, billed 12-02, paid not"}',
  'a lead that was refunded by hand is billed with the others')
from slip;
select is_empty('select * from leadgen.list_broken_invariants()', 'all invariants hold in the end');
select * from finish();
rollback;
