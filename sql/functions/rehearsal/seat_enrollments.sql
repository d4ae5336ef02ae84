create or replace function leadgen.seat_enrollments(p_offer leadgen.offers, p_timezone text, p_changes jsonb)
returns leadgen.seat[]
language plpgsql
stable
as $$
declare
  v_price constant numeric := coalesce((p_changes ->> 'default_price_per_lead')::numeric, p_offer.default_price_per_lead);
begin
  return array[leadgen.make_seat(0, null, p_timezone)] || array(
    select jsonb_populate_record(leadgen.make_seat(bo.id, bo.buyer_id, coalesce(bo.timezone, p_timezone)), jsonb_build_object(
      'is_gone', (p_changes -> 'without') @> to_jsonb(bo.buyer_id),
      'changes', leadgen.translate_enrollment(case
        when p_changes ? 'default_price_per_lead' and bo.price_per_lead is null then jsonb_build_object('price_per_lead', v_price)
        else '{}' end || coalesce(change.fields, '{}'), v_price, 'changes.enrollments.' || bo.id),
      'tests', leadgen.compile_tests(nullif(change.fields -> 'filters', 'null'))))
    from leadgen.buyer_offers bo
    cross join lateral (select p_changes -> 'enrollments' -> bo.id::text as fields) change
    where bo.offer_id = p_offer.id
    order by bo.id
  );
end;
$$;
comment on function leadgen.seat_enrollments(leadgen.offers, text, jsonb) is
  'The seats of a rehearsal: the offer as a whole (0), then each enrollment with what is changed about it.';
