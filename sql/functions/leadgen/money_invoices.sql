-- Facade of billing: invoices, credit notes, statements, months that are closed.
-- Each is a door: it checks nothing itself, runs with the owner's rights, and calls the function that does the work.

create or replace function leadgen.list_due_buyers(p_until timestamptz)
returns setof bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query
  select b.* from roads.list_due_buyers(p_until) b;
end;
$$;
comment on function leadgen.list_due_buyers(timestamptz) is
  'The buyers that are to be billed by a time: their period has ended, or an offer''s invoice_threshold is '
  'reached. Bill each by leadgen.invoice_buyer, in a transaction of its own.';

create or replace function leadgen.invoice_buyer(
  p_buyer_id bigint,
  p_until timestamptz default null,
  p_early boolean default false
)
returns text[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.invoice_buyer(p_buyer_id, p_until, p_early);
end;
$$;
comment on function leadgen.invoice_buyer(bigint, timestamptz, boolean) is
  'Bills a buyer for every period that has ended by a time (null: now), and with p_early for what is unbilled of '
  'the one that is open: the numbers of its invoices and credit notes, of drafts where they are not sent at once '
  '(billing_settings). LG400 for a time to come, LG404 without such a buyer.';

create or replace function leadgen.send_invoice(p_number text)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.send_invoice(p_number);
end;
$$;
comment on function leadgen.send_invoice(text) is
  'Sends a draft: its number. It is frozen from then on, its tax is booked, and its buyer gets it by e-mail. '
  'LG404 without such a draft, LG409 when it was sent before or billing_settings name no company.';

create or replace function leadgen.credit_invoice(
  p_number text,
  p_reason text,
  p_position integer default null,
  p_amount numeric default null,
  p_key text default null
)
returns text[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.credit_invoice(p_number, p_reason, p_position, p_amount, p_key);
end;
$$;
comment on function leadgen.credit_invoice(text, text, integer, numeric, text) is
  'Gives back what is left of an invoice that was sent, or of one line, or a part of one line, and sends the '
  'credit notes: their numbers; none when nothing is left. A part needs p_key, 3 to 200 characters: sent again it '
  'gives nothing twice. LG404 without such an invoice or line, LG409 for what cannot be credited.';

create or replace function leadgen.cancel_invoice(p_number text, p_reason text)
returns text[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.cancel_invoice(p_number, p_reason);
end;
$$;
comment on function leadgen.cancel_invoice(text, text) is
  'Cancels a draft, whose lines are unbilled again, or an open invoice, for all of which a credit note is sent: '
  'its numbers. LG409 for one that is paid.';

create or replace function leadgen.dispute_invoice(p_number text, p_reason text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform billing.dispute_invoice(p_number, p_reason);
end;
$$;
comment on function leadgen.dispute_invoice(text, text) is
  'A buyer disputes an open invoice: no reminder goes out until leadgen.resolve_dispute. LG404 without such an '
  'invoice, LG409 for one that is not open.';

create or replace function leadgen.resolve_dispute(p_number text, p_notes text default null)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform billing.resolve_dispute(p_number, p_notes);
end;
$$;
comment on function leadgen.resolve_dispute(text, text) is
  'The dispute of an invoice is over: it is to be paid, or was paid. Cancel or credit it where the buyer was '
  'right. LG409 for one that is not disputed.';

create or replace function leadgen.show_invoice(p_number text)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return billing.describe_invoice(p_number);
end;
$$;
comment on function leadgen.show_invoice(text) is
  'An invoice, credit note or draft with its lines, taxes, letterhead and address; no personal data of leads. '
  'LG404 when there is none.';

create or replace function leadgen.list_invoices(
  p_buyer_id bigint default null,
  p_status text default null,
  p_before_id bigint default null,
  p_limit integer default 100
)
returns table (id bigint, invoice jsonb)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query
  select * from billing.list_invoices(p_buyer_id, p_status, p_before_id, p_limit);
end;
$$;
comment on function leadgen.list_invoices(bigint, text, bigint, integer) is
  'Invoices, credit notes and drafts, the newest first; p_before_id: those that come after the last one of a '
  'page. LG400 for an unknown state.';

create or replace function leadgen.make_statement(p_buyer_id bigint, p_from date, p_to date)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return billing.make_statement(p_buyer_id, p_from, p_to);
end;
$$;
comment on function leadgen.make_statement(bigint, date, date) is
  'What a buyer owed before a day, each movement from then to another day, and what it owed after it; below zero: '
  'it has so much left in advance. Days of the zone of its first market. LG400 for a period that cannot be read, '
  'LG404 without such a buyer.';

create or replace function leadgen.show_own_invoice(p_key_hash text, p_number text)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.show_own_invoice(p_key_hash, p_number);
end;
$$;
comment on function leadgen.show_own_invoice(text, text) is
  'An invoice or credit note to the holder of its buyer''s key: see leadgen.show_invoice; drafts are not shown. '
  'LG401 without a key, LG404 for one that is not its own.';

create or replace function leadgen.list_own_invoices(
  p_key_hash text,
  p_status text default null,
  p_before_id bigint default null,
  p_limit integer default 100
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.list_own_invoices(p_key_hash, p_status, p_before_id, p_limit);
end;
$$;
comment on function leadgen.list_own_invoices(text, text, bigint, integer) is
  'The invoices and credit notes of the holder of a buyer''s key, the newest first: {invoices, next_before}; '
  'next_before: p_before_id of the next page, null: there is none. LG401 without a key.';

create or replace function leadgen.make_own_statement(p_key_hash text, p_from date, p_to date)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.make_own_statement(p_key_hash, p_from, p_to);
end;
$$;
comment on function leadgen.make_own_statement(text, date, date) is
  'The statement of the holder of a buyer''s key: see leadgen.make_statement. LG401 without a key.';

create or replace function leadgen.close_month(p_month text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform billing.close_month(p_month);
end;
$$;
comment on function leadgen.close_month(text) is
  'Closes a month of the books (2026-11, in billing_settings.timezone) and all before it: nothing is booked into '
  'it any more (LG409). leadgen.total_month sums it up. Closed again, it stays as it is. LG409 for a month that '
  'is not over, or that comes before a closed one.';

create or replace function leadgen.total_month(p_month text)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return billing.total_month(p_month);
end;
$$;
comment on function leadgen.total_month(text) is
  'Stores the totals of a closed month, by account and currency, which `leadgen verify money` proves: how many there '
  'are. Again it changes nothing. LG409 for a month that is not closed.';
