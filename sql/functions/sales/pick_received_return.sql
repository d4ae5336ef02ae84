create or replace function leadgen.pick_received_return()
returns leadgen.sale_returns
language plpgsql
volatile
as $$
-- An offer that somebody holds keeps its own returns waiting and no others': the first whose offer is free; only when
-- none is, wait for the first one's.
declare
  v_return leadgen.sale_returns;
  v_first leadgen.sale_returns;
  v_busy bigint[] := '{}';
begin
  for v_return in
    select r.* from leadgen.sale_returns r where r.status = 'received' order by r.created_at, r.id limit 1000
  loop
    continue when v_return.offer_id = any (v_busy);
    if pg_try_advisory_xact_lock(2, leadgen.offer_lock_key(v_return.offer_id)) then
      return v_return;
    end if;
    v_busy := v_busy || v_return.offer_id;
    if v_first.id is null then
      v_first := v_return;
    end if;
  end loop;
  if v_first.id is not null then
    perform pg_advisory_xact_lock(2, leadgen.offer_lock_key(v_first.offer_id));
  end if;
  return v_first;
end;
$$;
comment on function leadgen.pick_received_return() is
  'The return that came with a reply longest ago and was not looked at, of an offer whose turn is free if there is one; its offer is locked. Its id is null when there is none.';
