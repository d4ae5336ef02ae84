create or replace function leadgen.pick_due_sale()
returns leadgen.lead_assignments
language plpgsql
volatile
as $$
declare
  v_offer_id constant bigint := leadgen.lock_free_offer(array(
    select a.offer_id
    from leadgen.lead_assignments a
    where a.release_reason is not null and a.released_at is null
    order by a.updated_at, a.id
    limit 1000));
  v_sale leadgen.lead_assignments;
begin
  select a.* into v_sale
  from leadgen.lead_assignments a
  where a.release_reason is not null and a.released_at is null and a.offer_id = v_offer_id
  order by a.updated_at, a.id
  limit 1;
  return v_sale;
end;
$$;
comment on function leadgen.pick_due_sale() is
  'The sale that failed or lapsed longest ago, of an offer whose turn is free if there is one; its offer is locked. Its id is null when none is due.';
