-- owe_costs, take_cost_back, share_refund, pay_source, list_source_statement: what a source is owed and paid.
begin;
select plan(51);
select testkit.at_time('2026-11-20T16:00:00Z');

create function pg_temp.costs(p_sale_id bigint) returns text[] language sql stable as $$
  select array_agg(format('%s %s %s', t.kind, t.key, e.amount) order by t.id)
  from leadgen.ledger_transactions t
  join leadgen.ledger_entries e on e.transaction_id = t.id and e.account = 'source_payable'
  where t.assignment_id = p_sale_id;
$$;

-- Two buyers of each lead; the source gets 5.00 and a tenth of the price of each sale.
create temp table each as
select testkit.make_offer('{"duplicate_window_hours": 0}', '{"on_no_buyer": "reject", "max_buyers": 2}') as offer_id;
select testkit.pay_for(offer_id, '{"per": "sale", "price": 5, "percent_of_revenue": 10}') from each;
create temp table two as
select n, testkit.enroll_buyer(offer_id, 'Pia', jsonb_build_object('price_per_lead', 40 + 5 * n)) as id
from each cross join generate_series(1, 2) n order by n;
select testkit.pay_in(id, 500) from two order by n;
select testkit.sell_lead(offer_id, 1) from each;
create temp table sold as select row_number() over (order by a.id) as n, a.* from leadgen.lead_assignments a join each using (offer_id);
select is(array_agg(cost order by price), '{9.50,10.00}', 'a sale says what it cost') from sold;
select is(testkit.owed(offer_id), 19.50, 'per sale: the source is owed for each sale') from each;
select is((d.cost).price, 5::numeric, 'the decision says what the lead costs')
from leadgen.lead_decisions d join sold on sold.decision_id = d.id where sold.n = 1;
select is(d.payout_policy_version, 1, 'the decision names the version of the policy')
from leadgen.lead_decisions d join sold on sold.decision_id = d.id where sold.n = 1;
select is(t.entries, '{source_cost 9.50,source_payable -9.50}', 'a cost is two entries')
from sold, lateral (
  select array_agg(format('%s %s', e.account, e.amount) order by e.position) as entries
  from leadgen.ledger_transactions x join leadgen.ledger_entries e on e.transaction_id = x.id
  where x.key = format('cost:%s', sold.id)) t
where sold.price = 45;

-- A part of a price that is given back takes its part of the cost, rounded so that the parts come to all of it.
create temp table part as select id, row_number() over () as k from sold where price = 45;
select leadgen.refund_sale(id, 15, 'part-1', 'half of it was wrong') from part;
select is(testkit.owed(offer_id), 16.33, 'a third of the price, given back, is a third of the cost') from each;
select leadgen.refund_sale(id, 15, 'part-2', 'another third') from part;
select is(testkit.owed(offer_id), 13.17, 'two thirds are 6.33 of 9.50') from each;
select leadgen.refund_sale(id, 15, 'part-1', 'booked before') from part;
select is(testkit.owed(offer_id), 13.17, 'a refund under the same key takes nothing more') from each;
select leadgen.refund_sale(id, null, 'part-3', 'the rest') from part;
select is(testkit.owed(offer_id), 10.00, 'all of the price is all of the cost') from each;
select is(leadgen.return_sale(id, 'spam'), 'returned', 'a sale that was given back can still be returned') from part;
select is(testkit.owed(offer_id), 10.00, 'a return after that takes nothing more of the cost') from each;
select leadgen.return_sale(id, 'spam') from sold where price = 50;
select is(testkit.owed(offer_id), 0.00, 'a return takes back what the sale cost') from each;
select is(count(*), 0::bigint, 'no cost is taken back beyond what was booked')
from leadgen.ledger_transactions t where t.kind = 'cost' and billing.find_cost_left(t.id) <> 0;

