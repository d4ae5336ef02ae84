create or replace function leadgen.pick_held_lead(p_now timestamptz)
returns bigint
language plpgsql
volatile
as $$
-- An offer that somebody holds (a long change of configuration, a busy hour) holds up its own leads and no others': the
-- first due lead whose offer is free; only when none is, wait for the first one's.
declare
  v_lead_id bigint;
  v_offer_id bigint;
  v_first_lead_id bigint;
  v_busy bigint[] := '{}';
begin
  for v_lead_id, v_offer_id in
    select l.id, l.offer_id
    from leadgen.leads l
    where l.hold_until is not null and l.next_route_at <= p_now
    order by l.next_route_at, l.id
    limit 1000
  loop
    continue when v_offer_id = any (v_busy);
    if pg_try_advisory_xact_lock(2, leadgen.offer_lock_key(v_offer_id)) then
      return v_lead_id;
    end if;
    v_busy := v_busy || v_offer_id;
    v_first_lead_id := coalesce(v_first_lead_id, v_lead_id);
  end loop;
  if v_first_lead_id is not null then
    perform pg_advisory_xact_lock(2, leadgen.offer_lock_key(v_busy[1]));
  end if;
  return v_first_lead_id;
end;
$$;
comment on function leadgen.pick_held_lead(timestamptz) is
  'The held lead that has waited longest past its time, of an offer whose turn is free if there is one; its offer is locked. Null: none is due.';
