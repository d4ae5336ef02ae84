-- What people book by hand beside payments: money paid back, credits, debits, and sales of bad leads.

create or replace function billing.withdraw(
  p_buyer_id bigint,
  p_amount numeric,
  p_key text,
  p_memo text,
  p_provider text
)
returns bigint
language plpgsql
volatile
as $$
begin
  perform billing.check_amount(p_buyer_id, p_amount);
  perform billing.check_key(p_key);
  perform billing.check_provider(p_provider);
  return billing.post('withdrawal', p_key, billing.find_currency(p_buyer_id), array[
    ('buyer_prepaid', p_buyer_id, null, null, p_amount)::billing.entry,
    ('cash', null, null, p_provider, -p_amount)::billing.entry], leadgen.clock(), billing.read_memo(p_memo));
end;
$$;
comment on function billing.withdraw(bigint, numeric, text, text, text) is
  'What a buyer paid in advance is paid back to it, at most its balance (LG409): the id of the transaction.';

create or replace function billing.credit(p_buyer_id bigint, p_amount numeric, p_key text, p_reason text)
returns bigint
language plpgsql
volatile
as $$
begin
  return billing.adjust('credit', p_buyer_id, p_amount, p_key, p_reason);
end;
$$;
comment on function billing.credit(bigint, numeric, text, text) is 'The work of leadgen.credit_buyer.';

create or replace function billing.debit(p_buyer_id bigint, p_amount numeric, p_key text, p_reason text)
returns bigint
language plpgsql
volatile
as $$
begin
  return billing.adjust('debit', p_buyer_id, p_amount, p_key, p_reason);
end;
$$;
comment on function billing.debit(bigint, numeric, text, text) is 'The work of leadgen.debit_buyer.';

