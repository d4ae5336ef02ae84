-- The proof: what the chain says, held against the entries.
--
-- Whoever can switch triggers off can change an entry, and then the chain from there on. Only a head that was kept
-- elsewhere shows it: find_head tells it, `leadgen verify audit --head` asks for it.

create or replace function auditing.verify_chain(p_after bigint, p_last bigint)
returns table (rule text, detail text)
language plpgsql
stable
as $$
-- A link is compared with the stored digest before it, so that one change is one difference and not all that follow.
begin
  return query
  with links as (
    select
      c.position, c.entry_id, c.digest,
      lag(c.position) over w as previous_position,
      lag(c.digest) over w as previous_digest
    from leadgen.audit_chain c
    where c.position between p_after and p_last
    window w as (order by c.position)
  )
  select f.rule, f.detail
  from links l
  left join leadgen.audit_entries e on e.id = l.entry_id
  cross join lateral (
    values
      ('audit_link_missing', coalesce(l.previous_position, 0) <> l.position - 1,
        format('position %s is missing, before entry %s', l.position - 1, l.entry_id)),
      ('audit_entry_removed', e.id is null,
        format('position %s: entry %s is gone', l.position, l.entry_id)),
      ('audit_entry_changed',
        coalesce(l.previous_position, 0) = l.position - 1 and e.id is not null
        and l.digest <> sha256(coalesce(l.previous_digest, '') || convert_to(auditing.write_text(e), 'UTF8')),
        format('position %s: entry %s (%s of %s %s), its place or its digest is not what was chained',
          l.position, l.entry_id, e.action, e.table_name, e.row_key))
  ) as f (rule, is_broken, detail)
  where l.position > p_after and f.is_broken
  order by l.position;
end;
$$;
comment on function auditing.verify_chain(bigint, bigint) is 'The work of leadgen.verify_audit_chain.';

create or replace function auditing.verify_entries(p_after bigint, p_last bigint)
returns table (rule text, detail text)
language plpgsql
stable
as $$
begin
  return query
  select 'audit_entry_added',
    format('entry %s (%s of %s %s) is neither chained nor waiting', e.id, e.action, e.table_name, e.row_key)
  from leadgen.audit_entries e
  where e.id > p_after and e.id <= p_last
    and not exists (select from leadgen.audit_chain c where c.entry_id = e.id)
    and not exists (select from leadgen.audit_waiting w where w.entry_id = e.id)
  order by e.id;
end;
$$;
comment on function auditing.verify_entries(bigint, bigint) is 'The work of leadgen.verify_audit_entries.';

create or replace function auditing.verify_ends()
returns table (rule text, detail text)
language plpgsql
stable
as $$
-- In a copy no worker chains anything, so nothing is late there.
begin
  return query
  select 'audit_head_differs',
    format('%s ended at position %s: the chain has another digest there, or none', h.day, h.position)
  from leadgen.audit_heads h
  left join leadgen.audit_chain c on c.position = h.position
  where c.digest is distinct from h.digest
  union all
  select 'audit_waiting_twice', format('entry %s is chained and still waits', w.entry_id)
  from leadgen.audit_waiting w
  where exists (select from leadgen.audit_chain c where c.entry_id = w.entry_id)
  union all
  select 'audit_entry_removed', format('entry %s is gone, before it was chained', w.entry_id)
  from leadgen.audit_waiting w
  where not exists (select from leadgen.audit_entries e where e.id = w.entry_id)
  union all
  select 'audit_chain_late',
    format('%s entries wait for more than an hour, the first is %s: do workers run?', count(*), min(e.id))
  from leadgen.audit_waiting w
  join leadgen.audit_entries e on e.id = w.entry_id
  where e.changed_at < clock_timestamp() - interval '1 hour' and not catalog.is_copy()
  having count(*) > 0
  union all
  select 'audit_trigger_off', format('%s: the trigger %s is %s', w.table_name, m.name,
    case when t.oid is null then 'gone' else 'switched off' end)
  from auditing.list_watches() w
  cross join unnest('{audit_insert,audit_update,audit_delete,audit_truncate}'::text[]) m (name)
  left join pg_catalog.pg_trigger t on t.tgrelid = format('leadgen.%I', w.table_name)::regclass and t.tgname = m.name
  where coalesce(t.tgenabled, 'D') not in ('O', 'A');
end;
$$;
comment on function auditing.verify_ends() is 'The work of leadgen.verify_audit.';

create or replace function auditing.find_head(
  out last_position bigint,
  out digest text,
  out last_entry bigint,
  out waiting bigint
)
language sql
stable
as $$
  select c.position, encode(c.digest, 'hex'), m.id, w.count
  from (select max(e.id) as id from leadgen.audit_entries e) m
  cross join (select count(*) as count from leadgen.audit_waiting) w
  left join (select l.position, l.digest from leadgen.audit_chain l order by l.position desc limit 1) c on true;
$$;
comment on function auditing.find_head() is 'The work of leadgen.find_audit_head.';

create or replace function auditing.list_broken_audit()
returns table (rule text, detail text)
language plpgsql
stable
as $$
declare
  v_head record;
begin
  select f.last_position, f.last_entry into v_head from auditing.find_head() f;
  return query
  select * from auditing.verify_chain(0, coalesce(v_head.last_position, 0))
  union all select * from auditing.verify_entries(0, coalesce(v_head.last_entry, 0))
  union all select * from auditing.verify_ends();
end;
$$;
comment on function auditing.list_broken_audit() is 'What is wrong with the audit as a whole.';
