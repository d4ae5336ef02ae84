-- The views of report: one row a lead, a sale, a failure, a candidate, and the funnel by the market's day.
begin;
select plan(17);
select testkit.at_time('2026-11-21T05:30:00Z');
create temp table ids as select testkit.make_offer('{"min_message_length": 3, "consent_required": true}',
  '{"max_buyers": 2, "hold_hours": 0.25}') as offer_id;
create temp table seats as select testkit.enroll_buyer(offer_id, 'Dora') as a, testkit.enroll(offer_id,
  '{"capacity_per_day": 1, "price_per_lead": 60}') as b from ids;
create temp table leads as
select n, (testkit.submit(offer_id, case n when 3 then '{"message": null, "consent": false}' else '{}' end::jsonb,
  n) ->> 'lead_id')::bigint as id from ids, generate_series(1, 3) n;
select count(*) as recorded into temp recorded from (select *
  from leadgen.claim_deliveries('w', testkit.room(1), '30 seconds')) c, leadgen.record_attempts(jsonb_build_array(jsonb_build_object(
  'delivery_id', c.delivery_id, 'lease_token', c.lease_token, 'started_at', leadgen.clock(), 'outcome', 'delivered', 'latency_ms', 1)),
    3, '1 second');

select is(array_agg(format('%s %s', v.status, case when v.sales > 0 then v.revenue::text else 'unsold' end) order by v.lead_id),
  '{"accepted 105.00","validated unsold","rejected unsold"}', 'leads: one row each, with what all its sales brought') from report.leads v;
select is(array_agg(distinct v.came_day), '{2026-11-20}', 'leads: the day in Austin, not in UTC') from report.leads v;
select is(array_agg(distinct format('%s %s', v.market, v.currency)), '{"austin-tx USD"}', 'leads: market and currency') from report.leads v;
select is(array_agg(format('%s %s', s.price, s.outcome) order by s.assignment_id), '{"45.00 accepted","60.00 pending"}',
  'sales: each sale of a shared lead') from report.sales s;
select is(array_agg(s.time_to_delivery order by s.assignment_id), '{00:00:00,NULL}'::interval[], 'sales: how long delivery took')
  from report.sales s;
select is(array_agg(format('%s %s %s', r.position, r.code, r.field) order by r.position),
  '{"1 consent_missing consent","2 message_too_short message"}', 'rejections: every failure, the first as it was told')
    from report.rejections r;
select is(array_agg(distinct r.lead_id), (select array[id] from leads where n = 3), 'rejections: of the rejected lead')
  from report.rejections r;
select is(count(*), 4::bigint, 'candidates: two for each routed lead') from report.candidates c;
select is(array_agg(format('%s %s %s', c.won, coalesce(c.rank::text, '-'), coalesce(c.reason, '-')) order by c.lead_id, c.buyer_offer_id),
  '{"t 1 -","t 2 -","f - cap_day","f - cap_day"}', 'candidates: verdict, rank and reason') from report.candidates c;
select is(array_agg(format('%s/%s', c.used_day, c.cap_day) order by c.lead_id, c.buyer_offer_id), '{0/1,0/1,1/1,1/1}',
  'candidates: the numbers judged by') from report.candidates c;
select is(count(*), 1::bigint, 'funnel: one row a day, offer and source') from report.funnel f;
select is(format('%s %s %s %s %s', f.came_received, f.came_valid, f.came_sold, f.came_delivered, f.came_held), '3 2 1 1 1',
  'funnel: received, valid, sold, delivered, held') from report.funnel f;
select is(f.came_revenue, 105.00, 'funnel: revenue of every sale') from report.funnel f;
select testkit.at_time('2026-11-21T06:00:00Z');
select testkit.submit(offer_id, '{}', 9) from ids;
select is(array_agg(format('%s %s', f.came_day, f.came_sold) order by f.came_day), '{"2026-11-20 1","2026-11-21 1"}',
  'funnel: midnight in Austin begins a day') from report.funnel f;
select leadgen.return_sale(max(s.assignment_id), 'wrong_number') from report.sales s;
select is(array_agg(format('%s %s', f.came_sold, f.came_net) order by f.came_day), '{"1 105.00","1 45.00"}',
  'funnel: a returned sale earns nothing') from report.funnel f;
select is(concat_ws(' ', r.reason_code, r.via, r.status, r.price, r.returned_day), 'wrong_number operator approved 60.00 2026-11-21',
  'returns: why, by whom, of what')
from report.returns r;
select is(count(*), 1::bigint, 'sales: and says when') from report.sales s where s.released_at = '2026-11-21T06:00:00Z';

select * from finish();
rollback;
