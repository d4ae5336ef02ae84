create or replace function leadgen.show_sale(p_key_hash text, p_assignment_id bigint)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
-- The lead is the buyer's own purchase, as long as it is one.
declare
  v_sale constant leadgen.lead_assignments := leadgen.find_own_sale(leadgen.check_buyer(p_key_hash), p_assignment_id);
begin
  return (
    select leadgen.describe_answer(v_sale.id) || jsonb_build_object(
      'lead_id', v_sale.lead_id,
      'offer', o.name,
      'sold_at', v_sale.created_at,
      'price', v_sale.price::text,
      'currency', v_sale.currency,
      'acceptance', coalesce(v_sale.acceptance, 'on_delivery'),
      'accepted_at', v_sale.accepted_at,
      'answer_by', v_sale.answer_by,
      'return_by', v_sale.return_by,
      'lead', case when l.erased_at is null and not leadgen.has_ended(v_sale) then jsonb_build_object(
        'name', l.name, 'email', l.email, 'phone', l.phone, 'postal_code', l.postal_code, 'city', l.city,
        'country_code', l.country_code, 'region_code', l.region_code, 'message', l.message, 'attributes', l.attributes) end)
    from leadgen.leads l
    join leadgen.offers o on o.id = v_sale.offer_id
    where l.id = v_sale.lead_id and l.market_id = v_sale.market_id
  );
end;
$$;
comment on function leadgen.show_sale(text, bigint) is
  'A sale to the holder of a buyer''s key: price, outcome, until when it may answer, its return, and the lead; lead null: the sale has ended, or the lead was erased. LG401 without a key, LG404 for a sale that is not its own.';
