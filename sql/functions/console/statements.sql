-- Balances, statements and payouts on pages: what buyers have left and owe, and what sources are owed and paid.

create or replace function console.describe_statement(p_buyer_id bigint, p_from date, p_to date, p_after integer)
returns jsonb
language plpgsql
stable
as $$
-- Without days it is of the month so far, by the buyer's clock. A buyer without a currency has nothing booked.
declare
  v_buyer leadgen.buyers;
  v_today date;
  v_statement jsonb;
begin
  select b.* into v_buyer from leadgen.buyers b where b.id = p_buyer_id;
  if not found then
    perform kernel.refuse('LG404', 'There is no such buyer', 'buyer_id', p_buyer_id::text, 'the id of a buyer');
  end if;
  if v_buyer.currency is not null then
    v_today := (leadgen.clock() at time zone billing.find_zone(p_buyer_id))::date;
    v_statement := billing.make_statement(p_buyer_id,
      coalesce(p_from, date_trunc('month', coalesce(p_to, v_today))::date), coalesce(p_to, v_today));
  end if;
  return jsonb_build_object(
    'buyer', jsonb_build_object('id', v_buyer.id, 'name', v_buyer.name, 'company', v_buyer.company),
    'money', billing.describe_balance(p_buyer_id),
    'reference', billing.make_reference(p_buyer_id),
    'statement', v_statement - 'movements' - 'buyer') || console.cut_list(v_statement -> 'movements', p_after);
end;
$$;
comment on function console.describe_statement(bigint, date, date, integer) is
  'What a buyer has left and owes, and a page of its statement of the days from p_from to p_to, else of the month so '
  'far. LG400 for a period that cannot be read, LG404 for no buyer.';

create or replace function console.cut_list(p_list jsonb, p_after integer)
returns jsonb
language sql
immutable
as $$
  select jsonb_build_object('rows', coalesce(jsonb_agg(r.value order by r.place), '[]'), 'count', (
      select coalesce(jsonb_array_length(p_list), 0)),
    'next', case when max(r.place) < jsonb_array_length(p_list) then max(r.place) end)
  from jsonb_array_elements(p_list) with ordinality as r (value, place)
  where r.place > greatest(coalesce(p_after, 0), 0) and r.place <= greatest(coalesce(p_after, 0), 0) + 200;
$$;
comment on function console.cut_list(jsonb, integer) is
  'A page of a list: 200 of its elements after so many, how many it has, and after how many the next page begins.';

create or replace function console.list_payouts(p_before bigint)
returns jsonb
language plpgsql
stable
as $$
declare
  v_paid constant jsonb := billing.list_payouts(null, p_before, 50);
begin
  return billing.list_payables() || jsonb_build_object('next', v_paid -> 'next_before', 'rows', (
    select coalesce(jsonb_agg(r.value || jsonb_build_object('source', s.name) order by r.place), '[]')
    from jsonb_array_elements(v_paid -> 'payouts') with ordinality as r (value, place)
    left join leadgen.sources s on s.id = (r.value ->> 'source_id')::bigint));
end;
$$;
comment on function console.list_payouts(bigint) is
  'What each source is owed, by currency, and what sources were paid, the latest first, 50 a page.';

create or replace function console.describe_source_money(p_source_id bigint, p_from date, p_to date, p_after integer)
returns jsonb
language plpgsql
stable
as $$
-- Days are those of the zone of the source's market. Without days it is of the month so far; of the last day alone
-- where so much was booked in the month that no page holds it.
declare
  v_source record;
  v_from date;
  v_to date;
  v_start timestamptz;
  v_end timestamptz;
begin
  select s.id, s.name, s.source_key, s.account, m.timezone, m.currency, p.name as policy into v_source
  from leadgen.sources s
  join leadgen.offers o on o.id = s.offer_id
  join leadgen.markets m on m.id = o.market_id
  left join leadgen.payout_policies p on p.id = s.payout_policy_id
  where s.id = p_source_id;
  if not found then
    perform kernel.refuse('LG404', 'There is no such source', 'source_id', p_source_id::text, 'the id of a source');
  end if;
  v_to := coalesce(p_to, (leadgen.clock() at time zone v_source.timezone)::date);
  v_from := coalesce(p_from, date_trunc('month', v_to)::date);
  if v_to < v_from or v_from < '1970-01-01' or v_to > '9000-01-01' then
    perform kernel.refuse('LG400', 'The period cannot be read', 'to', v_to::text, 'two days, the first one first');
  end if;
  v_start := v_from::timestamp at time zone v_source.timezone;
  v_end := (v_to + 1)::timestamp at time zone v_source.timezone;
  if p_from is null and not billing.is_one_statement(p_source_id, v_start, v_end) then
    v_from := v_to;
    v_start := v_from::timestamp at time zone v_source.timezone;
  end if;
  perform billing.check_source_movements(p_source_id, v_start, v_end);
  return console.describe_owed(p_source_id, v_source.currency) || jsonb_build_object(
    'source', to_jsonb(v_source), 'from', v_from, 'to', v_to) || console.cut_list((
      select jsonb_agg(jsonb_build_object('booked_at', l.booked_at, 'kind', l.kind, 'lead_id', l.lead_id,
        'amount', l.amount, 'balance', l.balance, 'memo', l.memo))
      from billing.list_source_statement(p_source_id, v_start, v_end, v_source.currency) l), p_after);
end;
$$;
comment on function console.describe_source_money(bigint, date, date, integer) is
  'What a source is owed in each currency, and a page of its statement in the currency of its market of the days from '
  'p_from to p_to, else of the month so far. LG400 for a period that cannot be read or in which more was booked than a '
  'page can hold, LG404 for no source.';

create or replace function console.describe_owed(p_source_id bigint, p_currency text)
returns jsonb
language plpgsql
stable
as $$
begin
  return (
    select jsonb_build_object(
      'owed', coalesce(max(o.owed) filter (where o.currency = p_currency), 0.00),
      'others', coalesce(jsonb_agg(to_jsonb(o) order by o.currency) filter (
        where o.currency <> p_currency and o.owed <> 0), '[]'))
    from billing.list_owed(p_source_id) o);
end;
$$;
comment on function console.describe_owed(bigint, text) is
  'What a source is owed now: in a currency, and in each other one in which it is owed anything.';

create or replace function console.find_source_zone(p_source_id bigint)
returns text
language plpgsql
stable
as $$
begin
  return (
    select m.timezone
    from leadgen.sources s
    join leadgen.offers o on o.id = s.offer_id
    join leadgen.markets m on m.id = o.market_id
    where s.id = p_source_id);
end;
$$;
comment on function console.find_source_zone(bigint) is 'The zone of the market of a source; null: there is none.';
