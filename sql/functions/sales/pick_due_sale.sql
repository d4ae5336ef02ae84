create or replace function leadgen.pick_due_sale()
returns leadgen.lead_assignments
language plpgsql
volatile
as $$
-- An offer that somebody holds keeps its own sales waiting and no others': the first whose offer is free; only when none
-- is, wait for the first one's.
declare
  v_sale leadgen.lead_assignments;
  v_first leadgen.lead_assignments;
  v_busy bigint[] := '{}';
begin
  for v_sale in
    select a.*
    from leadgen.lead_assignments a
    where a.release_reason is not null and a.released_at is null
    order by a.updated_at, a.id
    limit 1000
  loop
    continue when v_sale.offer_id = any (v_busy);
    if pg_try_advisory_xact_lock(2, leadgen.offer_lock_key(v_sale.offer_id)) then
      return v_sale;
    end if;
    v_busy := v_busy || v_sale.offer_id;
    if v_first.id is null then
      v_first := v_sale;
    end if;
  end loop;
  if v_first.id is not null then
    perform pg_advisory_xact_lock(2, leadgen.offer_lock_key(v_first.offer_id));
  end if;
  return v_first;
end;
$$;
comment on function leadgen.pick_due_sale() is
  'The sale that failed or lapsed longest ago, of an offer whose turn is free if there is one; its offer is locked. Its id is null when none is due.';
