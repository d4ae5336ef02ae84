create or replace function leadgen.wake_held_offer(p_now timestamptz)
returns bigint
language plpgsql
volatile
as $$
-- Under the offer's lock: a lead that was judged before the change is then either stored, and woken, or judged after it.
declare
  v_offer_id bigint := (select w.offer_id from leadgen.hold_wakes w order by w.id limit 1);
begin
  if v_offer_id is null then
    return null;
  end if;
  perform pg_advisory_xact_lock(2, leadgen.offer_lock_key(v_offer_id));
  delete from leadgen.hold_wakes w where w.offer_id = v_offer_id;
  update leadgen.leads l
  set next_route_at = p_now
  where l.id in (
    select h.id from leadgen.leads h
    where h.offer_id = v_offer_id and h.hold_until is not null and h.next_route_at > p_now
    order by h.id
    for no key update);
  return v_offer_id;
end;
$$;
comment on function leadgen.wake_held_offer(timestamptz) is
  'Makes the held leads of one offer due whose configuration or funds changed (see leadgen.wake_held_leads); returns the offer, null when none changed.';
