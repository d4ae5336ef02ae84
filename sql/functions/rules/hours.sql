-- Rules about the time at which a lead comes.

create or replace function rules.business_hours(p_facts kernel.lead_facts, p_value jsonb, p_rules jsonb)
returns kernel.failure[]
language plpgsql
immutable
as $$
-- p_value is compile_business_hours'. local_minute is of the wall clock: an hour that daylight saving takes away is
-- never reached, one that comes twice is open twice.
begin
  return case
    when (p_value #>> '{}')::int4multirange @> p_facts.local_minute then '{}'
    else rules.fail('outside_hours', 'created_at', format('It is %s %s in the market, outside the hours of this offer',
      (array['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'])
        [p_facts.local_minute / 1440 + 1],
      to_char(time '00:00' + p_facts.local_minute * interval '1 minute', 'HH24:MI')))
  end;
end;
$$;
comment on function rules.business_hours(kernel.lead_facts, jsonb, jsonb) is
  'It is within the hours, by the wall clock of the market.';
