create or replace function leadgen.refresh_reach(p_buyer_id bigint)
returns void
language plpgsql
volatile
as $$
-- Locked first, looked at afterwards: of two changes at once the later one sees what the earlier one left. The buyer comes
-- first: an enrollment that is not yet committed cannot be locked, but whoever makes one holds its buyer (fill_enrollment).
begin
  perform from leadgen.buyers b where b.id = p_buyer_id for no key update;
  perform from leadgen.buyer_offers bo where bo.buyer_id = p_buyer_id order by bo.id for no key update;
  update leadgen.buyer_offers bo
  set is_reachable = leadgen.is_reached(bo)
  where bo.buyer_id = p_buyer_id and bo.is_reachable <> leadgen.is_reached(bo);
end;
$$;
comment on function leadgen.refresh_reach(bigint) is
  'Says of each enrollment of a buyer whether any of its endpoints is in use; routing reads it as has_channel.';
