-- Policies on the workbench: which there are, one with its history, and what another body would change.

create or replace function console.list_all_policies()
returns table (kind text, id bigint, name text, version integer, is_active boolean, body jsonb, updated_at timestamptz)
language sql
stable
as $$
  select 'validation', p.id, p.name::text, p.version, p.is_active, p.rules, coalesce(p.updated_at, p.created_at)
  from leadgen.validation_policies p
  union all
  select 'routing', p.id, p.name::text, p.version, p.is_active, p.config, coalesce(p.updated_at, p.created_at)
  from leadgen.routing_policies p
  union all
  select 'pricing', p.id, p.name::text, p.version, p.is_active, p.rules, coalesce(p.updated_at, p.created_at)
  from leadgen.pricing_policies p
  union all
  select 'payout', p.id, p.name::text, p.version, p.is_active, p.rules, coalesce(p.updated_at, p.created_at)
  from leadgen.payout_policies p;
$$;
comment on function console.list_all_policies() is 'The policies of all kinds as they are now.';

create or replace function console.list_offers_of_policy(p_kind text, p_id bigint)
returns table (id bigint, name text, is_active boolean)
language sql
stable
as $$
  select o.id, o.name::text, o.is_active
  from leadgen.offers o
  where case p_kind
    when 'validation' then o.validation_policy_id = p_id
    when 'routing' then o.routing_policy_id = p_id
    when 'pricing' then o.pricing_policy_id = p_id
    else o.id in (select s.offer_id from leadgen.sources s where s.payout_policy_id = p_id)
  end;
$$;
comment on function console.list_offers_of_policy(text, bigint) is
  'The offers that a policy judges, routes or prices, or whose sources it pays.';

create or replace function console.list_policies()
returns jsonb
language sql
stable
as $$
  select jsonb_build_object('rows', coalesce(jsonb_agg(jsonb_build_object(
    'kind', p.kind, 'id', p.id, 'name', p.name, 'version', p.version, 'is_active', p.is_active,
    'updated_at', p.updated_at, 'waiting', (
      select count(*) from leadgen.policy_proposals w
      where w.kind = p.kind and w.policy_id = p.id and w.status = 'waiting'),
    'offers', (
      select coalesce(jsonb_agg(o.name order by o.name), '[]') from console.list_offers_of_policy(p.kind, p.id) o)
  ) order by array_position('{validation,routing,pricing,payout}', p.kind), p.name, p.id), '[]'))
  from console.list_all_policies() p;
$$;
comment on function console.list_policies() is 'The policies of all kinds, and the offers that each is of.';

create or replace function console.find_policy(
  p_kind text,
  p_id bigint,
  out name text,
  out version integer,
  out is_active boolean,
  out body jsonb
)
language plpgsql
stable
as $$
begin
  perform catalog.check_policy_kind(p_kind);
  select p.name, p.version, p.is_active, p.body into name, version, is_active, body
  from console.list_all_policies() p
  where p.kind = p_kind and p.id = p_id;
  if not found then
    perform kernel.refuse('LG404', format('No %s policy %s', p_kind, p_id), 'id', p_id::text, 'the id of a policy');
  end if;
end;
$$;
comment on function console.find_policy(text, bigint) is
  'A policy as it is now; LG400 for no such kind, LG404 for none.';

create or replace function console.describe_policy(p_kind text, p_id bigint, p_version integer)
returns jsonb
language plpgsql
stable
as $$
-- The text is of the version that is asked for; of none, or one that never was, the live one.
declare
  v_policy constant record := console.find_policy(p_kind, p_id);
begin
  return jsonb_build_object(
    'kind', p_kind, 'id', p_id, 'name', v_policy.name, 'version', v_policy.version, 'is_active', v_policy.is_active,
    'shown_version', p_version,
    'text', jsonb_pretty(coalesce(catalog.find_policy_body(p_kind, p_id, p_version), v_policy.body)),
    'offers', (
      select coalesce(jsonb_agg(to_jsonb(o) order by o.name), '[]') from console.list_offers_of_policy(p_kind, p_id) o),
    'history', console.list_policy_history(p_kind, p_id),
    'proposals', console.list_proposals(p_kind, p_id, v_policy.body),
    'keys_json', (
      select jsonb_agg(jsonb_build_object('key', k.key, 'description', k.description, 'schema', k.value_schema)
        order by k.position)::text
      from leadgen.policy_keys k where k.kind = p_kind),
    'needs_approval', catalog.needs_approval(),
    'now', leadgen.clock(),
    'keys', (
      select jsonb_agg(jsonb_build_object('key', k.key, 'description', k.description,
        'value', case when k.value_schema <> '{}' then catalog.describe_schema(k.value_schema) end) order by k.position)
      from leadgen.policy_keys k where k.kind = p_kind));