-- Once a lead: 8.00, however many buyers get it, as long as one of them has it.
create temp table once as
select testkit.make_offer('{"duplicate_window_hours": 0}', '{"on_no_buyer": "reject", "max_buyers": 2}') as offer_id;
select testkit.pay_for(offer_id, '{"price": 8}') from once;
select testkit.enroll_buyer(offer_id, 'Ace'), testkit.enroll_buyer(offer_id, 'Best') from once;
select testkit.sell_lead(offer_id, 1) from once;
create temp table pair as select row_number() over (order by a.id) as n, a.* from leadgen.lead_assignments a join once using (offer_id);
select is(testkit.owed(offer_id), 8.00, 'per lead: the source is owed once for two sales') from once;
select is(array_agg(cost), '{0.00,0.00}', 'per lead: no sale costs anything by itself') from pair;
select is(array_agg(t.key), array[format('cost:lead:%s', min(pair.id))], 'per lead: the first sale carries the price')
from pair join leadgen.ledger_transactions t on t.assignment_id = pair.id and t.kind = 'cost';
select leadgen.return_sale(id, 'spam') from pair where n = 1;
select is(testkit.owed(offer_id), 8.00, 'per lead: it is owed while another sale stands') from once;
select leadgen.refund_sale(id, 20, 'part-4', 'half') from pair where n = 2;
select is(testkit.owed(offer_id), 8.00, 'per lead: a part of a price takes nothing of it') from once;
select leadgen.return_sale(id, 'spam') from pair where n = 2;
select is(testkit.owed(offer_id), 0.00, 'per lead: the last sale takes it back') from once;
select is(array_agg(t.key order by t.id),
  array_agg(format('cost:lead%s:%s', case t.kind when 'cost' then '' else '-end' end, pair.id) order by t.id),
  'per lead: what is taken back names the sale that carried it')
from pair join leadgen.ledger_transactions t on t.assignment_id = pair.id and t.kind like 'cost%' where pair.n = 1;

-- A buyer that must accept first: nothing is owed until it has.
create temp table careful as
select testkit.make_offer('{"duplicate_window_hours": 0}',
  '{"on_no_buyer": "reject", "max_buyers": 2, "acceptance": {"mode": "explicit", "window_hours": 24}}') as offer_id;
select testkit.pay_for(offer_id, '{"price": 8, "percent_of_revenue": 10}') from careful;
select testkit.enroll_buyer(offer_id, 'Ace'), testkit.enroll_buyer(offer_id, 'Best') from careful;
select testkit.sell_lead(offer_id, 1) from careful;
create temp table asked as select row_number() over (order by a.id) as n, a.* from leadgen.lead_assignments a join careful using (offer_id);
select is(testkit.owed(offer_id), 0::numeric, 'explicit: nothing is owed yet') from careful;
select leadgen.accept_sale(id) from asked where n = 2;
select is(testkit.owed(offer_id), 12.50, 'explicit: who accepts first brings the price of the lead') from careful;
select leadgen.accept_sale(id) from asked where n = 1;
select is(testkit.owed(offer_id), 17.00, 'explicit: the other brings its share') from careful;
select leadgen.return_sale(id, 'spam') from asked where n = 2;
select is(testkit.owed(offer_id), 12.50, 'explicit: a return takes the share, and the lead is still paid for') from careful;
select leadgen.return_sale(id, 'spam') from asked where n = 1;
select is(testkit.owed(offer_id), 0.00, 'explicit: the last return takes the rest') from careful;
create temp table half as select testkit.enroll_buyer(offer_id, 'Pia', '{"routing_priority": 9}') as id from careful;
select testkit.pay_in(id, 45) from half;
create temp table reduced as select testkit.sell_lead(offer_id, 3) as sale_id from careful;
select leadgen.refund_sale(a.id, 15, 'part-5', 'a third') from leadgen.lead_assignments a
join half on half.id = a.buyer_offer_id;
select leadgen.accept_sale(a.id) from leadgen.lead_assignments a join half on half.id = a.buyer_offer_id;
select is(testkit.owed(offer_id), 11.00, 'explicit: what was given back before takes its part of the share') from careful;
select leadgen.return_sale(a.id, 'spam') from leadgen.lead_assignments a join careful using (offer_id) where a.outcome <> 'returned';
select is(testkit.owed(offer_id), 0.00, 'explicit: nothing is owed for a lead that everybody gave back') from careful;
select testkit.sell_lead(offer_id, 2) from careful;
select testkit.at_time('2026-11-21T16:03:00Z');
select leadgen.run_chore('settle_answers'), leadgen.run_chore('release_due_sale'), leadgen.run_chore('release_due_sale');
select is(testkit.owed(offer_id), 0.00, 'explicit: a lapse costs nothing') from careful;

-- A source that is not paid.
create temp table free as select testkit.make_offer('{"duplicate_window_hours": 0}') as offer_id;
select testkit.enroll_buyer(offer_id, 'Ace') from free;
create temp table plain as select testkit.sell_lead(offer_id, 1) as sale_id from free;
select is(a.cost, null, 'without a policy a sale has no cost') from plain join leadgen.lead_assignments a on a.id = plain.sale_id;
select is((d.cost, d.payout_policy_id, d.payout_policy_version) is null, true, 'without a policy the record says nothing')
from plain join leadgen.lead_assignments a on a.id = plain.sale_id join leadgen.lead_decisions d on d.id = a.decision_id;
select is(count(*), 0::bigint, 'without a policy nothing is owed')
from plain join leadgen.ledger_transactions t on t.assignment_id = plain.sale_id and t.kind = 'cost';

