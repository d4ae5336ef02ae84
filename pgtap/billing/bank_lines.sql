-- Lines of a bank's statement: booked where they name one buyer, else they wait for a person.
begin;
select plan(32);

create temp table t as select testkit.paying_buyer('Ace') as ace, testkit.paying_buyer('Best') as best;
create temp table said as select * from t, lateral leadgen.import_bank_lines(jsonb_build_array(
  jsonb_build_object('line_key', 'one', 'booked_on', '2026-11-02', 'amount', '100.00', 'currency', 'USD', 'reference',
    format('top-up, %s thanks', replace(leadgen.buyer_reference(ace), '-', ' '))),
  jsonb_build_object('line_key', 'two', 'booked_on', '2026-11-02', 'amount', '50.00', 'currency', 'USD', 'reference', 'thanks'),
  jsonb_build_object('line_key', 'three', 'booked_on', '2026-11-02', 'amount', '50.00', 'currency', 'USD', 'reference',
    format('%s %s', leadgen.buyer_reference(ace), leadgen.buyer_reference(best))),
  jsonb_build_object('line_key', 'four', 'booked_on', '2026-11-02', 'amount', '50.00', 'currency', 'EUR', 'reference',
    leadgen.buyer_reference(ace))));

select is(leadgen.buyer_reference(7), 'LG-777', 'a reference has two check digits');
select is(leadgen.buyer_reference(97), 'LG-9798', 'a remainder of nothing gives the check digits 98');
select is(status, 'matched', 'a line that names one buyer is booked') from said where line_key = 'one';
select is(testkit.tell_money(ace), 'balance 100.00, owes 0.00', 'what a bank says came is the buyer''s balance') from t;
select is(found, 'names no buyer and no unpaid invoice', 'a line that names nobody waits') from said where line_key = 'two';
select matches(found, '^names several buyers', 'a line that names two buyers waits') from said where line_key = 'three';
select matches(found, 'does not pay in EUR', 'a line of another currency waits') from said where line_key = 'four';
select is(s.is_new, false, 'a line that is imported again is known') from t, lateral leadgen.import_bank_lines(jsonb_build_array(
  jsonb_build_object('line_key', 'one', 'booked_on', '2026-11-02', 'amount', '100.00', 'currency', 'USD'))) s;
select is(testkit.tell_money(ace), 'balance 100.00, owes 0.00', 'a line is booked once') from t;
select is(leadgen.match_bank_line(b.id, best), (leadgen.match_bank_line(b.id, best)), 'a line matched twice is one payment')
from t, leadgen.bank_lines b where b.line_key = 'two';
select is(testkit.tell_money(best), 'balance 50.00, owes 0.00', 'a line that waited is booked for whom a person names') from t;
select is(testkit.fault_of(format('select leadgen.match_bank_line(%s, %s)', b.id, ace)), 'LG409 line_id', 'a line is booked for one buyer')
from t, leadgen.bank_lines b where b.line_key = 'two';
select is(testkit.fault_of(format('select leadgen.ignore_bank_line(%s, null)', b.id)), 'LG400 reason', 'a line is ignored for a reason')
from leadgen.bank_lines b where b.line_key = 'three';
select leadgen.ignore_bank_line(b.id, 'our own transfer') from leadgen.bank_lines b where b.line_key = 'three';
select is(status, 'ignored', 'a line that is no payment is put away') from leadgen.bank_lines where line_key = 'three';
select is(billing.find_referred('LG-778 LG787 LG-77 7 XLG-777'), '{}', 'a reference with a wrong digit, or of nobody, is none');

-- The number of an unpaid invoice, wherever it stands by itself.
create temp table o as select testkit.open_books('Cole') as id;
select testkit.at_time('2026-11-20 12:00+00');
select testkit.sell_leads(id, 1) from o;
select testkit.bill('2026-11-23 06:00+00');
select is((select array_agg(i.invoice_number::text) from unnest(billing.find_invoiced(words)) i),
  case when is_found then '{INV-2026-00001}'::text[] end,
  format('%s: %s', case when is_found then 'found' else 'not found' end, left(words, 40)))
from (values
  ('INV-2026-00001', true), ('Payment of inv-2026-00001, thank you', true), ('(INV-2026-00001)', true), ('a/INV-2026-00001/b', true),
  ('INV-2026-00001-2', true), (format('%s INV-2026-00001', repeat('x ', 490)), true),
  ('XINV-2026-00001', false), ('INV-2026-000011', false), ('2026-00001', false), ('', false), (null, false), ('%', false)
) as t (words, is_found);
select is(testkit.fault_of(format('select leadgen.import_bank_lines(%L)', jsonb_build_array(jsonb_build_object('line_key', 'odd',
    'booked_on', '2026-11-20', 'amount', amount, 'currency', 'USD')))), 'LG400 amount', format('check_line_amount: %s', amount))
from unnest(array['1e10', '100000000', '0', '-1', 'much']) amount;

select * from finish();
rollback;
