-- The proof: a superuser with the triggers off changes, removes, adds and reorders, and each of these is found.
begin;
select plan(20);
set local client_min_messages = warning;
update leadgen.settings set warn_at_percent = n from generate_series(70, 71) n;
insert into leadgen.rate_limits (name, subject, amount, per_seconds) select 'key', n::text, 1, 1 from generate_series(1, 10) n;
select leadgen.run_chore('chain_audit');
set local session_replication_role = replica;
update leadgen.audit_chain set chained_at = chained_at - interval '1 day';
set local session_replication_role = origin;
insert into leadgen.rate_limits (name, subject, amount, per_seconds) values ('key', 'chained', 1, 1);
select leadgen.run_chore('chain_audit');
insert into leadgen.rate_limits (name, subject, amount, per_seconds) values ('key', 'waits', 1, 1);
create temp table ends as select h.last_position, h.last_entry from leadgen.find_audit_head() h;
select is_empty('select * from auditing.list_broken_audit()', 'an audit that nobody touched');

create function pg_temp.planted(p_sql text) returns text[] language plpgsql as $$
-- Plants a fault, looks, and takes it back.
declare
  v_found text[];
begin
  set local session_replication_role = replica;
  execute p_sql;
  set local session_replication_role = origin;
  v_found := array(select regexp_replace(f.rule, '^audit_', '') from auditing.list_broken_audit() f order by 1);
  raise exception using errcode = 'P9999', message = v_found::text;
exception
  when sqlstate 'P9999' then
    return sqlerrm::text[];
end;
$$;
select is(pg_temp.planted(sql), found::text[], what)
from (values
  ('update leadgen.audit_entries set actor = ''somebody else'' where id = (select max(id) - 3 from leadgen.audit_entries)',
    '{entry_changed}', 'a changed entry'),
  ('update leadgen.audit_entries set changed_at = changed_at - interval ''1 us''
    where id = (select max(id) - 3 from leadgen.audit_entries)',
    '{entry_changed}', 'a changed time'),
  ('delete from leadgen.audit_entries where id = (select max(id) - 3 from leadgen.audit_entries)', '{entry_removed}', 'a removed entry'),
  ('delete from leadgen.audit_chain where position = 3', '{entry_added,link_missing}', 'a removed link'),
  ('with e as (delete from leadgen.audit_chain where position = 3 returning entry_id)
    delete from leadgen.audit_entries where id = (select entry_id from e)', '{link_missing}', 'a removed entry with its link'),
  ('with f as (select position, entry_id from leadgen.audit_chain where position in (3, 4))
    update leadgen.audit_chain c set entry_id = -f.entry_id from f where c.position = 7 - f.position;
    update leadgen.audit_chain set entry_id = -entry_id where entry_id < 0', '{entry_changed,entry_changed}', 'two that changed places'),
  ('update leadgen.audit_chain set digest = sha256(''x'') where position = 3', '{entry_changed,entry_changed}', 'a changed digest'),
  ('insert into leadgen.audit_entries (table_name, action) values (''offers'', ''truncate'')', '{entry_added}',
    'an entry that nobody chained'),
  ('with e as (insert into leadgen.audit_entries (table_name, action) values (''offers'', ''truncate'') returning id)
    insert into leadgen.audit_chain (position, entry_id, digest)
    select c.position + 1, e.id, sha256(''x'') from e, (select max(position) as position from leadgen.audit_chain) c',
    '{entry_changed}', 'an entry with a link that is not of the chain'),
  ('delete from leadgen.audit_waiting', '{entry_added}', 'an entry that waits no more'),
  ('delete from leadgen.audit_entries where id in (select entry_id from leadgen.audit_waiting)', '{entry_removed}',
    'an entry that was removed before it was chained'),
  ('insert into leadgen.audit_waiting select entry_id from leadgen.audit_chain where position = 3', '{waiting_twice}',
    'an entry that is chained and waits'),
  ('update leadgen.audit_entries set changed_at = now() - interval ''61 minutes'' where id in (select entry_id from leadgen.audit_waiting)',
    '{chain_late}', 'an entry that waits for too long'),
  ('with cut as (delete from leadgen.audit_chain where position >= (select position from leadgen.audit_heads) returning entry_id)
    delete from leadgen.audit_entries where id in (select entry_id from cut)', '{head_differs}',
    'an end that was cut off before the head of a day'),
  ('update leadgen.audit_heads set digest = sha256(''x'')', '{head_differs}', 'a changed head'),
  ('alter table leadgen.offers disable trigger audit_update', '{trigger_off}', 'a trigger that is switched off'),
  ('drop trigger audit_delete on leadgen.api_keys', '{trigger_off}', 'a trigger that is gone')
) as t (sql, found, what);

-- A part at a time.
select is_empty('select * from leadgen.verify_audit_chain(2, 5)', 'a portion goes on from the link before it');
select bag_eq($$select p.rule from ends e, lateral (select * from leadgen.verify_audit_chain(0, 4) union all
  select * from leadgen.verify_audit_chain(4, e.last_position) union all select * from leadgen.verify_audit_entries(0, e.last_entry)) p$$,
  $$select 'x' where false$$, 'portions say what the whole says');

select * from finish();
rollback;
