-- Buyers on pages: the list with each one's state, money, limits and endpoints; and one with its enrollments and keys.

create or replace function console.list_buyers(p_text text, p_after bigint, p_now timestamptz)
returns jsonb
language plpgsql
stable
as $$
declare
  v_text constant text := lower(nullif(btrim(left(p_text, 200)), ''));
  v_after constant text := (select lower(b.name) collate "C" from leadgen.buyers b where b.id = p_after);
begin
  return jsonb_build_object('text', nullif(btrim(left(p_text, 200)), '')) || (
    with page as materialized (
      select b.*
      from leadgen.buyers b
      where (v_text is null or strpos(lower(concat_ws(' ', b.id, b.name, b.company)), v_text) > 0
          or lower(b.email) = v_text) -- in whole: by its parts whoever sees it masked would find the rest
        and (v_after is null or (lower(b.name) collate "C", b.id) > (v_after, p_after))
      order by lower(b.name) collate "C", b.id
      limit 50
    ),
    used as materialized (
      select l.buyer_id, count(*) filter (where l.is_full) as used_up,
        count(*) filter (where not l.is_full) as nearly
      from market.list_used_limits(p_now) l
      group by l.buyer_id
    )
    select jsonb_build_object(
      'rows', coalesce(jsonb_agg(jsonb_build_object(
        'id', p.id, 'name', p.name, 'company', p.company, 'is_active', p.is_active,
        'money', console.describe_money(b), 'used_up', coalesce(u.used_up, 0), 'nearly', coalesce(u.nearly, 0),
        'enrollments', e.enrollments, 'paused', e.paused, 'endpoints', w.endpoints, 'well', w.well)
        order by lower(p.name) collate "C", p.id), '[]'),
      'next', case when count(*) = 50
        then (array_agg(p.id order by lower(p.name) collate "C" desc, p.id desc))[1] end)
    from page p
    join leadgen.buyers b on b.id = p.id
    left join used u on u.buyer_id = p.id
    cross join lateral (
      select count(*) filter (where x.is_active) as enrollments, count(*) filter (
        where x.is_active and x.pause_until > p_now and coalesce(x.pause_from <= p_now, true)) as paused
      from leadgen.buyer_offers x where x.buyer_id = p.id
    ) e
    cross join lateral (
      select count(distinct n.id) as endpoints, count(distinct n.id) filter (where n.disabled_at is null) as well
      from leadgen.endpoints n
      join leadgen.enrollment_endpoints c on c.endpoint_id = n.id
      where n.buyer_id = p.id
    ) w);
end;
$$;
comment on function console.list_buyers(text, bigint, timestamptz) is
  'Buyers by name, all or those that a text finds in id, name, company or as the whole e-mail, 50 a '
  'page: money, limits that are used up or nearly, enrollments, endpoints in use.';

create or replace function console.describe_buyer(p_id bigint, p_now timestamptz)
returns jsonb
language plpgsql
stable
as $$
declare
  v_buyer leadgen.buyers;
begin
  select b.* into v_buyer from leadgen.buyers b where b.id = p_id;
  if not found then
    perform kernel.refuse('LG404', 'There is no such buyer', 'id', coalesce(p_id::text, 'nothing'),
      'the id of a buyer');
  end if;
  return jsonb_build_object(
    'buyer', jsonb_build_object('id', v_buyer.id, 'name', v_buyer.name, 'company', v_buyer.company,
      'is_active', v_buyer.is_active, 'created_at', v_buyer.created_at,
      'email', catalog.mask_address(v_buyer.email), 'phone', catalog.mask_address(v_buyer.phone)),
    'money', console.describe_money(v_buyer),
    'enrollments', (
      select coalesce(jsonb_agg(console.describe_enrollment(e, p_now) order by o.name collate "C", e.id), '[]')
      from leadgen.buyer_offers e
      join leadgen.offers o on o.id = e.offer_id
      where e.buyer_id = p_id),
    'endpoints', (
      select coalesce(jsonb_agg(jsonb_build_object('id', n.id, 'channel', n.channel,
        'target', catalog.mask_address(n.target), 'state', outbox.describe_health(n, p_now), 'is_current', exists (
          select from leadgen.enrollment_endpoints c where c.endpoint_id = n.id)) order by n.channel, n.id), '[]')
      from leadgen.endpoints n where n.buyer_id = p_id),
    'keys', console.list_keys(null, p_id),
    'open_offers', (
      select coalesce(jsonb_agg(jsonb_build_array(o.id, format('%s, %s', o.name, m.name))
        order by o.name collate "C", o.id), '[]')
      from leadgen.offers o
      join leadgen.markets m on m.id = o.market_id
      where o.is_active and (v_buyer.currency is null or m.currency = v_buyer.currency)
        and not exists (select from leadgen.buyer_offers x where x.buyer_id = p_id and x.offer_id = o.id)));
end;
$$;
comment on function console.describe_buyer(bigint, timestamptz) is
  'A buyer with its money, enrollments, endpoints and keys, and the offers that it could be enrolled in. Addresses are '
  'masked. LG404 for none.';
