create or replace function leadgen.pick_received_return()
returns leadgen.sale_returns
language plpgsql
volatile
as $$
declare
  v_offer_id constant bigint := leadgen.lock_free_offer(array(
    select r.offer_id from leadgen.sale_returns r where r.status = 'received' order by r.created_at, r.id limit 1000));
  v_return leadgen.sale_returns;
begin
  select r.* into v_return
  from leadgen.sale_returns r
  where r.status = 'received' and r.offer_id = v_offer_id
  order by r.created_at, r.id
  limit 1;
  return v_return;
end;
$$;
comment on function leadgen.pick_received_return() is
  'The return that came with a reply longest ago and was not looked at, of an offer whose turn is free if there is one; its offer is locked. Its id is null when there is none.';
