-- The catalogue on pages: what its lists and pages share. Forms, limits as they are now, states, faults.

create or replace function console.describe_form(p_form text, p_key text[])
returns jsonb
language plpgsql
stable
as $$
declare
  v_row constant jsonb := case when p_key is not null then catalog.read_form_row(p_form, p_key) end;
begin
  return jsonb_build_object('stamp', catalog.stamp_form_row(v_row), 'fields', (
    select jsonb_agg(jsonb_build_object(
      'name', f.name, 'kind', f.kind, 'words', f.words, 'is_required', f.is_required,
      'most', case f.kind when 'text' then f.most end, 'note', f.note,
      'value', case when p_key is null then to_jsonb(f.usual) else v_row -> f.name end,
      'choices', case when f.kind = 'id' then (
        select jsonb_agg(jsonb_build_array(c.id, c.name)) from catalog.list_form_choices(f.name) c) end)
      order by f.place)
    from catalog.list_form_fields(p_form, p_key is null) f));
end;
$$;
comment on function console.describe_form(text, text[]) is
  'The form of a row, or of a new one (p_key null): its fields with their values, what each takes and the table''s '
  'comment on it, and the stamp of the state that they show.';

create or replace function console.list_limits(
  p_codes text[],
  p_windows text[],
  p_is_money boolean[],
  p_caps numeric[],
  p_starts timestamptz[],
  p_sales integer[],
  p_money numeric[],
  p_zone text,
  p_now timestamptz
)
returns jsonb
language plpgsql
stable
as $$
-- A count of an earlier window reads as 0.
declare
  v_starts constant timestamptz[] := kernel.start_windows(p_now, p_zone);
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'code', l.code, 'is_money', l.is_money, 'cap', l.cap, 'used', u.used, 'left', greatest(l.cap - u.used, 0),
      'resets_at', kernel.find_window_end(l.span, p_now, p_zone)) order by l.n), '[]')
    from unnest(p_codes, p_windows, p_is_money, p_caps) with ordinality as l (code, span, is_money, cap, n)
    cross join lateral (select array_position(kernel.list_windows(), l.span) as slot) s
    cross join lateral (
      select case
        when p_starts[s.slot] < v_starts[s.slot] then 0
        when l.is_money then p_money[s.slot]
        else p_sales[s.slot] end as used
    ) u);
end;
$$;
comment on function console.list_limits(
  text[], text[], boolean[], numeric[], timestamptz[], integer[], numeric[], text, timestamptz) is
  'Limits with what is used and left of each in the window of now, and when that window ends.';

create or replace function console.describe_standing(
  p_enrollment leadgen.buyer_offers,
  p_is_buyer_active boolean,
  p_now timestamptz
)
returns text
language plpgsql
immutable
as $$
begin
  return case
    when not p_enrollment.is_active then 'switched_off'
    when not p_is_buyer_active then 'buyer_switched_off'
    when not p_enrollment.is_reachable then 'unreachable'
    when p_enrollment.pause_until > p_now and coalesce(p_enrollment.pause_from <= p_now, true) then 'paused'
    else 'active'
  end;
end;
$$;
comment on function console.describe_standing(leadgen.buyer_offers, boolean, timestamptz) is
  'Whether an enrollment gets leads: active, paused, unreachable, switched_off, buyer_switched_off.';

create or replace function console.describe_enrollment(p_enrollment leadgen.buyer_offers, p_now timestamptz)
returns jsonb
language plpgsql
stable
as $$
-- Of a pause without an end the time is infinity: JSON has no word for it.
declare
  v_of record;
  v_zone text;
  v_pause constant tstzrange := case when p_enrollment.pause_until > p_now
    then tstzrange(p_enrollment.pause_from, p_enrollment.pause_until) end;
