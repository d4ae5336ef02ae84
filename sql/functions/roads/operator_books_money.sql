-- Road: an operator who is signed in books, sends, credits and pays on the pages. Each admits its user by the right
-- money, with a reason, does what the function of the same name does for a command, and is an event with the user.
-- What gives money away takes a sign-in of the last 15 minutes.

create or replace function roads.send_invoice_by(p_token_hash text, p_number text, p_reason text)
returns text
language plpgsql
volatile
as $$
declare
  v_user constant leadgen.users := identity.admit_for(p_token_hash, 'money', p_reason);
  v_buyer_id constant bigint := billing.find_buyer_of_invoice(p_number);
  v_number constant text := roads.send_invoice(p_number);
begin
  perform roads.note_money(roads.name_user(v_user), 'sent', v_number, v_buyer_id);
  return v_number;
end;
$$;
comment on function roads.send_invoice_by(text, text, text) is 'The work of leadgen.send_invoice_by.';

create or replace function roads.cancel_invoice_by(p_token_hash text, p_number text, p_reason text)
returns text[]
language plpgsql
volatile
as $$
declare
  v_user constant leadgen.users := identity.admit_afresh(p_token_hash, 'money', p_reason);
  v_numbers constant text[] := roads.cancel_invoice(p_number, p_reason);
  v_buyer_id constant bigint := billing.find_buyer_of_invoice(p_number);
begin
  perform roads.note_money(roads.name_user(v_user), 'cancelled', p_number, v_buyer_id);
  perform roads.tell_documents(roads.name_user(v_user), 'credited', v_numbers, v_buyer_id);
  return v_numbers;
end;
$$;
comment on function roads.cancel_invoice_by(text, text, text) is 'The work of leadgen.cancel_invoice_by.';

create or replace function roads.credit_invoice_by(
  p_token_hash text,
  p_number text,
  p_line integer,
  p_amount numeric,
  p_key text,
  p_reason text
)
returns text[]
language plpgsql
volatile
as $$
declare
  v_user constant leadgen.users := identity.admit_afresh(p_token_hash, 'money', p_reason);
  v_numbers constant text[] := roads.credit_invoice(p_number, p_reason, p_line, p_amount,
    case when p_amount is not null then p_key end);
begin
  perform roads.tell_documents(roads.name_user(v_user), 'credited', v_numbers, billing.find_buyer_of_invoice(p_number));
  return v_numbers;
end;
$$;
comment on function roads.credit_invoice_by(text, text, integer, numeric, text, text) is
  'The work of leadgen.credit_invoice_by.';

create or replace function roads.dispute_invoice_by(p_token_hash text, p_number text, p_reason text)
returns void
language plpgsql
volatile
as $$
declare
  v_user constant leadgen.users := identity.admit_for(p_token_hash, 'money', p_reason);
begin
  perform billing.dispute_invoice(p_number, p_reason);
  perform roads.tell_invoice(roads.name_user(v_user), 'dispute', p_number);
end;
$$;
comment on function roads.dispute_invoice_by(text, text, text) is 'The work of leadgen.dispute_invoice_by.';

create or replace function roads.resolve_dispute_by(p_token_hash text, p_number text, p_reason text)
returns void
language plpgsql
volatile
as $$
declare
  v_user constant leadgen.users := identity.admit_for(p_token_hash, 'money', p_reason);
begin
  perform billing.resolve_dispute(p_number, p_reason);
  perform roads.tell_invoice(roads.name_user(v_user), 'end of the dispute', p_number);
end;
$$;
comment on function roads.resolve_dispute_by(text, text, text) is 'The work of leadgen.resolve_dispute_by.';

create or replace function roads.allocate_money_by(p_token_hash text, p_number text, p_reason text)
returns numeric
language plpgsql
volatile
as $$
declare
  v_user constant leadgen.users := identity.admit_for(p_token_hash, 'money', p_reason);
  v_left constant numeric := billing.allocate_money(p_number);
begin
  perform roads.tell_invoice(roads.name_user(v_user), 'allocation', p_number);
  return v_left;
end;
$$;
comment on function roads.allocate_money_by(text, text, text) is 'The work of leadgen.allocate_money_by.';

create or replace function roads.add_payment_by(
  p_token_hash text,
  p_buyer_id bigint,
  p_amount numeric,
  p_method text,
  p_number text,
  p_key text,
  p_reason text
)
returns bigint
language plpgsql
volatile
as $$
declare
  v_user constant leadgen.users := identity.admit_for(p_token_hash, 'money', p_reason);
  v_id constant bigint := billing.add_payment(p_buyer_id, p_amount, billing.read_method(p_method), p_key, p_reason,
    billing.find_invoice_of(p_buyer_id, p_number));
