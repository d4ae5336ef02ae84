-- The chain: committed entries become links of a chain, in which each digest covers the one before.

create or replace function auditing.write_text(p_entry leadgen.audit_entries)
returns text
language sql
stable
as $$
-- As jsonb writes itself: keys by their length and then their letters, ", " and ": " between. Stored digests cover this
-- text, so it never changes.
  select jsonb_build_object(
    'id', p_entry.id,
    'changed_at', to_char(p_entry.changed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'table', p_entry.table_name,
    'action', p_entry.action,
    'key', p_entry.row_key,
    'before', p_entry.before,
    'after', p_entry.after,
    'login', p_entry.login,
    'actor', p_entry.actor,
    'reason', p_entry.reason,
    'application', p_entry.application_name,
    'address', host(p_entry.address),
    'transaction', p_entry.transaction_id)::text;
$$;
comment on function auditing.write_text(leadgen.audit_entries) is
  'The text of an entry that its digest covers, and that an export contains.';

create or replace function auditing.chain_audit()
returns integer
language plpgsql
volatile
as $$
-- Advisory class 7: one at a time, and nothing else is held. Whoever comes second leaves it to the first. What is read
-- after the lock sees what the last one chained. Of what is taken at once, lower ids go first.
declare
  c_at_once constant integer := 1000;
  v_last leadgen.audit_chain;
  v_digest bytea;
  v_entry leadgen.audit_entries;
  v_ids bigint[] := '{}';
  v_digests bytea[] := '{}';
begin
  if not pg_try_advisory_xact_lock(7, 0) then
    return 0;
  end if;
  select c.* into v_last from leadgen.audit_chain c order by c.position desc limit 1;
  if (v_last.chained_at at time zone 'UTC')::date < (clock_timestamp() at time zone 'UTC')::date then
    insert into leadgen.audit_heads (day, position, digest)
    values ((v_last.chained_at at time zone 'UTC')::date, v_last.position, v_last.digest)
    on conflict (day) do nothing;
  end if;

  v_digest := coalesce(v_last.digest, '');
  for v_entry in
    select e.*
    from leadgen.audit_waiting w
    join leadgen.audit_entries e on e.id = w.entry_id
    where not exists (select from leadgen.audit_chain c where c.entry_id = w.entry_id)
    order by w.entry_id
    limit c_at_once
  loop
    v_digest := sha256(v_digest || convert_to(auditing.write_text(v_entry), 'UTF8'));
    v_ids := v_ids || v_entry.id;
    v_digests := v_digests || v_digest;
  end loop;

  insert into leadgen.audit_chain (position, entry_id, digest)
  select coalesce(v_last.position, 0) + n.place, n.entry_id, n.digest
  from unnest(v_ids, v_digests) with ordinality as n (entry_id, digest, place);
  delete from leadgen.audit_waiting w where w.entry_id = any (v_ids);
  return cardinality(v_ids);
end;
$$;
comment on function auditing.chain_audit() is
  'The chore of that name: takes up to 1,000 committed entries into the chain, and keeps the head of a day that is '
  'over. Returns how many.';

create or replace function auditing.list_chained(p_after bigint, p_limit integer)
returns table (at_position bigint, digest text, entry text)
language plpgsql
stable
as $$
begin
  return query
  select c.position, encode(c.digest, 'hex'), case when e.id is not null then auditing.write_text(e) end
  from leadgen.audit_chain c
  left join leadgen.audit_entries e on e.id = c.entry_id
  where c.position > p_after
  order by c.position
  limit least(p_limit, 10000);
end;
$$;
comment on function auditing.list_chained(bigint, integer) is 'The work of leadgen.list_chained_audit.';
