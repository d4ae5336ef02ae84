-- Analysts: the views of schema report, which hold no personal data of leads.
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
