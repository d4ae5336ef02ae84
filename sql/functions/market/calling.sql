-- Whether the person of a lead may be called now, by the rules of where the person is.

create or replace function market.find_calling(p_facts kernel.lead_facts, p_at timestamptz, p_timezone text)
returns kernel.calling
language plpgsql
stable
as $$
-- What holds for the country and for the region holds together. Whose zone is not known has the market's.
declare
  v_zone constant text := coalesce(p_facts.local_timezone, p_timezone);
  v_calling kernel.calling;
  v_hours int4multirange;
begin
  select
    string_agg(coalesce(r.region_code, r.country_code), ', ' order by r.region_code nulls first),
    range_intersect_agg(r.compiled_hours),
    bool_or(r.consent_required) and p_facts.consent is not true
  into v_calling.rules, v_hours, v_calling.lacks_consent
  from leadgen.calling_rules r
  where r.country_code = p_facts.country_code and r.is_active
    and (r.region_code is null or r.region_code = p_facts.region_code);
  if v_calling.rules is null then
    return null;
  end if;
  v_calling.zone := v_zone;
  v_calling.opens_at := nullif(market.find_calling_time(p_facts, p_at, v_zone, v_hours), p_at);
  return v_calling;
end;
$$;
comment on function market.find_calling(kernel.lead_facts, timestamptz, text) is
  'What the calling rules of a lead''s place say at a time; null: there are none. The zone given is the market''s.';

create or replace function market.find_calling_time(
  p_facts kernel.lead_facts,
  p_at timestamptz,
  p_zone text,
  p_hours int4multirange
)
returns timestamptz
language plpgsql
stable
as $$
-- From a holiday to the next midnight, from closed hours to the next opening, until both are open.
declare
  c_most constant integer := 100;
  v_at timestamptz := p_at;
begin
  for v_n in 1 .. c_most loop
    exit when v_at is null;
    if exists (
      select from leadgen.calling_holidays h
      where h.country_code = p_facts.country_code and h.day = (v_at at time zone p_zone)::date
        and h.region_code in ('', coalesce(p_facts.region_code, ''))) then
      v_at := ((v_at at time zone p_zone)::date + 1)::timestamp at time zone p_zone;
    elsif kernel.minute_of_week(v_at, p_zone) <@ p_hours then
      return v_at;
    else
      v_at := kernel.find_next_opening(p_hours, v_at, p_zone);
    end if;
  end loop;
  return 'infinity';
end;
$$;
comment on function market.find_calling_time(kernel.lead_facts, timestamptz, text, int4multirange) is
  'The first time, from one on, that is within hours of a week and on no holiday of a lead''s place; infinity: never.';
