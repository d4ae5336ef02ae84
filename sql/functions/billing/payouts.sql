-- Sources are paid, and told what they are owed: costs.sql says when they are.

create or replace function billing.pay_source(
  p_source_id bigint,
  p_key text,
  p_amount numeric,
  p_until timestamptz,
  p_memo text,
  p_provider text,
  p_currency text
)
returns bigint
language plpgsql
volatile
as $$
-- Who pays holds the source, so that two payouts at once do not pay the same. Leads do not wait for that.
declare
  v_memo constant text := billing.read_memo(p_memo);
  v_currency constant text := billing.find_source_currency(p_source_id, p_currency);
  v_booked leadgen.ledger_transactions;
  v_owed numeric;
begin
  perform billing.check_key(p_key);
  perform billing.check_provider(p_provider);
  if p_amount is not null then
    perform billing.check_amount_in(v_currency, p_amount);
  end if;
  perform from leadgen.sources s where s.id = p_source_id for no key update;
  select t.* into v_booked from leadgen.ledger_transactions t where t.key = p_key;
  if found and p_amount is null and (v_booked.kind, v_booked.source_id) = ('payout', p_source_id) then
    return v_booked.id;
  elsif not found then
    v_owed := billing.find_owed(p_source_id, v_currency, coalesce(p_until, 'infinity'));
    if coalesce(p_amount, v_owed) > v_owed or v_owed <= 0 then
      perform kernel.refuse('LG409', format('Source %s is not owed that', p_source_id), 'amount',
        coalesce(p_amount::text, 'all that is owed'),
        case when v_owed > 0 then format('at most %s %s', v_owed, v_currency)
          else format('nothing: %s %s is owed', v_owed, v_currency) end);
    end if;
  end if;
  v_owed := coalesce(p_amount, v_owed);
  return billing.post('payout', p_key, v_currency, array[
    ('source_payable', null, p_source_id, null, v_owed)::billing.entry,
    ('cash', null, null, p_provider, -v_owed)::billing.entry], leadgen.clock(), v_memo);
end;
$$;
comment on function billing.pay_source(bigint, text, numeric, timestamptz, text, text, text) is
  'The work of leadgen.pay_source.';

create or replace function billing.find_source_currency(p_source_id bigint, p_currency text)
returns text
language plpgsql
stable
as $$
declare
  v_currency text;
begin
  select m.currency into v_currency
  from leadgen.sources s
  join leadgen.offers o on o.id = s.offer_id
  join leadgen.markets m on m.id = o.market_id
  where s.id = p_source_id;
  if not found then
    perform kernel.refuse('LG404', 'There is no such source', 'source_id', p_source_id::text, 'the id of a source');
  elsif p_currency !~ '^[A-Z]{3}$' then
    perform kernel.refuse('LG400', 'There is no such currency', 'currency', left(p_currency, 10),
      'a code of ISO 4217 such as USD');
  end if;
  return coalesce(p_currency, v_currency);
end;
$$;
comment on function billing.find_source_currency(bigint, text) is
  'The currency of a source, that of its market, unless another is asked for: a source may have moved. LG404 for a '
  'source that is not there.';

create or replace function billing.find_owed(p_source_id bigint, p_currency text, p_until timestamptz)
returns numeric
language plpgsql
stable
as $$
-- What was paid or taken back since counts against it: nothing is paid twice. Up to now it is summed in the index.
begin
  if p_until = 'infinity' then
    return coalesce((
      select o.owed from billing.list_owed(p_source_id) o where o.currency = p_currency), 0);
  end if;
  return (
    select coalesce(-sum(e.amount), 0)
    from leadgen.ledger_entries e
    join leadgen.ledger_transactions t on t.id = e.transaction_id
    where e.source_id = p_source_id and e.account = 'source_payable' and e.currency = p_currency::bpchar
      and (t.booked_at < p_until or e.amount > 0));
end;
$$;
comment on function billing.find_owed(bigint, text, timestamptz) is
  'What a source is owed of what was booked before a time; below zero: it was paid for leads that were returned since.';

create or replace function billing.list_owed(p_source_id bigint)
returns table (currency text, owed numeric)
language plpgsql
stable
as $$
-- All entries of the source, in idx_ledger_entries_source alone.
begin
  return query
  select e.currency::text, -sum(e.amount)
  from leadgen.ledger_entries e
  where e.source_id = p_source_id and e.account = 'source_payable'
  group by e.currency;
end;
$$;
comment on function billing.list_owed(bigint) is
  'What a source is owed now, in each currency in which something was booked.';

create or replace function billing.find_source_entry_before(p_source_id bigint, p_at timestamptz)
returns bigint
language plpgsql
stable
as $$
-- By halves, as find_entries_before does it for buyers.
declare
  v_low bigint := 0;
  v_high bigint := coalesce((
    select max(e.transaction_id) from leadgen.ledger_entries e
    where e.source_id = p_source_id and e.account = 'source_payable'), 0);
  v_middle bigint;
  v_next bigint;
