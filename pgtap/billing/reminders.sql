-- What is late: overdue, reminded of once by each row, told by e-mail.
begin;
select plan(15);
select testkit.at_time('2026-11-20 12:00+00');
create temp table o as select testkit.open_books() as id;
select testkit.sell_leads(id, 1) from o;
select testkit.bill('2026-11-23 06:00+00');

create function pg_temp.notices() returns text language sql stable as $$
  select string_agg(concat_ws(': ', n.kind, coalesce(n.facts ->> 'subject', n.facts ->> 'number')), ', ' order by n.id)
  from leadgen.notices n $$;
select is(pg_temp.notices(), 'invoice.sent: INV-2026-00001', 'an invoice is told by e-mail');
select is(count(*), 1::bigint, 'by a delivery of its own')
from leadgen.deliveries d where d.notice_id is not null and d.channel = 'email';
select is(n.facts - 'invoice_id',
  '{"number": "INV-2026-00001", "currency": "USD", "total": "48.71", "open": "48.71", "due_on": "2026-12-07",
  "sender": "Acme Leads"}', 'which names no lead') from leadgen.notices n;

select testkit.at_time('2026-12-08 05:59:59+00');
select is(roads.settle_overdue(), null, 'the day on which it is due is not over');
select testkit.at_time('2026-12-08 06:00+00');
select is(roads.settle_overdue() > 0, true, 'it is');
select is(testkit.tell_invoices(), 'INV-2026-00001 overdue 45.00+3.71 open 48.71', 'it is overdue');
select is(roads.remind_buyer(), null, 'the first reminder is not due');
select testkit.at_time('2026-12-11 06:00+00');
select isnt(roads.remind_buyer(), null, 'three days later it is');
select is(roads.remind_buyer(), null, 'once');
select is(pg_temp.notices(), 'invoice.sent: INV-2026-00001, invoice.reminder: Invoice INV-2026-00001 is overdue',
  'its words are filled in');
select is(n.facts ->> 'message', 'Invoice INV-2026-00001 of 48.71 USD was due on 2026-12-07. 48.71 USD are open.', 'in the message, too')
from leadgen.notices n where n.kind = 'invoice.reminder';
select testkit.at_time('2027-03-01 06:00+00');
select isnt(roads.remind_buyer(), null, 'a worker that was away sends the latest one');
select is(roads.remind_buyer(), null, 'those before it are left out');
select leadgen.cancel_invoice('INV-2026-00001', 'gone');
select is(pg_temp.notices() ~ 'invoice.credited: CN-2027-00001$', true, 'a credit note is told, by a number of its own year');
update leadgen.buyers set notice_emails = false;
select testkit.sell_leads(id, 1) from o;
select testkit.bill('2027-03-08 06:00+00');
select is(count(*), 4::bigint, 'who wants no notices gets none, and its invoice by key') from leadgen.notices;

select * from finish();
rollback;
