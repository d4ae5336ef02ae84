create or replace function leadgen.compose_details(
  p_delivery leadgen.deliveries,
  p_sale leadgen.lead_assignments,
  p_buyer_name text,
  p_now timestamptz
)
returns jsonb
language plpgsql
stable
as $$
-- What only people are told: a webhook, which is most of the work, does without these look-ups.
begin
  return (
    select jsonb_build_object('buyer_name', p_buyer_name, 'offer_name', o.name, 'vertical_name', v.name, 'market_name', m.name,
      'timezone', m.timezone)
    from leadgen.markets m
    left join leadgen.offers o on o.id = p_sale.offer_id
    left join leadgen.verticals v on v.id = o.vertical_id
    where m.id = p_delivery.market_id
  ) || case p_delivery.channel
    when 'email' then jsonb_build_object('links', leadgen.compose_links(p_sale, p_delivery.buyer_id, p_now))
    else jsonb_build_object('callback_id', p_delivery.message_id)
  end;
end;
$$;
comment on function leadgen.compose_details(leadgen.deliveries, leadgen.lead_assignments, text, timestamptz) is
  'What an e-mail or text message says beside its body: names of buyer, offer, vertical and market, the zone, tokens of links, the id under which the provider reports.';
