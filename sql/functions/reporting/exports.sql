-- Exports: a view of schema report as rows that leave the house.
--
-- compose_export writes the statement, and whoever reads runs it by its own rights: a command by COPY, a scheduled
-- report by reporting.read_report. So a file and an e-mail have the same rows, and the same cells.
-- Cells of a CSV that a spreadsheet would take for a formula get an apostrophe in front: text that begins with =, +, -,
-- @ (also in full width), a tab, a return or a line feed. Numbers and times are never changed, nor is anything of
-- another format.

create or replace function reporting.compose_export(
  p_view text,
  p_from timestamptz,
  p_to timestamptz,
  p_timezone text,
  p_by text,
  p_where jsonb,
  p_format text
)
returns text
language plpgsql
stable
as $$
begin
  return reporting.compose_rows(reporting.find_view(p_view), p_from, p_to, p_timezone, p_by, p_where, p_format);
end;
$$;
comment on function reporting.compose_export(text, timestamptz, timestamptz, text, text, jsonb, text) is
  'The work of leadgen.compose_export.';

create or replace function reporting.compose_rows(
  p_view oid,
  p_from timestamptz,
  p_to timestamptz,
  p_timezone text,
  p_by text,
  p_where jsonb,
  p_format text
)
returns text
language plpgsql
stable
as $$
-- p_format: csv (each column as it is written, text without formulas), json (one object a row) or rows (as they are).
declare
  v_name constant text := (select c.relname from pg_catalog.pg_class c where c.oid = p_view);
  v_conditions constant text[] := reporting.compose_period(p_view, p_from, p_to, p_timezone, p_by)
    || reporting.compose_filters(p_view, p_where);
  v_where constant text := case when v_conditions <> '{}' then ' where ' || array_to_string(v_conditions, ' and ') end;
begin
  return case p_format
    when 'json' then format('select to_json(x)::text from report.%I x%s', v_name, v_where)
    when 'csv' then format('select %s from report.%I x%s', (
      select string_agg(format('%s as %I', c.cell, c.name), ', ' order by c.place)
      from reporting.list_cells(p_view, '{}', true) c), v_name, v_where)
    else format('select * from report.%I x%s', v_name, v_where)
  end;
end;
$$;
comment on function reporting.compose_rows(oid, timestamptz, timestamptz, text, text, jsonb, text) is
  'The statement that reads a view: rows of a period, which fit filters, in a format; see leadgen.compose_export.';

create or replace function reporting.find_zone()
returns text
language plpgsql
stable
as $$
begin
  return (select case when count(distinct m.timezone) = 1 then min(m.timezone) else 'UTC' end from leadgen.markets m);
end;
$$;
comment on function reporting.find_zone() is 'The work of leadgen.find_report_zone.';

create or replace function reporting.find_view(p_view text, p_role name default null)
returns oid
language plpgsql
stable
as $$
declare
  v_view oid;
begin
  select l.oid into v_view from reporting.list_views(p_role) l where l.name = p_view;
  if not found then
    perform kernel.refuse('LG404', 'There is no such view that you may read', 'view', left(p_view, 60),
      (select coalesce(string_agg(l.name, ', ' order by l.name), 'none') from reporting.list_views(p_role) l));
  end if;
  return v_view;
end;
$$;
comment on function reporting.find_view(text, name) is
  'A view of schema report by its name; LG404 for one that there is not, or that the role, null: the session''s, may '
  'not read.';

create or replace function reporting.list_views(p_role name default null)
returns table (oid oid, name text)
language plpgsql
stable
as $$
-- The role that the session has set counts, else its login: this function itself runs as the owner.
declare
  v_role constant name := coalesce(p_role, nullif(current_setting('role', true), 'none'), session_user::text);
begin
  return query
  select c.oid, c.relname::text
  from pg_catalog.pg_class c
  where c.relnamespace = 'report'::regnamespace and c.relkind in ('v', 'm')
    and pg_catalog.has_table_privilege(v_role, c.oid, 'select');
end;
$$;
comment on function reporting.list_views(name) is
  'The views of schema report that a role may read, null: the session''s.';

create or replace function reporting.list_columns(p_view oid)
returns table (name text, type oid, place integer)
language plpgsql
stable
as $$
begin
  return query
  select a.attname::text, a.atttypid, a.attnum::integer
  from pg_catalog.pg_attribute a
  where a.attrelid = p_view and a.attnum > 0 and not a.attisdropped;
end;
$$;
comment on function reporting.list_columns(oid) is 'The columns of a view.';

create or replace function reporting.compose_period(
  p_view oid,
  p_from timestamptz,
  p_to timestamptz,
  p_timezone text,
  p_by text
)
returns text[]
language plpgsql
stable
as $$
-- The first time or day among the columns is what a row is about. A day is a whole one: of a part of it nobody could
-- say which rows belong to it.
declare
  v_column record;
