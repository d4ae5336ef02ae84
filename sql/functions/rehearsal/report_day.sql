create or replace function leadgen.report_day(p_days jsonb, p_day text)
returns jsonb
language plpgsql
immutable
as $$
begin
  return jsonb_build_object('sold', coalesce(p_days -> (p_day || ' sold'), '0'), 'revenue', coalesce(p_days -> (p_day || ' revenue'), '0'));
end;
$$;
comment on function leadgen.report_day(jsonb, text) is 'One day of a tally: sold and revenue.';