end;
$$;
comment on function console.describe_policy(text, bigint, integer) is
  'A policy: its body as text, of the live version or an old one, its offers, its latest versions, and the keys that '
  'its kind has.';

create or replace function console.list_policy_history(p_kind text, p_id bigint)
returns jsonb
language sql
stable
as $$
-- Who and why are in the audit: the entry of the change names the version that it made.
  select coalesce(jsonb_agg(jsonb_build_object(
    'version', h.version, 'changed_at', h.changed_at, 'changes', h.changes, 'by', coalesce(a.actor, h.changed_by),
    'name', u.name, 'reason', a.reason) order by h.version desc), '[]')
  from (
    select v.* from catalog.policy_history(p_kind, p_id) v order by v.version desc limit 30
  ) h
  left join lateral (
    select e.actor, e.reason
    from leadgen.audit_entries e
    where e.table_name = format('%s_policies', p_kind) and e.row_key = jsonb_build_object('id', p_id)
      and e.after ->> 'version' = h.version::text
    order by e.id desc
    limit 1
  ) a on true
  left join leadgen.users u on a.actor = format('user %s', u.id);
$$;
comment on function console.list_policy_history(text, bigint) is
  'The latest 30 versions of a policy: when, by whom, why, and what changed.';

create or replace function console.list_proposals(p_kind text, p_id bigint, p_live jsonb)
returns jsonb
language sql
stable
as $$
-- Those that are open, and the latest few that are not.
  select coalesce(jsonb_agg(jsonb_build_object(
    'id', p.id, 'status', p.status, 'reason', p.reason, 'publish_at', p.publish_at, 'proposed_at', p.proposed_at,
    'proposed_by', p.proposed_by, 'name', u.name, 'approved_by', p.approved_by, 'approved_name', a.name,
    'version', p.version, 'fault', p.fault, 'base_version', p.base_version,
    'changes', case when p.status in ('waiting', 'approved') then (
      select coalesce(jsonb_agg(catalog.describe_change(d.path, d.before, d.after) order by d.ordinality), '[]')
      from catalog.diff_json(p_live, p.body) with ordinality d) end
  ) order by p.status in ('waiting', 'approved') desc, p.id desc), '[]')
  from (
    select f.*
    from leadgen.policy_proposals f
    where f.kind = p_kind and f.policy_id = p_id and f.status in ('waiting', 'approved')
    union all
    (
      select f.*
      from leadgen.policy_proposals f
      where f.kind = p_kind and f.policy_id = p_id and f.status not in ('waiting', 'approved')
      order by f.id desc
      limit 5
    )
  ) p
  left join leadgen.users u on p.proposed_by = format('user %s', u.id)
  left join leadgen.users a on p.approved_by = format('user %s', a.id);
$$;
comment on function console.list_proposals(text, bigint, jsonb) is
  'What a policy is to become: proposals that wait or are approved, with what each changes of the live body, and the '
  'latest five that are settled.';

create or replace function console.compare_policy(p_kind text, p_id bigint, p_body jsonb)
returns jsonb
language plpgsql
stable
as $$
declare
  v_policy constant record := console.find_policy(p_kind, p_id);
begin
  return jsonb_build_object('version', v_policy.version, 'changes', (
    select coalesce(jsonb_agg(catalog.describe_change(d.path, d.before, d.after) order by d.ordinality), '[]')
    from catalog.diff_json(v_policy.body, p_body) with ordinality d));
end;
$$;
comment on function console.compare_policy(text, bigint, jsonb) is
  'What a body changes of the live version, one line a path.';

create or replace function console.patch_policy(p_kind text, p_id bigint, p_body jsonb)
returns jsonb
language plpgsql
stable
as $$
declare
  v_policy constant record := console.find_policy(p_kind, p_id);
begin
  return jsonb_build_object(p_kind, (
    select coalesce(jsonb_object_agg(k.key, coalesce(p_body -> k.key, 'null')), '{}')
    from jsonb_object_keys(v_policy.body || p_body) as k (key)
    where (v_policy.body -> k.key) is distinct from (p_body -> k.key)));
end;
$$;
comment on function console.patch_policy(text, bigint, jsonb) is
  'The changes of a what-if that make the live version this body: each key that differs; null: it is taken away.';
