create or replace function leadgen.plan_hold(
  p_candidates leadgen.candidate[],
  p_reasons text[],
  p_load leadgen.offer_load,
  p_now timestamptz
)
returns timestamptz
language plpgsql
immutable
as $$
-- What somebody has to change wakes the offer when it changes (leadgen.hold_wakes). An hour is the longest pause, so that
-- nothing hangs on a wake that was missed.
begin
  return least(p_now + interval '1 hour', leadgen.find_clear_time(p_candidates, p_reasons, p_load, p_now));
end;
$$;
comment on function leadgen.plan_hold(leadgen.candidate[], text[], leadgen.offer_load, timestamptz) is
  'When a lead that nobody could take is offered again: when the first thing clears that time alone clears, at most an hour away.';
