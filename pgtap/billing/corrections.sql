-- Corrections of what was sent: credit notes, cancelling, disputes.
begin;
select plan(35);
select testkit.at_time('2026-11-20 12:00+00');
create temp table o as select testkit.open_books() as id;
select testkit.pay_for(id, '{"per": "sale", "price": 9}') from o;
create temp table sold as select testkit.sell_leads(id, 3) as ids from o;
select testkit.bill('2026-11-23 06:00+00');

-- A line, a part of a line.
select is(leadgen.credit_invoice('INV-2026-00001', 'wrong area', 1), '{CN-2026-00001}', 'a line is credited at once');
select is(leadgen.credit_invoice('INV-2026-00001', 'wrong area', 1), '{}', 'a line is credited once');
select is(leadgen.credit_invoice('INV-2026-00001', 'goodwill', 2, 10, 'good-1'), '{CN-2026-00002}', 'a part of a line');
select is(leadgen.credit_invoice('INV-2026-00001', 'goodwill', 2, 10, 'good-1'), '{}', 'once by its key');
select is(testkit.tell_invoices(), 'INV-2026-00001 partly_paid 135.00+11.13 open 86.60, CN-2026-00001 paid 45.00+3.71 open 0, '
  'CN-2026-00002 paid 10.00+0.82 open 0', 'the invoice stands, and less of it is open');
select is(testkit.owed(id), 16.00, 'the source is owed for what is left of the prices') from o;
select is(testkit.fault_of(sql), fault, what)
from (values
  ($$select leadgen.credit_invoice('INV-2026-00001', 'x', 2, 35.01, 'good-2')$$, 'LG409 amount', 'no more than is left of a line'),
  ($$select leadgen.credit_invoice('INV-2026-00001', 'x', 3, 10, 'good-1')$$, 'LG422 key', 'another line under its key'),
  ($$select leadgen.credit_invoice('INV-2026-00001', 'x', 2, 11, 'good-1')$$, 'LG422 key', 'another amount under its key'),
  ($$select leadgen.credit_invoice('INV-2026-00001', 'x', 9)$$, 'LG404 line', 'a line that is not there'),
  ($$select leadgen.credit_invoice('INV-2026-00001', 'x', null, 5, 'good-2')$$, 'LG400 line', 'an amount needs a line'),
  ($$select leadgen.credit_invoice('INV-2026-00001', 'x', 1, 5)$$, 'LG400 key', 'an amount needs a key'),
  ($$select leadgen.credit_invoice('INV-2026-00001', 'x', null, null, 'good-2')$$, 'LG400 line', 'a key needs a line'),
  ($$select leadgen.credit_invoice('INV-2026-00001', 'x', 3, 10, 'good-1')$$, 'LG422 key', 'the key of another line'),
  ($$select leadgen.credit_invoice('INV-2026-00001', ' ')$$, 'LG400 reason', 'a credit needs a reason'),
  ($$select leadgen.credit_invoice('INV-2026-00009', 'x')$$, 'LG404 number', 'an invoice that is not there'),
  ($$select leadgen.credit_invoice('CN-2026-00001', 'x')$$, 'LG409 number', 'a credit note is not credited'),
  ($$select leadgen.dispute_invoice('CN-2026-00001', 'x')$$, 'LG409 status', 'a credit note is not disputed'),
  ($$select leadgen.resolve_dispute('INV-2026-00001')$$, 'LG409 status', 'nothing is resolved that was not disputed')
) as t (sql, fault, what);

-- A return of a lead that was credited gives nothing twice.
select leadgen.refund_lead((select a.lead_id from leadgen.lead_assignments a where a.id = (ids)[1]), 'wrong_number') from sold;
select is(b.receivable, 86.60, 'a lead that was credited and then returned is given back once') from leadgen.buyers b where b.name = 'Ace';

-- A dispute.
select leadgen.dispute_invoice('INV-2026-00001', 'says that two never came');
select is(format('%s, %s', i.status, i.dispute_reason), 'disputed, says that two never came', 'a dispute is noted')
from leadgen.invoices i where i.kind = 'invoice';
select testkit.at_time('2026-12-20 12:00+00');
select is(roads.settle_overdue(), null, 'what is disputed is not overdue');
select is(roads.remind_buyer(), null, 'nobody is reminded of what is disputed');
select leadgen.resolve_dispute('INV-2026-00001', 'they did');
select is(i.status::text, 'partly_paid', 'it is to be paid again') from leadgen.invoices i where i.kind = 'invoice';
select is(roads.settle_overdue() > 0, true, 'it is overdue then');

-- Cancelling.
select is(leadgen.cancel_invoice('INV-2026-00001', 'all wrong'), '{CN-2026-00003}', 'an open invoice is cancelled by a credit note');
select is(format('%s %s', i.status, i.total_amount = i.credited_amount), 'cancelled t', 'it is cancelled, all of it is credited')
from leadgen.invoices i where i.kind = 'invoice';
select is(b.receivable, 0.00, 'nothing is owed') from leadgen.buyers b where b.name = 'Ace';
select is(testkit.fault_of($$select leadgen.cancel_invoice('INV-2026-00001', 'again')$$), 'LG409 status', 'it is cancelled once');
update leadgen.billing_settings set sends_at_once = false;
select testkit.sell_leads(id, 1) from o;
select testkit.bill('2026-12-21 06:00+00');
select is(leadgen.cancel_invoice(i.invoice_number, 'not yet'), '{}', 'a draft is cancelled without a credit note')
from leadgen.invoices i where i.status = 'draft';
select is(r.unbilled, 45.00, 'what it had is unbilled again') from report.billed r;
select testkit.bill('2026-12-28 06:00+00');
delete from leadgen.invoices where status = 'draft';
select matches(testkit.bill('2027-01-04 06:00+00'), 'DRAFT draft 45.00', 'what a draft had that was deleted is billed again');

-- Its source is owed no more for what is credited of a sale.
update leadgen.billing_settings set sends_at_once = true;
select testkit.pay_for(id, '{"per": "sale", "price": 5, "percent_of_revenue": 10}') from o;
create temp table paid_for as select (testkit.sell_leads(id, 1))[1] as sale_id from o;
select testkit.bill('2027-01-11 06:00+00');
select is(testkit.owed(id), 18.50, 'a source is owed for two sales, one by each policy') from o;
select leadgen.credit_invoice(i.invoice_number, 'half of it', l.position, 22.50, 'half-1')
from paid_for p join leadgen.invoice_lines l on l.assignment_id = p.sale_id join leadgen.invoices i on i.id = l.invoice_id;
select is(testkit.owed(id), 13.75, 'half of a price, credited, is half of its cost') from o;
select is(count(*), 0::bigint, 'the invariants hold') from leadgen.list_broken_invariants();

select * from finish();
rollback;
