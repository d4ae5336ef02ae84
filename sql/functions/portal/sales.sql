-- Portal: what the pages of buyers show. This module reads, and writes nothing.
--
-- Its functions run as leadgen_reader, after identity.admit_buyer: row-level security leaves them the rows of one
-- buyer, whatever they ask for. Decisions have the numbers of many buyers side by side: the function that reads them
-- belongs to the owner, asks identity.acting_buyer() itself whose numbers it may tell, and takes no buyer as an
-- argument (week.sql).
--
-- This file: the leads that a buyer bought.

create or replace function portal.list_sales(p_buyer_id bigint, p_before bigint, p_now timestamptz)
returns jsonb
language plpgsql
stable
as $$
-- A page of 25 by the time of the sale. The lead is there while the sale stands: row-level security shows no other.
declare
  v_before constant timestamptz := (select a.created_at from leadgen.lead_assignments a where a.id = p_before);
begin
  return (
    select jsonb_build_object(
      'rows', coalesce(jsonb_agg(portal.describe_sale(s, p_now) order by s.created_at desc, s.id desc), '[]'),
      'next', case when count(*) = 25 then (array_agg(s.id order by s.created_at, s.id))[1] end)
    from (
      select a.*
      from leadgen.lead_assignments a
      where a.buyer_id = p_buyer_id and (p_before is null or (a.created_at, a.id) < (v_before, p_before))
      order by a.created_at desc, a.id desc
      limit 25
    ) s);
end;
$$;
comment on function portal.list_sales(bigint, bigint, timestamptz) is
  'The sales to a buyer, the latest first, 25 a page, with the contact of each that stands.';

create or replace function portal.describe_sale(p_sale leadgen.lead_assignments, p_now timestamptz)
returns jsonb
language plpgsql
stable
as $$
-- What is sealed comes sealed: the API opens it.
declare
  v_accept constant record := market.describe_link_state('accept', p_sale, p_now);
  v_return constant record := market.describe_link_state('return', p_sale, p_now);
  v_lead leadgen.leads;
begin
  if not market.has_ended(p_sale) then
    select l.* into v_lead from leadgen.leads l where l.id = p_sale.lead_id and l.market_id = p_sale.market_id;
  end if;
  return jsonb_build_object(
    'id', p_sale.id, 'sold_at', p_sale.created_at, 'lead_id', p_sale.lead_id, 'price', p_sale.price,
    'currency', p_sale.currency, 'outcome', p_sale.outcome, 'is_exclusive', p_sale.is_exclusive,
    'acceptance', coalesce(p_sale.acceptance, 'on_delivery'), 'delivered_at', p_sale.delivered_at,
    'accepted_at', p_sale.accepted_at,
    'offer', (select o.name from leadgen.offers o where o.id = p_sale.offer_id),
    'may_accept', v_accept.state = 'open', 'accept_words', v_accept.message,
    'may_return', v_return.state = 'open', 'return_words', v_return.message,
    'may_report', not market.has_ended(p_sale),
    'state', case when v_return.state = 'requested' then 'requested' else p_sale.outcome::text end,
    'lead', case when v_lead.id is not null and v_lead.erased_at is null then jsonb_build_object(
      'name', v_lead.name, 'email', v_lead.email, 'phone', v_lead.phone, 'phone_extension', v_lead.phone_extension,
      'postal_code', v_lead.postal_code, 'city', v_lead.city, 'region_code', v_lead.region_code,
      'message', v_lead.message, 'attributes', v_lead.attributes, 'sealed', encode(v_lead.sealed, 'hex')) end);
end;
$$;
comment on function portal.describe_sale(leadgen.lead_assignments, timestamptz) is
  'A sale as its buyer sees it: price, outcome, whether it may be accepted, returned or reported of now, and the '
  'lead; lead null: the sale has ended, or the lead was erased.';

create or replace function portal.show_sale(p_buyer_id bigint, p_sale_id bigint, p_now timestamptz)
returns jsonb
language plpgsql
stable
as $$
declare
  v_sale constant leadgen.lead_assignments := market.find_own_sale(p_buyer_id, p_sale_id);
begin
  return jsonb_build_object(
    'sale', portal.describe_sale(v_sale, p_now), 'disclosed', portal.disclose_sale(v_sale),
    'reasons', market.list_return_reasons(), 'reported', market.describe_reported(v_sale.id) -> 'reported',
    'returns', (
      select coalesce(jsonb_agg(jsonb_build_object('id', r.id, 'created_at', r.created_at, 'reason', r.reason_code,
        'note', r.note, 'status', r.status, 'decided_at', r.decided_at, 'gives', r.gives,
        'evidence', market.list_evidence(r.id)) order by r.id desc), '[]')
      from leadgen.sale_returns r
      where r.assignment_id = v_sale.id),
    'deliveries', (
      select coalesce(jsonb_agg(jsonb_build_object('id', d.id, 'created_at', d.created_at, 'channel', d.channel,
        'target', d.target, 'status', d.status, 'attempts', d.attempts, 'finished_at', d.finished_at)
        order by d.id), '[]')
      from leadgen.deliveries d
      where d.assignment_id = v_sale.id));
end;
$$;
comment on function portal.show_sale(bigint, bigint, timestamptz) is
  'A sale to a buyer, with what it reported of it, its returns, its deliveries and the reasons for a return. LG404 for '
  'a sale that is not its own.';

create or replace function portal.disclose_sale(p_sale leadgen.lead_assignments)
returns jsonb
language plpgsql
stable
as $$
declare
  v_lead leadgen.leads;
begin
  select l.* into v_lead from leadgen.leads l where l.id = p_sale.lead_id and l.market_id = p_sale.market_id;
  return case
    when p_sale.disclosed <> '{}' and v_lead.id is not null and v_lead.erased_at is null
      and not market.has_ended(p_sale) then outbox.disclose(p_sale.disclosed, v_lead)::jsonb
    else '{}'
  end;
end;
$$;
comment on function portal.disclose_sale(leadgen.lead_assignments) is
  'What the buyer of a sale is told beside the lead, as the routing policy said when it was sold; {}: nothing.';
