-- Road: an operator reads the books over HTTP, by a key.

create or replace function roads.list_balances_for(p_key_hash text, p_after bigint, p_limit integer)
returns jsonb
language plpgsql
stable
as $$
begin
  perform identity.authorize_operator(p_key_hash, 'read');
  return billing.list_balances(p_after, p_limit);
end;
$$;
comment on function roads.list_balances_for(text, bigint, integer) is 'The work of leadgen.list_balances_for.';

create or replace function roads.show_balance_for(p_key_hash text, p_buyer_id bigint)
returns jsonb
language plpgsql
stable
as $$
begin
  perform identity.authorize_operator(p_key_hash, 'read');
  perform billing.check_buyer(p_buyer_id);
  return billing.describe_balance(p_buyer_id);
end;
$$;
comment on function roads.show_balance_for(text, bigint) is 'The work of leadgen.show_balance_for.';

create or replace function roads.list_ledger_for(p_key_hash text, p_buyer_id bigint, p_before bigint, p_limit integer)
returns jsonb
language plpgsql
stable
as $$
begin
  perform identity.authorize_operator(p_key_hash, 'read');
  perform billing.check_buyer(p_buyer_id);
  return billing.list_entries(p_buyer_id, p_before, p_limit);
end;
$$;
comment on function roads.list_ledger_for(text, bigint, bigint, integer) is 'The work of leadgen.list_ledger_for.';

create or replace function roads.make_statement_for(p_key_hash text, p_buyer_id bigint, p_from date, p_to date)
returns jsonb
language plpgsql
stable
as $$
begin
  perform identity.authorize_operator(p_key_hash, 'read');
  return billing.make_statement(p_buyer_id, p_from, p_to);
end;
$$;
comment on function roads.make_statement_for(text, bigint, date, date) is 'The work of leadgen.make_statement_for.';

create or replace function roads.list_invoices_for(
  p_key_hash text,
  p_buyer_id bigint,
  p_status text,
  p_before_id bigint,
  p_limit integer
)
returns jsonb
language plpgsql
stable
as $$
begin
  perform identity.authorize_operator(p_key_hash, 'read');
  return (
    select jsonb_build_object('invoices', coalesce(jsonb_agg(l.invoice order by l.id desc), '[]'),
      'next_before', case when count(*) = p_limit then min(l.id) end)
    from billing.list_invoices(p_buyer_id, p_status, p_before_id, p_limit) l);
end;
$$;
comment on function roads.list_invoices_for(text, bigint, text, bigint, integer) is
  'The work of leadgen.list_invoices_for.';

create or replace function roads.show_invoice_for(p_key_hash text, p_number text)
returns jsonb
language plpgsql
stable
as $$
begin
  perform identity.authorize_operator(p_key_hash, 'read');
  return billing.describe_invoice(p_number);
end;
$$;
comment on function roads.show_invoice_for(text, text) is 'The work of leadgen.show_invoice_for.';

create or replace function roads.list_payments_for(
  p_key_hash text,
  p_buyer_id bigint,
  p_status text,
  p_before_id bigint,
  p_limit integer
)
returns jsonb
language plpgsql
stable
as $$
begin
  perform identity.authorize_operator(p_key_hash, 'read');
  return billing.list_payments(p_buyer_id, p_status, p_before_id, p_limit);
end;
$$;
comment on function roads.list_payments_for(text, bigint, text, bigint, integer) is
  'The work of leadgen.list_payments_for.';

create or replace function roads.list_payables_for(p_key_hash text)
returns jsonb
language plpgsql
stable
as $$
begin
  perform identity.authorize_operator(p_key_hash, 'read');
  return billing.list_payables();
end;
$$;
comment on function roads.list_payables_for(text) is 'The work of leadgen.list_payables_for.';

create or replace function roads.list_payouts_for(
  p_key_hash text,
  p_source_id bigint,
  p_before_id bigint,
  p_limit integer
)
returns jsonb
language plpgsql
stable
as $$
begin
  perform identity.authorize_operator(p_key_hash, 'read');
  return billing.list_payouts(p_source_id, p_before_id, p_limit);
end;
$$;
comment on function roads.list_payouts_for(text, bigint, bigint, integer) is 'The work of leadgen.list_payouts_for.';