begin
  if p_from is null and p_to is null then
    return '{}';
  end if;
  select c.name, c.type = 'date'::regtype as is_day into v_column
  from reporting.list_columns(p_view) c
  where c.type in ('timestamptz'::regtype, 'date'::regtype) and (p_by is null or c.name = p_by)
  order by c.place
  limit 1;
  if not found then
    perform kernel.refuse('LG400', 'The view has no such time', 'by', coalesce(left(p_by, 60), 'nothing'), coalesce((
      select string_agg(c.name, ', ' order by c.place) from reporting.list_columns(p_view) c
      where c.type in ('timestamptz'::regtype, 'date'::regtype)), 'no period: it says how things are now'));
  elsif p_from >= p_to then
    perform kernel.refuse('LG400', 'The period ends before it begins', 'from', kernel.write_instant(p_from),
      'a time before ' || kernel.write_instant(p_to));
  end if;
  return array_remove(array[
    reporting.compose_bound(v_column.name, v_column.is_day, '>=', p_from, p_timezone),
    reporting.compose_bound(v_column.name, v_column.is_day, '<', p_to, p_timezone)], null);
end;
$$;
comment on function reporting.compose_period(oid, timestamptz, timestamptz, text, text) is
  'The conditions by which rows of a view are of a period: by the column that is named, else by the first time or day '
  'among its columns. LG400 where there is none, for a period that ends before it begins, and for a part of a day.';

create or replace function reporting.compose_bound(
  p_column text,
  p_is_day boolean,
  p_sign text,
  p_bound timestamptz,
  p_timezone text
)
returns text
language plpgsql
stable
as $$
begin
  if p_is_day and p_bound <> date_trunc('day', p_bound, p_timezone) then
    perform kernel.refuse('LG400', format('%s is a day', p_column), case p_sign when '<' then 'to' else 'from' end,
      kernel.show_time(p_bound, p_timezone), 'a day without a time');
  end if;
  return case
    when p_bound is null then null
    when p_is_day then format('x.%I %s %L::date', p_column, p_sign, (p_bound at time zone p_timezone)::date)
    else format('x.%I %s %L::timestamptz', p_column, p_sign, p_bound)
  end;
end;
$$;
comment on function reporting.compose_bound(text, boolean, text, timestamptz, text) is
  'The condition that a time or a day is on one side of a bound; null: there is no bound. LG400 for a part of a day.';

create or replace function reporting.compose_filters(p_view oid, p_where jsonb)
returns text[]
language plpgsql
stable
as $$
declare
  v_filter jsonb;
  v_type oid;
  v_conditions text[] := '{}';
begin
  for v_filter in select f.value from jsonb_array_elements(coalesce(p_where, '[]')) f loop
    select c.type into v_type from reporting.list_columns(p_view) c where c.name = v_filter ->> 0;
    if not found then
      perform kernel.refuse('LG400', 'The view has no such column', 'where', left(v_filter ->> 0, 60),
        (select string_agg(c.name, ', ' order by c.place) from reporting.list_columns(p_view) c));
    elsif (v_filter ->> 1 in ('=', '<>', '<', '<=', '>', '>=')) is not true then
      perform kernel.refuse('LG400', 'There is no such comparison', 'where', left(v_filter ->> 1, 60),
        '=, <>, <, <=, >, >=');
    end if;
    v_conditions := v_conditions || format('x.%I %s %L::%s', v_filter ->> 0, v_filter ->> 1, v_filter ->> 2,
      pg_catalog.format_type(v_type, null));
  end loop;
  return v_conditions;
end;
$$;
comment on function reporting.compose_filters(oid, jsonb) is
  'The conditions of filters, [[column, comparison, value], …]. LG400 for a column or a comparison that there is not.';

create or replace function reporting.list_cells(p_view oid, p_hidden text[], p_is_csv boolean)
returns table (name text, cell text, place integer)
language plpgsql
stable
as $$
-- Types of text, citext of an extension and enums too, are those of category S and E.
begin
  return query
  select c.name,
    case
      when p_is_csv and t.typcategory in ('S', 'E') then
        format('case when x.%1$I::text ~ %2$L then %3$L else %4$L end || x.%1$I::text',
          c.name, E'^[=+@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20-]', '''', '')
      else format('x.%I::text', c.name)
    end,
    c.place
  from reporting.list_columns(p_view) c
  join pg_catalog.pg_type t on t.oid = c.type
  where c.name <> all (p_hidden);
end;
$$;
comment on function reporting.list_cells(oid, text[], boolean) is
  'The columns of a view as text, without those that are hidden; in cells of a CSV text that a spreadsheet would take '
  'for a formula has an apostrophe in front.';
