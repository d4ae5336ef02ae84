-- list_broken_invariants: silent when all is well, and each kind of corruption is found. Planted with triggers switched off.
begin;
select plan(71);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table ids as select testkit.make_offer('{"duplicate_window_hours": 0}',
  '{"max_buyers": 2, "caps": {"per_day": 100, "per_month": 1000, "budget_per_day": 10000}}',
  '{"exclusivity_premium": {"percent": 10}}') as offer_id;
create temp table seats as select testkit.enroll_buyer(offer_id, 'Ace', '{"capacity_per_hour": 50, "capacity_per_day": 5,
  "capacity_per_week": 50, "capacity_per_month": 50, "budget_per_day": 5000, "budget_per_month": 5000, "routing_priority": 2}') as a,
  testkit.enroll_buyer(offer_id, 'Best') as b from ids;
select testkit.own(b, 'city', 'Waco') from seats;
create temp table leads as
select n, (testkit.submit(offer_id,
  case n when 4 then '{"name": null}' when 5 then '{"city": "Waco", "postal_code": "76701"}' else '{}' end::jsonb,
    n) ->> 'lead_id')::bigint as id
from ids, generate_series(1, 5) n;
select testkit.at_time('2026-11-20T16:00:01Z');
select leadgen.return_sale(a.id, 'wrong_number') from leadgen.lead_assignments a join leads l on l.id = a.lead_id where l.n = 1;
select testkit.at_time('2026-11-20T16:00:02Z');
insert into leads select 6, (testkit.submit(offer_id, '{}', 6) ->> 'lead_id')::bigint from ids;
create temp table claims as select * from leadgen.claim_deliveries('w', testkit.room(3), '30 seconds');
create temp table recorded as select r.* from (select jsonb_agg(jsonb_build_object('delivery_id', delivery_id, 'lease_token',
  lease_token, 'started_at', '2026-11-20T16:00:00Z',
  'outcome', 'delivered', 'latency_ms', 1)) as results from claims) x, leadgen.record_attempts(results, 3, '1 second') r;

select is_empty('select * from leadgen.list_broken_invariants()', 'a good database: nothing to report');
select is((select count(*) from leadgen.lead_assignments), 9::bigint, 'though there is much to look at');

create function pg_temp.planted(p_sql text) returns text[] language plpgsql as $$
-- Plants a corruption, looks, and takes it back.
declare
  v_found text[];
begin
  set local session_replication_role = replica;
  execute p_sql;
  set local session_replication_role = origin;
  v_found := array(select distinct concat_ws(' ', i.rule, case when i.detail is null then 'without detail' end)
    from leadgen.list_broken_invariants() i order by 1);
  raise exception using errcode = 'P9999', message = v_found::text;
exception
  when sqlstate 'P9999' then
    return sqlerrm::text[];