begin
  perform roads.note_money(roads.name_user(v_user), 'payment', v_id::text, p_buyer_id);
  return v_id;
end;
$$;
comment on function roads.add_payment_by(text, bigint, numeric, text, text, text, text) is
  'The work of leadgen.add_payment_by.';

create or replace function roads.refund_payment_by(
  p_token_hash text,
  p_payment_id bigint,
  p_amount numeric,
  p_key text,
  p_reason text
)
returns bigint
language plpgsql
volatile
as $$
declare
  v_user constant leadgen.users := identity.admit_afresh(p_token_hash, 'money', p_reason);
  v_id constant bigint := billing.refund_payment(p_payment_id, p_amount, p_key, p_reason);
begin
  perform roads.note_money(roads.name_user(v_user), 'refund of payment', format('%s (%s)', p_payment_id, v_id),
    billing.find_buyer_of_payment(p_payment_id));
  return v_id;
end;
$$;
comment on function roads.refund_payment_by(text, bigint, numeric, text, text) is
  'The work of leadgen.refund_payment_by.';

create or replace function roads.adjust_buyer_by(
  p_token_hash text,
  p_kind text,
  p_buyer_id bigint,
  p_amount numeric,
  p_key text,
  p_reason text
)
returns bigint
language plpgsql
volatile
as $$
declare
  v_user constant leadgen.users := identity.admit_afresh(p_token_hash, 'money', p_reason);
  v_id bigint;
begin
  if (p_kind in ('credit', 'debit', 'write_off')) is not true then
    perform kernel.refuse('LG400', 'There is no such booking', 'kind', coalesce(left(p_kind, 50), 'nothing'),
      'credit, debit, write_off');
  end if;
  v_id := case p_kind
    when 'credit' then billing.credit(p_buyer_id, p_amount, p_key, p_reason)
    when 'debit' then billing.debit(p_buyer_id, p_amount, p_key, p_reason)
    else billing.write_off(p_buyer_id, p_amount, p_key, p_reason) end;
  perform roads.note_money(roads.name_user(v_user), p_kind, v_id::text, p_buyer_id);
  return v_id;
end;
$$;
comment on function roads.adjust_buyer_by(text, text, bigint, numeric, text, text) is
  'The work of leadgen.adjust_buyer_by.';

create or replace function roads.match_bank_line_by(
  p_token_hash text,
  p_line_id bigint,
  p_buyer_id bigint,
  p_number text,
  p_reason text
)
returns bigint
language plpgsql
volatile
as $$
declare
  v_user constant leadgen.users := identity.admit_for(p_token_hash, 'money', p_reason);
  v_id constant bigint := billing.match_by_hand(p_line_id, p_buyer_id, billing.find_invoice_of(p_buyer_id, p_number),
    roads.name_user(v_user));
begin
  perform roads.note_money(roads.name_user(v_user), 'bank line', p_line_id::text, p_buyer_id);
  return v_id;
end;
$$;
comment on function roads.match_bank_line_by(text, bigint, bigint, text, text) is
  'The work of leadgen.match_bank_line_by.';

create or replace function roads.ignore_bank_line_by(p_token_hash text, p_line_id bigint, p_reason text)
returns void
language plpgsql
volatile
as $$
declare
  v_user constant leadgen.users := identity.admit_for(p_token_hash, 'money', p_reason);
begin
  perform billing.ignore_line(p_line_id, p_reason, roads.name_user(v_user));
  perform catalog.note_action('money_moved', format('ignored bank line %s', p_line_id), null,
    format('operator %s: ignored bank line %s: %s', roads.name_user(v_user), p_line_id, ref.collapse_space(p_reason)),
    jsonb_build_object('operator', roads.name_user(v_user), 'reason', ref.collapse_space(p_reason)));
end;
$$;
comment on function roads.ignore_bank_line_by(text, bigint, text) is 'The work of leadgen.ignore_bank_line_by.';

create or replace function roads.pay_source_by(
  p_token_hash text,
  p_source_id bigint,
  p_amount numeric,
  p_until date,
  p_method text,
  p_key text,
  p_reason text
)
returns bigint
language plpgsql
volatile
as $$
declare
  v_user constant leadgen.users := identity.admit_afresh(p_token_hash, 'money', p_reason);
  v_id constant bigint := billing.pay_source(p_source_id, p_key, p_amount,
    p_until::timestamp at time zone console.find_source_zone(p_source_id), p_reason,
    billing.read_method(p_method)::text, null);
begin
  perform roads.note_money(roads.name_user(v_user), 'payout', v_id::text, null);
  return v_id;
end;
$$;
comment on function roads.pay_source_by(text, bigint, numeric, date, text, text, text) is
  'The work of leadgen.pay_source_by.';
