-- Invoices on pages: listed with those that are overdue first, shown with all that belongs to one, and changed by a user.
begin;
select plan(32);
select testkit.at_time('2026-11-20 12:00+00');
create temp table o as select testkit.open_books() as id;
create temp table ace as select testkit.buyer('Ace') as id;
select testkit.sell_leads(id, 3) from o;
select testkit.bill('2026-11-23 06:00+00');
select testkit.new_user('Fay', 'finance'), testkit.new_user('Una', 'analyst'), testkit.new_user('Oda', 'operator');
create temp table people as select u.name, testkit.hash_of(lower(u.name)) as token from leadgen.users u;
grant select on people, ace to public;
set local role leadgen_api;
select testkit.sign_in(p.name, p_token => lower(p.name)) from people p;
reset role;
create function pg_temp.as_of(p_name text) returns text language sql as $$ select p.token from people p where p.name = p_name $$;
create temp table fay as select pg_temp.as_of('Fay') as token;
grant select on fay to public;

create temp table page as select leadgen.show_invoice_page(token, 'INV-2026-00001', null) as p from fay;
select is(p #>> '{invoice,buyer}', 'Ace', 'the page names the buyer') from page;
select is(p -> 'actions', '["pay", "allocate", "dispute", "credit", "cancel"]',
  'an open invoice may be paid, disputed, credited, cancelled')
from page;
select is(jsonb_array_length(p -> 'lines'), 3, 'each sale is a line') from page;
select is(p -> 'next', 'null', 'no line follows the last one') from page;
select is(jsonb_array_length(leadgen.show_invoice_page(token, 'INV-2026-00001', 2) -> 'lines'), 1, 'lines go on after a position') from fay;
select is(testkit.fault_of(format('select leadgen.show_invoice_page(%L, %L, null)', token, 'INV-9')), 'LG404 number', 'no such invoice')
from fay;

select is(testkit.fault_of(format('select leadgen.%s', replace(call, 'TOKEN', quote_literal(pg_temp.as_of(who))))), 'LG403 role',
  format('%s may not: %s', who, call))
from (values ('Una', 'send_invoice_by(TOKEN, ''x'', ''why'')'), ('Oda', 'cancel_invoice_by(TOKEN, ''x'', ''why'')'),
  ('Una', 'add_payment_by(TOKEN, 1, 1, ''check'', null, ''key-1'', ''why'')'),
  ('Oda', 'pay_source_by(TOKEN, 1, 1, null, ''check'', ''key-1'', ''why'')'),
  ('Una', 'adjust_buyer_by(TOKEN, ''credit'', 1, 1, ''key-1'', ''why'')'), ('Una', 'refund_payment_by(TOKEN, 1, 1, ''key-1'', ''why'')'),
  ('Una', 'match_bank_line_by(TOKEN, 1, 1, null, ''why'')')) as t (who, call);
select is(testkit.fault_of(format('select leadgen.dispute_invoice_by(%L, %L, %L)', token, 'INV-2026-00001', ' ')), 'LG400 reason',
  'nothing is done without a reason')
from fay;

select leadgen.dispute_invoice_by(token, 'INV-2026-00001', 'two were wrong') from fay;
select is(p #>> '{invoice,status}', 'disputed', 'it is disputed') from fay, leadgen.show_invoice_page(token, 'INV-2026-00001', null) p;
select leadgen.resolve_dispute_by(token, 'INV-2026-00001', 'they were not') from fay;
select is(leadgen.credit_invoice_by(token, 'INV-2026-00001', 1, 5, 'part 1', 'one was slow'), '{CN-2026-00001}',
  'a part of a line is credited')
from fay;
select is(leadgen.credit_invoice_by(token, 'INV-2026-00001', 1, 5, 'part 1', 'one was slow'), '{}', 'the same form again credits nothing')
from fay;
create temp table paid as
select leadgen.add_payment_by(fay.token, ace.id, 40, 'check', 'INV-2026-00001', 'check 17', 'by post') as id from fay, ace;
select is(leadgen.add_payment_by(fay.token, ace.id, 40, 'check', 'INV-2026-00001', 'check 17', 'by post'), paid.id,
  'a payment is booked once')
from fay, ace, paid;
update page set p = leadgen.show_invoice_page(token, 'INV-2026-00001', null) from fay;
select is(p #>> '{credits,0,number}', 'CN-2026-00001', 'the page lists its credit notes') from page;
select is(p #>> '{payments,0,memo}', 'by post', 'the page lists its payments') from page;
select is(p #>> '{invoice,paid}', '40.00', 'what came pays it') from page;
select is(m.message, format('operator user %s: payment %s: by post', u.id, paid.id), 'an event says who booked it, and why')
from paid, leadgen.users u, leadgen.events m
where u.name = 'Fay' and m.kind = 'money_moved' and m.subject = format('payment %s', paid.id);

-- Overdue first, then the newest, by key.
select testkit.at_time('2027-01-20 12:00+00');
select testkit.sell_leads(id, 1) from o;
select testkit.bill('2027-01-25 06:00+00');
select testkit.tend();
update leadgen.invoices i set status = 'overdue' where i.invoice_number = 'INV-2026-00001' and i.status = 'partly_paid';
create temp table list as select leadgen.show_invoices_page(token, null, null, null, null, null, null) as p
from (select testkit.hash_of('late') as token, leadgen.clock()) x where false;
set local role leadgen_api;
select testkit.sign_in('Fay', p_token => 'late');
reset role;
insert into list select leadgen.show_invoices_page(testkit.hash_of('late'), null, null, null, null, null, null);
select is(p #>> '{rows,0,number}', 'INV-2026-00001', 'what is overdue comes first') from list;
select is((p #>> '{open,0,late}')::integer, 1, 'the head counts what is overdue') from list;
select is(array_agg(r ->> 'number'), '{INV-2026-00001}', 'by state')
from leadgen.show_invoices_page(testkit.hash_of('late'), 'overdue', null, null, null, null, null) p, jsonb_array_elements(p -> 'rows') r;
select is(jsonb_array_length(leadgen.show_invoices_page(testkit.hash_of('late'), null, 0, null, null, null, null) -> 'rows'), 0,
  'of a buyer that has none');
select is(count(*) filter (where r ->> 'kind' = 'invoice'), 1::bigint, 'by period')
from leadgen.show_invoices_page(testkit.hash_of('late'), null, null, '2027-01-01', '2027-01-31', null, null) p,
  jsonb_array_elements(p -> 'rows') r;
select is(testkit.fault_of(format('select leadgen.show_invoices_page(%L, %s, null, null)', testkit.hash_of('late'), arguments)), fault,
  what)
from (values ('''lost'', null, null, null', 'LG400 status', 'there is no such state'),
  ('null, null, ''2027-02-01'', ''2027-01-01''', 'LG400 to', 'a period that ends before it begins')) as t (arguments, fault, what);
select is(array_agg(r ->> 'number') @> '{INV-2026-00001}', false, 'the page after one that was overdue does not repeat it')
from leadgen.invoices i, leadgen.show_invoices_page(testkit.hash_of('late'), null, null, null, null, i.id, true) p,
  jsonb_array_elements(p -> 'rows') r
where i.invoice_number = 'INV-2026-00001';

-- A draft is sent by whoever may.
update leadgen.billing_settings set sends_at_once = false;
select testkit.sell_leads(id, 1) from o;
select testkit.bill('2027-02-01 06:00+00');
create temp table draft as select i.invoice_number as number from leadgen.invoices i where i.status = 'draft' and i.kind = 'invoice';
set local role leadgen_api;
select testkit.sign_in('Fay', p_token => 'later');
reset role;
select is(p -> 'actions', '["send", "cancel"]', 'a draft may be sent or cancelled')
from draft, leadgen.show_invoice_page(testkit.hash_of('later'), draft.number, null) p;
select matches(leadgen.send_invoice_by(testkit.hash_of('later'), draft.number, 'looked at'), '^INV-2027-',
  'it is sent, with a number') from draft;
select * from finish();
rollback;
