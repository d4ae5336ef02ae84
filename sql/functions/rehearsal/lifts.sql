-- Lifts: a candidate that passes every check and is ranked too low for the places there are. Tried are its priority
-- and its price, where the strategy goes by one of them: as high as the last winner first, then a step higher.

create or replace function rehearsal.lift_candidate(
  p_snapshot kernel.snapshot,
  p_policy kernel.routing_settings,
  p_place integer,
  p_lead leadgen.leads,
  p_decision kernel.decision,
  out price numeric,
  out changes jsonb
)
language plpgsql
stable
as $$
-- It passes and is ranked too low: as high as the last winner, and the tie-breakers decide, or one step higher.
declare
  v_last constant integer := p_decision.winners[cardinality(p_decision.winners)];
  v_word text;
  v_tried record;
begin
  foreach v_word in array p_policy.strategy loop
    continue when v_last is null or v_word not in ('priority', 'highest_price');
    for v_step in 0 .. 1 loop
      v_tried := rehearsal.try_lift(p_snapshot, p_policy, p_place, p_lead, v_word, v_last, v_step);
      if v_tried.change is not null then
        price := v_tried.price;
        changes := jsonb_build_array(rehearsal.describe_rank(p_policy, p_place, p_decision) || jsonb_build_object(
          'change', v_tried.change)) || v_tried.changes;
        return;
      end if;
    end loop;
  end loop;
  changes := jsonb_build_array(rehearsal.describe_rank(p_policy, p_place, p_decision) || jsonb_build_object(
    'change', format('Wait for its turn, or let the policy sell a lead to %s buyers (max_buyers).',
      array_position(p_decision.ranking, p_place))));
end;
$$;
comment on function rehearsal.lift_candidate(
  kernel.snapshot, kernel.routing_settings, integer, leadgen.leads, kernel.decision) is
  'What would have to change for a candidate that passes to be ranked high enough: its priority or its price, if the '
  'strategy goes by one of them.';

create or replace function rehearsal.try_lift(
  p_snapshot kernel.snapshot,
  p_policy kernel.routing_settings,
  p_place integer,
  p_lead leadgen.leads,
  p_word text,
  p_last integer,
  p_step integer,
  out price numeric,
  out changes jsonb,
  out change text
)
language plpgsql
stable
as $$
declare
  v_snapshot kernel.snapshot := p_snapshot;
  v_mended rehearsal.mended;
  v_price constant numeric := p_snapshot.prices[p_last] + p_step * 10.0 ^ -p_snapshot.decimals;
  v_priority constant integer := p_snapshot.priorities[p_last] + p_step;
begin
  if p_word = 'priority' and v_priority > p_snapshot.priorities[p_place] then
    v_snapshot.priorities[p_place] := v_priority;
    change := format('A routing_priority of %s; it is %s.', v_priority, p_snapshot.priorities[p_place]);
  elsif p_word = 'highest_price' and v_price > p_snapshot.prices[p_place] then
    v_snapshot.prices[p_place] := round(v_price, p_snapshot.decimals);
    change := format('A price of %s; it is %s.', v_snapshot.prices[p_place], p_snapshot.prices[p_place]);
  else
    return;
  end if;
  v_mended := rehearsal.mend_candidate(v_snapshot, p_policy, p_place, p_lead);
  price := (v_mended.snapshot).prices[p_place];
  changes := v_mended.changes;
  if not p_place = any ((v_mended.decision).winners) then
    change := null;
  end if;
end;
$$;
comment on function rehearsal.try_lift(
  kernel.snapshot, kernel.routing_settings, integer, leadgen.leads, text, integer, integer) is
  'A candidate with the priority or the price of a winner, or one step more: the change in words if it wins with it, '
  'what else that asks for, and the price that it would pay; null: it does not win.';
