-- Road: a buyer's person opens a page of the portal. But for the statement these run as leadgen_reader: row-level
-- security leaves them the rows of the buyer for whom identity.admit_buyer lets the transaction act.

create or replace function roads.show_portal_visitor(p_token_hash text)
returns jsonb
language plpgsql
volatile
as $$
begin
  return jsonb_build_object('me', identity.admit_buyer(p_token_hash));
end;
$$;
comment on function roads.show_portal_visitor(text) is 'The work of leadgen.show_portal_visitor.';

create or replace function roads.show_portal_week(p_token_hash text)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_me constant jsonb := identity.admit_buyer(p_token_hash);
  v_buyer_id constant bigint := v_me ->> 'buyer_id';
begin
  return jsonb_build_object('me', v_me, 'money', billing.describe_balance(v_buyer_id),
    'funds', billing.describe_funds(leadgen.clock()))
    || portal.describe_week(v_buyer_id, leadgen.clock());
end;
$$;
comment on function roads.show_portal_week(text) is 'The work of leadgen.show_portal_week.';

create or replace function roads.list_portal_sales(p_token_hash text, p_before bigint)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_me constant jsonb := identity.admit_buyer(p_token_hash);
begin
  return jsonb_build_object('me', v_me) || portal.list_sales((v_me ->> 'buyer_id')::bigint, p_before, leadgen.clock());
end;
$$;
comment on function roads.list_portal_sales(text, bigint) is 'The work of leadgen.list_portal_sales.';

create or replace function roads.show_portal_sale(p_token_hash text, p_sale_id bigint)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_me constant jsonb := identity.admit_buyer(p_token_hash);
begin
  return jsonb_build_object('me', v_me) || portal.show_sale((v_me ->> 'buyer_id')::bigint, p_sale_id, leadgen.clock());
end;
$$;
comment on function roads.show_portal_sale(text, bigint) is 'The work of leadgen.show_portal_sale.';

create or replace function roads.list_portal_terms(p_token_hash text)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_me constant jsonb := identity.admit_buyer(p_token_hash);
begin
  return jsonb_build_object('me', v_me, 'enrollments',
    portal.list_enrollments((v_me ->> 'buyer_id')::bigint, leadgen.clock()));
end;
$$;
comment on function roads.list_portal_terms(text) is 'The work of leadgen.list_portal_terms.';

create or replace function roads.list_portal_endpoints(p_token_hash text)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_me constant jsonb := identity.admit_buyer(p_token_hash);
begin
  return jsonb_build_object('me', v_me) || portal.list_endpoints((v_me ->> 'buyer_id')::bigint, leadgen.clock());
end;
$$;
comment on function roads.list_portal_endpoints(text) is 'The work of leadgen.list_portal_endpoints.';

create or replace function roads.show_portal_money(p_token_hash text, p_before bigint)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_me constant jsonb := identity.admit_buyer(p_token_hash);
  v_buyer_id constant bigint := v_me ->> 'buyer_id';
begin
  return jsonb_build_object('me', v_me, 'money', billing.describe_balance(v_buyer_id),
    'funds', billing.describe_funds(leadgen.clock()))
    || billing.list_entries(v_buyer_id, p_before, 50);
end;
$$;
comment on function roads.show_portal_money(text, bigint) is 'The work of leadgen.show_portal_money.';

create or replace function roads.show_portal_payment(p_token_hash text, p_payment_id bigint)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_me constant jsonb := identity.admit_buyer(p_token_hash);
begin
  return jsonb_build_object('me', v_me, 'payment',
    billing.describe_own_payment((v_me ->> 'buyer_id')::bigint, p_payment_id));
end;
$$;
comment on function roads.show_portal_payment(text, bigint) is 'The work of leadgen.show_portal_payment.';

create or replace function roads.list_portal_invoices(p_token_hash text, p_before bigint)
returns jsonb
language plpgsql
volatile
as $$
-- A draft was not sent, and is not shown.
declare
  v_me constant jsonb := identity.admit_buyer(p_token_hash);
begin
  return jsonb_build_object('me', v_me) || (
    select jsonb_build_object(
      'invoices', coalesce(
        jsonb_agg(l.invoice order by l.id desc) filter (where l.invoice ->> 'issued_on' is not null), '[]'),
      'next', case when count(*) = 50 then min(l.id) end)
    from billing.list_invoices((v_me ->> 'buyer_id')::bigint, null, p_before, 50) l);
end;
$$;
comment on function roads.list_portal_invoices(text, bigint) is 'The work of leadgen.list_portal_invoices.';

create or replace function roads.show_portal_invoice(p_token_hash text, p_number text)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_me constant jsonb := identity.admit_buyer(p_token_hash);
begin
  return jsonb_build_object('me', v_me, 'invoice',
    roads.describe_own_invoice((v_me ->> 'buyer_id')::bigint, p_number));
end;
$$;
comment on function roads.show_portal_invoice(text, text) is 'The work of leadgen.show_portal_invoice.';

create or replace function roads.make_portal_statement(p_token_hash text, p_from date, p_to date)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_me constant jsonb := identity.admit_buyer(p_token_hash);
begin
  return jsonb_build_object('me', v_me, 'statement',
    billing.make_statement((v_me ->> 'buyer_id')::bigint, p_from, p_to));
end;
$$;
comment on function roads.make_portal_statement(text, date, date) is 'The work of leadgen.make_portal_statement.';
