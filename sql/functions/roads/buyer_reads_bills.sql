-- Road: a buyer reads what it is billed, by its key.

create or replace function roads.show_own_invoice(p_key_hash text, p_number text)
returns jsonb
language plpgsql
volatile
as $$
begin
  return roads.describe_own_invoice(identity.act_as_buyer(p_key_hash), p_number);
end;
$$;
comment on function roads.show_own_invoice(text, text) is 'The work of leadgen.show_own_invoice.';

create or replace function roads.describe_own_invoice(p_buyer_id bigint, p_number text)
returns jsonb
language plpgsql
stable
as $$
begin
  if not exists (
    select from leadgen.invoices i
    where i.invoice_number = p_number and i.buyer_id = p_buyer_id and i.number is not null) then
    perform kernel.refuse('LG404', 'There is no such invoice', 'number', left(p_number, 50),
      'the number of an invoice or credit note of yours');
  end if;
  return billing.describe_invoice(p_number);
end;
$$;
comment on function roads.describe_own_invoice(bigint, text) is
  'An invoice or credit note that was sent to this buyer, with its lines. LG404 for another.';

create or replace function roads.list_own_invoices(p_key_hash text, p_status text, p_before_id bigint, p_limit integer)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_buyer_id constant bigint := identity.act_as_buyer(p_key_hash);
begin
  return (
    select jsonb_build_object(
      'invoices', coalesce(
        jsonb_agg(l.invoice order by l.id desc) filter (where l.invoice ->> 'issued_on' is not null), '[]'),
      'next_before', case when count(*) = p_limit then min(l.id) end)
    from billing.list_invoices(v_buyer_id, p_status, p_before_id, p_limit) l);
end;
$$;
comment on function roads.list_own_invoices(text, text, bigint, integer) is 'The work of leadgen.list_own_invoices.';

create or replace function roads.make_own_statement(p_key_hash text, p_from date, p_to date)
returns jsonb
language plpgsql
stable
as $$
begin
  return billing.make_statement(identity.authenticate_buyer(p_key_hash, 'read'), p_from, p_to);
end;
$$;
comment on function roads.make_own_statement(text, date, date) is 'The work of leadgen.make_own_statement.';
