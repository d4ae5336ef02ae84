-- Road: an operator looks for leads on the pages, and opens one.

create or replace function roads.browse_leads(
  p_token_hash text,
  p_status text default null,
  p_offer_id bigint default null,
  p_before bigint default null
)
returns jsonb
language plpgsql
volatile
as $$
-- One page looks at 5,000 leads at most; next is where the next page goes on, found or not.
declare
  c_looked_at constant integer := 5000;
  c_statuses constant text[] := '{sold,held,unsold,delivered,accepted,rejected}';
  v_user constant leadgen.users := identity.admit_user(p_token_hash, 'read');
begin
  if p_status <> all (c_statuses) then
    perform kernel.refuse('LG400', 'There is no such state of a lead', 'status', left(p_status, 30),
      array_to_string(c_statuses, ', '));
  end if;
  return jsonb_build_object(
    'me', identity.describe_visitor(v_user), 'status', p_status, 'offer_id', p_offer_id, 'text', '',
    'offers', (select coalesce(jsonb_agg(jsonb_build_object('id', o.id, 'name', o.name) order by o.name), '[]')
      from leadgen.offers o)
  ) || (
    with looked as materialized (
      select l.id, l.created_at, l.status, l.unsold_reason, l.hold_until, l.offer_id, l.source_id, l.postal_code,
        l.price, l.buyer_id, l.market_id, l.validation_reason, l.erased_at,
        row_number() over (order by l.created_at desc, l.id desc) as place
      from roads.list_latest_leads(p_offer_id, p_before, case when p_status is null then 50 else c_looked_at end) f
      join leadgen.leads l on l.id = f.id
    ),
    found as (
      select k.* from looked k
      where p_status is null or roads.describe_status(k.status, k.unsold_reason, k.hold_until) = p_status
      order by k.place
      limit 50
    )
    select jsonb_build_object(
      'rows', coalesce((
        select jsonb_agg(jsonb_build_object(
          'id', f.id, 'created_at', f.created_at, 'offer', o.name, 'source', s.source_key,
          'postal_code', f.postal_code, 'price', f.price, 'currency', m.currency, 'buyer', b.name,
          'status', roads.describe_status(f.status, f.unsold_reason, f.hold_until),
          'is_erased', f.erased_at is not null,
          'reason', coalesce(f.validation_reason, f.unsold_reason)) order by f.place)
        from found f
        join leadgen.offers o on o.id = f.offer_id
        join leadgen.sources s on s.id = f.source_id
        join leadgen.markets m on m.id = f.market_id
        left join leadgen.buyers b on b.id = f.buyer_id), '[]'),
      'next', case
        when (select count(*) from found) = 50 then (select f.id from found f order by f.place desc limit 1)
        when p_status is not null and (select count(*) from looked) = c_looked_at
          then (select k.id from looked k order by k.place desc limit 1)
      end)
  );
end;
$$;
comment on function roads.browse_leads(text, text, bigint, bigint) is 'The work of leadgen.browse_leads.';

create or replace function roads.list_latest_leads(p_offer_id bigint, p_before bigint, p_limit integer)
returns table (id bigint)
language plpgsql
stable
as $$
-- Two statements, each with the one index that it is for.
declare
  v_before constant timestamptz := (select l.created_at from leadgen.leads l where l.id = p_before);
begin
  if p_offer_id is null then
    return query
    select l.id from leadgen.leads l
    where l.id < coalesce(p_before, 9223372036854775807)
    order by l.id desc
    limit p_limit;
  else
    return query
    select l.id from leadgen.leads l
    where l.offer_id = p_offer_id
      and l.created_at <= coalesce(v_before, 'infinity')
      and (v_before is null or (l.created_at, l.id) < (v_before, p_before))
    order by l.created_at desc, l.id desc
    limit p_limit;
  end if;
end;
$$;
comment on function roads.list_latest_leads(bigint, bigint, integer) is
  'The latest leads before one, of all offers or of one.';

create or replace function roads.search_leads(p_token_hash text, p_text text, p_hash_key text)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_user constant leadgen.users := identity.admit_user(p_token_hash, 'read');
begin
  return jsonb_build_object(
    'me', identity.describe_visitor(v_user), 'text', left(p_text, 200), 'status', null, 'offer_id', null, 'next', null,
    'offers', '[]'::jsonb,
    'rows', (
      select coalesce(jsonb_agg(to_jsonb(f) order by f.created_at desc), '[]')
      from roads.find_leads(p_text, 50, p_hash_key) f));
end;
$$;
comment on function roads.search_leads(text, text, text) is 'The work of leadgen.search_leads.';

