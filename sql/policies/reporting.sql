-- Analysts: the views of schema report, which hold no personal data of leads, the function that says in which zone days
-- are counted, what a view calls, and exports.
grant usage on schema report, leadgen to leadgen_reporting;
grant execute on function leadgen.find_report_zone() to leadgen_reporting;
grant execute on function leadgen.compose_export(text, timestamptz, timestamptz, text, text, jsonb, text) to leadgen_reporting;
do $$
declare
  v_view text;
begin
  for v_view in select d.name from pg_temp.declared d where d.kind = 'table' and d.schema = 'report' loop
    execute format('grant select on %s to leadgen_reporting', v_view);
  end loop;
end;
$$;
grant execute on function report.set_zone(text, boolean), report.find_start(), report.find_day_start(),
  kernel.rank_reason(text) to leadgen_reporting, leadgen_dba;
grant execute on function outbox.describe_health(leadgen.endpoints, timestamptz) to leadgen_reporting, leadgen_dba;
