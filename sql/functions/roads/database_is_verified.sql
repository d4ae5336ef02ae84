-- Road: the whole database is looked over.

create or replace function roads.check_invariants()
returns table (rule text, detail text)
language plpgsql
stable
as $$
-- What must hold over the whole database at every moment. Each query looks for the contrary.
begin
  return query select * from market.check_limits();
  return query select * from market.check_counts();

  return query
  select 'at_most_max_buyers', format('lead %s: %s sales, at most %s', d.lead_id, count(a.id), coalesce(d.max_buyers, (d.settings).max_buyers))
  from leadgen.lead_decisions d
  join leadgen.lead_assignments a on a.decision_id = d.id and a.market_id = d.market_id
  group by d.id, d.lead_id, d.max_buyers, d.settings
  having count(a.id) > coalesce(d.max_buyers, (d.settings).max_buyers);

  return query
  select 'at_most_max_buyers', format('lead %s: %s sales stand, at most %s', a.lead_id, count(*), most.buyers)
  from leadgen.lead_assignments a
  cross join lateral (
    select max(coalesce((p.body ->> 'max_buyers')::integer, 1)) as buyers
    from leadgen.lead_decisions d
    join leadgen.policy_versions p on p.kind = 'routing' and p.policy_id = d.routing_policy_id and p.version = d.routing_policy_version
    where d.lead_id = a.lead_id and d.market_id = a.market_id
  ) most
  where a.released_at is null
  group by a.lead_id, most.buyers
  having count(*) > most.buyers;

  return query
  select 'decision_replays', format('lead %s, attempt %s: %s', d.lead_id, d.attempt, replay.faults)
  from leadgen.lead_decisions d
  cross join lateral rehearsal.replay_decision(d) replay (faults)
  where replay.faults <> '[]';

  return query
  select 'winners_are_sales', format('lead %s, attempt %s', d.lead_id, d.attempt)
  from leadgen.lead_decisions d
  where array(select coalesce(d.enrollments[w], (d.candidates[w]).buyer_offer_id) from unnest(d.winners) w order by 1)
    <> array(select a.buyer_offer_id from leadgen.lead_assignments a where a.decision_id = d.id and a.market_id = d.market_id order by 1);

  return query
  select 'sale_has_deliveries', format('assignment %s of lead %s', a.id, a.lead_id)
  from leadgen.lead_assignments a
  where not exists (select from leadgen.deliveries d where d.assignment_id = a.id and d.market_id = a.market_id);

  return query
  select 'lead_shows_first_sale', format('lead %s: buyer %s at %s, first sale to %s at %s', l.id, l.buyer_id, l.price, a.buyer_id, a.price)
  from leadgen.leads l
  left join lateral (
    select s.buyer_id, s.price from leadgen.lead_assignments s where s.lead_id = l.id and s.market_id = l.market_id order by s.id limit 1
  ) a on true
  where (l.buyer_id, l.price) is distinct from (a.buyer_id, a.price);

  -- A sale that was released leaves its mark on the lead: buyer and price. Whether the lead is sold, its other sales say.
  return query
  select 'valid_lead_is_sold_or_explained', format('lead %s', l.id)
  from leadgen.leads l
  cross join lateral (
    select coalesce(bool_or(a.released_at is null), false) as stands, coalesce(bool_or(a.released_at is not null), false) as was_released
    from leadgen.lead_assignments a
    where a.lead_id = l.id and a.market_id = l.market_id
  ) sale
  where l.status <> 'received'
    and ((l.validation_reason is not null) <> (l.status = 'rejected' and l.rejection_reason is null)
      or (l.validation_reason is null and case
        when l.status = 'rejected' then sale.stands or not sale.was_released
        when sale.was_released then not sale.stands and l.unsold_reason is null
        else (l.buyer_id is null) <> (l.unsold_reason is not null)
      end)
      or (l.validation_reason is null) <> exists (
        select from leadgen.lead_decisions d where d.lead_id = l.id and d.market_id = l.market_id));

  return query
  select 'released_sale_has_ended', format('assignment %s of lead %s: %s, %s', a.id, a.lead_id, a.outcome,
    coalesce(a.release_reason, 'no reason'))
  from leadgen.lead_assignments a
  where (a.outcome = 'returned' and a.release_reason is null)
    or (a.outcome = 'accepted' and a.accepted_at is null)
    or (a.released_at is not null and (
      a.release_reason is null
      or a.outcome not in ('returned', 'failed', 'unknown')
      or exists (
        select from leadgen.deliveries d where d.assignment_id = a.id and d.market_id = a.market_id and d.next_attempt_at is not null)));

  return query
  select 'returns_are_settled', format('return %s of assignment %s: %s, the sale is %s', r.id, a.id, r.status, a.outcome)
  from leadgen.sale_returns r
  join leadgen.lead_assignments a on a.id = r.assignment_id and a.market_id = r.market_id
  where (r.status = 'approved') > (a.outcome = 'returned' and a.released_at is not null)
    or (r.status in ('received', 'requested') and a.released_at is not null);

  return query
  select 'nothing_of_an_erased_lead_is_sent', format('lead %s, delivery %s: %s', l.id, d.id, d.status)
  from leadgen.leads l
  left join leadgen.deliveries d on d.lead_id = l.id and d.market_id = l.market_id and d.next_attempt_at is not null
  where l.erased_at is not null and (d.id is not null or l.hold_until is not null or concat(l.name, l.email, l.phone, l.submitted) <> '');

  -- A text message that its provider took counts: the report of it may be all that comes later. An attempt that nobody
  -- reported, or that had no answer, may have reached the buyer: such a delivery is never dead.
  return query
  select 'attempts_are_logged', format('delivery %s, %s: %s of %s attempts logged', d.id, d.status, log.attempts, d.attempts)
  from leadgen.deliveries d
  cross join lateral (
    select
      count(*) as attempts,
      coalesce(bool_or(t.outcome = 'delivered'), false) as got_through,
      coalesce(bool_or(t.outcome = 'delivered' and t.attempt > d.attempts_before), false) as got_through_again,
      coalesce(bool_or(t.outcome in ('sent', 'unknown')), false) as is_uncertain
    from (
      select distinct on (a.attempt) a.attempt, a.outcome
      from leadgen.delivery_attempts a
      where a.delivery_id = d.id and a.market_id = d.market_id
      order by a.attempt, a.id desc
    ) t
  ) log
  where log.attempts > d.attempts
    or (d.status = 'delivered' and not log.got_through)
    or (d.status = 'sent' and not log.is_uncertain)
    or (d.status in ('unknown', 'dead') and (log.attempts = 0 or log.got_through_again))
    or (d.status = 'dead' and (log.is_uncertain or log.attempts < d.attempts));

  return query
  select 'delivery_has_endpoint', format('delivery %s: %s of buyer %s, endpoint %s', d.id, d.channel, d.buyer_id, d.endpoint_id)
  from leadgen.deliveries d
  left join leadgen.endpoints e on e.id = d.endpoint_id
  where (e.buyer_id, e.channel, e.target) is distinct from (d.buyer_id, d.channel, d.target);

  return query
  select 'delivery_has_one_state', format('delivery %s: %s', d.id, d.status)
  from leadgen.deliveries d
  where (d.status in ('delivered', 'unknown', 'dead', 'cancelled')) <> (d.finished_at is not null)
    or d.attempts_before > d.attempts
    or d.attempts < 0;
end;
$$;
comment on function roads.check_invariants() is 'The work of leadgen.check_invariants.';

create or replace function roads.verify_leads(
  p_after_id bigint,
  p_limit integer,
  out last_id bigint,
  out checked integer,
  out faults jsonb
)
language plpgsql
stable
as $$
declare
  v_lead leadgen.leads;
  v_faults jsonb;
begin
  checked := 0;
  faults := '[]';
  for v_lead in select l.* from leadgen.leads l where l.id > p_after_id order by l.id limit p_limit loop
    last_id := v_lead.id;
    checked := checked + 1;
    v_faults := rehearsal.find_replay_faults(v_lead);
    if v_faults <> '[]' then
      faults := faults || jsonb_build_object('lead_id', v_lead.id, 'differences', v_faults);
    end if;
  end loop;
end;
$$;
comment on function roads.verify_leads(bigint, integer) is 'The work of leadgen.verify_leads.';
