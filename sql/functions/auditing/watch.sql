-- Which tables are watched: the triggers that leadgen.audit_tables asks for.

create or replace function auditing.list_triggers()
returns setof text
language plpgsql
stable
as $$
-- Triggers with transition tables admit neither several events nor a list of columns. On a table that only people write
-- that costs little. Where the engine updates rows, a row trigger with a list and a condition costs it nothing.
-- What is no longer asked for is dropped by the deploy, as any trigger that it does not declare again.
declare
  v_watch record;
  v_moment record;
begin
  for v_watch in select * from auditing.list_watches() loop
    for v_moment in
      values
        ('insert', 'after insert', 'referencing new table as written', 'note_insert'),
        ('update', 'after update', 'referencing old table as replaced new table as written', 'note_update'),
        ('delete', 'after delete', 'referencing old table as replaced', 'note_delete'),
        ('truncate', 'after truncate', '', 'note_truncate')
    loop
      if v_moment.column1 = 'update' and v_watch.row_columns is not null then
        return next format(
          'create or replace trigger audit_update after update of %s on leadgen.%I for each row when (%s) '
          'execute function auditing.note_row(%L, %L, %L)',
          (select string_agg(format('%I', c.name), ', ') from unnest(v_watch.row_columns) c (name)),
          v_watch.table_name,
          (
            select string_agg(format('old.%1$I is distinct from new.%1$I', c.name), ' or ')
            from unnest(v_watch.row_columns) c (name)
          ),
          v_watch.key, v_watch.left_out, v_watch.hidden);
      else
        return next format(
          'create or replace trigger audit_%s %s on leadgen.%I %s for each statement '
          'execute function auditing.%I(%L, %L, %L)',
          v_moment.column1, v_moment.column2, v_watch.table_name, v_moment.column3, v_moment.column4,
          v_watch.key, v_watch.left_out, v_watch.hidden);
      end if;
    end loop;
  end loop;
end;
$$;
comment on function auditing.list_triggers() is
  'The statements that make the triggers of every audited table; each deploy runs those whose trigger is another.';

create or replace function auditing.list_watches()
returns table (table_name text, key text[], left_out text[], hidden text[], row_columns text[])
language sql
stable
as $$
  select
    t.table_name,
    (
      select array_agg(a.attname::text order by a.attnum)
      from pg_catalog.pg_index i
      join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
      where i.indrelid = c.oid and i.indisprimary
    ),
    t.left_out, t.hidden,
    case when t.by_row then (
      select array_agg(a.attname::text order by a.attnum)
      from pg_catalog.pg_attribute a
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attname <> all (t.left_out)
    ) end
  from leadgen.audit_tables t
  join pg_catalog.pg_class c on c.oid = format('leadgen.%I', t.table_name)::regclass
  where t.why_not is null;
$$;
comment on function auditing.list_watches() is
  'The audited tables with what their triggers are made of. row_columns: the columns that the trigger on updates '
  'names; null: it is a statement trigger.';
