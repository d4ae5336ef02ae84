-- Road: an operator bills, sends, corrects and disputes over HTTP, by a key. It is an event, with the operator's name.

create or replace function roads.allocate_money_for(p_key_hash text, p_number text)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_operator constant text := identity.authorize_operator(p_key_hash, 'money');
begin
  perform billing.allocate_money(p_number);
  return roads.tell_invoice(v_operator, 'allocation', p_number);
end;
$$;
comment on function roads.allocate_money_for(text, text) is 'The work of leadgen.allocate_money_for.';

create or replace function roads.invoice_buyer_for(p_key_hash text, p_buyer_id bigint, p_early boolean)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_operator constant text := identity.authorize_operator(p_key_hash, 'money');
begin
  return roads.tell_documents(v_operator, 'bill', roads.invoice_buyer(p_buyer_id, null, p_early), p_buyer_id);
end;
$$;
comment on function roads.invoice_buyer_for(text, bigint, boolean) is 'The work of leadgen.invoice_buyer_for.';

create or replace function roads.send_invoice_for(p_key_hash text, p_number text)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_operator constant text := identity.authorize_operator(p_key_hash, 'money');
  v_buyer_id bigint;
begin
  v_buyer_id := billing.find_buyer_of_invoice(p_number);
  return roads.tell_documents(v_operator, 'sent', array[roads.send_invoice(p_number)], v_buyer_id);
end;
$$;
comment on function roads.send_invoice_for(text, text) is 'The work of leadgen.send_invoice_for.';

create or replace function roads.credit_invoice_for(
  p_key_hash text,
  p_number text,
  p_reason text,
  p_position integer,
  p_amount numeric,
  p_key text
)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_operator constant text := identity.authorize_operator(p_key_hash, 'money');
begin
  return roads.tell_documents(v_operator, 'credited', roads.credit_invoice(p_number, p_reason, p_position, p_amount,
    case when p_amount is not null then p_key end), billing.find_buyer_of_invoice(p_number));
end;
$$;
comment on function roads.credit_invoice_for(text, text, text, integer, numeric, text) is
  'The work of leadgen.credit_invoice_for.';

create or replace function roads.cancel_invoice_for(p_key_hash text, p_number text, p_reason text)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_operator constant text := identity.authorize_operator(p_key_hash, 'money');
  v_numbers text[];
begin
  v_numbers := roads.cancel_invoice(p_number, p_reason);
  perform roads.note_money(v_operator, 'cancelled', p_number, billing.find_buyer_of_invoice(p_number));
  return roads.tell_documents(v_operator, 'credited', v_numbers, billing.find_buyer_of_invoice(p_number));
end;
$$;
comment on function roads.cancel_invoice_for(text, text, text) is 'The work of leadgen.cancel_invoice_for.';

create or replace function roads.dispute_invoice_for(p_key_hash text, p_number text, p_reason text)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_operator constant text := identity.authorize_operator(p_key_hash, 'money');
begin
  perform billing.dispute_invoice(p_number, p_reason);
  return roads.tell_invoice(v_operator, 'dispute', p_number);
end;
$$;
comment on function roads.dispute_invoice_for(text, text, text) is 'The work of leadgen.dispute_invoice_for.';

create or replace function roads.resolve_dispute_for(p_key_hash text, p_number text, p_notes text)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_operator constant text := identity.authorize_operator(p_key_hash, 'money');
begin
  perform billing.resolve_dispute(p_number, p_notes);
  return roads.tell_invoice(v_operator, 'end of the dispute', p_number);
end;
$$;
comment on function roads.resolve_dispute_for(text, text, text) is 'The work of leadgen.resolve_dispute_for.';

create or replace function roads.tell_documents(p_operator text, p_what text, p_numbers text[], p_buyer_id bigint)
returns jsonb
language plpgsql
volatile
as $$
begin
  perform roads.note_money(p_operator, p_what, n, p_buyer_id) from unnest(p_numbers) n;
  return jsonb_build_object('numbers', p_numbers);
end;
$$;
comment on function roads.tell_documents(text, text, text[], bigint) is
  'An operator made or sent documents of a buyer: each is noted; their numbers.';

create or replace function roads.tell_invoice(p_operator text, p_what text, p_number text)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_reason constant text := nullif(current_setting('leadgen.reason', true), '');
begin
  perform catalog.note_action('money_moved', format('%s: %s', p_what, p_number),
    billing.find_buyer_of_invoice(p_number),
    format('operator %s: %s of %s%s', p_operator, p_what, p_number, ': ' || v_reason),
    jsonb_strip_nulls(jsonb_build_object('operator', p_operator, 'reason', v_reason)));
  return billing.summarize_invoice(billing.find_invoice(p_number));
end;
$$;
comment on function roads.tell_invoice(text, text, text) is
  'An operator did something to an invoice, which may be done again: it is noted; the invoice.';
