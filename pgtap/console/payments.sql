-- Payments, lines of the bank, statements and payouts on pages.
begin;
select plan(32);
select testkit.at_time('2026-11-20 12:00+00');
create temp table t as select testkit.paying_buyer('Ace') as ace, testkit.paying_buyer('Best') as best;
select * from t, lateral leadgen.import_bank_lines(jsonb_build_array(
  jsonb_build_object('line_key', 'one', 'booked_on', '2026-11-02', 'amount', '100.00', 'currency', 'USD', 'reference',
    leadgen.buyer_reference(ace)),
  jsonb_build_object('line_key', 'two', 'booked_on', '2026-11-03', 'amount', '50.00', 'currency', 'USD', 'reference', 'thanks'),
  jsonb_build_object('line_key', 'three', 'booked_on', '2026-11-04', 'amount', '50.00', 'currency', 'USD', 'reference',
    format('%s %s', leadgen.buyer_reference(ace), leadgen.buyer_reference(best)))));
select testkit.new_user('Fay', 'finance');
create temp table fay as select testkit.hash_of('fay') as token;
grant select on fay, t to public;
set local role leadgen_api;
select testkit.sign_in('Fay', p_token => 'fay');
reset role;

create temp table bank as select leadgen.show_bank_page(token, 'waiting', null) as p from fay;
select is(array_agg(r ->> 'reference' order by r ->> 'booked_on')::text[] @> '{thanks}', true, 'a line that names nobody waits')
from bank, jsonb_array_elements(p -> 'rows') r;
select is(r -> 'named' @> jsonb_build_array(jsonb_build_object('id', ace), jsonb_build_object('id', best)), true,
  'the page names whom a line may be of')
from bank, t, jsonb_array_elements(p -> 'rows') r where r ->> 'reference' <> 'thanks';
select is(testkit.fault_of(format('select leadgen.show_bank_page(%L, %L, null)', token, 'lost')), 'LG400 status',
  'no such state of a line') from fay;
create temp table two as select l.id from leadgen.bank_lines l where l.line_key = 'two';
create temp table paid as
select leadgen.match_bank_line_by(fay.token, two.id, t.best, null, 'they called') as id from fay, two, t;
select is(testkit.tell_money(best), 'balance 50.00, owes 0.00', 'a line that is matched is booked') from t;
select is(l.decided_by, format('user %s', u.id), 'the line says who matched it')
from leadgen.bank_lines l, two, leadgen.users u where l.id = two.id and u.name = 'Fay';
select is(testkit.fault_of(format('select leadgen.match_bank_line_by(%L, %s, %s, null, %L)', fay.token, two.id, t.ace, 'no')),
  'LG409 line_id',
  'a line that is booked is of one buyer')
from fay, two, t;
select leadgen.ignore_bank_line_by(fay.token, l.id, 'our own') from fay, leadgen.bank_lines l where l.line_key = 'three';
select is(jsonb_array_length(leadgen.show_bank_page(token, 'waiting', null) -> 'rows'), 0, 'nothing waits any more') from fay;
select matches(e.message, 'ignored bank line .*: our own', 'an event says that a line was ignored, and why')
from leadgen.events e where e.kind = 'money_moved' and e.subject like 'ignored bank line %';