begin
  select o.name as offer, o.default_price_per_lead as price, m.id as market_id, m.name as market, m.currency,
    m.timezone, m.country_code, b.name as buyer, b.is_active, u.starts, u.sales, u.money, u.last_turn
  into v_of
  from leadgen.offers o
  join leadgen.markets m on m.id = o.market_id
  join leadgen.buyers b on b.id = p_enrollment.buyer_id
  left join leadgen.enrollment_usage u on u.buyer_offer_id = p_enrollment.id
  where o.id = p_enrollment.offer_id;
  v_zone := coalesce(p_enrollment.timezone, v_of.timezone);
  return jsonb_build_object(
    'id', p_enrollment.id, 'buyer_id', p_enrollment.buyer_id, 'buyer', v_of.buyer, 'offer_id', p_enrollment.offer_id,
    'offer', v_of.offer, 'market_id', v_of.market_id, 'market', v_of.market, 'country_code', v_of.country_code,
    'currency', v_of.currency, 'timezone', v_zone,
    'state', console.describe_standing(p_enrollment, v_of.is_active, p_now),
    'price', coalesce(p_enrollment.price_per_lead, v_of.price), 'own_price', p_enrollment.price_per_lead,
    'priority', p_enrollment.routing_priority, 'weight', p_enrollment.weight, 'last_turn', v_of.last_turn,
    'version', p_enrollment.version,
    'is_pause_planned', coalesce(p_enrollment.pause_from > p_now and v_pause is not null, false),
    'pause', case when v_pause is not null then kernel.describe_pause(v_pause, v_zone) end,
    'limits', console.list_limits(p_enrollment.limit_codes, p_enrollment.limit_windows, p_enrollment.limit_is_money,
      p_enrollment.limit_caps, v_of.starts, v_of.sales, v_of.money, v_zone, p_now));
end;
$$;
comment on function console.describe_enrollment(leadgen.buyer_offers, timestamptz) is
  'An enrollment in a list: of whom in what, its state, price, pause and limits as they are now.';

create or replace function console.describe_money(p_buyer leadgen.buyers)
returns jsonb
language plpgsql
stable
as $$
declare
  v_left constant numeric := case p_buyer.billing_mode
    when 'prepaid' then p_buyer.balance
    when 'invoiced' then p_buyer.credit_limit - p_buyer.receivable end;
begin
  return jsonb_build_object(
    'mode', p_buyer.billing_mode, 'currency', p_buyer.currency, 'balance', p_buyer.balance,
    'receivable', p_buyer.receivable, 'credit_limit', p_buyer.credit_limit, 'left', v_left,
    'light', case
      when v_left <= 0 then 'nothing_left'
      when p_buyer.low_since is not null or v_left < p_buyer.low_balance_at then 'low'
      when p_buyer.billing_mode <> 'none' then 'well' end);
end;
$$;
comment on function console.describe_money(leadgen.buyers) is
  'What a buyer has paid, owes and can still spend, and its light: well, low, nothing_left; null: its sales are not '
  'booked.';

create or replace function console.list_keys(p_source_id bigint, p_buyer_id bigint)
returns jsonb
language sql
stable
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
    'id', k.id, 'name', k.name, 'prefix', k.prefix, 'scopes', k.scopes, 'created_at', k.created_at,
    'expires_at', k.expires_at, 'last_used_at', k.last_used_at,
    'state', case
      when k.revoked_at is not null then 'revoked'
      when k.expires_at <= leadgen.clock() then 'expired'
      else 'active' end)
    order by k.revoked_at is null desc, k.id desc), '[]')
  from (
    select u.*
    from (
      select a.* from leadgen.api_keys a where a.source_id = p_source_id
      union all
      select a.* from leadgen.api_keys a where a.buyer_id = p_buyer_id
    ) u
    order by u.revoked_at is null desc, u.id desc
    limit 100
  ) k;
$$;
comment on function console.list_keys(bigint, bigint) is
  'The keys of a source or a buyer, those in force first, 100 at most; of a key its prefix, never its hash.';

create or replace function console.list_faults(p_subjects text[] default null)
returns jsonb
language sql
stable
as $$
-- A subject is a kind and an id, and what people call it: enrollment 7, Ace in roofing.
  select coalesce(jsonb_agg(jsonb_build_object('kind', f.kind, 'id', f.id, 'subject', f.subject, 'fault', f.fault,
    'remedy', f.remedy) order by f.place), '[]')
  from (
    select c.*, split_part(c.it, ' ', 1) as kind, substring(c.it from E'^[a-z]+ ([0-9]+)$')::bigint as id
    from (
      select l.*, split_part(l.subject, ',', 1) as it
      from catalog.list_configuration_faults() with ordinality as l (subject, fault, remedy, place)
    ) c
    where p_subjects is null or c.it = any (p_subjects)
    order by c.place
    limit 200
  ) f;
$$;
comment on function console.list_faults(text[]) is
  'What is configured and cannot work, all or of these subjects ("offer 3"), 200 at most.';
