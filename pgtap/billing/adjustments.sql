-- refund_sale, refund_lead, and one currency a buyer.
begin;
select plan(37);
select testkit.at_time('2026-11-20T16:00:00Z');

-- A part of a sale, then the rest with its return.
create temp table offer as select testkit.open_offer('{"on_no_buyer": "reject"}', 'Pia') as id;
create temp table pia as select bo.id from leadgen.buyer_offers bo join offer on offer.id = bo.offer_id;
select testkit.pay_in(id, 100) from pia;
create temp table sale as select testkit.sell_delivered(id, 1) as id from offer;
select is(leadgen.refund_sale(id, 20, 'refund-1', 'half wrong') > 0, true, 'a part is given back') from sale;
select is(testkit.money(id), '75.00 0.00 0.00', 'the buyer has it') from pia;
select is(leadgen.refund_sale(id, 20, 'refund-1', 'half wrong') > 0, true, 'the same again is the same') from sale;
select is(testkit.money(id), '75.00 0.00 0.00', 'a part that is given back twice is booked once') from pia;
select is(testkit.fault_of(format('select leadgen.refund_sale(%s, 25.01, ''refund-2'', ''x'')', id)), 'LG409 amount', 'more than is left')
from sale;
select is(testkit.fault_of(format('select leadgen.refund_sale(%s, 10, ''refund-1'', ''x'')', id)), 'LG422 key',
  'another amount under its key') from sale;
create temp table next_sale as select testkit.sell_delivered(id, 3) as id from offer;
select is(testkit.fault_of(format('select leadgen.refund_sale(%s, 20, ''refund-1'', ''x'')', id)), 'LG422 key',
  'another sale under its key') from next_sale;
select leadgen.refund_sale(id, null, 'refund-all', 'all of it') from next_sale;
select is(testkit.fault_of(format('select leadgen.refund_sale(%s, null, ''refund-more'', ''x'')', id)), 'LG409 amount', 'nothing is left')
from next_sale;
select is(testkit.fault_of(format('select leadgen.refund_sale(%s, 21, ''refund-1'', ''x'')', id)), 'LG422 key',
  'its key with another amount') from sale;
select is(testkit.fault_of(format('select leadgen.refund_sale(%s, 1, %L, ''x'')', sale.id, p.key)), 'LG422 key',
  'the key of a payment')
from sale, leadgen.payments p;
select is(testkit.fault_of(format('select leadgen.refund_sale(%s, 1, ''refund-2'', '' '')', id)), 'LG400 reason', 'a refund needs a reason')
from sale;
select is(testkit.fault_of(format('select leadgen.refund_sale(%s, 1, ''refund-2'', repeat(''x'', 501))', id)), 'LG400 reason',
  'a reason is at most 500 characters') from sale;
select is(testkit.ask(id, 'spam'), 'returned approved spam', 'it is returned as well') from sale;
select is(testkit.fault_of(format('select leadgen.refund_sale(%s, null, ''refund-2'', ''x'')', id)), 'LG409 amount',
  'nothing is left of it') from sale;
select is(testkit.money(id), '100.00 0.00 0.00', 'a return gives back what was left') from pia;
select is(testkit.fault_of('select leadgen.refund_sale(0, null, ''refund-3'', ''x'')'), 'LG404 assignment_id', 'no such sale');

-- A bad lead: all of its sales at once, for good.
create temp table shared as
select testkit.make_offer('{"duplicate_window_hours": 0}', '{"on_no_buyer": "hold", "max_buyers": 3}') as id;
create temp table seats as
select n, testkit.enroll_buyer(id, case n when 3 then 'Ivo' else 'Pia' end,
  case n when 3 then jsonb_build_object('buyer_id', testkit.new_buyer('Ivo')) else '{}' end) as id
from shared cross join generate_series(1, 3) n order by n;
select testkit.pay_in(id, 50) from seats where n < 3 order by n;
create temp table bad as select (testkit.submit(id) ->> 'lead_id')::bigint as id from shared;
select is(testkit.tell(id), 'Pia 45.00, Pia 45.00, Ivo 45.00', 'a lead of three') from bad;
select is(testkit.fault_of(format('select leadgen.refund_lead(%s, ''no_such'')', id)), 'LG400 reason', 'a reason that there is not')
from bad;
select is(leadgen.refund_lead(id, 'spam', 'a robot'), 3, 'all of its sales are given back') from bad;
select is(array_agg(testkit.money(id) order by n), '{50.00 0.00 0.00,50.00 0.00 0.00,0.00 0.00 0.00}', 'every buyer has its money again')
from seats;
select is(format('%s %s', l.status, l.hold_until is null), 'rejected t', 'nobody else is offered it')
from leadgen.leads l join bad using (id);
select is(leadgen.refund_lead(id, 'spam'), 0, 'once more: nothing is left') from bad;
select is(testkit.fault_of('select leadgen.refund_lead(0, ''spam'')'), 'LG404 lead_id', 'no such lead');

-- One currency a buyer.
create temp table yen as select testkit.make_offer(p_market => '{"currency": "JPY"}') as id;
select is(testkit.fault_of(format('select testkit.enroll(%s, %L)', yen.id, jsonb_build_object('buyer_id', testkit.buyer_of(pia.id)))),
  'LG423 currency', 'an offer in another currency') from yen, pia;
select is(testkit.fault_of(format('update leadgen.buyers set currency = ''EUR'' where id = %s', testkit.buyer_of(id))), 'LG409 currency',
  'a currency in which something is booked') from pia;
create temp table sato as select testkit.enroll_buyer(id, 'Pia', '{"price_per_lead": 500}') as id from yen;
select is(testkit.fault_of(format('select testkit.pay_in(%s, 0.5)', id)), 'LG400 amount', 'yen have no decimals') from sato;
select is_empty('select * from leadgen.list_broken_invariants()', 'all invariants hold');
-- What would leave its bounds, and who brings no money, is refused by name.
create temp table deep as select testkit.new_buyer('Ivo', '{"currency": "USD", "credit_limit": null}') as id;
select leadgen.credit_buyer(id, 99999999.99, format('deep %s', n), 'a great deal') from deep, generate_series(1, 100) n;
select is(testkit.fault_of(format('select leadgen.credit_buyer(%s, 99999999.99, ''deep 101'', ''more'')', id)), 'LG409 amount',
  'a credit beyond what can be owed') from deep;
select is(b.receivable, -9999999999.00, 'what could be booked is') from leadgen.buyers b join deep using (id);
select is(testkit.fault_of(format('select leadgen.%s(%s, 1, %L, null, %L)', door, id, format('way %s', provider), provider)),
  format('LG400 %s', case door when 'top_up' then 'method' else 'provider' end), format('%s: a provider that there is not, or none', door))
from deep, unnest('{top_up,withdraw}'::text[]) door, unnest('{cash,NULL,Stripe}'::text[]) provider;
select is((testkit.detail_of(format('select leadgen.top_up(%s, 1, ''way'', null, null)', id)))::jsonb ->> 'allowed',
  'manual, bank_transfer, check, paypal', 'it says which there are') from deep;
select is_empty('select * from leadgen.list_broken_invariants()', 'the books hold with great numbers');

select * from finish();
rollback;
