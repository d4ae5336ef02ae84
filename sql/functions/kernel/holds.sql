-- Holds: whether and until when a lead that nobody could take waits.

create or replace function kernel.is_to_be_held(p_settings kernel.routing_settings, p_verdict kernel.verdict)
returns boolean
language sql
immutable parallel safe
as $$
  select 'hold' = case when p_verdict.exclusive_buyer_id is null then p_settings.on_no_buyer else p_settings.when_unavailable end;
$$;
comment on function kernel.is_to_be_held(kernel.routing_settings, kernel.verdict) is
  'Whether a lead that nobody could take is offered again: on_no_buyer says so, or when_unavailable while its exclusive buyer binds.';

create or replace function kernel.plan_hold(
  p_candidates kernel.candidate[],
  p_reasons text[],
  p_load kernel.offer_load,
  p_now timestamptz
)
returns timestamptz
language plpgsql
immutable
as $$
-- What somebody has to change wakes the offer when it changes (roads.follow_change). An hour is the longest pause, so that
-- nothing hangs on a wake that was missed.
begin
  return least(p_now + interval '1 hour', kernel.find_clear_time(p_candidates, p_reasons, p_load, p_now));
end;
$$;
comment on function kernel.plan_hold(kernel.candidate[], text[], kernel.offer_load, timestamptz) is
  'When a lead that nobody could take is offered again: when the first thing clears that time alone clears, at most an hour away.';

create or replace function kernel.find_clear_time(
  p_candidates kernel.candidate[],
  p_reasons text[],
  p_load kernel.offer_load,
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
        kernel.find_next_opening((p_candidates[r.place]).schedule, p_now, (p_candidates[r.place]).timezone)
      when r.reason ~ '^(cap|budget)_' then
        kernel.find_window_end(split_part(r.reason, '_', 2), p_now, (p_candidates[r.place]).timezone)
      when r.reason ~ '^offer_' then kernel.find_window_end(split_part(r.reason, '_', 3), p_now, p_load.timezone)
    end)
    from unnest(p_reasons) with ordinality as r (reason, place)
  );
end;
$$;
comment on function kernel.find_clear_time(kernel.candidate[], text[], kernel.offer_load, timestamptz) is
  'The first time at which a cap, a budget, a pause or a schedule clears that keeps a candidate from a lead; null: no time clears anything.';
