-- Holds: whether and until when a lead that nobody could take waits.
--
-- exclusivity.when_unavailable hold waits for an owner that may yet take the lead. Where a reason lasts, the lead falls
-- through to the others. The setting is compiled to hold_while_passing. Earlier policy versions have hold, which
-- waits whatever the reason is: their decisions replay as they were made.

create or replace function kernel.falls_through(p_snapshot kernel.snapshot, p_policy kernel.routing_settings)
returns boolean
language plpgsql
immutable
as $$
begin
  return case p_policy.when_unavailable
    when 'fall_through' then true
    when 'hold_while_passing' then
      kernel.find_lasting_reason(p_snapshot, (p_snapshot.exclusivity).buyer_id) is not null
    else false
  end;
end;
$$;
comment on function kernel.falls_through(kernel.snapshot, kernel.routing_settings) is
  'Whether a lead that its exclusive buyer cannot take goes to the others.';

create or replace function kernel.find_fall_through(p_snapshot kernel.snapshot, p_reasons text[])
returns text
language plpgsql
immutable
as $$
declare
  v_owner constant bigint := (p_snapshot.exclusivity).buyer_id;
begin
  return coalesce(
    kernel.find_lasting_reason(p_snapshot, v_owner),
    nullif(p_reasons[array_position(p_snapshot.buyers, v_owner)], 'held_lead_first'));
end;
$$;
comment on function kernel.find_fall_through(kernel.snapshot, text[]) is
  'Why a lead fell through its exclusive buyer: the reason that lasts, else the one for which the buyer lost. Null: it '
  'did not, and only waits behind held leads.';

create or replace function kernel.is_to_be_held(p_policy kernel.routing_settings, p_exclusive_buyer_id bigint)
returns boolean
language sql
immutable parallel safe
as $$
  select case when p_exclusive_buyer_id is null then p_policy.on_no_buyer else p_policy.when_unavailable end
    in ('hold', 'hold_while_passing');
$$;
comment on function kernel.is_to_be_held(kernel.routing_settings, bigint) is
  'Whether a lead that nobody could take is offered again: on_no_buyer says so, or when_unavailable while its '
  'exclusive buyer binds.';

create or replace function kernel.plan_hold(p_snapshot kernel.snapshot, p_reasons text[])
returns timestamptz
language plpgsql
immutable
as $$
-- What somebody has to change wakes the offer when it changes (roads.follow_change). An hour is the longest pause, so
-- that nothing hangs on a wake that was missed.
begin
  return least(p_snapshot.decided_at + interval '1 hour', kernel.find_clear_time(p_snapshot, p_reasons));
end;
$$;
comment on function kernel.plan_hold(kernel.snapshot, text[]) is
  'When a lead that nobody could take is offered again: when the first thing clears that time alone clears, at most '
  'an hour away.';

create or replace function kernel.find_clear_time(p_snapshot kernel.snapshot, p_reasons text[])
returns timestamptz
language plpgsql
immutable
as $$
-- To read the compiled body, in psql: \sf kernel.find_clear_time
begin
  raise 'compiled by catalog.compile_kernel';
end;
$$;
comment on function kernel.find_clear_time(kernel.snapshot, text[]) is
  'The first time at which a limit, a pause or a schedule clears that keeps a candidate from a lead; null: no time '
  'clears anything. Compiled from leadgen.candidate_checks.';
