create or replace function leadgen.route_held_lead()
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
-- One thing a call, so one lead is one transaction, and a wake is another. The lead is locked after its offer, as
-- everywhere. It keeps its validation and is routed by today's policy, also when its source was switched off meanwhile, but
-- not while its offer or market is.
declare
  v_now timestamptz := leadgen.clock();
  v_lead_id bigint;
  v_lead leadgen.leads;
  v_route leadgen.route;
begin
  if leadgen.wake_held_offer(v_now) is not null then
    return 0;
  end if;
  v_lead_id := leadgen.pick_held_lead(v_now);
  if v_lead_id is null then
    return null;
  end if;

  v_now := leadgen.clock();
  select l.* into v_lead from leadgen.leads l where l.id = v_lead_id for no key update;
  v_route := leadgen.load_route(v_lead.source_id, v_lead.offer_id);
  if v_lead.next_route_at <= v_now is not true then
    return v_lead.id; -- another worker was first
  elsif v_lead.hold_until <= v_now then
    perform leadgen.end_hold(v_lead, v_now);
  elsif v_route.failed_step <> 'source' then
    perform leadgen.put_off_lead(v_lead, v_now + interval '1 minute', v_now);
  else
    perform leadgen.route_lead_again(v_lead, v_route, v_now);
  end if;
  return v_lead.id;
end;
$$;
comment on function leadgen.route_held_lead() is
  'Routes the held lead that has waited longest past its time; sold, or held on, or its hold ended. Returns its id, 0 when it woke an offer''s leads instead, null when there is nothing to do.';
