-- What was sent never changes, for any role; a draft does.
begin;
set local client_min_messages = warning;
select plan(18);
select testkit.at_time('2026-11-20 12:00+00');
create temp table o as select testkit.open_books() as id;
select testkit.sell_leads(id, 2) from o;
select testkit.bill('2026-11-23 06:00+00');

select is(testkit.fault_of(format('update leadgen.invoices set %s = %s', name, value)), format('LG409 %s', name),
  format('%s of what was sent', name))
from (values
  ('amount_due', '1'), ('invoice_number', '''X'''), ('number', '7'), ('issued_at', 'now()'), ('due_date', 'now()'),
  ('currency', '''EUR'''), ('bill_to', '''{}'''), ('period_end', 'now()'), ('buyer_id', '0'), ('kind', '''credit_note''')
) as t (name, value);
select is(testkit.fault_of('update leadgen.invoice_lines set amount = 1'), 'LG409 status', 'a line is not changed');
select is(testkit.fault_of('delete from leadgen.invoice_lines'), 'LG409 status', 'a line is not taken out');
select is(testkit.fault_of(format('insert into leadgen.invoice_lines (invoice_id, position, transaction_id, account, booked_at, kind, '
  'description, amount) select id, 9, 0, %L, now(), %L, %L, 1 from leadgen.invoices', 'buyer_receivable', 'sale', 'x')),
  'LG409 status', 'a line is not added');
select is(testkit.fault_of('delete from leadgen.invoices'), 'LG409 status', 'it is not deleted');
select is(testkit.fault_of('truncate leadgen.invoices cascade'), 'LG409', 'all of them are not deleted');
select is(testkit.fault_of('truncate leadgen.invoice_lines'), 'LG409', 'all lines are not deleted');
select is(testkit.fault_of($$update leadgen.invoices set status = 'draft'$$), 'LG409 status', 'it never is a draft again');
select is(testkit.fault_of($$select leadgen.send_invoice('INV-2026-00001')$$), 'LG409 status', 'it is sent once');

select * from finish();
rollback;
