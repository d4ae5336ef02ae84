create or replace function leadgen.refresh_reach(p_buyer_id bigint)
returns void
language plpgsql
volatile
as $$
-- Locked first, looked at afterwards: of two changes at once the later one sees what the earlier one left. The buyer comes
-- first, because an enrollment that is not yet committed cannot be locked.
begin
  perform from leadgen.buyers b where b.id = p_buyer_id for no key update;
  perform from leadgen.buyer_offers bo where bo.buyer_id = p_buyer_id order by bo.id for no key update;
  update leadgen.buyer_offers bo
  set is_reachable = r.is_reachable
  from (
    select o.id, coalesce(bool_or(e.disabled_at is null) filter (where e.id is not null), false) as is_reachable
    from leadgen.buyer_offers o
    left join leadgen.list_channels(p_buyer_id) c on c.buyer_offer_id = o.id
    left join leadgen.endpoints e on e.buyer_id = p_buyer_id and e.channel = c.channel and e.target = c.target
    where o.buyer_id = p_buyer_id
    group by o.id
  ) r
  where bo.id = r.id and bo.is_reachable <> r.is_reachable;
end;
$$;
comment on function leadgen.refresh_reach(bigint) is
  'Says of each enrollment of a buyer whether any of its endpoints is in use; routing reads it as has_channel.';