-- Payouts and the statement.
select testkit.at_time('2026-11-22T12:00:00Z');
create temp table paid as select testkit.make_offer('{"duplicate_window_hours": 0}') as offer_id;
select testkit.pay_for(offer_id, '{"price": 8}') from paid;
select testkit.enroll_buyer(offer_id, 'Ace') from paid;
create temp table src as select s.id, paid.offer_id
from paid join leadgen.sources s on s.source_key = format('source-of-%s', paid.offer_id);
select testkit.outcome(offer_id, '2026-11-22T12:00:00Z'), testkit.outcome(offer_id, '2026-11-22T13:00:00Z'),
  testkit.outcome(offer_id, '2026-11-22T14:00:00Z') from paid;
select is(testkit.owed(offer_id), 24.00, 'three leads') from paid;
select throws_like(format('select leadgen.pay_source(%s, ''pay-1'', 24.01)', id), 'Source % is not owed that',
  'not more than it is owed') from src;
select is(testkit.fault_of(format('select leadgen.pay_source(%s, ''pay-1'', 1.005)', id)), 'LG400 amount', 'not half a cent') from src;
select is(testkit.fault_of(format('select leadgen.pay_source(%s, ''cost:1'', 1)', id)), 'LG400 key',
  'not under a key of the house') from src;
select is(testkit.fault_of('select leadgen.pay_source(0, ''pay-1'', 1)'), 'LG404 source_id', 'not a source that is not there');
select is(leadgen.pay_source(id, 'pay-1', null, '2026-11-22T14:00:00Z') > 0, true, 'all that came before a time is paid') from src;
select is(testkit.owed(offer_id), 8.00, 'the third lead is still owed') from paid;
select is(leadgen.pay_source(src.id, 'pay-1', null, '2026-11-22T14:00:00Z'), t.id, 'once under one key')
from src join leadgen.ledger_transactions t on t.key = 'pay-1';
select is(testkit.fault_of(format('select leadgen.pay_source(%s, ''pay-1'', 3)', id)), 'LG422 key', 'a key is one payout') from src;
select is(testkit.fault_of(format('select leadgen.pay_source(%s, ''pay-2'', null, ''2026-11-22T14:00:00Z'')', id)), 'LG409 amount',
  'what was paid is not paid again') from src;
select testkit.at_time('2026-11-23T12:00:00Z');
select is(leadgen.return_sale(min(a.id), 'spam'), 'returned', 'a lead that was paid for is returned')
from leadgen.lead_assignments a join paid using (offer_id);
select is(testkit.owed(offer_id), 0.00, 'what was paid for it is kept from the next payout') from paid;
select results_eq(format($$select kind, amount, balance
  from leadgen.list_source_statement(%s, '2026-11-22T13:00:00Z', '2026-11-24T00:00:00Z')$$, id),
  $$values ('opening', null::numeric, 8.00), ('cost', 8.00, 16.00), ('cost', 8.00, 24.00), ('payout', -16.00, 8.00),
    ('cost_reversal', -8.00, 0.00), ('closing', null, 0.00)$$, 'a statement: opening, movements, closing') from src;
select is(testkit.fault_of(format('select * from leadgen.list_source_statement(%s, now(), now())', id)), 'LG400 p_from, p_to',
  'a statement needs a period') from src;

select is((p.earned, p.taken_back, p.paid, p.owed)::text, '(24.00,8.00,16.00,0.00)', 'a report of what sources are owed')
from src join report.source_payables p on p.source_id = src.id;
select is(format('%s %s %s %s', p ->> 'earned', p ->> 'taken_back', p ->> 'paid', p ->> 'owed'), '24.00 8.00 16.00 0.00',
  'operators are told what sources are owed as the report has it')
from src, jsonb_array_elements(billing.list_payables() -> 'payables') p where (p ->> 'source_id')::bigint = src.id;
select is((m.sold_day, m.sold_sales, m.sold_standing, m.sold_net, m.sold_cost, m.sold_margin, m.sold_margin_percent)::text,
  '(2026-11-22,3,2,90.00,16.00,74.00,82.2)', 'a report of the margin, by the day of the sale')
from src join report.margin m on m.source_id = src.id;

-- What is recorded comes out again, and the books are in order.
select is(count(*) filter (where leadgen.replay_lead(l.id) <> '{"identical": true}'), 0::bigint, 'every decision replays')
from leadgen.leads l;
select is_empty('select * from billing.list_broken_books()', 'the books are in order');
select is_empty('select * from leadgen.list_broken_invariants()', 'all invariants hold');
select * from finish();
rollback;
