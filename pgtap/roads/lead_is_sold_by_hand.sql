-- sell_lead, route_again, check_choice, check_sellable, find_standing_sale, reopen_lead, hold_anew: a lead is sold by hand, and
-- a sale by hand is a sale like any other.
begin;
select plan(37);
select testkit.at_time('2026-11-20T16:00:00Z');
create function pg_temp.latest(p_offer_id bigint) returns bigint language sql as $$
  select max(l.id) from leadgen.leads l where l.offer_id = p_offer_id;
$$;
create function pg_temp.sell(p_offer_id bigint, p_enrollment bigint, p_reason text default 'agreed by phone')
  returns jsonb language sql as $$
  select leadgen.sell_lead(pg_temp.latest(p_offer_id), testkit.buyer_of(p_enrollment), p_reason);
$$;
create function pg_temp.refusal(p_offer_id bigint, p_enrollment bigint) returns text language sql as $$
-- Field and what was found.
  select concat_ws(': ', d ->> 'field', d ->> 'found') from testkit.detail_of(
    format('select pg_temp.sell(%s, %s)', p_offer_id, p_enrollment)) d;
$$;

-- One of two places is free; Pia pays in advance and has nothing yet.
create temp table ids as select testkit.open_offer('{"max_buyers": 2}', 'Dora') as o;
create temp table seats as select o, testkit.enroll_buyer(o, 'Pia', '{"price_per_lead": 60}') as pia from ids;
select is(testkit.outcome(o, '2026-11-20T16:00:00Z'), 'Dora 45.00', 'Dora alone gets the lead') from seats;
select is(pg_temp.refusal(o, pia), 'buyer_id: funds: 0.00, price 60.00', 'who cannot pay gets nothing by hand, either') from seats;
select testkit.pay_in(pia, 100) from seats;
create temp table sold as select pg_temp.sell(o, pia) as answer from seats;
select is(answer - '{assignment_id,buyer_id}'::text[], '{"buyer": "Pia", "price": 60.00, "currency": "USD", "is_new": true}',
  'whoever sells it is told the sale') from sold;
select is(testkit.tell(pg_temp.latest(o)), 'Dora 45.00, Pia 60.00', 'the lead has a second buyer') from seats;
select is(testkit.money(pia), '40.00 0.00 0.00', 'the price is taken from the balance') from seats;
select is(testkit.book((answer ->> 'assignment_id')::bigint), '{"sale: buyer_prepaid 60.00, revenue -60.00"}',
  'it is booked as a sale') from sold;
select is(count(*), 1::bigint, 'a delivery is queued') from sold
join leadgen.deliveries d on d.assignment_id = (answer ->> 'assignment_id')::bigint and d.status = 'pending';
select is(pg_temp.sell(o, pia) -> 'is_new', 'false', 'the same again is the sale that stands') from seats;
select is(count(*), 2::bigint, 'nothing is sold twice') from seats join leadgen.lead_assignments a on a.offer_id = o;
select is(leadgen.explain_lead(pg_temp.latest(o)) #> '{attempts,-1,choice}',
  jsonb_build_object('buyer_id', testkit.buyer_of(pia), 'chosen_by', session_user, 'reason', 'agreed by phone'),
  'the account of the decision says who chose the buyer, and why') from seats;
select is(leadgen.replay_lead(pg_temp.latest(o)), '{"identical": true}', 'it replays') from seats;
select is(leadgen.what_if(o, '2026-11-20T00:00:00Z', '2026-11-21T00:00:00Z') -> 'is_identical', 'true',
  'a what-if that changes nothing changes nothing of it') from seats;
select is(leadgen.what_if(o, '2026-11-20T00:00:00Z', '2026-11-21T00:00:00Z',
  jsonb_build_object('enrollments', jsonb_build_object(pia::text, '{"is_active": false}'::jsonb))) #>> '{simulated,sales}', '1',
  'without the chosen buyer it is sold to nobody else by hand') from seats;
select is(e.message, format('%s sold lead %s to buyer %s by hand: agreed by phone', session_user, pg_temp.latest(o), testkit.buyer_of(pia)),
  'an event says so') from seats join leadgen.events e on e.kind = 'lead_sold_by_hand';
select is_empty($$select * from market.list_broken_leads() union all select * from market.list_broken_counts()
  union all select * from market.list_broken_sales()$$, 'every invariant holds');

-- What may not be sold.
select testkit.enroll_buyer(o, 'Cole') as cole from ids;
select is(pg_temp.refusal(o, max(e.id)), 'lead_id: 2 buyers', 'no more buyers than the policy allows')
  from seats join leadgen.buyer_offers e on e.offer_id = o group by o;
select is(pg_temp.refusal(o, testkit.enroll_buyer(testkit.open_offer('{}', 'Ace'), 'Eads')) is not null, true,
  'not whom the offer does not have') from ids;
select is(testkit.fault_of(sql), fault, what) from seats, lateral (values
  (format('select pg_temp.sell(%s, %s, '' '')', o, pia), 'LG400 reason', 'a reason is needed'),
  ('select leadgen.sell_lead(-1, 1, ''why'')', 'LG404 lead_id', 'there is no such lead'),
  (format('select leadgen.sell_lead(%s, -1, ''why'')', pg_temp.latest(o)), 'LG404 buyer_id',
  'there is no such buyer')) as t (sql, fault, what);