begin
  while v_low < v_high loop
    v_middle := v_high - (v_high - v_low) / 2;
    v_next := (
      select min(e.transaction_id) from leadgen.ledger_entries e
      where e.source_id = p_source_id and e.account = 'source_payable' and e.transaction_id >= v_middle);
    if (select t.booked_at from leadgen.ledger_transactions t where t.id = v_next) < p_at then
      v_low := v_next;
    else
      v_high := v_middle - 1;
    end if;
  end loop;
  return v_low;
end;
$$;
comment on function billing.find_source_entry_before(bigint, timestamptz) is
  'The last transaction before a time by which a source was owed more or less; 0: there is none.';

create or replace function billing.is_one_statement(
  p_source_id bigint,
  p_from timestamptz,
  p_to timestamptz,
  p_most integer default 20000
)
returns boolean
language plpgsql
stable
as $$
declare
  v_first constant bigint := billing.find_source_entry_before(p_source_id, p_from);
  v_last constant bigint := billing.find_source_entry_before(p_source_id, p_to);
begin
  return (
    select count(*) from (
      select from leadgen.ledger_entries e
      where e.source_id = p_source_id and e.account = 'source_payable'
        and e.transaction_id > v_first and e.transaction_id <= v_last
      limit p_most + 1) x
  ) <= p_most;
end;
$$;
comment on function billing.is_one_statement(bigint, timestamptz, timestamptz, integer) is
  'Whether a page can hold the statement of a source of a period: at most so many entries.';

create or replace function billing.check_source_movements(
  p_source_id bigint,
  p_from timestamptz,
  p_to timestamptz,
  p_most integer default 20000
)
returns void
language plpgsql
stable
as $$
begin
  if not billing.is_one_statement(p_source_id, p_from, p_to, p_most) then
    perform kernel.refuse('LG400', 'So much was booked in the period that it is not one statement', 'to',
      format('more than %s entries', p_most), format('a period with at most %s', p_most),
      'Ask for a shorter one: some days at a time.');
  end if;
end;
$$;
comment on function billing.check_source_movements(bigint, timestamptz, timestamptz, integer) is
  'LG400 for a statement of a source of more entries than a page can hold.';

create or replace function billing.list_source_statement(
  p_source_id bigint,
  p_from timestamptz,
  p_to timestamptz,
  p_currency text
)
returns table (
  booked_at timestamptz, kind text, key text, lead_id bigint, assignment_id bigint, amount numeric, balance numeric,
  currency text, memo text
)
language plpgsql
stable
as $$
-- Ids follow the time, but for transactions that were under way at once: so a day more is read on either side, and what
-- was before that is summed in idx_ledger_entries_source. A transaction is looked up by its key (limit 1): a join would
-- be planned without knowing how few they are.
declare
  v_currency constant text := billing.find_source_currency(p_source_id, p_currency);
  v_first constant bigint := billing.find_source_entry_before(p_source_id, p_from - interval '1 day');
  v_last constant bigint := billing.find_source_entry_before(p_source_id, p_to + interval '1 day');
begin
  if p_from < p_to is not true then
    perform kernel.refuse('LG400', 'A statement needs a period that begins before it ends', 'p_from, p_to',
      concat_ws(' to ', p_from, p_to), 'a period that begins before it ends');
  end if;
  return query
  with entry as materialized (
    select t.booked_at, t.kind, t.key, t.assignment_id, t.id, -e.amount as amount, t.memo
    from leadgen.ledger_entries e
    cross join lateral (
      select x.* from leadgen.ledger_transactions x where x.id = e.transaction_id limit 1
    ) t
    where e.source_id = p_source_id and e.account = 'source_payable' and e.currency = v_currency::bpchar
      and e.transaction_id > v_first and e.transaction_id <= v_last and t.booked_at < p_to
  ),
  line as (
    select 1 as part, p_from as booked_at, 'opening' as kind, null as key, null::bigint as assignment_id,
      null::bigint as id, coalesce(sum(e.amount) filter (where e.booked_at < p_from), 0) - (
        select coalesce(sum(b.amount), 0)
        from leadgen.ledger_entries b
        where b.source_id = p_source_id and b.account = 'source_payable' and b.currency = v_currency::bpchar
          and b.transaction_id <= v_first) as amount, null as memo
    from entry e
    union all
    select 2, e.booked_at, e.kind, e.key, e.assignment_id, e.id, e.amount, e.memo
    from entry e
    where e.booked_at >= p_from
    union all
    select 3, p_to, 'closing', null, null, null, 0, null
  )
  select l.booked_at, l.kind, l.key, a.lead_id, l.assignment_id,
    case l.part when 2 then round(l.amount, kernel.currency_minor_unit(v_currency)) end,
    round(sum(l.amount) over (order by l.part, l.booked_at, l.id), kernel.currency_minor_unit(v_currency)),
    v_currency, l.memo
  from line l
  left join leadgen.lead_assignments a on a.id = l.assignment_id
  order by l.part, l.booked_at, l.id;
end;
$$;
comment on function billing.list_source_statement(bigint, timestamptz, timestamptz, text) is
  'The work of leadgen.list_source_statement. A transaction that was under way for more than a day would be missed.';
