-- Reserve: the places and turns that a decision gives are taken.

create or replace function market.reserve(p_snapshot kernel.snapshot, p_decision kernel.decision, p_route catalog.route)
returns void
language plpgsql
volatile
as $$
-- The offer's lock makes what was gathered still true. The update is the last guard all the same: an enrollment that
-- was served since it was gathered is not served again on old numbers.
declare
  v_market_starts constant timestamptz[] := kernel.start_windows(p_snapshot.decided_at, p_snapshot.timezone);
  v_starts timestamptz[];
  v_position integer;
  v_spent numeric := 0;
begin
  if p_decision.winners = '{}' then
    return;
  end if;
  for v_index in 1 .. cardinality(p_decision.winners) loop
    v_position := p_decision.winners[v_index];
    v_starts := v_market_starts;
    if p_snapshot.zones[v_position] is not null then
      v_starts := kernel.start_windows(p_snapshot.decided_at, p_snapshot.zones[v_position]);
    end if;
    update leadgen.enrollment_usage u
    set
      (starts, sales, money) = (
        select n.starts, n.sales, n.money
        from kernel.count_in_windows(u.starts, u.sales, u.money, v_starts, 1, p_snapshot.prices[v_position]) n),
      last_turn = p_decision.turns[v_index],
      finish_tag = coalesce(p_decision.finish_tags[v_index], u.finish_tag),
      virtual_time = coalesce(p_decision.virtual_times[v_index], u.virtual_time)
    where u.buyer_offer_id = p_snapshot.enrollments[v_position] and u.market_id = p_route.market_id
      and u.last_turn is not distinct from p_snapshot.last_turns[v_position];
    if not found then
      raise exception using
        errcode = 'serialization_failure',
        message = 'the enrollment was served while the lead was decided',
        hint = 'Send the same lead again.';
    end if;
    v_spent := v_spent + p_snapshot.prices[v_position];
  end loop;
  update leadgen.offer_usage u
  set (starts, sales, money) = (
    select n.starts, n.sales, n.money
    from kernel.count_in_windows(
      u.starts, u.sales, u.money, v_market_starts, cardinality(p_decision.winners), v_spent) n)
  where u.offer_id = p_route.offer_id and u.market_id = p_route.market_id;
  perform market.warn_of_limits(p_snapshot, p_decision, p_route, v_spent);
end;
$$;
comment on function market.reserve(kernel.snapshot, kernel.decision, catalog.route) is
  'Step reserve: takes one place and the price in every window of each winner and of the offer, and the winners'' '
  'turns. A serialization failure, and nothing taken, when a winner was served since the snapshot.';
