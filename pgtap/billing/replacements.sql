-- Replacements: an approved return is worth the next lead of the offer, where the policy says so.
begin;
select plan(42);
select testkit.at_time('2026-11-20 12:00+00');

create function pg_temp.owed() returns text language sql as $$
  select string_agg(format('%s %s%s', r.status, r.amount, case when r.used_by is not null then ' by a sale' end), ', ' order by r.id)
  from leadgen.replacements r;
$$;

create temp table o as select testkit.make_offer('{"duplicate_window_hours": 0}',
  '{"on_no_buyer": "reject", "returns": {"give": "replacement"}, "reroute": {"on_return": false}}') as id;
create temp table pia as select testkit.enroll_buyer(id, 'Pia', '{"capacity_per_day": 3}') as id from o;
select testkit.pay_in(id, 100) from pia;
create temp table first_sale as select testkit.sell_delivered(id, 1) as id from o;
select is(testkit.ask(id, 'spam'), 'returned approved spam', 'a return') from first_sale;
select is(pg_temp.owed(), 'owed 45.00', 'a lead is owed in place of the money');
select is(testkit.money(id), '55.00 0.00 0.00', 'nothing is given back yet') from pia;
select is(testkit.book(id), '{"sale: buyer_prepaid 45.00, revenue -45.00"}', 'nothing is booked yet') from first_sale;
select is(l.billing_status, 'paid', 'the returned lead is still paid') from leadgen.leads l;
select is(market.describe_answer(id) #>> '{return,gives}', 'replacement', 'the buyer is told what it gets') from first_sale;
select matches(leadgen.explain_lead(l.id) #>> '{sales,0,replacement}', '"status": "owed"', 'explain says it') from leadgen.leads l;
select is_empty('select * from leadgen.list_broken_invariants()', 'a replacement that is owed is no fault');
select is(testkit.ask(id, 'spam'), 'returned approved spam', 'asked again, the same answer') from first_sale;
select is(pg_temp.owed(), 'owed 45.00', 'asked again, no second lead');

-- The next sale is decided and priced as ever.
update leadgen.buyer_offers set price_per_lead = 50;
create temp table second_sale as select testkit.sell_delivered(id, 2) as id from o;
select is(a.price, 50.00, 'the next lead has its own price') from leadgen.lead_assignments a join second_sale using (id);
select is(pg_temp.owed(), 'used 45.00 by a sale', 'the next sale replaces the returned one');
select is(testkit.money(id), '50.00 0.00 0.00', 'the price of the returned lead is given back with it') from pia;
select is((testkit.book(f.id))[2], 'return: buyer_prepaid -45.00, returns 45.00', 'it is booked against the returned sale')
from first_sale f;
select is(t.memo, format('replaced by sale %s', s.id), 'the ledger says by which')
from leadgen.ledger_transactions t, second_sale s where t.kind = 'return';
select is(leadgen.explain_lead(a.lead_id) #>> '{sales,0,replaces}', f.id::text, 'explain says what it replaces')
from leadgen.lead_assignments a join second_sale using (id), first_sale f;
select leadgen.run_chore('follow_billing');
select is(array_agg(l.billing_status::text order by l.id), '{refunded,paid}', 'the returned lead is refunded now') from leadgen.leads l;
create temp table third_sale as select testkit.sell_delivered(id, 3) as id from o;
select is(testkit.money(id), '0.00 0.00 0.00', 'the one after it is paid for') from pia;
select is(leadgen.replay_lead(a.lead_id), '{"identical": true}', 'the decisions replay')
from leadgen.lead_assignments a join second_sale using (id);
select is_empty('select * from leadgen.list_broken_invariants()', 'used: all invariants hold');
select is(leadgen.what_if(id, '2026-11-20T00:00:00Z', '2026-11-22T00:00:00Z', '{}') ->> 'is_identical', 'true',
  'a what-if that changes nothing is history') from o;

-- A replacement may be returned like any sale; a part that an operator gave back is not given twice.
select testkit.ask(id, 'spam') from second_sale;
select is(pg_temp.owed(), 'used 45.00 by a sale, owed 50.00', 'a replacement that is returned: another lead is owed');
select leadgen.refund_sale(id, 20, 'a part', 'for the trouble') from second_sale;
select is(leadgen.end_replacement(r.id, 'the buyer leaves'), 30.00, 'it is ended by its id: what was left of it is given back')
from leadgen.replacements r where r.status = 'owed';
select is(testkit.money(id), '50.00 0.00 0.00', 'ended: the rest of the money is given back') from pia;
select is(t.memo, 'not replaced: the buyer leaves', 'the ledger says why') from leadgen.ledger_transactions t where t.kind = 'return'
order by t.id desc limit 1;
select is(testkit.fault_of(format('select leadgen.end_replacement(%s, %L)', id, reason)), fault, what)
from (select max(r.id) as last_id from leadgen.replacements r) r cross join lateral (values
  (r.last_id, 'again', 'LG409 status', 'what has ended does not end again'),
  (0, 'x', 'LG404 replacement_id', 'a replacement that there is not'),
  (r.last_id, ' ', 'LG400 reason', 'an end without a reason')
) as t (id, reason, fault, what);

-- Invoiced, and given back in full meanwhile: the lead after it replaces nothing.
create temp table ivo as
select testkit.enroll(o.id, jsonb_build_object('buyer_id', testkit.new_buyer('Ivo', '{"credit_limit": null}'))) as id from o;
update leadgen.buyer_offers e set is_active = false from pia where e.id = pia.id;
create temp table owed_sale as select testkit.sell_delivered(id, 4) as id from o;
select testkit.ask(id, 'spam') from owed_sale;
select leadgen.refund_sale(id, null, 'all', 'for the trouble') from owed_sale;
select is(testkit.money(id), '0.00 0.00 0.00', 'an operator gives the money back though a lead is owed') from ivo;
select testkit.sell_lead(id, 5) from o;
select is(format('%s: %s', r.status, r.reason), 'ended: the money was given back already', 'a replacement that is worth nothing ends')
from leadgen.replacements r order by r.id desc limit 1;
select is(testkit.money(id), '0.00 45.00 0.00', 'the lead after it is charged') from ivo;

-- Who is switched off gets its money.
create temp table last_sale as select testkit.sell_delivered(id, 6) as id from o;
select testkit.ask(id, 'spam') from last_sale;
select is(leadgen.run_chore('end_vain_replacement'), false, 'a buyer that may get a lead keeps its replacement');
update leadgen.buyers b set is_active = false from ivo where b.id = testkit.buyer_of(ivo.id);
select is(leadgen.run_chore('end_vain_replacement'), true, 'a buyer that is switched off gets its money');
select is(testkit.money(id), '0.00 45.00 0.00', 'its last return is given back') from ivo;

-- What was not booked gives no lead.
create temp table unbooked_offer as select testkit.make_offer('{"duplicate_window_hours": 0}',
  '{"on_no_buyer": "reject", "returns": {"give": "replacement"}}') as id;
select testkit.enroll(id, jsonb_build_object('buyer_id', testkit.new_buyer('Ace'))) from unbooked_offer;
update leadgen.buyers b set billing_mode = 'none' where b.name = 'Ace';
create temp table unbooked_sale as select testkit.sell_delivered(id, 1) as id from unbooked_offer;
select is(testkit.ask(id, 'spam'), 'returned approved spam', 'a sale that was not booked is returned') from unbooked_sale;
select is(r.gives, 'money', 'no lead is owed for it, and the return does not say so')
from leadgen.sale_returns r join unbooked_sale s on s.id = r.assignment_id;

-- What is no purchase yet, and what an operator found bad, is given back in money.
create temp table bad as select testkit.make_offer('{"duplicate_window_hours": 0}',
  '{"on_no_buyer": "reject", "returns": {"give": "replacement"}}') as id;
create temp table eve as select testkit.enroll_buyer(id, 'Pia') as id from bad;
select testkit.pay_in(id, 45) from eve;
create temp table spam_sale as select testkit.sell_delivered(id, 1) as id from bad;
select leadgen.refund_lead(a.lead_id, 'spam') from leadgen.lead_assignments a join spam_sale using (id);
select is(testkit.money(id), '45.00 0.00 0.00', 'a lead found bad is given back in money') from eve;
select is(r.gives, 'money', 'the return says so') from leadgen.sale_returns r order by r.id desc limit 1;
select is(testkit.fault_of($$update leadgen.routing_policies set config = '{"returns": {"give": "flowers"}}'$$),
  'LG423 config.returns.give', 'nothing else can be given for a return');
select is(count(*), 0::bigint, 'no lead is owed any more') from leadgen.replacements r where r.status = 'owed';
select matches(testkit.fault_of($$update leadgen.replacements set amount = 1$$), 'LG409', 'what has ended stays as it is');
select is_empty('select * from leadgen.list_broken_invariants()', 'all invariants hold');
select * from finish();
rollback;