create temp table page as select leadgen.show_payment_page(fay.token, paid.id) as p from fay, paid;
select is(p ->> 'refundable', '50.00', 'all of it can be refunded') from page;
select is(p #>> '{bank_lines,0,found}', 'by hand', 'the page has the line of the bank') from page;
select leadgen.refund_payment_by(fay.token, paid.id, 20, 'refund-1', 'a mistake') from fay, paid;
update page set p = leadgen.show_payment_page(fay.token, paid.id) from fay, paid;
select is(p ->> 'refundable', '30.00', 'what is refunded cannot be again') from page;
select is(p #>> '{reversals,0,reason}', 'a mistake', 'the page has the refund') from page;
select is(testkit.fault_of(format('select leadgen.refund_payment_by(%L, %s, 31, %L, %L)', fay.token, paid.id, 'refund-2', 'more')),
  'LG409 amount',
  'no more than is left is refunded')
from fay, paid;
select is(testkit.fault_of(format('select leadgen.show_payment_page(%L, 0)', token)), 'LG404 payment_id', 'no such payment') from fay;
select is(r ->> 'taken_back', '20.00', 'the list has what was taken back')
from fay, t, leadgen.show_payments_page(fay.token, null, t.best, null) p, jsonb_array_elements(p -> 'rows') r;
select is(jsonb_array_length(leadgen.show_payments_page(token, 'disputed', null, null) -> 'rows'), 0, 'by state') from fay;
select is(testkit.fault_of(format('select leadgen.show_payments_page(%L, %L, null, null)', token, 'lost')), 'LG400 status',
  'no such state of a payment')
from fay;

-- Balances and statements.
select is(array_agg(b ->> 'balance'), '{100.00,30.00}', 'what buyers have left')
from fay, leadgen.show_balances_page(fay.token, null) p, jsonb_array_elements(p -> 'balances') b;
select leadgen.adjust_buyer_by(fay.token, 'credit', t.ace, 7, 'credit-1', 'sorry') from fay, t;
update page set p = leadgen.show_statement_page(fay.token, t.ace, null, null, null) from fay, t;
select is(format('%s %s', p #>> '{statement,from}', p #>> '{statement,to}'), '2026-11-01 2026-11-20',
  'a statement is of the month so far') from page;
select is(p #>> '{statement,closing}', '-107.00', 'with what the buyer has in advance') from page;
select is(jsonb_array_length(p -> 'rows'), 2, 'each booking is a row') from page;
select is(p ->> 'reference', leadgen.buyer_reference(ace), 'what the buyer writes on a transfer') from page, t;
select is(jsonb_array_length(leadgen.show_statement_page(fay.token, t.ace, null, null, 1) -> 'rows'), 1,
  'rows go on after so many') from fay, t;
select is(testkit.fault_of(format('select leadgen.adjust_buyer_by(%L, %L, %s, 7, %L, %L)', fay.token, 'gift', t.ace, 'key-9', 'why')),
  'LG400 kind',
  'no such booking')
from fay, t;
select is(testkit.fault_of(format('select leadgen.adjust_buyer_by(%L, %L, %s, 7, %L, %L)', fay.token, 'write_off', t.ace, 'key-9', 'why')),
  'LG409 amount', 'nothing is written off that is not owed')
from fay, t;

-- Payouts.
create temp table each as select testkit.open_offer('{}', 'Cole') as offer_id;
select testkit.pay_for(offer_id, '{"price": 8}') from each;
select testkit.sell_lead(offer_id, n) from each, generate_series(1, 2) n;
create temp table source as select s.id from leadgen.sources s join each using (offer_id);
select is(p ->> 'owed', '16.00',
  'what a source is owed') from fay, source, leadgen.show_source_money_page(fay.token, source.id, null, null, null) p;
select is(testkit.fault_of(format('select leadgen.pay_source_by(%L, %s, 17, null, %L, %L, %L)', fay.token, source.id, 'check', 'payout-1',
  'why')),
  'LG409 amount', 'no source is paid more than it is owed')
from fay, source;
select is(testkit.fault_of(format('select leadgen.pay_source_by(%L, %s, null, %L, %L, %L, %L)', fay.token, source.id, '2026-11-20',
  'check', 'payout-1',
  'why')), 'LG409 amount', 'what was booked on a day or later is not paid before it')
from fay, source;
select leadgen.pay_source_by(fay.token, source.id, null, null, 'check', 'payout-1', 'November') from fay, source;
select is(p #>> '{rows,0,memo}', 'November', 'the payout is listed') from fay, leadgen.show_payouts_page(fay.token, null) p;
select is(p #>> '{payables,0,owed}', '0.00', 'nothing is owed any more') from fay, leadgen.show_payouts_page(fay.token, null) p;

-- A session that somebody left open for a while gives no money away.
update leadgen.user_sessions s set created_at = leadgen.clock() - interval '16 minutes', proved_at = null
from fay where s.token_hash = fay.token;
select is(testkit.fault_of(format('select leadgen.adjust_buyer_by(%L, %L, %s, 7, %L, %L)', fay.token, 'credit', t.ace, 'key-10', 'why')),
  'LG403 session', 'a credit takes a sign-in of the last 15 minutes')
from fay, t;
select is(testkit.fault_of(format('select leadgen.pay_source_by(%L, %s, 1, null, %L, %L, %L)', fay.token, source.id, 'check', 'payout-2',
  'why')),
  'LG403 session', 'a payout takes one, too')
from fay, source;
select * from finish();
rollback;
