-- Reports on pages: which views there are, a page of one with a plot, and all of its rows as the file of an export.
--
-- They are the views that analysts may read (leadgen_reporting); who asks is admitted by a road. Days are whole ones by
-- the clock of the zone that is named, else of the markets' (reporting.find_zone).

create or replace function reporting.describe_views()
returns jsonb
language sql
stable
as $$
  select coalesce(jsonb_agg(jsonb_build_object('name', v.name, 'about', pg_catalog.obj_description(v.oid, 'pg_class'),
    'period', reporting.find_period_column(v.oid)) order by v.name), '[]')
  from reporting.list_views('leadgen_reporting') v;
$$;
comment on function reporting.describe_views() is
  'The views of schema report by name: what each has, and the time or day that its periods are of; null: none.';

create or replace function reporting.find_period_column(p_view oid)
returns text
language sql
stable
as $$
  select c.name
  from reporting.list_columns(p_view) c
  where c.type in ('timestamptz'::regtype, 'date'::regtype)
  order by c.place
  limit 1;
$$;
comment on function reporting.find_period_column(oid) is
  'The first time or day among the columns of a view: what a row is about; null: the view says how things are now.';

create or replace function reporting.start_reading(p_zone text)
returns text
language plpgsql
volatile
as $$
begin
  if p_zone is not null and kernel.is_timezone(p_zone) is not true then
    perform kernel.refuse('LG400', format('%s is no time zone', left(p_zone, 64)), 'zone', left(p_zone, 64),
      'UTC or a name of the IANA database, such as Europe/Berlin');
  end if;
  perform set_config('TimeZone', coalesce(p_zone, reporting.find_zone()), true);
  perform set_config('leadgen.report_zone', coalesce(p_zone, ''), true);
  return coalesce(p_zone, reporting.find_zone());
end;
$$;
comment on function reporting.start_reading(text) is
  'From now until the transaction ends times are written by the clock of a zone, and views count days by it; null: '
  'each market''s days, times by the zone of the markets. The zone. LG400 for what is none.';

create or replace function reporting.choose_days(p_period text, p_from date, p_to date, p_zone text)
returns daterange
language plpgsql
stable
as $$
-- A view of weeks or months is about the first day of each.
declare
  v_to constant date := coalesce(p_to, (leadgen.clock() at time zone p_zone)::date);
begin
  if p_period is null then
    return null;
  elsif coalesce(p_from, v_to) > v_to or p_from < '1970-01-01' or v_to > '9000-01-01' then
    perform kernel.refuse('LG400', 'The period cannot be read', 'to', v_to::text, 'two days, the first one first');
  end if;
  return daterange(coalesce(p_from, v_to - case
    when p_period ~ 'month' then 364 when p_period ~ 'week' then 90 else 29 end), v_to, '[]');
end;
$$;
comment on function reporting.choose_days(text, date, date, text) is
  'The days of a page of a view whose period is of this column: those that are asked for, else thirty days, of weeks a '
  'quarter, of months a year; null: the view has no period. LG400 for a period that cannot be read.';

create or replace function reporting.list_plotted(p_view oid)
returns table (name text, unit text, definition text, place integer)
language sql
stable
as $$
-- What may be added up over a day, in a view whose rows are of days.
  select c.name, m.unit, m.definition, c.place
  from reporting.list_columns(p_view) c
  join leadgen.measures m on c.name = any (select format('%s_%s', b, m.name) from unnest(m.bases) b)
  where m.unit in ('leads', 'sales', 'money') and m.name not in ('rpl', 'cpl')
    and exists (
      select from reporting.list_columns(p_view) d
      where d.name = reporting.find_period_column(p_view) and d.type = 'date'::regtype);
$$;
comment on function reporting.list_plotted(oid) is
  'The measures of a view that can be plotted by its day, week or month: counts and sums.';

create or replace function reporting.read_page(
  p_view text,
  p_from date,
  p_to date,
  p_zone text,
  p_sort text,
  p_is_down boolean,
  p_plot text
)
returns jsonb
language plpgsql
volatile
as $$
-- One statement reads the view, for the rows and for the plot.
declare
  c_rows constant integer := 200;
  v_view constant oid := reporting.find_view(p_view, 'leadgen_reporting');
  v_zone constant text := reporting.start_reading(p_zone);
  v_period constant text := reporting.find_period_column(v_view);
  v_days constant daterange := reporting.choose_days(v_period, p_from, p_to, v_zone);
  v_sort constant text := coalesce((
    select c.name from reporting.list_columns(v_view) c where c.name = p_sort), v_period, (
    select c.name from reporting.list_columns(v_view) c order by c.place limit 1));
  v_is_down constant boolean := coalesce(p_is_down, v_sort = v_period, false);
  v_plot record;
  v_found jsonb;