-- A limit holds: Dora takes one lead a day.
create temp table full_offer as select testkit.open_offer('{}', 'Dora') as o;
select testkit.outcome(o, '2026-11-20T16:00:00Z') from full_offer;
select is(testkit.outcome(o, '2026-11-20T16:00:00Z'), 'cap_day 1, held', 'the second lead of the day waits') from full_offer;
select matches(pg_temp.refusal(o, e.id), '^buyer_id: cap_day: 1 of 1, resets ', 'nobody is sold beyond a limit by hand')
from full_offer join leadgen.buyer_offers e on e.offer_id = o;
update leadgen.buyer_offers e set capacity_per_day = 2 from full_offer where e.offer_id = o;
select pg_temp.sell(o, e.id) from full_offer join leadgen.buyer_offers e on e.offer_id = o;
select is((l.hold_until, testkit.tell(l.id))::text, '(,"Dora 45.00")', 'sold by hand, it is held no more')
from full_offer join leadgen.leads l on l.id = pg_temp.latest(o);

-- Exclusivity is never broken.
create temp table owned as select testkit.open_offer('{"max_buyers": 2, "exclusivity": {"when_unavailable": "hold"}}', 'Dora', 'Best') as o;
select testkit.own(min(e.id), 'postal_code', '78701') from owned join leadgen.buyer_offers e on e.offer_id = o;
select testkit.outcome(o, '2026-11-20T16:00:00Z') from owned;
select is(pg_temp.refusal(o, max(e.id)), 'lead_id: a lead that its buyer has alone', 'what is sold exclusively is sold to nobody else')
from owned join leadgen.buyer_offers e on e.offer_id = o group by o;
select testkit.outcome(o, '2026-11-20T16:00:00Z') from owned;
select is(pg_temp.refusal(o, max(e.id)), 'buyer_id: exclusive_to_other', 'a lead whose owner is waited for is sold to nobody else')
from owned join leadgen.buyer_offers e on e.offer_id = o group by o;

-- Returned and taken by nobody: rejected, and sold by hand to whom ranks lower.
create temp table back as select testkit.open_offer('{"reroute": {"on_return": false}}', 'Ace', 'Best', 'Cole') as o;
create temp table returned as select o, testkit.sell_delivered(o) as sale from back;
select leadgen.return_sale(sale, 'unreachable'), testkit.tend() from returned;
select is(l.status::text, 'rejected', 'a lead that was returned is rejected') from back join leadgen.leads l on l.id = pg_temp.latest(o);
select pg_temp.sell(o, max(e.id)) from back join leadgen.buyer_offers e on e.offer_id = o group by o;
select is((l.status, l.rejection_reason, testkit.tell(l.id))::text, '(validated,,"Ace 45.00, Cole 45.00")',
  'sold by hand it is as any other')
from back join leadgen.leads l on l.id = pg_temp.latest(o);
select is(string_agg(coalesce(r, 'passed'), ' ' order by n), 'already_had_lead not_chosen passed', 'who was not chosen lost to the choice')
from back join leadgen.lead_decisions d on d.lead_id = pg_temp.latest(o) and d.attempt = 2, unnest(d.reasons) with ordinality as r (r, n);
select is(leadgen.replay_lead(pg_temp.latest(o)), '{"identical": true}', 'that replays, too') from back;
select is_empty($$select * from market.list_broken_leads() union all select * from market.list_broken_counts()
  union all select * from market.list_broken_sales()$$, 'every invariant holds after that');

-- Routed once more, without a choice.
create temp table again as select testkit.open_offer('{"reroute": {"on_return": false}}', 'Ace', 'Best') as o;
create temp table given_back as select o, testkit.sell_delivered(o) as sale from again;
select leadgen.return_sale(sale, 'unreachable'), testkit.tend() from given_back;
select is(leadgen.route_again(pg_temp.latest(o)), true, 'a rejected lead is offered again') from again;
select is(leadgen.route_again(pg_temp.latest(o)), false, 'asked for again, it is due already') from again;
select testkit.work_holds();
select is(testkit.tell(pg_temp.latest(o)), 'Ace 45.00, Best 45.00', 'the next buyer gets it') from again;
select is(testkit.fault_of(format('select leadgen.route_again(%s)', pg_temp.latest(o))), 'LG409 lead_id',
  'a lead that is sold is not') from again;

-- Who asked not to be contacted is sold to nobody.
create temp table gone as select testkit.open_offer('{}', 'Nix') as o;
select testkit.submit(o, '{}', 4711) from gone;
update leadgen.buyer_offers e set capacity_per_day = null from gone where e.offer_id = o;
select leadgen.suppress('phone', '+15125554711');
select is(pg_temp.refusal(o, e.id), 'lead_id: a contact on a suppression list', 'not a suppressed person')
  from gone join leadgen.buyer_offers e on e.offer_id = o;
select leadgen.erase_lead(pg_temp.latest(o), 'asked for') from gone;
select is(pg_temp.refusal(o, e.id), 'lead_id: an erased lead', 'not an erased one') from gone join leadgen.buyer_offers e on e.offer_id = o;
create temp table bad as select testkit.make_offer('{"allowed_country_codes": ["DE"]}') as o;
select testkit.submit(o) from bad;
select matches(pg_temp.refusal(o, testkit.enroll_buyer(o, 'Ace')), '^lead_id: ', 'not one that did not pass validation') from bad;
select * from finish();
rollback;
