create or replace function leadgen.find_clear_time(
  p_candidates leadgen.candidate[],
  p_reasons text[],
  p_load leadgen.offer_load,
  p_now timestamptz
)
returns timestamptz
language plpgsql
immutable
as $$
begin
  return (
    select min(case
      when r.reason is null then p_now + interval '1 minute'
      when r.reason = 'paused' then (p_candidates[r.place]).pause_until
      when r.reason = 'outside_schedule' then
        leadgen.find_next_opening((p_candidates[r.place]).schedule, p_now, (p_candidates[r.place]).timezone)
      when r.reason ~ '^(cap|budget)_' then
        leadgen.find_window_end(split_part(r.reason, '_', 2), p_now, (p_candidates[r.place]).timezone)
      when r.reason ~ '^offer_' then leadgen.find_window_end(split_part(r.reason, '_', 3), p_now, p_load.timezone)
    end)
    from unnest(p_reasons) with ordinality as r (reason, place)
  );
end;
$$;
comment on function leadgen.find_clear_time(leadgen.candidate[], text[], leadgen.offer_load, timestamptz) is
  'The first time at which a cap, a budget, a pause or a schedule clears that keeps a candidate from a lead; null: no time clears anything.';
