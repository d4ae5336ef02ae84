-- Shares by weight: whose turn it is.

create or replace function kernel.find_virtual_time(p_candidates kernel.candidate[], p_reasons text[])
returns double precision
language plpgsql
immutable
as $$
-- Strategy weighted is earliest eligible virtual deadline first (EEVDF, Stoica and Abdel-Wahab 1995). A buyer's next lead
-- starts when its latest is paid off (1 / weight a lead); virtual time is the mean of the passing buyers' starts by weight,
-- so what one is ahead the others are behind; of those that have started, the one that would finish first is served.
-- That keeps every share within about one lead of exact, whoever comes and goes.
declare
  v_stored constant double precision := (select max(c.virtual_time) from unnest(p_candidates) c);
begin
  return (
    select
      sum(c.weight::double precision * kernel.find_start_tag(c.finish_tag, c.weight, v_stored))
      / sum(c.weight::double precision)
    from unnest(p_candidates) with ordinality as c
    where p_reasons[c.ordinality] is null
  );
end;
$$;
comment on function kernel.find_virtual_time(kernel.candidate[], text[]) is
  'Strategy weighted: the virtual time of this lead, at which at least one passing candidate may start; null when none passes.';

create or replace function kernel.find_start_tag(p_finish_tag double precision, p_weight numeric, p_stored_time double precision)
returns double precision
language sql
immutable parallel safe
as $$
  select greatest(p_finish_tag, p_stored_time - 1 / p_weight::double precision);
$$;
comment on function kernel.find_start_tag(double precision, numeric, double precision) is
  'Strategy weighted: when a candidate''s next lead starts, given the offer''s virtual time after its latest lead. Who was away is at most one lead behind, so it comes back to its share and not to a burst.';

create or replace function kernel.start_turns(
  p_candidates kernel.candidate[],
  p_verdict kernel.verdict,
  p_settings kernel.routing_settings
)
returns kernel.turns
language plpgsql
immutable
as $$
declare
  v_turns kernel.turns;
begin
  select coalesce(max(c.last_turn), 0), max(c.virtual_time), sum(c.weight) filter (where p_verdict.reasons[c.ordinality] is null)
  into v_turns.turn, v_turns.stored_time, v_turns.total_weight
  from unnest(p_candidates) with ordinality as c;
  if 'weighted' = any (p_settings.strategy) then
    v_turns.virtual_time := kernel.find_virtual_time(p_candidates, p_verdict.reasons);
  end if;
  return v_turns;
end;
$$;
comment on function kernel.start_turns(kernel.candidate[], kernel.verdict, kernel.routing_settings) is
  'Where an offer''s sequence of turns stands before a lead is sold; virtual_time null: the policy does not go by weight.';

create or replace function kernel.take_turn(p_turns kernel.turns, p_candidate kernel.candidate)
returns kernel.turns
language plpgsql
immutable
as $$
begin
  if p_turns.virtual_time is null then
    return (p_turns.turn + 1, null, null, null, null)::kernel.turns;
  end if;
  return (
    p_turns.turn + 1,
    kernel.find_start_tag(p_candidate.finish_tag, p_candidate.weight, p_turns.stored_time) + 1 / p_candidate.weight,
    greatest(p_turns.stored_time, p_turns.virtual_time + 1 / p_turns.total_weight),
    p_turns.virtual_time + 1 / p_turns.total_weight,
    p_turns.total_weight
  )::kernel.turns;
end;
$$;
comment on function kernel.take_turn(kernel.turns, kernel.candidate) is
  'The turns after a sale to a candidate: turn, finish_tag and stored_time (the offer''s virtual time) go to its row of usage.';
