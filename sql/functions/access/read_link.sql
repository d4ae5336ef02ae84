create or replace function leadgen.read_link(p_token text)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
-- Who reads mail for others may follow its links: nothing is changed here, and of the lead only its place is shown.
declare
  v_link constant record := leadgen.open_link(p_token);
  v_sale leadgen.lead_assignments;
  v_state record;
  v_facts jsonb;
begin
  if v_link.kind = 'unsubscribe' then
    select case
      when b.notice_emails then jsonb_build_object('state', 'open',
        'message', 'Stop e-mails about your delivery addresses? Leads still come.')
      else jsonb_build_object('state', 'unsubscribed',
        'message', 'You get no more e-mails about your delivery addresses. Leads still come.')
    end || jsonb_build_object('buyer', b.name)
    into v_facts
    from leadgen.buyers b
    where b.id = v_link.id;
  else
    select a.* into v_sale from leadgen.lead_assignments a where a.id = v_link.id;
    v_state := leadgen.describe_link_state(v_link.kind, v_sale, leadgen.clock());
    select jsonb_build_object(
      'state', v_state.state, 'message', v_state.message, 'lead_id', l.id, 'postal_code', l.postal_code, 'offer', o.name,
      'buyer', b.name,
      'sold_at', v_sale.created_at, 'timezone', m.timezone, 'price', v_sale.price::text, 'currency', v_sale.currency,
      'answer_by', v_sale.answer_by, 'return_by', v_sale.return_by,
      'reasons', case when v_link.kind = 'return' and v_state.state = 'open' then leadgen.list_return_reasons() else '[]' end)
    into v_facts
    from leadgen.leads l
    join leadgen.offers o on o.id = v_sale.offer_id
    join leadgen.markets m on m.id = v_sale.market_id
    join leadgen.buyers b on b.id = v_sale.buyer_id
    where l.id = v_sale.lead_id and l.market_id = v_sale.market_id;
  end if;
  if v_facts is null then
    perform leadgen.refuse('LG404', 'There is no such link');
  end if;
  return jsonb_build_object('kind', v_link.kind, 'id', v_link.id) || v_facts;
end;
$$;
comment on function leadgen.read_link(text) is
  'What a link is for and whether it can still be used: kind (accept, return, unsubscribe), id, state, message and, of a sale, offer, time, price and the reasons for a return. Changes nothing. LG404 for anything that is no link of ours.';
