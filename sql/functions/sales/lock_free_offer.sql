create or replace function leadgen.lock_free_offer(p_offer_ids bigint[])
returns bigint
language plpgsql
volatile
as $$
-- An offer that somebody holds keeps its own work waiting and no others'.
declare
  v_offer_id bigint;
  v_busy bigint[] := '{}';
begin
  foreach v_offer_id in array p_offer_ids loop
    continue when v_offer_id = any (v_busy);
    if pg_try_advisory_xact_lock(2, leadgen.offer_lock_key(v_offer_id)) then
      return v_offer_id;
    end if;
    v_busy := v_busy || v_offer_id;
  end loop;
  perform pg_advisory_xact_lock(2, leadgen.offer_lock_key(v_busy[1]));
  return v_busy[1];
end;
$$;
comment on function leadgen.lock_free_offer(bigint[]) is
  'Takes the turn of the first of these offers that nobody holds; when all are held, waits for the first. Null when there are none.';