end;
$$;
create temp table faults (rule text, what text, sql text);
insert into faults values
  ('cap_never_exceeded', 'sold past a cap of the day',
    $$update leadgen.lead_decisions set limit_uses[2] = 5 where winners[1] = 1$$),
  ('cap_never_exceeded', 'sold past a cap of the hour',
    $$update leadgen.lead_decisions set limit_uses[1] = 50 where winners[1] = 1$$),
  ('cap_never_exceeded', 'sold past a cap of the week',
    $$update leadgen.lead_decisions set limit_uses[3] = 50 where winners[1] = 1$$),
  ('cap_never_exceeded', 'sold past a cap of the month',
    $$update leadgen.lead_decisions set limit_uses[4] = 50 where winners[1] = 1$$),
  ('cap_never_exceeded', 'sold by a cap that nobody counted',
    $$update leadgen.lead_decisions set limit_uses[3] = null where winners[1] = 1$$),
  ('usage_counts_sales', 'a decision that read too few uses',
    $$update leadgen.lead_decisions set limit_uses[2] = 0 where winners[1] = 1$$),
  ('usage_counts_sales', 'a sale that was not counted',
    $$delete from leadgen.lead_assignments where id = (select min(id) from leadgen.lead_assignments)$$),
  ('usage_row_is_true', 'a counter that forgot', $$update leadgen.enrollment_usage set sales[2] = sales[2] - 1$$),
  ('usage_counts_sales', 'a decision that read too little spent',
    $$update leadgen.lead_decisions set limit_uses[5] = 0 where winners[1] = 1$$),
  ('usage_counts_sales', 'a decision that read too much spent',
    $$update leadgen.lead_decisions set limit_uses[6] = 1000
      where winners[1] = 1$$),
  ('usage_counts_sales', 'a decision that counted a sale returned before it',
    $$update leadgen.lead_decisions set limit_uses[2] = 3
      where lead_id = (select id from pg_temp.leads where n = 6) and winners[1] = 1$$),
  ('usage_counts_sales', 'a decision that forgot a sale returned after it',
    $$update leadgen.lead_decisions set limit_uses[2] = 1
      where lead_id = (select id from pg_temp.leads where n = 3) and winners[1] = 1$$),
  ('budget_never_exceeded', 'sold past a budget of the day',
    $$update leadgen.lead_decisions set limit_uses[5] = 4990 where winners[1] = 1$$),
  ('budget_never_exceeded', 'sold past a budget of the month',
    $$update leadgen.lead_decisions set limit_uses[6] = 4990
      where winners[1] = 1$$),
  ('offer_cap_never_exceeded', 'sold past a cap of the offer', $$update leadgen.lead_decisions set limit_uses[7] = 100$$),
  ('offer_cap_never_exceeded', 'two sales where one was left',
    $$update leadgen.lead_decisions set limit_uses[8] = 999$$),
  ('offer_budget_never_exceeded', 'sold past the offer''s budget',
    $$update leadgen.lead_decisions set limit_uses[9] = 9911$$),
  ('usage_row_is_true', 'a sum that forgot', $$update leadgen.enrollment_usage set money[2] = money[2] - 1$$),
  ('usage_row_is_true', 'a returned sale that still counts', $$update leadgen.enrollment_usage set sales[2] = sales[2] + 1$$),
  ('usage_row_is_true', 'a sale that is returned and counts', $$update leadgen.lead_assignments set released_at = null$$),
  ('usage_row_is_true', 'a counter of the offer that forgot', $$update leadgen.offer_usage set sales[4] = sales[4] - 1$$),
  ('usage_row_is_true', 'a sum of the offer that forgot', $$update leadgen.offer_usage set money[4] = 0$$),
  ('at_most_max_buyers', 'a lead that three have',
    $$insert into leadgen.lead_assignments (market_id, lead_id, decision_id, offer_id, buyer_id, buyer_offer_id, is_exclusive, price,
      currency, price_steps)
      select market_id, lead_id, (select max(id) from leadgen.lead_decisions), offer_id, 0, buyer_offer_id, is_exclusive, price, currency,
        price_steps from leadgen.lead_assignments limit 1$$),
  ('sale_has_one_state', 'released and accepted', $$update leadgen.lead_assignments set released_at = now()
    where outcome = 'accepted'$$),
  ('sale_has_one_state', 'accepted and due to be released', $$update leadgen.lead_assignments set release_due_at = now()
    where outcome = 'accepted'$$),
  ('sale_has_one_state', 'released and due to be', $$update leadgen.lead_assignments set release_due_at = now()
    where outcome = 'returned'$$),
  ('sale_has_one_state', 'lapsed, and it stands', $$update leadgen.lead_assignments set outcome = 'lapsed'
    where outcome = 'pending'$$),
  ('sale_has_its_times', 'accepted at no time', $$update leadgen.lead_assignments set accepted_at = null$$),
  ('sale_has_its_times', 'delivered at no time', $$update leadgen.lead_assignments set delivered_at = null$$),
  ('sale_has_its_times', 'lapsed though it was accepted', $$update leadgen.lead_assignments set outcome = 'lapsed'
    where outcome = 'accepted'$$),
  ('lead_names_its_policies', 'another routing policy',
    $$update leadgen.leads set routing_policy_id = routing_policy_id + 1$$),
  ('lead_names_its_policies', 'a pricing policy of another version',
    $$update leadgen.leads set pricing_policy_version = pricing_policy_version + 1$$),
  ('returned_sale_has_return', 'returned by nobody', $$delete from leadgen.sale_returns$$),
  ('nothing_of_a_released_sale_is_sent', 'still being delivered',
    $$update leadgen.deliveries set status = 'pending', next_attempt_at = now() where status = 'cancelled'$$),
  ('valid_lead_is_sold_or_explained', 'returned by all and not explained', $$update leadgen.leads set unsold_reason = null
    where rejection_reason is null$$),
  ('valid_lead_is_sold_or_explained', 'rejected though somebody has it', $$update leadgen.leads set status = 'rejected',
    rejection_reason = 'returned' where status = 'accepted'$$),
  ('at_most_max_buyers', 'a third sale of a lead',
    $$insert into leadgen.lead_assignments (market_id, lead_id, decision_id, offer_id, buyer_id, buyer_offer_id, is_exclusive, price,
      currency, price_steps)
      select market_id, lead_id, decision_id, offer_id, 0, buyer_offer_id, is_exclusive, price, currency, price_steps
        from leadgen.lead_assignments limit 1$$),
  ('decision_replays', 'a reason that does not follow from the numbers', $$update leadgen.lead_decisions set reasons[1] = 'paused'$$),
  ('decision_replays', 'a ranking that does not', $$update leadgen.lead_decisions set ranking = '{2,1}' where ranking = '{1,2}'$$),
  ('decision_replays', 'an exclusive buyer that does not', $$update leadgen.lead_decisions set exclusive_buyer_id = 1
    where exclusive_buyer_id is null$$),
  ('winners_are_sales', 'a sale to who did not win', $$update leadgen.lead_decisions set winners = '{2}' where winners = '{1,2}'$$),
  ('winners_are_sales', 'a winner without sale', $$delete from leadgen.lead_assignments where id = (select max(id)
    from leadgen.lead_assignments)$$),
  ('decision_replays', 'another price', $$update leadgen.lead_assignments set price = price + 0.01$$),
  ('decision_replays', 'other steps', $$update leadgen.lead_assignments set price_steps = '[]'$$),
  ('decision_replays', 'a premium for who owned nothing', $$update leadgen.lead_assignments set is_exclusive = not is_exclusive$$),
  ('decision_replays', 'a premium that does not give the price',
    $$update leadgen.lead_decisions set adjustments[1].percent = 11$$),
  ('sale_has_deliveries', 'a sale without delivery', $$delete from leadgen.deliveries where id = (select max(id)
    from leadgen.deliveries)$$),
  ('lead_shows_first_sale', 'a lead with another price', $$update leadgen.leads set price = 1 where price is not null$$),
  ('lead_shows_first_sale', 'a lead with another buyer', $$update leadgen.leads set buyer_id = 0 where buyer_id is not null$$),
  ('lead_shows_first_sale', 'a lead with a buyer and no sale', $$update leadgen.leads set buyer_id = 1, price = 1 where buyer_id is null$$),
  ('valid_lead_is_sold_or_explained', 'neither sold nor explained', $$update leadgen.leads set buyer_id = null, price = null
    where buyer_id is not null$$),
  ('valid_lead_is_sold_or_explained', 'rejected without reason', $$update leadgen.leads set validation_reason = null
    where status = 'rejected'$$),
  ('valid_lead_is_sold_or_explained', 'valid without decision', $$delete from leadgen.lead_decisions where id = (select max(id)
    from leadgen.lead_decisions)$$),
  ('returns_are_settled', 'approved, and the sale stands', $$update leadgen.lead_assignments set outcome = 'accepted', accepted_at = now(),
    released_at = null where outcome = 'returned'$$),
  ('returns_are_settled', 'asked for, and the sale has ended', $$update leadgen.sale_returns set status = 'requested', decided_at = null$$),
  ('nothing_of_an_erased_lead_is_sent', 'erased and due', $$update leadgen.leads set name = '', email = '', phone = '', submitted = null,
    hold_until = null, erased_at = now()$$),
  ('nothing_of_an_erased_lead_is_sent', 'erased and known', $$update leadgen.leads set erased_at = now(), hold_until = null$$),
  ('nothing_of_an_erased_lead_is_sent', 'erased and held', $$update leadgen.leads set name = '', email = '', phone = '', submitted = null,
    hold_until = now(), erased_at = now() where id in (select lead_id from leadgen.deliveries where status = 'delivered')$$),
  ('attempts_are_logged', 'delivered without attempt', $$delete from leadgen.delivery_attempts$$),
  ('attempts_are_logged', 'dead though an attempt got through', $$update leadgen.deliveries set status = 'dead'
    where status = 'delivered'$$),
  ('delivery_has_endpoint', 'a delivery to an address that is none of its buyer''s',
    $$update leadgen.deliveries set target = 'https://x.example'$$),
  ('delivery_has_endpoint', 'a delivery by no endpoint', $$update leadgen.deliveries set endpoint_id = 0$$),
  ('delivery_has_one_state', 'delivered at no time', $$update leadgen.deliveries set finished_at = null where status = 'delivered'$$),
  ('delivery_has_one_state', 'sent again more often than tried', $$update leadgen.deliveries set attempts_before = attempts + 1$$),
  ('delivery_has_origin', 'a delivery of another lead', $$update leadgen.deliveries set lead_id = 0 where assignment_id is not null$$),
  ('attempt_has_delivery', 'an attempt at nothing', $$update leadgen.delivery_attempts set delivery_id = 0$$),
  ('enrollment_is_connected', 'an enrollment that is told by nothing', $$delete from leadgen.enrollment_endpoints$$),
  ('decision_has_lead', 'a decision of no lead',
    $$update leadgen.lead_decisions set lead_id = 0 where id = (select max(id) from leadgen.lead_decisions)$$);
select is(pg_temp.planted(sql) @> array[rule], true, format('%s: %s', rule, what)) from faults;

-- Each rule that a check can name was proved to find its contrary.
select bag_eq($$select distinct named[1]
  from pg_proc p, regexp_matches(p.prosrc, '(?:select|then|else) ''([a-z]+(?:_[a-z]+)+)''', 'g') named
  where (p.proname like 'list\_broken\_%' or p.proname = 'list_differing_replays') and p.proargnames = '{rule,detail}'$$,
    'select distinct rule from faults', 'every rule has its proof');

select * from finish();
rollback;
