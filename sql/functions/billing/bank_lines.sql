-- Bank statements: what came into an account, matched to buyers by what the payer wrote.
--
-- A buyer's reference is LG, its id and two check digits (ISO 7064, MOD 97-10, as in an IBAN): LG-777 is buyer 7. A
-- line whose text names one buyer, by its reference or by the number of an invoice, is booked at once. Any other line
-- waits for a person: a wrong guess would give one buyer another's money.

create or replace function billing.make_reference(p_buyer_id bigint)
returns text
language plpgsql
immutable strict
as $$
begin
  return format('LG-%s%s', p_buyer_id, lpad((98 - p_buyer_id::numeric * 100 % 97)::text, 2, '0'));
end;
$$;
comment on function billing.make_reference(bigint) is
  'What a buyer writes on a transfer: LG, its id, two check digits.';

create or replace function billing.find_referred(p_text text)
returns bigint[]
language plpgsql
stable
as $$
begin
  return coalesce((
    select array_agg(distinct b.id)
    from regexp_matches(upper(p_text), E'\\mLG[- ]*([0-9]{3,20})\\M', 'g') m
    join leadgen.buyers b on b.id::text = left(m[1], -2)
    where m[1]::numeric % 97 = 1), '{}');
end;
$$;
comment on function billing.find_referred(text) is 'The buyers whose references stand in a text, check digits and all.';

create or replace function billing.find_invoiced(p_text text)
returns leadgen.invoices[]
language plpgsql
stable
as $$
-- Each part of the text that stands by itself, up to the length of a number, is looked up by the index: so it does not
-- matter how many invoices are unpaid.
declare
  v_text constant text := format(' %s ', upper(p_text));
  v_first integer[];
  v_last integer[];
begin
  select array_agg(n + 1) filter (where substr(v_text, n, 1) !~ '[A-Z0-9]'),
    array_agg(n - 1) filter (where substr(v_text, n, 1) !~ '[A-Z0-9]')
  into v_first, v_last
  from generate_series(1, length(v_text)) n;
  return coalesce((
    select array_agg(i order by i.id)
    from leadgen.invoices i
    where i.status not in ('draft', 'paid', 'cancelled')
      and upper(i.invoice_number) = any (array(
        select distinct substr(v_text, f, l - f + 1)
        from unnest(v_first) f
        join unnest(v_last) l on l between f and f + 49))), '{}');
end;
$$;
comment on function billing.find_invoiced(text) is 'The unpaid invoices whose numbers stand in a text.';

create or replace function billing.find_named(p_text text)
returns bigint[]
language plpgsql
stable
as $$
begin
  return array(
    select unnest(billing.find_referred(p_text))
    union
    select i.buyer_id from unnest(billing.find_invoiced(p_text)) i);
end;
$$;
comment on function billing.find_named(text) is 'The buyers that a text names, by reference or by unpaid invoice.';

create or replace function billing.import_lines(p_lines jsonb)
returns table (line_key text, status text, found text, buyer_id bigint, is_new boolean)
language plpgsql
volatile
as $$
-- One import at a time, and the buyers of all of its lines at once: whoever holds a buyer waits for nobody.
declare
  v_line jsonb;
  v_id bigint;
begin
  lock table leadgen.bank_lines in share row exclusive mode;
  perform billing.lock_buyers(array(
    select r.buyer_id
    from jsonb_array_elements(p_lines) l
    cross join lateral unnest(billing.find_named(l.value ->> 'reference')) as r (buyer_id)), true);
  for v_line in select l.value from jsonb_array_elements(p_lines) l loop
    perform billing.check_line_amount(v_line -> 'amount');
    insert into leadgen.bank_lines as b (
      imported_at, line_key, account, booked_on, amount, currency, reference, payer
    )
    values (leadgen.clock(), v_line ->> 'line_key', v_line ->> 'account', (v_line ->> 'booked_on')::date,
      (v_line ->> 'amount')::numeric, v_line ->> 'currency', v_line ->> 'reference', v_line ->> 'payer')
    on conflict on constraint bank_lines_line_key_unique do nothing
    returning b.id into v_id;
    if v_id is not null then
      perform billing.match_line(v_id);
    end if;
    return query
    select b.line_key, b.status, b.found, b.buyer_id, v_id is not null
    from leadgen.bank_lines b
    where b.line_key = v_line ->> 'line_key';
  end loop;
end;
$$;
comment on function billing.import_lines(jsonb) is 'The work of leadgen.import_bank_lines.';

