-- Road: it is decided who gets a lead, a new one or a held one.

create or replace function roads.record_sales(
  p_lead_id bigint,
  p_attempt integer,
  p_route catalog.route,
  p_snapshot kernel.snapshot,
  p_decision kernel.decision
)
returns void
language plpgsql
volatile
as $$
declare
  v_decision_id constant bigint := market.record_decision(p_lead_id, p_attempt, p_route, p_snapshot, p_decision);
  v_settings constant kernel.routing_settings := p_route.routing_settings;
  v_now constant timestamptz := p_snapshot.decided_at;
  v_sales bigint[];
  v_enrollments bigint[];
  v_booked bigint[];
begin
  if p_decision.winners = '{}' then
    return;
  end if;
  with sale as (
    insert into leadgen.lead_assignments (
      created_at, market_id, lead_id, decision_id, offer_id, buyer_id, buyer_offer_id, is_exclusive,
      price, currency, price_steps, pricing_policy_id, pricing_policy_version, acceptance, answer_by, return_by,
      pass_on_at, disclosed, billing_mode, cost
    )
    select
      v_now, p_route.market_id, p_lead_id, v_decision_id, p_route.offer_id, w.buyer_id, p_snapshot.enrollments[w.place],
      w.buyer_id is not distinct from p_decision.exclusive_buyer_id, w.price, p_route.currency, w.price_steps,
      p_route.pricing_policy_id, p_route.pricing_policy_version, v_settings.acceptance,
      case when v_settings.acceptance <> 'on_delivery' then v_now + v_settings.acceptance_hours * interval '1 hour' end,
      v_now + interval '1 hour' * case v_settings.acceptance
        when 'auto_after' then v_settings.acceptance_hours
        else coalesce(v_settings.returns_hours, 168) end,
      v_now + v_settings.deliver_within_seconds * interval '1 second',
      v_settings.disclosed,
      case
        when p_snapshot.flags[w.place] & kernel.flag('is_prepaid') > 0 then 'prepaid'
        when p_snapshot.flags[w.place] & kernel.flag('is_invoiced') > 0 then 'invoiced'
        else 'none'
      end,
      w.cost
    from unnest(p_decision.winners, p_decision.buyers, p_decision.prices, p_decision.costs) with ordinality
      as w (place, buyer_id, price, price_steps, cost, turn)
    order by w.turn
    returning id, buyer_offer_id, billing_mode
  )
  select array_agg(s.id), array_agg(s.buyer_offer_id), array_agg(s.id) filter (where s.billing_mode <> 'none')
  into v_sales, v_enrollments, v_booked
  from sale s;
  if v_booked is not null then
    perform billing.post_sales(v_booked, p_route.source_id, v_now);
  end if;
  if p_decision.costs is not null then
    perform billing.owe_costs(v_sales, v_now);
  end if;
  perform outbox.queue_deliveries(
    p_route.market_id, p_lead_id, v_sales, v_enrollments, v_settings.delivery_timeout_seconds,
    v_settings.delivery_retry_seconds, v_now);
end;
$$;
comment on function roads.record_sales(bigint, integer, catalog.route, kernel.snapshot, kernel.decision) is
  'Writes the trace of a routing attempt, its sales, what they cost their buyers, what their source is owed, and their '
  'deliveries, and wakes the workers that sleep. Who pays is locked (billing.take_funds).';
