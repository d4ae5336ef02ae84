-- What can happen to money. Declared: a row that is not here is removed. A booking without a memo is described so on
-- the buyer's statement.
create temp table declared_kinds (like leadgen.ledger_kinds including defaults) on commit drop;

insert into declared_kinds (code, position, seed_type, description)
values
  ('opening', 10, 'deposit', 'What a buyer had or owed before the ledger'),
  ('deposit', 20, 'deposit', 'Paid in advance, booked without a payment: none since top-ups are payments'),
  ('withdrawal', 30, 'manual_debit', 'Paid back of what was paid in advance'),
  ('sale', 40, 'lead_purchase', 'A lead was sold'),
  ('acceptance', 50, null, 'A sale was accepted: what was reserved for it is earned'),
  ('return', 60, 'refund', 'A buyer returned a lead'),
  ('release', 70, 'refund', 'A sale ended without its buyer: it failed, lapsed or was erased'),
  ('refund', 80, 'refund', 'A lead was bad: its sale was given back by an operator'),
  ('credit', 90, 'manual_credit', 'An operator credited a buyer'),
  ('debit', 100, 'manual_debit', 'An operator debited a buyer'),
  ('payment', 110, 'deposit', 'Payment: of what was owed, and the rest in advance'),
  ('payment_refund', 140, 'manual_debit', 'A payment was paid back, in whole or in part'),
  ('chargeback', 150, 'manual_debit', 'A payment was disputed: the bank took the money back'),
  ('payment_fee', 160, null, 'What a payment provider keeps'),
  ('write_off', 170, 'manual_credit', 'What a buyer owes is given up'),
  ('invoice', 120, 'manual_debit', 'The tax of an invoice, or of a credit note'),
  ('settlement', 130, 'manual_debit', 'An invoice was paid from the balance'),
  ('cost', 200, null, 'A source is owed for a lead or a sale'),
  ('cost_reversal', 210, null, 'What a source was owed is owed no more: the sale ended, or its price was given back'),
  ('payout', 220, null, 'A source was paid');
update declared_kinds d set is_billed = true
where d.code in ('sale', 'return', 'release', 'refund', 'credit', 'debit');

delete from leadgen.ledger_kinds k where not exists (select from declared_kinds d where d.code = k.code);
insert into leadgen.ledger_kinds as k (code, position, seed_type, description, is_billed)
select d.code, d.position, d.seed_type, d.description, d.is_billed from declared_kinds d
on conflict (code) do update set
  position = excluded.position,
  seed_type = excluded.seed_type,
  description = excluded.description,
  is_billed = excluded.is_billed;
