-- Sources on pages: the list, and one with its keys, its field map, what it costs and what its leads were worth.

create or replace function console.list_sources(p_after bigint)
returns jsonb
language plpgsql
stable
as $$
declare
  v_after constant text := (select lower(s.name) collate "C" from leadgen.sources s where s.id = p_after);
begin
  return (
    select jsonb_build_object(
      'rows', coalesce(jsonb_agg(to_jsonb(r) - 'place' order by r.place, r.id), '[]'),
      'next', case when count(*) = 50 then (array_agg(r.id order by r.place desc, r.id desc))[1] end)
    from (
      select s.id, s.name, s.source_key, s.kind, s.is_active, s.account, o.id as offer_id, o.name as offer,
        p.name as payout, lower(s.name) collate "C" as place,
        (
          select l.created_at from leadgen.leads l where l.source_id = s.id order by l.created_at desc limit 1
        ) as last_lead_at,
        (
          select count(*) from leadgen.api_keys k
          where k.source_id = s.id and k.revoked_at is null and (k.expires_at is null or k.expires_at > leadgen.clock())
        ) as keys
      from leadgen.sources s
      join leadgen.offers o on o.id = s.offer_id
      left join leadgen.payout_policies p on p.id = s.payout_policy_id
      where v_after is null or (lower(s.name) collate "C", s.id) > (v_after, p_after)
      order by place, s.id
      limit 50
    ) r);
end;
$$;
comment on function console.list_sources(bigint) is
  'Sources by name, 50 a page: their offer, keys in force, payout policy and last lead.';

create or replace function console.describe_source(p_id bigint, p_now timestamptz)
returns jsonb
language plpgsql
stable
as $$
declare
  v_source leadgen.sources;
begin
  select s.* into v_source from leadgen.sources s where s.id = p_id;
  if not found then
    perform kernel.refuse('LG404', 'There is no such source', 'id', coalesce(p_id::text, 'nothing'),
      'the id of a source');
  end if;
  return jsonb_build_object(
    'source', jsonb_build_object('id', v_source.id, 'name', v_source.name, 'source_key', v_source.source_key,
      'kind', v_source.kind, 'is_active', v_source.is_active, 'hostname', v_source.hostname,
      'path_prefix', v_source.path_prefix, 'account', v_source.account, 'offer_id', v_source.offer_id, 'offer', (
        select o.name from leadgen.offers o where o.id = v_source.offer_id), 'currency', (
        select m.currency from leadgen.offers o join leadgen.markets m on m.id = o.market_id
        where o.id = v_source.offer_id)),
    'campaigns', (
      select coalesce(jsonb_agg(jsonb_build_object('utm_source', c.utm_source, 'utm_campaign', c.utm_campaign)
        order by c.utm_source collate "C", c.utm_campaign collate "C"), '[]')
      from (select k.* from leadgen.source_campaigns k where k.source_id = p_id order by k.id limit 200) c),
    'field_map', (
      select jsonb_build_object('slug', f.slug, 'name', f.name)
      from leadgen.source_maps m join leadgen.field_maps f on f.id = m.field_map_id where m.source_id = p_id),
    'payout', (
      select jsonb_build_object('id', p.id, 'name', p.name, 'version', p.version, 'rules', p.rules)
      from leadgen.payout_policies p where p.id = v_source.payout_policy_id),
    'keys', console.list_keys(p_id, null),
    'quality', console.sum_up_leads(p_id, p_now),
    'faults', console.list_faults(array[format('source %s', p_id)]));
end;
$$;
comment on function console.describe_source(bigint, timestamptz) is
  'A source with its campaigns, field map, payout policy, keys, faults, and what its leads of seven days came to. '
  'LG404 for none.';

create or replace function console.sum_up_leads(p_source_id bigint, p_now timestamptz)
returns jsonb
language sql
stable
as $$
-- By the numbers of the reports. Of a source with more leads the time goes back as far as its latest 5,000.
  with since as materialized (
    select coalesce(max(s.created_at), p_now - interval '7 days') as at
    from (
      select l.created_at from leadgen.leads l
      where l.source_id = p_source_id and l.created_at > p_now - interval '7 days'
      order by l.created_at desc
      offset 4999 limit 1
    ) s
  )
  select jsonb_build_object(
    'since', (select s.at from since s), 'leads', count(*), 'valid', count(*) filter (where l.is_valid),
    'sold', count(*) filter (where l.is_sold), 'returned', count(*) filter (where l.is_returned),
    'revenue', coalesce(sum(l.net), 0), 'cost', coalesce(sum(l.cost), 0), 'margin', coalesce(sum(l.margin), 0))
  from report.leads l
  where l.source_id = p_source_id and l.created_at >= (select s.at from since s) and l.created_at <= p_now;
$$;
comment on function console.sum_up_leads(bigint, timestamptz) is
  'What the leads of a source in the last seven days came to, of its latest 5,000: valid, sold, returned, net revenue, '
  'cost and margin, as report.leads has them.';
