-- Facade of the console's reports: the views of schema report as pages and as files, by a session.
-- Each is a door: it checks nothing itself, runs with the owner's rights, and calls the function that does the work.

create or replace function leadgen.show_reports_page(p_token_hash text)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.show_reports_page(p_token_hash);
end;
$$;
comment on function leadgen.show_reports_page(text) is
  'The views of schema report: what each has, and of what its periods are. LG401, LG403.';

create or replace function leadgen.show_report_page(
  p_token_hash text,
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
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.show_report_page(p_token_hash, p_view, p_from, p_to, p_zone, p_sort, p_is_down, p_plot);
end;
$$;
comment on function leadgen.show_report_page(text, text, date, date, text, text, boolean, text) is
  'At most 200 rows of a view and of whole days by the clock of a zone, sorted by a column, with one of its measures '
  'by the day: see reporting.read_page. LG400, LG401, LG403, LG404.';

create or replace function leadgen.open_export_for(
  p_token_hash text,
  p_view text,
  p_from date,
  p_to date,
  p_zone text
)
returns refcursor
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.open_export_for(p_token_hash, p_view, p_from, p_to, p_zone);
end;
$$;
comment on function leadgen.open_export_for(text, text, date, date, text) is
  'Opens the cursor export on all rows of a view and of whole days, cells as in the CSV of leadgen.compose_export, '
  'until the transaction ends; by a user who may read. LG400, LG401, LG403, LG404.';
