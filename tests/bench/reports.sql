-- A year of leads that a database has had before, by plain SQL: temp table asked says how many. Twenty offers in four
-- zones, five of which get most of the leads; four sources each, and twelve of fifty buyers. A fifth is rejected; of the
-- rest three quarters are sold, a third of these to two buyers. Of the others a tenth of the last day's are held still.
-- Buyers fail by turns, for many reasons. One sale in twenty was returned, of one in two hundred a part was given back.
-- All is booked and delivered.
set session_replication_role = replica;
truncate leadgen.leads, leadgen.lead_decisions, leadgen.lead_assignments, leadgen.ledger_transactions, leadgen.ledger_entries,
  leadgen.deliveries cascade; -- of tables that are new in their transaction no WAL is written
insert into leadgen.markets (name, slug, timezone, currency)
select format('Market %s', n), format('market-%s', n),
  (array['America/Chicago', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata'])[n], 'USD'
from generate_series(1, 4) n;
insert into leadgen.verticals (slug, name) values ('plumbing', 'Plumbing');
insert into leadgen.offers (market_id, vertical_id, name, slug, default_price_per_lead, validation_policy_id, routing_policy_id)
select m.id, v.id, format('Offer %s', n), format('offer-%s', n), 45, 1, 1
from generate_series(0, 19) n
join leadgen.markets m on m.slug = format('market-%s', n % 4 + 1)
cross join leadgen.verticals v;
insert into leadgen.sources (offer_id, kind, name, source_key)
select o.id, 'landing_page', format('%s source %s', o.name, n), format('%s-source-%s', o.slug, n)
from leadgen.offers o, generate_series(1, 4) n;
insert into leadgen.buyers (name, email, phone, currency)
select format('Buyer %s', n), format('buyer%s@buyer.example', n), '+15125550100', 'USD' from generate_series(1, 50) n;
insert into leadgen.buyer_offers (buyer_id, offer_id, capacity_per_day, limit_codes, limit_windows, limit_is_money, limit_caps)
select b.id, o.id, 200, '{cap_day}', '{day}', '{false}', '{200}'
from leadgen.offers o
cross join lateral (select b.id from leadgen.buyers b order by (b.id * 37 + o.id * 11) % 101, b.id limit 12) b;
create temp table stage as
select o.id as offer_id, o.market_id, o.vertical_id, row_number() over (order by o.id) - 1 as place,
  array(select s.id from leadgen.sources s where s.offer_id = o.id order by s.id) as sources,
  array(select e.id from leadgen.buyer_offers e where e.offer_id = o.id order by e.id) as enrollments,
  array(select e.buyer_id from leadgen.buyer_offers e where e.offer_id = o.id order by e.id) as buyers
from leadgen.offers o;

-- Why the twelve were not chosen: by turns, since no market turns all of its leads down for one reason.
create temp table reasons as
select turn, array_agg((array['cap_day', 'not_in_area', null, 'paused', 'budget_day', 'filtered', 'closed'])[
  1 + (turn * 5 + place * 3) % 7] order by place) as reasons
from generate_series(0, 27) turn, generate_series(1, 12) place
group by turn;
create temp view came as
select g.n, m.turn, s.*, s.sources[1 + m.mixed % 4] as source_id, 1 + m.mixed / 7 % 12 as first_place,
  g.n % 5 <> 0 as is_valid, g.n % 5 <> 0 and g.n % 4 <> 0 as is_sold, g.n % 3 = 0 as is_shared,
  g.n % 40 = 4 and g.n > asked.leads - asked.leads / 365 as is_held,
  current_timestamp - (asked.leads - g.n) * interval '365 days' / asked.leads as at
from asked
cross join generate_series(1, asked.leads) g (n)
cross join lateral (select (g.n * 2654435761 % 4294967296) / 4096 as mixed) h
cross join lateral (select h.mixed::integer, h.mixed::integer / 3 % 28 as turn) m
join stage s on s.place = case when m.mixed / 5 % 2 = 0 then m.mixed / 11 % 5 else m.mixed / 11 % 20 end;

insert into leadgen.leads (
  id, created_at, market_id, vertical_id, offer_id, source_id, name, email, phone, postal_code, status, validation_reason, unsold_reason,
  validation_policy_id, validation_policy_version, routing_policy_id, routing_policy_version, buyer_id, price, delivered_at, utm_source,
  utm_campaign, tracking, answer, hold_until, next_route_at
)
overriding system value
select c.n, c.at, c.market_id, c.vertical_id, c.offer_id, c.source_id, 'John Smith', format('p%s@example.com', c.n),
  format('+1512%s', c.n), '78701', case when c.is_sold then 'accepted' when c.is_valid then 'validated' else 'rejected' end::leadgen.lead_status,
  case when not c.is_valid then 'Duplicate' end, case when c.is_valid and not c.is_sold then 'cap_day' end, 1,
  1 + (c.n > asked.leads / 2)::integer, case when c.is_valid then 1 end, case when c.is_valid then 1 + (c.n > asked.leads / 3)::integer end,
  case when c.is_sold then c.buyers[c.first_place] end, case when c.is_sold then 45 end,
  case when c.is_sold then c.at + interval '1 second' * (c.n % 60) end, (array['google', 'meta', 'bing'])[1 + c.n / 200 % 3],
  format('campaign-%s', c.n / 200 % 10), jsonb_build_object('sub_id', format('s%s', c.n / 200 % 5)),
  case when not c.is_valid then '{"errors": [{"code": "duplicate", "field": "email"}]}'::jsonb end,
  case when c.is_held then c.at + interval '3 days' end, case when c.is_held then current_timestamp + interval '1 hour' end
from came c, asked;

insert into leadgen.lead_decisions (
  id, market_id, lead_id, offer_id, attempt, decided_at, routing_policy_id, routing_policy_version, reasons, ranking, winners,
  unsold_reason, is_held, format, max_buyers, enrollments, versions, flags, prices
)
overriding system value
select c.n, c.market_id, c.n, c.offer_id, 1, c.at, 1, 1, r.reasons, '{1,2}',
  case when not c.is_sold then '{}' when c.is_shared then '{1,2}' else '{1}' end::integer[],
  case when not c.is_sold then 'cap_day' end, c.is_held, 2, 2, c.enrollments, '{1,1,1,1,1,1,1,1,1,1,1,1}', '{0,0,0,0,0,0,0,0,0,0,0,0}',
  '{45,40,45,45,45,45,45,45,40,40,38,38}'
from came c
join reasons r on r.turn = c.turn
where c.is_valid;

insert into leadgen.lead_assignments (
  id, created_at, market_id, lead_id, decision_id, offer_id, buyer_id, buyer_offer_id, is_exclusive, price, currency, price_steps,
  outcome, acceptance, delivered_at, accepted_at, released_at, billing_mode
)
overriding system value
select 2 * c.n + k, c.at, c.market_id, c.n, c.n, c.offer_id, c.buyers[1 + (c.first_place + k) % 12], c.enrollments[1 + (c.first_place + k) % 12],
  false, 45 - 5 * k, 'USD', '[]', case when (c.n + k) % 20 = 0 then 'returned' else 'accepted' end::leadgen.assignment_outcome, 'on_delivery',
  c.at + interval '1 second' * (c.n % 60), c.at + interval '1 second' * (c.n % 60),
  case when (c.n + k) % 20 = 0 then least(c.at + interval '1 hour' * (c.n % 700), current_timestamp) end, 'none'
from came c, generate_series(0, 1) k
where c.is_sold and (k = 0 or c.is_shared);

-- What was booked: each sale, each return, and parts that operators gave back.
insert into leadgen.ledger_transactions (booked_at, kind, key, currency, entries, buyer_id, market_id, offer_id, assignment_id)
select a.created_at, 'sale', 'sale:' || a.id, 'USD', 2, a.buyer_id, a.market_id, a.offer_id, a.id
from leadgen.lead_assignments a
order by a.id;
insert into leadgen.ledger_transactions (booked_at, kind, key, currency, entries, buyer_id, market_id, offer_id, assignment_id)
select b.booked_at, b.kind, b.kind || ':' || b.id, 'USD', 2, b.buyer_id, b.market_id, b.offer_id, b.id
from (
  select a.*, 'return' as kind, a.released_at as booked_at
  from leadgen.lead_assignments a
  where a.released_at is not null
  union all
  select a.*, 'refund', a.created_at + interval '1 day'
  from leadgen.lead_assignments a
  where a.id % 200 = 0 and a.released_at is null
) b
order by b.booked_at;
insert into leadgen.ledger_entries (transaction_id, position, account, buyer_id, currency, amount, balance_after)
select t.id, e.position, e.account::leadgen.ledger_account, case e.position when 1 then t.buyer_id end, 'USD',
  e.sign * case t.kind when 'sale' then 1 else -1 end * case t.kind when 'refund' then 5 else 45 - 5 * (t.assignment_id % 2) end,
  case e.position when 1 then 0 end
from leadgen.ledger_transactions t
cross join lateral (
  values
    (1, 'buyer_receivable', 1),
    (2, case t.kind when 'sale' then 'revenue' else 'returns' end, -1)
) as e (position, account, sign);

insert into leadgen.deliveries (
  created_at, market_id, lead_id, assignment_id, buyer_id, channel, target, status, attempts, finished_at, endpoint_id
)
select a.created_at, a.market_id, a.lead_id, a.id, a.buyer_id, 'webhook', 'https://buyer.example',
  case when a.id % 50 = 0 then 'dead' else 'delivered' end::leadgen.delivery_status, 1, a.created_at + interval '1 second' * (a.id % 30), 1
from leadgen.lead_assignments a
order by a.id;
set session_replication_role = origin;
