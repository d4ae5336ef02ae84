create or replace function leadgen.note_rejections(p_assignment_ids bigint[], p_reasons text[])
returns void
language plpgsql
volatile
as $$
-- Whether it is returned, leadgen.settle_return decides, under the offer's lock. A code that there is counts as such;
-- anything else is the receiver's own words.
begin
  insert into leadgen.sale_returns (
    created_at, market_id, offer_id, buyer_id, buyer_offer_id, assignment_id, reason_code, note, via, status
  )
  select leadgen.clock(), a.market_id, a.offer_id, a.buyer_id, a.buyer_offer_id, a.id, code.code,
    nullif(leadgen.redact_reply(r.reason, array[l.name, l.email, l.message]), ''), 'reply', 'received'
  from unnest(p_assignment_ids, p_reasons) as r (assignment_id, reason)
  join leadgen.lead_assignments a on a.id = r.assignment_id
  join leadgen.leads l on l.id = a.lead_id and l.market_id = a.market_id
  cross join lateral (
    select coalesce(
      (select c.code from leadgen.return_reasons c where c.code = r.reason and c.is_active), 'rejected_on_delivery') as code
  ) code
  where a.released_at is null and a.outcome <> 'returned'
  order by a.id
  on conflict do nothing;
end;
$$;
comment on function leadgen.note_rejections(bigint[], text[]) is
  'Notes that buyers rejected leads by the reply to the webhook; once a sale.';