create or replace function billing.adjust(
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
-- A debit of an invoiced buyer keeps to its credit limit, as a sale does.
declare
  v_memo constant text := billing.read_reason(p_reason);
  v_sign constant integer := case p_kind when 'credit' then -1 else 1 end;
  v_buyer record;
begin
  perform billing.check_amount(p_buyer_id, p_amount);
  perform billing.check_key(p_key);
  select b.* into v_buyer from billing.lock_buyers(array[p_buyer_id], true) b;
  if v_buyer.billing_mode = 'none' then
    perform kernel.refuse('LG409', format('Nothing is booked for buyer %s', p_buyer_id), 'billing_mode', 'none',
      'prepaid, invoiced', format('update leadgen.buyers set billing_mode = ''prepaid'' where id = %s;', p_buyer_id));
  elsif p_kind = 'debit' and v_buyer.billing_mode = 'invoiced'
    and v_buyer.receivable + p_amount > v_buyer.credit_limit
    and not exists (select from leadgen.ledger_transactions t where t.key = p_key) then
    perform kernel.refuse('LG409', format('The credit limit of buyer %s does not cover it', p_buyer_id), 'amount',
      p_amount::text, format('at most %s', greatest(v_buyer.credit_limit - v_buyer.receivable, 0)));
  end if;
  return billing.post(p_kind, p_key, billing.find_currency(p_buyer_id), array[
    (case v_buyer.billing_mode when 'prepaid' then 'buyer_prepaid' else 'buyer_receivable' end, p_buyer_id, null, null,
      v_sign * p_amount)::billing.entry,
    ('returns', null, null, null, -v_sign * p_amount)::billing.entry], leadgen.clock(), v_memo);
end;
$$;
comment on function billing.adjust(text, bigint, numeric, text, text) is
  'An operator credits or debits a buyer (kind credit or debit), with a reason: the id of the transaction. It is '
  'booked to what the buyer has left, or owes, and to returns.';

create or replace function billing.give_back(
  p_sale leadgen.lead_assignments,
  p_amount numeric,
  p_key text,
  p_reason text,
  p_now timestamptz
)
returns bigint
language plpgsql
volatile
as $$
declare
  v_booked leadgen.ledger_transactions;
  v_entries billing.entry[];
  v_id bigint;
begin
  select t.* into v_booked from leadgen.ledger_transactions t where t.key = 'sale:' || p_sale.id;
  if not found then
    return null;
  end if;
  perform billing.lock_buyers(array[p_sale.buyer_id], true);
  v_id := billing.find_refund(p_key, v_booked, p_amount);
  if v_id is not null then
    return v_id;
  end if;
  v_entries := billing.list_reversal(v_booked, p_amount);
  if v_entries = '{}' then
    perform kernel.refuse('LG409', format('Sale %s has nothing left to give back', p_sale.id), 'amount', 'all of it',
      'a sale that was not given back yet');
  end if;
  v_id := billing.post('refund', p_key, v_booked.currency, v_entries, p_now, p_reason, v_booked.id, p_sale);
  perform billing.share_refund(p_sale, v_id, p_now);
  perform billing.queue_leads(array[p_sale.lead_id]);
  return v_id;
end;
$$;
comment on function billing.give_back(leadgen.lead_assignments, numeric, text, text, timestamptz) is
  'So much of a booked sale is given back to its buyer, null: all that is left: the id of the transaction; null: '
  'nothing was booked. LG409 when less is left, or nothing.';

create or replace function billing.find_refund(
  p_key text,
  p_booked leadgen.ledger_transactions,
  p_amount numeric
)
returns bigint
language plpgsql
stable
as $$
-- What was left when all of it was given back is not known any more.
declare
  v_refund leadgen.ledger_transactions;
begin
  select t.* into v_refund from leadgen.ledger_transactions t where t.key = p_key;
  if found and (v_refund.kind <> 'refund' or v_refund.reverses_id <> p_booked.id or not exists (
    select from leadgen.ledger_entries e
    where e.transaction_id = v_refund.id and e.account in ('buyer_prepaid', 'buyer_receivable')
      and e.amount = coalesce(-p_amount, e.amount))) then
    perform billing.refuse_key(v_refund);
  end if;
  return v_refund.id;
end;
$$;
comment on function billing.find_refund(text, leadgen.ledger_transactions, numeric) is
  'The refund of a transaction that was booked under a key; null: none. LG422 when the key was used for another '
  'transaction or amount.';

create or replace function billing.find_currency(p_buyer_id bigint)
returns text
language plpgsql
stable
as $$
declare
  v_currency text;
begin
  select b.currency into v_currency from leadgen.buyers b where b.id = p_buyer_id;
  if not found then
    perform kernel.refuse('LG404', 'There is no such buyer', 'buyer_id', p_buyer_id::text, 'the id of a buyer');
  elsif v_currency is null then
    perform kernel.refuse('LG409', format('Buyer %s has no currency yet', p_buyer_id), 'currency', 'null',
      'a currency', format('Enroll it, or: update leadgen.buyers set currency = ''USD'' where id = %s;', p_buyer_id));
  end if;
  return v_currency;
end;
$$;
comment on function billing.find_currency(bigint) is
  'The currency of a buyer; LG404 for a buyer that is not there, LG409 for one that has none yet.';

create or replace function billing.check_amount(p_buyer_id bigint, p_amount numeric)
returns void
language plpgsql
stable
as $$
begin
  perform billing.check_amount_in(billing.find_currency(p_buyer_id), p_amount);
end;
$$;
comment on function billing.check_amount(bigint, numeric) is
  'LG400 for what is no amount of a buyer''s currency: see billing.check_amount_in.';

create or replace function billing.check_amount_in(p_currency text, p_amount numeric)
returns void
language plpgsql
immutable
as $$
declare
  v_decimals constant integer := kernel.currency_minor_unit(p_currency);
begin
  if (p_amount > 0 and p_amount < 100000000 and p_amount = round(p_amount, v_decimals)) is not true then
    perform kernel.refuse('LG400', 'The amount cannot be booked', 'amount',
      coalesce(left(p_amount::text, 50), 'nothing'),
      format('an amount above 0 and below 100000000, with at most %s decimals (%s)', v_decimals, p_currency));
  end if;
end;
$$;
comment on function billing.check_amount_in(text, numeric) is
  'LG400 for what is no amount of a currency: not above zero, too large, or with too many decimals.';

create or replace function billing.check_key(p_key text)
returns void
language plpgsql
immutable
as $$
-- Keys that the house makes itself cannot be taken by others.
begin
  if p_key is null or length(p_key) not between 3 and 200 or p_key ~ '[[:cntrl:]]' then
    perform kernel.refuse('LG400', 'The key is missing or unusable', 'key',
      coalesce(length(p_key) || ' characters', 'nothing'), '3 to 200 characters, one key for one event');
  elsif p_key ~ ('^(sale|accept|return|release|refund|opening|invoice|payout|payment|payment_refund|payment_dispute|fee'
    '|stripe|bank_line|api|portal|cost):') then
    perform kernel.refuse('LG400', 'The key is one that only LeadGen makes', 'key', split_part(p_key, ':', 1) || ':…',
      'another beginning');
  end if;
end;
$$;
comment on function billing.check_key(text) is 'LG400 for what cannot be the key of a transaction that people book.';

create or replace function billing.check_provider(p_provider text)
returns void
language plpgsql
immutable
as $$
begin
  if (p_provider = any (enum_range(null::leadgen.payment_method)::text[])) is not true then
    perform kernel.refuse('LG400', 'There is no such provider', 'provider', coalesce(left(p_provider, 50), 'nothing'),
      array_to_string(enum_range(null::leadgen.payment_method), ', '));
  end if;
end;
$$;
comment on function billing.check_provider(text) is
  'LG400 unless money can come and go by this provider: a value of leadgen.payment_method.';

create or replace function billing.read_memo(p_memo text)
returns text
language plpgsql
immutable
as $$
declare
  v_memo constant text := nullif(ref.collapse_space(p_memo), '');
begin
  if length(v_memo) > 500 then
    perform kernel.refuse('LG400', 'The reason is too long', 'reason', length(v_memo) || ' characters',
      'at most 500 characters');
  end if;
  return v_memo;
end;
$$;
comment on function billing.read_memo(text) is 'A reason on one line; null: none. LG400 for one that is too long.';

create or replace function billing.read_reason(p_reason text)
returns text
language plpgsql
immutable
as $$
declare
  v_reason constant text := billing.read_memo(p_reason);
begin
  if v_reason is null then
    perform kernel.refuse('LG400', 'The reason is missing', 'reason', 'nothing', 'why, in at most 500 characters');
  end if;
  return v_reason;
end;
$$;
comment on function billing.read_reason(text) is 'A reason that has to be given, on one line; LG400 without one.';
