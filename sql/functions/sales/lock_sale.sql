create or replace function leadgen.lock_sale(p_assignment_id bigint, p_takes_offer boolean)
returns leadgen.lead_assignments
language plpgsql
volatile
as $$
-- Lock order: the offer, where its counters will change; then rows, as record_attempts takes them: the deliveries by id,
-- the sale, and after that its lead. Who holds rows never waits for an offer.
declare
  v_sale leadgen.lead_assignments;
begin
  if p_takes_offer then
    perform pg_advisory_xact_lock(2, leadgen.offer_lock_key(a.offer_id))
    from leadgen.lead_assignments a
    where a.id = p_assignment_id;
  end if;
  perform from leadgen.deliveries d where d.assignment_id = p_assignment_id order by d.id for no key update;
  select a.* into v_sale from leadgen.lead_assignments a where a.id = p_assignment_id for no key update;
  if not found then
    perform leadgen.refuse('LG404', 'There is no such sale', 'assignment_id', p_assignment_id::text, 'the id of a sale');
  end if;
  return v_sale;
end;
$$;
comment on function leadgen.lock_sale(bigint, boolean) is
  'A sale, its row and those of its deliveries locked until the transaction ends, and its offer''s turn if asked for; LG404 when there is none.';
