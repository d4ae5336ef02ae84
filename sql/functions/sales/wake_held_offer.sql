create or replace function leadgen.wake_held_offer(p_now timestamptz)
returns bigint
language plpgsql
volatile
as $$
-- Waits for a lead that is being routed at this moment, and then wakes it too: it may have been judged before the change.
declare
  v_offer_id bigint;
begin
  delete from leadgen.hold_wakes w
  where w.offer_id = (select h.offer_id from leadgen.hold_wakes h order by h.created_at limit 1 for update skip locked)
  returning w.offer_id into v_offer_id;
  if found then
    update leadgen.leads l
    set next_route_at = p_now
    where l.id in (
      select h.id from leadgen.leads h
      where h.offer_id = v_offer_id and h.hold_until is not null and h.next_route_at > p_now
      order by h.id
      for no key update);
  end if;
  return v_offer_id;
end;
$$;
comment on function leadgen.wake_held_offer(timestamptz) is
  'Makes the held leads of one offer due whose configuration or funds changed (see leadgen.wake_held_leads); returns the offer, null when none changed.';