begin
  select l.* into v_plot from reporting.list_plotted(v_view) l order by (l.name = p_plot) is true desc, l.place limit 1;
  execute format(
    'with x as (%s) select jsonb_build_object(''rows'', (select coalesce(jsonb_agg(r.cells), ''[]'') from '
    '(select array[%s] as cells from x order by x.%I %s nulls last limit %s) r), ''points'', %s)',
    reporting.compose_rows(v_view, lower(v_days)::timestamp at time zone v_zone,
      upper(v_days)::timestamp at time zone v_zone, v_zone, null, null, 'rows'),
    (select string_agg(c.cell, ', ' order by c.place) from reporting.list_cells(v_view, '{}', false) c),
    v_sort, case when v_is_down then 'desc' else 'asc' end, c_rows + 1,
    reporting.compose_plot(v_view, v_period, v_plot.name, v_plot.unit)) into v_found;
  return jsonb_build_object('view', p_view, 'about', pg_catalog.obj_description(v_view, 'pg_class'),
    'zone', v_zone, 'zone_given', p_zone, 'period', v_period, 'from', lower(v_days), 'to', upper(v_days) - 1,
    'sort', v_sort, 'is_down', v_is_down, 'most', c_rows, 'is_cut', jsonb_array_length(v_found -> 'rows') > c_rows,
    'rows', case when jsonb_array_length(v_found -> 'rows') > c_rows then (v_found -> 'rows') - -1
      else v_found -> 'rows' end,
    'columns', (
      select jsonb_agg(jsonb_build_object('name', c.name, 'is_number', t.typcategory = 'N') order by c.place)
      from reporting.list_columns(v_view) c join pg_catalog.pg_type t on t.oid = c.type),
    'plot', case when v_plot.name is not null then jsonb_build_object('name', v_plot.name, 'unit', v_plot.unit,
      'definition', v_plot.definition, 'points', v_found -> 'points', 'choices', (
        select jsonb_agg(l.name order by l.place) from reporting.list_plotted(v_view) l)) end);
end;
$$;
comment on function reporting.read_page(text, date, date, text, text, boolean, text) is
  'At most 200 rows of a view and of the days from p_from to p_to, sorted by a column, cells as text, and one of its '
  'measures by the day. LG400 for a period or zone that cannot be read, LG404 for no view.';

create or replace function reporting.compose_plot(p_view oid, p_day text, p_measure text, p_unit text)
returns text
language plpgsql
stable
as $$
-- Of amounts each currency by itself. The latest 400 points are enough for the eye.
declare
  v_of constant text := case when p_unit = 'money' and exists (
    select from reporting.list_columns(p_view) c where c.name = 'currency')
    then 'x.currency::text' else 'null::text' end;
begin
  if p_measure is null then
    return '''[]''::jsonb';
  end if;
  return format(
    '(select coalesce(jsonb_agg(to_jsonb(p) order by p.of, p.day), ''[]'') from (select x.%I as day, %s as of, '
    'sum(x.%I) as value from x where x.%1$I is not null and x.%3$I is not null group by 1, 2 order by 1 desc '
    'limit 400) p)',
    p_day, v_of, p_measure);
end;
$$;
comment on function reporting.compose_plot(oid, text, text, text) is
  'The expression that adds up a measure of the rows x by day and, of amounts, by currency: [{day, of, value}, …].';

create or replace function reporting.open_export(p_view text, p_from date, p_to date, p_zone text)
returns refcursor
language plpgsql
volatile
as $$
-- The cursor is of this transaction; what reads from it needs no right of its own.
declare
  v_view constant oid := reporting.find_view(p_view, 'leadgen_reporting');
  v_zone constant text := reporting.start_reading(p_zone);
  v_days constant daterange := reporting.choose_days(reporting.find_period_column(v_view), p_from, p_to, v_zone);
  v_rows refcursor := 'export';
begin
  open v_rows no scroll for execute reporting.compose_rows(v_view, lower(v_days)::timestamp at time zone v_zone,
    upper(v_days)::timestamp at time zone v_zone, v_zone, null, null, 'csv');
  return v_rows;
end;
$$;
comment on function reporting.open_export(text, date, date, text) is
  'Opens the cursor export on all rows of a view and of a period, cells as leadgen.compose_export writes them for a '
  'CSV. LG400 for a period or zone that cannot be read, LG404 for no view.';
