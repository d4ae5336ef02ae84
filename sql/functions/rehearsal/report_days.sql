create or replace function leadgen.report_days(p_history leadgen.tally, p_rehearsed leadgen.tally)
returns jsonb
language plpgsql
immutable
as $$
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'day', d.day,
      'actual', leadgen.report_day(p_history.days, d.day),
      'simulated', leadgen.report_day(p_rehearsed.days, d.day)) order by d.day), '[]')
    from (select distinct left(k, 10) as day from jsonb_object_keys(p_history.days || p_rehearsed.days) k) d
  );
end;
$$;
comment on function leadgen.report_days(leadgen.tally, leadgen.tally) is
  'Leads sold and revenue by the day on which they came in, as it was and as it would have been.';
