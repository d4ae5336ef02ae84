-- Road: an operator opens a report on a page of the console, or takes all of its rows away as a file.

create or replace function roads.show_reports_page(p_token_hash text)
returns jsonb
language plpgsql
volatile
as $$
begin
  return roads.admit_reader(p_token_hash) || jsonb_build_object('views', reporting.describe_views());
end;
$$;
comment on function roads.show_reports_page(text) is 'The work of leadgen.show_reports_page.';

create or replace function roads.show_report_page(
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
as $$
begin
  return roads.admit_reader(p_token_hash)
    || reporting.read_page(p_view, p_from, p_to, p_zone, p_sort, p_is_down, p_plot);
end;
$$;
comment on function roads.show_report_page(text, text, date, date, text, text, boolean, text) is
  'The work of leadgen.show_report_page.';

create or replace function roads.open_export_for(p_token_hash text, p_view text, p_from date, p_to date, p_zone text)
returns refcursor
language plpgsql
volatile
as $$
begin
  perform identity.admit_user(p_token_hash, 'read');
  return reporting.open_export(p_view, p_from, p_to, p_zone);
end;
$$;
comment on function roads.open_export_for(text, text, date, date, text) is 'The work of leadgen.open_export_for.';
