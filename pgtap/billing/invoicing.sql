-- Invoicing: what becomes a line of which document, and when.
begin;
select plan(25);

-- A week ends.
select testkit.at_time('2026-11-20 12:00+00');
create temp table o as select testkit.open_books() as id;
create temp table sold as select testkit.sell_leads(id, 3) as ids from o;
select is(testkit.bill('2026-11-23 05:59:59+00'), null, 'nothing is billed before the week ends');
select is(testkit.bill('2026-11-23 06:00+00'), 'INV-2026-00001 sent 135.00+11.13 open 146.13', 'the week ends: one invoice');
select is(testkit.bill('2026-11-23 07:00+00'), 'INV-2026-00001 sent 135.00+11.13 open 146.13', 'a second run bills nothing twice');
select is(format('%s to %s, due %s', i.period_start, i.period_end, i.due_date at time zone i.timezone),
  format('%s to %s, due %s', '2026-11-16 06:00+00'::timestamptz, '2026-11-23 06:00+00'::timestamptz, '2026-12-07 23:59:59'),
  'the period is the week of the market, and 14 days to pay')
from leadgen.invoices i;
select is(string_agg(l.description, '; ' order by l.position), (
  select string_agg(format('Lead %s, %s', a.lead_id, f.name), '; ' order by a.id)
  from leadgen.lead_assignments a join leadgen.offers f on f.id = a.offer_id), 'each line names its lead and offer')
from leadgen.invoice_lines l;
select is(testkit.tell_billed(), 'Ace: 135.00 = 135.00 - 0 + 0', 'ledger = invoiced - credited + unbilled');
select is(b.receivable, 146.13, 'the tax is owed, too') from leadgen.buyers b where b.name = 'Ace';

-- Given back in the same period: on the invoice; after it was sent: on a credit note.
select testkit.at_time('2026-11-24 12:00+00');
create temp table second as select testkit.sell_leads(id, 2) as ids from o;
select leadgen.refund_lead((select a.lead_id from leadgen.lead_assignments a where a.id = (ids)[1]), 'wrong_number') from second;
select leadgen.refund_lead((select a.lead_id from leadgen.lead_assignments a where a.id = (ids)[1]), 'wrong_number') from sold;
select is(testkit.tell_billed(), 'Ace: 135.00 = 135.00 - 0 + 0.00', 'two sales and two returns are unbilled');
select is(testkit.bill('2026-11-30 06:00+00'), 'INV-2026-00001 partly_paid 135.00+11.13 open 97.42, '
  'INV-2026-00002 sent 45.00+3.71 open 48.71, CN-2026-00001 paid 45.00+3.71 open 0',
  'a return of an unbilled sale is on its invoice, one of a billed sale on a credit note');
select is(testkit.tell_billed(), 'Ace: 135.00 = 180.00 - 45.00 + 0', 'every transaction is on one document');
select is(b.receivable, 146.13, 'what is owed is what is open') from leadgen.buyers b where b.name = 'Ace';

-- A credit and a debit of an operator.
select leadgen.credit_buyer(testkit.buyer('Ace'), 20, 'key-1', 'sorry');
select leadgen.debit_buyer(testkit.buyer('Ace'), 5, 'key-2', 'a fee');
select is(testkit.bill('2026-12-07 06:00+00'), 'INV-2026-00001 partly_paid 135.00+11.13 open 75.77, '
  'INV-2026-00002 sent 45.00+3.71 open 48.71, INV-2026-00003 sent 5.00+0.41 open 5.41, '
  'CN-2026-00001 paid 45.00+3.71 open 0, CN-2026-00002 paid 20.00+1.65 open 0',
  'a debit is on an invoice, a credit on a credit note, and lowers the oldest open invoice');
select is(b.receivable, 129.89, 'what is owed is what is open') from leadgen.buyers b where b.name = 'Ace';

-- A payment, whoever booked it.
select is(roads.settle_payments(), null, 'nobody paid anything that no invoice has');
select billing.post('deposit', 'bank-1', 'USD', array[('cash', null, null, 'bank_transfer', 80)::billing.entry,
  ('buyer_receivable', testkit.buyer('Ace'), null, null, -80)::billing.entry], leadgen.clock());
select is(roads.settle_payments(), testkit.buyer('Ace'), 'a payment is found');
select is(testkit.tell_invoices(), 'INV-2026-00001 paid 135.00+11.13 open 0.00, '
  'INV-2026-00002 partly_paid 45.00+3.71 open 44.48, INV-2026-00003 sent 5.00+0.41 open 5.41, '
  'CN-2026-00001 paid 45.00+3.71 open 0, CN-2026-00002 paid 20.00+1.65 open 0', 'it pays the oldest invoice, and then the next');
select is(roads.settle_payments(), null, 'nothing is left after that');

-- Drafts.
update leadgen.billing_settings set sends_at_once = false;
select testkit.sell_leads(id, 1) from o;
select matches(testkit.bill('2026-12-14 06:00+00'), 'DRAFT draft 45.00[+]3.71 open 48.71$', 'a draft waits until it is sent');
select testkit.sell_leads(id, 1) from o;
select matches(testkit.bill('2026-12-21 06:00+00'), 'DRAFT draft 90.00[+]7.42 open 97.42$', 'a draft goes on collecting lines');
select is(leadgen.send_invoice(i.invoice_number), 'INV-2026-00004', 'it gets its number when it is sent')
from leadgen.invoices i where i.status = 'draft';

-- Words.
select is(testkit.fault_of(format('update leadgen.buyers set %s = %L', field, 'never')), format('LG423 %s', field),
  format('a word for %s', field))
from unnest('{billing_cycle,invoices_by}'::text[]) field;

-- A threshold.
update leadgen.billing_settings set sends_at_once = true;
update leadgen.offers f set invoice_threshold = 90 from o where f.id = o.id;
select testkit.sell_leads(id, 1) from o;
select unalike(testkit.bill('2026-12-22 06:00+00'), '%INV-2026-00005%', 'below the threshold nothing is billed');
select testkit.sell_leads(id, 1) from o;
select matches(testkit.bill('2026-12-22 07:00+00'), 'INV-2026-00005 sent 90.00[+]7.42 open 97.42, CN', 'at the threshold it is');
select is(count(*), 0::bigint, 'the invariants hold') from leadgen.list_broken_invariants();

select * from finish();
rollback;
