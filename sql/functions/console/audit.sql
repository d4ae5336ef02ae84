-- The audit on pages: entries by who, what and when, and one of them as a difference.

create or replace function console.list_audit(
  p_who text,
  p_table text,
  p_row text,
  p_since timestamptz,
  p_before bigint
)
returns jsonb
language plpgsql
stable
as $$
-- Newest first. Of a page the latest 5,000 entries before a key are looked at, all or those of a table, which is
-- indexed; next says where to go on, also where none of them was asked for.
declare
  c_most constant integer := 5000;
  v_page jsonb;
begin
  with looked as materialized (
    (
      select e.* from leadgen.audit_entries e
      where p_table is null and e.id < coalesce(p_before, 9223372036854775807)
      order by e.id desc
      limit c_most
    )
    union all
    (
      select e.* from leadgen.audit_entries e
      where e.table_name = p_table and e.id < coalesce(p_before, 9223372036854775807)
      order by e.id desc
      limit c_most
    )
  ),
  found as (
    select l.id
    from looked l
    where (p_who is null or strpos(lower(coalesce(l.actor, l.login)), lower(p_who)) > 0)
      and (p_row is null or case
        when (select count(*) from jsonb_object_keys(l.row_key)) = 1
          then (select k.value from jsonb_each_text(l.row_key) k)
        else l.row_key::text end = p_row)
      and (p_since is null or l.changed_at >= p_since)
    order by l.id desc
    limit 50
  ),
  page as (
    select a.id, a.created_at, a.actor_id as who, a.action_type as action, a.entity_type as table_name,
      a.entity_id as row_key, left(a.description, 300) as description, a.metadata ->> 'reason' as reason,
      a.metadata -> 'position' as position, u.name as user_name
    from report.audit_log a
    left join leadgen.users u on a.actor_id = format('user %s', u.id)
    where a.id in (select f.id from found f)
  )
  select jsonb_build_object(
    'rows', coalesce(jsonb_agg(to_jsonb(p) order by p.id desc), '[]'),
    'next', case
      when count(*) = 50 then min(p.id)
      when (select count(*) = c_most and coalesce(min(l.changed_at) >= p_since, true) from looked l)
        then (select min(l.id) from looked l) end)
  into v_page from page p;
  return v_page || jsonb_build_object('who', p_who, 'table', p_table, 'row', p_row, 'since', p_since, 'tables', (
    select jsonb_agg(t.table_name order by t.table_name) from leadgen.audit_tables t where t.why_not is null));
end;
$$;
comment on function console.list_audit(text, text, text, timestamptz, bigint) is
  'Entries of the audit, newest first, 50 a page: all, or those of a table, of somebody (a part of what the client or '
  'the login is called), of a row (its key) and since a time.';

create or replace function console.compare_json(p_before jsonb, p_after jsonb)
returns jsonb
language sql
immutable
as $$
-- Objects are compared key by key, however deep; of lists the whole is shown.
  with recursive part (path, before, after) as (
    select ''::text, p_before, p_after
    union all
    select concat_ws('.', nullif(d.path, ''), k.key), d.before -> k.key, d.after -> k.key
    from part d
    cross join lateral (
      select b.key from jsonb_object_keys(case jsonb_typeof(d.before) when 'object' then d.before else '{}' end) b (key)
      union
      select a.key from jsonb_object_keys(case jsonb_typeof(d.after) when 'object' then d.after else '{}' end) a (key)
    ) k
    where d.path = '' or (jsonb_typeof(d.before) = 'object' and jsonb_typeof(d.after) = 'object')
  )
  select coalesce(jsonb_agg(jsonb_build_object('field', c.path, 'before', c.before, 'after', c.after)
    order by c.path collate "C"), '[]')
  from (
    select d.*
    from part d
    where d.path <> '' and d.before is distinct from d.after
      and (jsonb_typeof(d.before) = 'object' and jsonb_typeof(d.after) = 'object') is not true
    order by d.path collate "C"
    limit 500
  ) c;
$$;
comment on function console.compare_json(jsonb, jsonb) is
  'What differs between two objects, [{field, before, after}], 500 at most: a field of an object is named with a '
  'point. null: there is none.';

create or replace function console.describe_audit_entry(p_id bigint)
returns jsonb
language plpgsql
stable
as $$
declare
  v_entry record;
begin
  select a.*, u.id as user_id, u.name as user_name into v_entry
  from report.audit_log a
  left join leadgen.users u on a.actor_id = format('user %s', u.id)
  where a.id = p_id;
  if not found then
    perform kernel.refuse('LG404', 'There is no such entry', 'id', coalesce(p_id::text, 'nothing'),
      'the id of an entry of the audit');
  end if;
  return jsonb_build_object(
    'entry', jsonb_build_object(
      'id', v_entry.id, 'created_at', v_entry.created_at, 'who', v_entry.actor_id, 'user_id', v_entry.user_id,
      'user_name', v_entry.user_name, 'action', v_entry.action_type, 'table_name', v_entry.entity_type,
      'row_key', v_entry.entity_id, 'address', host(v_entry.ip_address), 'program', v_entry.user_agent)
      || (v_entry.metadata - '{before,after}'::text[]),
    'changes', console.compare_json(nullif(v_entry.metadata -> 'before', 'null'),
      nullif(v_entry.metadata -> 'after', 'null')));
end;
$$;
comment on function console.describe_audit_entry(bigint) is
  'An entry of the audit: who, what, why, where in the chain it is, and each field before and after. LG404 for none.';
