-- Audit: the trail of changes. This module owns audit_tables (what is audited), audit_entries (what changed),
-- audit_waiting, audit_chain and audit_heads (the chain).
--
--   a change ──► audit_entries, audit_waiting ── commit, chain_audit ──► audit_chain ── next day ──► audit_heads
--        in its own transaction, no lock       one at a time      digest over digest
--
-- What always holds:
-- 1. A change of an audited column and its entry come together or not at all.
-- 2. Entries and links are never changed or removed, and only a trigger writes an entry: for every role.
-- 3. No entry holds a secret, a contact or an address of an endpoint: audit_tables.hidden names these columns.
-- 4. Nobody who changes a row waits for the chain.
--
-- This file makes entries; watch.sql the triggers, chain.sql the chain, verify.sql proves it.

create or replace function auditing.show_value(p_column text, p_value jsonb, p_hidden text[])
returns jsonb
language plpgsql
immutable parallel safe
as $$
-- A long value, such as a logo, is kept by its digest: entries stay readable.
declare
  c_longest constant integer := 20000;
begin
  if p_value = 'null' then
    return p_value;
  elsif p_column = any (p_hidden) then
    return '"(hidden)"';
  elsif length(p_value::text) > c_longest then
    return jsonb_build_object(
      'length', length(p_value #>> '{}'), 'sha256', encode(sha256(convert_to(p_value #>> '{}', 'UTF8')), 'hex'));
  end if;
  return p_value;
end;
$$;
comment on function auditing.show_value(text, jsonb, text[]) is
  'What an entry keeps of a value: "(hidden)" in a hidden column, unless it is null.';

create or replace function auditing.show_row(p_row jsonb, p_left_out text[], p_hidden text[])
returns jsonb
language plpgsql
immutable parallel safe
as $$
declare
  v_row constant jsonb := p_row - p_left_out;
begin
  if not v_row ?| p_hidden and length(v_row::text) <= 20000 then
    return v_row; -- most rows: each of their values is short
  end if;
  return (
    select jsonb_object_agg(c.key, auditing.show_value(c.key, c.value, p_hidden)) from jsonb_each(v_row) c
  );
end;
$$;
comment on function auditing.show_row(jsonb, text[], text[]) is
  'What an entry keeps of a row that came or went: all of its columns but those left out.';

create or replace function auditing.pick_key(p_row jsonb, p_key text[])
returns jsonb
language plpgsql
immutable parallel safe
as $$
begin
  if cardinality(p_key) = 1 then
    return jsonb_build_object(p_key[1], p_row -> p_key[1]);
  end if;
  return (select jsonb_object_agg(k.name, p_row -> k.name) from unnest(p_key) k (name));
end;
$$;
comment on function auditing.pick_key(jsonb, text[]) is 'The columns of a row''s primary key.';

-- The trigger functions are handed three arrays by list_triggers: the key, what is left out, what is hidden. The text
-- of a value must not depend on the session that changes it, hence their settings.

create or replace function auditing.note_insert()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set intervalstyle = 'postgres'
set bytea_output = 'hex'
as $$
begin
  insert into leadgen.audit_entries (table_name, action, row_key, after)
  select
    tg_table_name, 'insert', auditing.pick_key(w.body, tg_argv[0]::text[]),
    auditing.show_row(w.body, tg_argv[1]::text[], tg_argv[2]::text[])
  from (select to_jsonb(r) as body from written r) w;
  return null;
end;
$$;
comment on function auditing.note_insert() is 'Trigger, after insert of a statement: an entry for each row.';

create or replace function auditing.note_update()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set intervalstyle = 'postgres'
set bytea_output = 'hex'
as $$
-- The two tables are matched by key. A row whose key was changed is one that went and one that came. "offset 0" keeps
-- the planner from making the JSON of a row twice.
declare
  c_key constant text[] := tg_argv[0];
  c_left_out constant text[] := tg_argv[1];
  c_hidden constant text[] := tg_argv[2];
begin
  insert into leadgen.audit_entries (table_name, action, row_key, before, after)
  select
    tg_table_name,
    case when w.body is null then 'delete' when o.body is null then 'insert' else 'update' end,
    coalesce(o.key, w.key),
    case
      when w.body is null then auditing.show_row(o.body, c_left_out, c_hidden)
      when o.body is not null then d.before
    end,
    d.after
  from (
    select r.body, auditing.pick_key(r.body, c_key) as key from (select to_jsonb(x) as body from replaced x offset 0) r
  ) o
  full join (
    select r.body, auditing.pick_key(r.body, c_key) as key from (select to_jsonb(x) as body from written x offset 0) r
  ) w on w.key = o.key
  cross join lateral (
    select
      jsonb_object_agg(c.key, auditing.show_value(c.key, o.body -> c.key, c_hidden)) as before,
      jsonb_object_agg(c.key, auditing.show_value(c.key, c.value, c_hidden)) as after
    from jsonb_each(w.body - c_left_out) c
    where o.body -> c.key is distinct from c.value
  ) d
  where w.body is null or d.after is not null;
  return null;
end;
$$;
comment on function auditing.note_update() is
  'Trigger, after update of a statement: an entry for each row of which an audited column has another value.';

create or replace function auditing.note_delete()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set intervalstyle = 'postgres'
set bytea_output = 'hex'
as $$
begin
  insert into leadgen.audit_entries (table_name, action, row_key, before)
  select
    tg_table_name, 'delete', auditing.pick_key(o.body, tg_argv[0]::text[]),
    auditing.show_row(o.body, tg_argv[1]::text[], tg_argv[2]::text[])
  from (select to_jsonb(r) as body from replaced r) o;
  return null;
end;
$$;
comment on function auditing.note_delete() is 'Trigger, after delete of a statement: an entry for each row.';

create or replace function auditing.note_truncate()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  insert into leadgen.audit_entries (table_name, action) values (tg_table_name, 'truncate');
  return null;
end;
$$;
comment on function auditing.note_truncate() is
  'Trigger, after truncate: one entry, for nobody sees the rows that went.';

create or replace function auditing.note_row()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set intervalstyle = 'postgres'
set bytea_output = 'hex'
as $$
-- For tables that the engine updates, too: the trigger's condition lets through only what has an entry.
declare
  c_hidden constant text[] := tg_argv[2];
  v_before constant jsonb := to_jsonb(old);
begin
  insert into leadgen.audit_entries (table_name, action, row_key, before, after)
  select
    tg_table_name, 'update', auditing.pick_key(v_before, tg_argv[0]::text[]),
    jsonb_object_agg(c.key, auditing.show_value(c.key, v_before -> c.key, c_hidden)),
    jsonb_object_agg(c.key, auditing.show_value(c.key, c.value, c_hidden))
  from jsonb_each(to_jsonb(new) - tg_argv[1]::text[]) c
  where v_before -> c.key is distinct from c.value;
  return null;
end;
$$;
comment on function auditing.note_row() is 'Trigger, after update of a row in an audited column: an entry.';

create or replace function auditing.check_writer()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if pg_trigger_depth() < 2 then
    perform kernel.refuse('LG409', format('%s is written by triggers alone: insert refused', tg_table_name), null,
      'insert', 'nothing', 'Change the row that the entry is about: its trigger writes the entry.');
  end if;
  return null;
end;
$$;
comment on function auditing.check_writer() is
  'Trigger: refuses an entry that no trigger writes, for every role, the owner included.';

create or replace function auditing.await_seal()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  insert into leadgen.audit_waiting (entry_id) select w.id from written w;
  return null;
end;
$$;
comment on function auditing.await_seal() is 'Trigger: a new entry waits for its place in the chain.';

create or replace function auditing.note_actor(p_actor text)
returns void
language plpgsql
volatile
as $$
begin
  perform set_config('leadgen.actor', p_actor, true);
end;
$$;
comment on function auditing.note_actor(text) is
  'Says who does what this transaction changes, where the login is a program''s: user 5, buyer 7 by a link.';
