-- A payment that names an invoice pays it first; another one pays the oldest.
begin;
select plan(6);
select testkit.at_time('2026-11-20 12:00+00');
create temp table o as select testkit.open_books() as id;
select testkit.sell_leads(id, 1) from o;
select testkit.bill('2026-11-23 06:00+00');
select testkit.sell_leads(id, 1) from o;
select testkit.bill('2026-11-30 06:00+00');
create temp table i as select i.id, i.buyer_id, i.total_amount, row_number() over (order by i.id) as n from leadgen.invoices i;
select leadgen.add_payment(buyer_id, total_amount, 'check', 'check 1', null, id) from i where n = 2;
select is(array_agg(v.status::text order by v.id), '{sent,paid}', 'the invoice that it names') from leadgen.invoices v;
select leadgen.add_payment(buyer_id, 10, 'check', 'check 2') from i where n = 1;
select is(array_agg(v.status::text order by v.id), '{partly_paid,paid}', 'a payment that names none pays the oldest, in part')
from leadgen.invoices v;
select leadgen.add_payment(buyer_id, total_amount - 10, 'check', 'check 3') from i where n = 1;
select is(array_agg(v.status::text order by v.id), '{paid,paid}', 'later payments pay the rest of it') from leadgen.invoices v;
select is(testkit.fault_of(format('select leadgen.add_payment(%s, 1, ''check'', ''check 4'', null, 0)', buyer_id)), 'LG404 invoice_id',
  'no payment is for an invoice that is not there') from i where n = 1;
select is(testkit.fault_of(format('select leadgen.add_payment(%s, 1, ''check'', ''check 4'', null, %s)',
  testkit.make_buyer('{"currency": "USD"}'), id)), 'LG404 invoice_id', 'no payment is for an invoice of another buyer') from i where n = 1;
select is(count(*), 0::bigint, 'the invariants hold') from leadgen.list_broken_invariants();
select * from finish();
rollback;
