-- Facade of the portal: what a buyer's person sees on its pages, by a session.
-- Each is a door: it checks nothing itself and calls the function that does the work. It runs as leadgen_reader
-- (sql/policies/reader.sql), but for the statement.

create or replace function leadgen.show_portal_visitor(p_token_hash text)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.show_portal_visitor(p_token_hash);
end;
$$;
comment on function leadgen.show_portal_visitor(text) is
  'Who is signed in to the portal: {me}. LG401, LG403 for who is of no buyer.';

create or replace function leadgen.show_portal_week(p_token_hash text)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.show_portal_week(p_token_hash);
end;
$$;
comment on function leadgen.show_portal_week(text) is
  'Why the buyer of a session got leads in seven days, or did not: for each enrollment its terms, how many '
  'leads it was '
  'judged for, how many it bought, and why it missed the others; and its money. LG401, LG403.';

create or replace function leadgen.list_portal_sales(p_token_hash text, p_before bigint default null)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.list_portal_sales(p_token_hash, p_before);
end;
$$;
comment on function leadgen.list_portal_sales(text, bigint) is
  'The sales to the buyer of a session, the latest first, 25 a page, with the contact of each that stands, or sealed '
  '(hex) for a program that can open it. LG401, LG403.';

create or replace function leadgen.show_portal_sale(p_token_hash text, p_sale_id bigint)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.show_portal_sale(p_token_hash, p_sale_id);
end;
$$;
comment on function leadgen.show_portal_sale(text, bigint) is
  'A sale to the buyer of a session, with its lead, returns and deliveries. LG401, LG403, LG404 for a sale that is not '
  'its own.';

create or replace function leadgen.list_portal_terms(p_token_hash text)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.list_portal_terms(p_token_hash);
end;
$$;
comment on function leadgen.list_portal_terms(text) is
  'The enrollments of the buyer of a session: price, limits and what is used of them, hours, pause, areas. '
  'LG401, LG403.';

create or replace function leadgen.list_portal_endpoints(p_token_hash text)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.list_portal_endpoints(p_token_hash);
end;
$$;
comment on function leadgen.list_portal_endpoints(text) is
  'The endpoints of the buyer of a session with their health, and the deliveries of its latest sales. LG401, LG403.';

create or replace function leadgen.show_portal_money(p_token_hash text, p_before bigint default null)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.show_portal_money(p_token_hash, p_before);
end;
$$;
comment on function leadgen.show_portal_money(text, bigint) is
  'The balance of the buyer of a session, how far it goes, its recharges, and what was booked, the latest first, 50 a '
  'page. LG401, LG403.';

create or replace function leadgen.show_portal_payment(p_token_hash text, p_payment_id bigint)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.show_portal_payment(p_token_hash, p_payment_id);
end;
$$;
comment on function leadgen.show_portal_payment(text, bigint) is
  'A payment of the buyer of a session, as leadgen.show_payment has it. LG401, LG403, LG404 for another''s.';

create or replace function leadgen.list_portal_invoices(p_token_hash text, p_before bigint default null)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.list_portal_invoices(p_token_hash, p_before);
end;
$$;
comment on function leadgen.list_portal_invoices(text, bigint) is
  'Invoices and credit notes that were sent to the buyer of a session, the newest first, 50 a page. LG401, LG403.';

create or replace function leadgen.show_portal_invoice(p_token_hash text, p_number text)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.show_portal_invoice(p_token_hash, p_number);
end;
$$;
comment on function leadgen.show_portal_invoice(text, text) is
  'An invoice or credit note that was sent to the buyer of a session, with its lines. LG401, LG403, LG404.';

create or replace function leadgen.make_portal_statement(p_token_hash text, p_from date, p_to date)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.make_portal_statement(p_token_hash, p_from, p_to);
end;
$$;
comment on function leadgen.make_portal_statement(text, date, date) is
  'What the buyer of a session owed before a day, what was booked until another, and what it owed then. LG400, LG401, '
  'LG403, LG409 for a buyer without a currency.';
