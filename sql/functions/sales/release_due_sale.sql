create or replace function leadgen.release_due_sale()
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
-- One sale a call, so one release is one transaction: it holds its offer's lock until then. The sale is looked up first and
-- locked after its offer. One that cannot be released goes to the end of the row, so that the others flow.
declare
  v_sale leadgen.lead_assignments;
begin
  v_sale := leadgen.pick_due_sale();
  if v_sale.id is null then
    return null;
  end if;
  perform leadgen.lock_sale(v_sale.id, p_takes_offer => true);
  begin
    perform leadgen.release_sale(a.id, a.release_reason)
    from leadgen.lead_assignments a
    where a.id = v_sale.id and a.market_id = v_sale.market_id and a.release_reason is not null;
  exception
    when serialization_failure or deadlock_detected then
      raise;
    when others then
      raise warning 'sale % was not released: %', v_sale.id, sqlstate;
      update leadgen.lead_assignments a
      set updated_at = leadgen.clock()
      where a.id = v_sale.id and a.market_id = v_sale.market_id;
      return null;
  end;
  return v_sale.id;
end;
$$;
comment on function leadgen.release_due_sale() is
  'Releases the sale that failed or lapsed longest ago. Returns its id, null when none is due.';
