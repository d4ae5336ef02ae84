create or replace function leadgen.compose_assigned(p_sale leadgen.lead_assignments, p_lead leadgen.leads)
returns text
language plpgsql
stable
as $$
-- json, not jsonb: it keeps the order in which a person reads it. The same bytes for every attempt: nothing in it changes.
begin
  return json_build_object(
    'type', 'lead.assigned',
    'version', 1,
    'timestamp', to_char(p_sale.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'data', json_build_object(
      'assignment_id', p_sale.id, 'lead_id', p_sale.lead_id, 'offer_id', p_sale.offer_id, 'market_id', p_sale.market_id,
      'vertical_id', p_lead.vertical_id, 'buyer_id', p_sale.buyer_id, 'price', p_sale.price::text, 'currency', p_sale.currency,
      'lead', json_build_object(
        'name', p_lead.name, 'email', p_lead.email, 'phone', p_lead.phone, 'postal_code', p_lead.postal_code, 'city', p_lead.city,
        'country_code', p_lead.country_code, 'region_code', p_lead.region_code, 'message', p_lead.message,
        'attributes', p_lead.attributes)))::text;
end;
$$;
comment on function leadgen.compose_assigned(leadgen.lead_assignments, leadgen.leads) is
  'The body that tells a buyer of a lead: lead.assigned, version 1.';