create or replace function roads.show_lead(p_token_hash text, p_lead_id bigint, p_buyer_id bigint)
returns jsonb
language plpgsql
volatile
as $$
-- The contact is masked: to read it is a right of its own (roads.open_lead).
declare
  v_user constant leadgen.users := identity.admit_user(p_token_hash, 'read');
  v_account constant jsonb := roads.explain_lead(p_lead_id);
begin
  return jsonb_build_object(
    'me', identity.describe_visitor(v_user), 'account', v_account,
    'lead', (
      select jsonb_build_object(
        'id', l.id, 'offer_id', l.offer_id, 'source_id', l.source_id, 'buyer_id', l.buyer_id,
        'name', case when l.sealed is null then ref.mask_name(l.name) else l.name end,
        'city', l.city, 'region_code', l.region_code, 'attributes', l.attributes, 'is_sealed', l.sealed is not null,
        'erased_at', l.erased_at, 'hold_until', l.hold_until, 'next_route_at', l.next_route_at,
        'utm_source', l.utm_source, 'utm_medium', l.utm_medium, 'utm_campaign', l.utm_campaign,
        'status', roads.describe_status(l.status, l.unsold_reason, l.hold_until))
      from leadgen.leads l where l.id = p_lead_id),
    'attempts', roads.list_attempts_of_lead(p_lead_id),
    'returns', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'id', r.id, 'created_at', r.created_at, 'status', r.status, 'reason', r.reason_code, 'via', r.via,
        'decided_at', r.decided_at, 'assignment_id', r.assignment_id) order by r.id), '[]')
      from leadgen.lead_assignments a
      join leadgen.sale_returns r on r.assignment_id = a.id
      where a.lead_id = p_lead_id),
    'money', roads.list_money_of_lead(p_lead_id),
    'miss', case when p_buyer_id is not null then rehearsal.explain_miss(p_lead_id, p_buyer_id) end,
    'buyers', (
      select coalesce(jsonb_agg(jsonb_build_object('id', b.id, 'name', b.name) order by b.name, b.id), '[]')
      from leadgen.buyer_offers e
      join leadgen.buyers b on b.id = e.buyer_id
      where e.offer_id = (v_account ->> 'offer_id')::bigint),
    'reasons', (
      select jsonb_agg(jsonb_build_object('code', r.code, 'description', r.description) order by r.position, r.code)
      from leadgen.return_reasons r where r.is_active));
end;
$$;
comment on function roads.show_lead(text, bigint, bigint) is 'The work of leadgen.show_lead.';

create or replace function roads.list_attempts_of_lead(p_lead_id bigint)
returns jsonb
language sql
stable
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
    'delivery_id', d.id, 'channel', d.channel, 'buyer', b.name, 'attempt', t.attempt, 'started_at', t.started_at,
    'latency_ms', t.latency_ms, 'outcome', t.outcome, 'status_code', t.status_code, 'error', t.error, 'reply', t.reply
  ) order by t.started_at, t.id), '[]')
  from leadgen.deliveries d
  join leadgen.buyers b on b.id = d.buyer_id
  cross join lateral (
    select a.* from leadgen.delivery_attempts a where a.delivery_id = d.id order by a.id desc limit 20
  ) t
  where d.lead_id = p_lead_id;
$$;
comment on function roads.list_attempts_of_lead(bigint) is
  'Each attempt to deliver a lead, the first one first; of a delivery the latest 20.';

create or replace function roads.list_money_of_lead(p_lead_id bigint)
returns jsonb
language sql
stable
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
    'booked_at', t.booked_at, 'kind', t.kind, 'account', e.account, 'amount', e.amount, 'currency', e.currency,
    'buyer', b.name, 'memo', t.memo) order by t.id, e.position), '[]')
  from leadgen.lead_assignments a
  cross join lateral (
    select t.id from leadgen.ledger_transactions t
    where t.key in (format('sale:%s', a.id), format('accept:%s', a.id), format('cost:%s', a.id))
    union
    select r.id
    from leadgen.ledger_transactions t
    join leadgen.ledger_transactions r on r.reverses_id = t.id
    where t.key in (format('sale:%s', a.id), format('cost:%s', a.id))
  ) k
  join leadgen.ledger_transactions t on t.id = k.id
  join leadgen.ledger_entries e on e.transaction_id = t.id
  left join leadgen.buyers b on b.id = t.buyer_id
  where a.lead_id = p_lead_id;
$$;
comment on function roads.list_money_of_lead(bigint) is
  'What was booked of a lead''s sales, entry by entry: sold, accepted, given back, owed to the source.';
