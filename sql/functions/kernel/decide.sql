-- Decide: a snapshot goes in, a decision comes out. Live routing, dry run, replay and what-if all call kernel.decide.
--
-- The kernel is pure. It reads no table and no clock: the same snapshot and policy give the same decision. Its steps:
--
--   judge   each candidate passes, or loses for one named reason     judge.sql, limits.sql
--   rank    the passing ones in order                                rank.sql, shares.sql
--   choose  the best that the offer's own limits leave room for      below
--   price   each sale, with its steps                                price.sql
--   hold    nobody: whether and until when the lead waits            holds.sql
--
-- Checks and strategies are rows (leadgen.candidate_checks, leadgen.strategies); each deploy compiles them into
-- functions of this module (catalog.compile_kernel).

create or replace function kernel.decide(p_snapshot kernel.snapshot, p_policy kernel.routing_settings)
returns kernel.decision
language plpgsql
immutable
as $$
declare
  v_exclusive_buyer_id bigint := (p_snapshot.exclusivity).buyer_id;
  v_decision kernel.decision;
  v_turns record;
  v_position integer;
begin
  v_decision.reasons := kernel.judge_candidates(p_snapshot, v_exclusive_buyer_id);
  if v_exclusive_buyer_id is not null and array_position(v_decision.reasons, null) is null
    and kernel.falls_through(p_snapshot, p_policy) then
    v_exclusive_buyer_id := null;
    v_decision.reasons := kernel.judge_candidates(p_snapshot, null);
  end if;
  v_decision.exclusive_buyer_id := v_exclusive_buyer_id;
  v_decision.ranking := kernel.rank_candidates(p_snapshot, v_decision.reasons, p_policy.strategy);
  v_decision.winners := kernel.choose_winners(p_snapshot, v_decision.ranking, p_policy.max_buyers);

  if v_decision.winners = '{}' then
    v_decision.unsold_reason := kernel.describe_unsold(v_decision.reasons);
    v_decision.is_held := (p_snapshot.choice).buyer_id is null
      and (array_position(v_decision.reasons, 'held_lead_first') is not null
        or kernel.is_to_be_held(p_policy, v_exclusive_buyer_id));
    if v_decision.is_held then
      v_decision.next_route_at := kernel.plan_hold(p_snapshot, v_decision.reasons);
    end if;
    return v_decision;
  end if;
  foreach v_position in array v_decision.winners loop
    v_decision.buyers := v_decision.buyers || p_snapshot.buyers[v_position];
    v_decision.prices := v_decision.prices || kernel.price_sale(
      p_snapshot.base_prices[v_position], p_snapshot.decimals,
      p_snapshot.buyers[v_position] is not distinct from v_exclusive_buyer_id, p_snapshot.adjustments);
  end loop;
  if (p_snapshot.cost).is_per_sale is not null then
    v_decision.costs := kernel.cost_sales(p_snapshot.cost, v_decision.prices, p_snapshot.decimals);
  end if;
  v_turns := kernel.take_turns(
    p_snapshot, v_decision.reasons, v_decision.winners, 'weighted' = any (p_policy.strategy));
  v_decision.turns := v_turns.turns;
  v_decision.finish_tags := v_turns.finish_tags;
  v_decision.virtual_times := v_turns.virtual_times;
  return v_decision;
end;
$$;
comment on function kernel.decide(kernel.snapshot, kernel.routing_settings) is
  'One routing decision: who gets the lead, for what price, why each other candidate does not, and whether a lead '
  'that nobody can take waits. Pure.';

create or replace function kernel.choose_winners(p_snapshot kernel.snapshot, p_ranking integer[], p_max_buyers integer)
returns integer[]
language plpgsql
immutable
as $$
-- A limit on the offer as a whole is shared by all the buyers of one lead: places are counted, money is added up.
declare
  v_first constant integer := array_position(p_snapshot.limit_owners, 0);
  v_places integer := p_max_buyers;
  v_room numeric := 'infinity';
  v_left numeric;
  v_spent numeric := 0;
  v_winners integer[] := '{}';
  v_position integer;
begin
  if p_ranking = '{}' or v_first is null then
    return p_ranking[1:v_places];
  end if;
  for v_limit in v_first .. cardinality(p_snapshot.limit_owners) loop
    continue when p_snapshot.limit_owners[v_limit] <> 0;
    v_left := p_snapshot.limit_caps[v_limit] - p_snapshot.limit_uses[v_limit];
    if p_snapshot.limit_is_money[v_limit] then
      v_room := least(v_room, v_left);
    else
      v_places := least(v_places, v_left);
    end if;
  end loop;
  foreach v_position in array p_ranking loop
    exit when cardinality(v_winners) >= v_places;
    if v_spent + p_snapshot.prices[v_position] <= v_room then
      v_winners := v_winners || v_position;
      v_spent := v_spent + p_snapshot.prices[v_position];
    end if;
  end loop;
  return v_winners;
end;
$$;
comment on function kernel.choose_winners(kernel.snapshot, integer[], integer) is
  'Whom a lead is sold to: the best of the ranking, at most max_buyers, within the limits on the offer as a whole.';
