-- Road: an operator opens the books on a page of the console: admitted, and shown what it reads.

create or replace function roads.show_invoices_page(
  p_token_hash text,
  p_status text,
  p_buyer_id bigint,
  p_from date,
  p_to date,
  p_before bigint,
  p_is_late boolean
)
returns jsonb
language plpgsql
volatile
as $$
begin
  return roads.admit_reader(p_token_hash)
    || console.list_invoices(p_status, p_buyer_id, p_from, p_to, p_before, p_is_late)
    || jsonb_build_object('open', console.sum_open_invoices());
end;
$$;
comment on function roads.show_invoices_page(text, text, bigint, date, date, bigint, boolean) is
  'The work of leadgen.show_invoices_page.';

create or replace function roads.show_invoice_page(p_token_hash text, p_number text, p_after integer)
returns jsonb
language plpgsql
volatile
as $$
begin
  return roads.admit_reader(p_token_hash) || console.describe_invoice(p_number, p_after);
end;
$$;
comment on function roads.show_invoice_page(text, text, integer) is 'The work of leadgen.show_invoice_page.';

create or replace function roads.show_payments_page(
  p_token_hash text,
  p_status text,
  p_buyer_id bigint,
  p_before bigint
)
returns jsonb
language plpgsql
volatile
as $$
begin
  return roads.admit_reader(p_token_hash) || console.list_payments(p_status, p_buyer_id, p_before);
end;
$$;
comment on function roads.show_payments_page(text, text, bigint, bigint) is 'The work of leadgen.show_payments_page.';

create or replace function roads.show_payment_page(p_token_hash text, p_payment_id bigint)
returns jsonb
language plpgsql
volatile
as $$
begin
  return roads.admit_reader(p_token_hash) || console.describe_payment(p_payment_id);
end;
$$;
comment on function roads.show_payment_page(text, bigint) is 'The work of leadgen.show_payment_page.';

create or replace function roads.show_bank_page(p_token_hash text, p_status text, p_before bigint)
returns jsonb
language plpgsql
volatile
as $$
begin
  return roads.admit_reader(p_token_hash) || console.list_bank_lines(p_status, p_before);
end;
$$;
comment on function roads.show_bank_page(text, text, bigint) is 'The work of leadgen.show_bank_page.';

create or replace function roads.show_balances_page(p_token_hash text, p_after bigint)
returns jsonb
language plpgsql
volatile
as $$
begin
  return roads.admit_reader(p_token_hash) || billing.list_balances(p_after, 50);
end;
$$;
comment on function roads.show_balances_page(text, bigint) is 'The work of leadgen.show_balances_page.';

create or replace function roads.show_statement_page(
  p_token_hash text,
  p_buyer_id bigint,
  p_from date,
  p_to date,
  p_after integer
)
returns jsonb
language plpgsql
volatile
as $$
begin
  return roads.admit_reader(p_token_hash) || console.describe_statement(p_buyer_id, p_from, p_to, p_after);
end;
$$;
comment on function roads.show_statement_page(text, bigint, date, date, integer) is
  'The work of leadgen.show_statement_page.';

create or replace function roads.show_payouts_page(p_token_hash text, p_before bigint)
returns jsonb
language plpgsql
volatile
as $$
begin
  return roads.admit_reader(p_token_hash) || console.list_payouts(p_before);
end;
$$;
comment on function roads.show_payouts_page(text, bigint) is 'The work of leadgen.show_payouts_page.';

create or replace function roads.show_source_money_page(
  p_token_hash text,
  p_source_id bigint,
  p_from date,
  p_to date,
  p_after integer
)
returns jsonb
language plpgsql
volatile
as $$
begin
  return roads.admit_reader(p_token_hash) || console.describe_source_money(p_source_id, p_from, p_to, p_after);
end;
$$;
comment on function roads.show_source_money_page(text, bigint, date, date, integer) is
  'The work of leadgen.show_source_money_page.';

create or replace function roads.read_document(p_token_hash text, p_number text)
returns jsonb
language plpgsql
volatile
as $$
begin
  perform identity.admit_user(p_token_hash, 'read');
  return billing.describe_invoice(p_number);
end;
$$;
comment on function roads.read_document(text, text) is 'The work of leadgen.read_document.';

create or replace function roads.read_statement(p_token_hash text, p_buyer_id bigint, p_from date, p_to date)
returns jsonb
language plpgsql
volatile
as $$
begin
  perform identity.admit_user(p_token_hash, 'read');
  return billing.make_statement(p_buyer_id, p_from, p_to);
end;
$$;
comment on function roads.read_statement(text, bigint, date, date) is 'The work of leadgen.read_statement.';