create or replace function billing.check_line_amount(p_amount jsonb)
returns void
language plpgsql
immutable
as $$
begin
  if (kernel.read_number(p_amount) between 0.01 and 99999999.99) is not true then
    perform kernel.refuse('LG400', 'The amount of a bank line cannot be taken', 'amount',
      coalesce(left(p_amount #>> '{}', 50), 'nothing'), 'an amount above 0 and below 100000000');
  end if;
end;
$$;
comment on function billing.check_line_amount(jsonb) is 'LG400 for what cannot be the amount of a line of a bank.';

create or replace function billing.match_line(p_id bigint)
returns void
language plpgsql
volatile
as $$
-- Everything that the text names has to be one buyer's, who pays in the line's currency.
declare
  v_line leadgen.bank_lines;
  v_invoices leadgen.invoices[];
  v_buyers bigint[];
  v_fault text;
begin
  select b.* into v_line from leadgen.bank_lines b where b.id = p_id for no key update;
  v_invoices := billing.find_invoiced(v_line.reference);
  v_buyers := billing.find_named(v_line.reference);
  v_fault := case
    when cardinality(v_buyers) = 0 then 'names no buyer and no unpaid invoice'
    when cardinality(v_buyers) > 1 then 'names several buyers: ' || array_to_string(v_buyers, ', ')
    when not exists (
      select from leadgen.buyers b where b.id = v_buyers[1] and b.currency = v_line.currency)
      then format('buyer %s does not pay in %s', v_buyers[1], v_line.currency)
  end;
  if v_fault is not null then
    update leadgen.bank_lines b set found = v_fault where b.id = p_id;
    return;
  end if;
  perform billing.book_line(v_line, v_buyers[1],
    case cardinality(v_invoices) when 1 then v_invoices[1].id end,
    case when cardinality(v_invoices) > 0 then 'invoice' else 'reference' end, null);
end;
$$;
comment on function billing.match_line(bigint) is
  'Books a line of a bank''s statement where its text names one buyer; else it waits, and says why.';

create or replace function billing.book_line(
  p_line leadgen.bank_lines,
  p_buyer_id bigint,
  p_invoice_id bigint,
  p_found text,
  p_decided_by text
)
returns bigint
language plpgsql
volatile
as $$
declare
  v_payment_id bigint;
begin
  v_payment_id := billing.book_payment(
    p_buyer_id, p_line.amount, 'bank_transfer', 'bank_line:' || p_line.id, left(p_line.reference, 500), p_invoice_id);
  update leadgen.bank_lines b
  set status = 'matched', found = p_found, buyer_id = p_buyer_id, payment_id = v_payment_id, decided_by = p_decided_by
  where b.id = p_line.id;
  return v_payment_id;
end;
$$;
comment on function billing.book_line(leadgen.bank_lines, bigint, bigint, text, text) is
  'Books a line as a buyer''s payment: the id of the payment. The caller holds the line.';

create or replace function billing.decide_line(
  p_id bigint,
  p_buyer_id bigint,
  p_invoice_id bigint,
  p_reason text,
  p_by text
)
returns bigint
language plpgsql
volatile
as $$
declare
  v_line leadgen.bank_lines;
begin
  select b.* into v_line from leadgen.bank_lines b where b.id = p_id for no key update;
  if not found then
    perform kernel.refuse('LG404', 'There is no such line', 'line_id', p_id::text,
      'the id of a line that was imported');
  elsif v_line.status = 'matched' and v_line.buyer_id = p_buyer_id then
    return v_line.payment_id;
  elsif v_line.status = 'matched' then
    perform kernel.refuse('LG409', format('Line %s is booked already', p_id), 'line_id',
      format('payment %s of buyer %s', v_line.payment_id, v_line.buyer_id), 'a line that waits or was ignored',
      format('leadgen money payments refund %s gives it back.', v_line.payment_id));
  elsif p_buyer_id is not null then
    if billing.find_currency(p_buyer_id) <> v_line.currency then
      perform kernel.refuse('LG409', format('Buyer %s pays in another currency', p_buyer_id), 'currency',
        v_line.currency::text, billing.find_currency(p_buyer_id));
    end if;
    return billing.book_line(v_line, p_buyer_id, p_invoice_id, 'by hand', p_by);
  end if;
  update leadgen.bank_lines b
  set status = 'ignored', found = billing.read_reason(p_reason), decided_by = p_by
  where b.id = p_id;
  return null;
end;
$$;
comment on function billing.decide_line(bigint, bigint, bigint, text, text) is
  'Books a line for a buyer; without one it is no payment, with a reason.';

create or replace function billing.match_by_hand(
  p_id bigint,
  p_buyer_id bigint,
  p_invoice_id bigint,
  p_by text default session_user
)
returns bigint
language plpgsql
volatile
as $$
begin
  perform billing.find_currency(p_buyer_id);
  return billing.decide_line(p_id, p_buyer_id, p_invoice_id, null, p_by);
end;
$$;
comment on function billing.match_by_hand(bigint, bigint, bigint, text) is 'The work of leadgen.match_bank_line.';

create or replace function billing.ignore_line(p_id bigint, p_reason text, p_by text default session_user)
returns void
language plpgsql
volatile
as $$
begin
  perform billing.decide_line(p_id, null, null, p_reason, p_by);
end;
$$;
comment on function billing.ignore_line(bigint, text, text) is 'The work of leadgen.ignore_bank_line.';
