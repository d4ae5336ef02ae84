create or replace function leadgen.list_replay_candidates(p_replay leadgen.replays, p_limit integer)
returns bigint[]
language plpgsql
stable
as $$
-- Two ways, because each has its index: the few that are in trouble are listed by themselves; what was delivered is found
-- by its buyer's sales of the period. The words of the first status condition are those of the index.
begin
  if 'delivered' <> all (p_replay.statuses) then
    return array(
      select d.id
      from leadgen.deliveries d
      where d.status in ('dead', 'unknown', 'parked') and d.status = any (p_replay.statuses)
        and d.id > p_replay.cursor_id and d.id <= p_replay.last_id
        and d.assignment_id is not null
        and (p_replay.buyer_id is null or d.buyer_id = p_replay.buyer_id)
        and (p_replay.created_from is null or d.created_at >= p_replay.created_from)
        and (p_replay.created_to is null or d.created_at < p_replay.created_to)
      order by d.id
      limit p_limit);
  end if;
  return array(
    select d.id
    from leadgen.lead_assignments a
    join leadgen.deliveries d on d.assignment_id = a.id and d.market_id = a.market_id
    where a.buyer_id = p_replay.buyer_id and a.created_at >= p_replay.created_from and a.created_at < p_replay.created_to
      and d.status = any (p_replay.statuses) and d.id > p_replay.cursor_id and d.id <= p_replay.last_id
    order by d.id
    limit p_limit);
end;
$$;
comment on function leadgen.list_replay_candidates(leadgen.replays, integer) is
  'The next deliveries of leads that a replay is of, by id; notices are of their day and are not replayed.';
