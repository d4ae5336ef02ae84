-- What the feed tells of, and which events become what. Declared: a row that is not here is removed. An event of a kind
-- that is not named is event.noted.
create temp table declared_items (like leadgen.feed_kinds including defaults) on commit drop;

insert into declared_items (kind, for_buyers, event_kinds, own_facts, description)
values
  ('lead.received', false, '{}', '{}', 'A lead was stored: valid or not, and why it has no buyer.'),
  ('sale.made', true, '{}', '{}', 'A lead was sold to a buyer.'),
  ('sale.undelivered', true, '{sale_undelivered}', '{}', 'A lead goes to the next buyer: it could not be delivered in time.'),
  ('return.requested', true, '{}', '{}', 'A buyer gives a sale back.'),
  ('return.waiting', false, '{return_requested}', '{}', 'A return waits for an operator.'),
  ('return.approved', true, '{return_approved}', '{return_id,assignment_id,reason,gives}', 'A sale is returned.'),
  ('return.refused', true, '{return_refused}', '{return_id,assignment_id,reason}', 'A return was refused: the sale stands.'),
  ('limit.near', true, '{cap_low,budget_low}', '{unit,used,limit}', 'A cap or a budget is nearly used up.'),
  ('limit.reached', true, '{limit_reached}', '{code,unit,used,limit}', 'A cap or a budget is used up until its window ends.'),
  ('balance.low', true, '{balance_low}', '{}', 'What a buyer paid in advance runs out.'),
  ('credit.low', true, '{credit_low}', '{}', 'The credit limit of a buyer runs out.'),
  ('endpoint.disabled', true, '{endpoint_disabled}', '{endpoint_id,channel,reason}', 'Nothing is sent to an address any more.'),
  ('endpoint.enabled', true, '{endpoint_enabled}', '{endpoint_id}', 'An address is in use again.'),
  ('payment.disputed', false, '{payment_disputed}', '{}', 'A buyer''s bank took a payment back.'),
  ('payment.failed', false, '{recharge_failed,payment_unknown,billing_failed}', '{}', 'A payment or a bill did not come about.'),
  ('money.moved', false, '{money_moved}', '{}', 'An operator booked something.'),
  ('policy.changed', false, '{}', '{}', 'A policy was made, changed or deleted.'),
  ('event.noted', false, '{}', '{}', 'Any other event (docs/reference/events.md): data.event names it.');

delete from leadgen.feed_kinds k where k.kind not in (select d.kind from declared_items d);
insert into leadgen.feed_kinds as k (kind, for_buyers, event_kinds, own_facts, description)
select d.kind, d.for_buyers, d.event_kinds, d.own_facts, d.description
from declared_items d
on conflict (kind) do update
set for_buyers = excluded.for_buyers, event_kinds = excluded.event_kinds, own_facts = excluded.own_facts,
  description = excluded.description
where k is distinct from excluded;

-- The feed begins with what comes after the deploy that brings it.
insert into leadgen.feed_marks (origin, settled_id)
values
  ('lead', (select coalesce(max(l.id), 0) from leadgen.leads l)),
  ('sale', (select coalesce(max(a.id), 0) from leadgen.lead_assignments a)),
  ('return', (select coalesce(max(r.id), 0) from leadgen.sale_returns r)),
  ('event', (select coalesce(max(e.id), 0) from leadgen.events e)),
  ('policy', (select coalesce(max(a.id), 0) from leadgen.audit_entries a))
on conflict (origin) do nothing;
