-- find_cause and explain_unsold: why leads went unsold, by the buyer that came nearest, and the money lost; name_outcome.
begin;
select plan(26);
-- The later a check, the nearer; at equal checks who would have paid more; then the first.
select is(format('%s %s %s', f.cause, f.price, f.place), expected, format('find_cause: %s', reasons))
from (values
  (testkit.candidates('{}'), '{cap_day}'::text[], 'cap_day 45 1'),
  (testkit.candidates('{}', '{}', '{}'), '{enrollment_inactive,cap_day,outside_service_area}', 'cap_day 45 2'),
  (testkit.candidates('{}', '{"price": 60}', '{"price": 50}'), '{cap_day,cap_day,cap_day}', 'cap_day 60 2'),
  (testkit.candidates('{}', '{}'), '{paused,paused}', 'paused 45 1'),
  (testkit.candidates('{"price": 90}', '{}'), '{cap_month,budget_day}', 'budget_day 45 2'),
  (testkit.candidates('{}', '{}'), '{funds,minimum_balance}', 'funds 45 1'),
  (testkit.candidates('{}', '{}'), '{exclusive_to_other,funds}', 'exclusive_to_other 45 1'),
  (testkit.candidates('{}', '{}'), '{offer_cap_hour,offer_budget_month}', 'offer_budget_month 45 2'),
  (testkit.candidates('{}', '{}'), '{offer_budget_month,NULL}', 'taken_meanwhile 45 2'),
  (testkit.candidates('{}', '{"price": null}'), '{cap_day,cap_day}', 'cap_day 45 1')
) as t (candidates, reasons, expected), lateral testkit.find_cause(candidates, reasons) f;
select is(format('%s %s', f.cause, coalesce(f.price::text, 'no price')), 'nobody_enrolled no price', 'find_cause: nobody is enrolled')
  from testkit.find_cause('{}', '{}') f;
-- Every reason that a candidate can lose for has its place in the order.
select is((select array_agg(r.cause order by n)
  from unnest('{enrollment_inactive,buyer_inactive,no_channel,paused,outside_schedule,outside_service_area,filters,
    already_had_lead,bought_contact_before,cap_hour,cap_day,cap_week,cap_month,budget_day,budget_month,minimum_balance,funds,
    exclusive_to_other,offer_cap_hour,offer_cap_day,offer_cap_week,offer_cap_month,offer_budget_day}'::text[]) with ordinality as t (reason,
      n)
  cross join lateral testkit.find_cause(testkit.candidates('{}', '{}'), array[reason, 'offer_budget_month']) r),
    array_fill('offer_budget_month'::text, '{23}'),
  'find_cause: offer_budget_month is the last of all');
select is((select array_agg(r.cause order by n)
  from unnest('{enrollment_inactive,buyer_inactive,no_channel,paused,outside_schedule,outside_service_area,filters,
    already_had_lead,bought_contact_before,cap_hour,cap_day,cap_week,cap_month,budget_day,budget_month,minimum_balance,funds,
    exclusive_to_other,offer_cap_hour,offer_cap_day,offer_cap_week,offer_cap_month,offer_budget_day}'::text[]) with ordinality as t (reason,
      n)
  cross join lateral testkit.find_cause(testkit.candidates('{"price": 1000}', '{}'), array['enrollment_inactive', reason]) r where n > 1),
  '{buyer_inactive,no_channel,paused,outside_schedule,outside_service_area,filters,already_had_lead,
    bought_contact_before,cap_hour,cap_day,cap_week,cap_month,budget_day,
    budget_month,minimum_balance,funds,
    exclusive_to_other,offer_cap_hour,offer_cap_day,offer_cap_week,offer_cap_month,offer_budget_day}',
  'find_cause: whatever is later beats the first, whatever it pays');

-- A morning: A (60.00, one a day) and B (50.00, an age of 10 at least).
create temp table ids as select testkit.make_offer('{"duplicate_window_hours": 0, "required_fields": ["message"]}',
  '{"hold_hours": 1}') as offer_id;
select testkit.enroll_buyer(offer_id, 'Ace', '{"price_per_lead": 60, "capacity_per_day": 1}', '{78701,78702}'),
  testkit.enroll_buyer(offer_id, 'Best', '{"price_per_lead": 50, "filters": {"attributes.roof_age": {"minimum": 10}}}', '{78701,78703}')
from ids;
select testkit.outcome(offer_id, '2026-11-20T16:00:00Z'::timestamptz + n * interval '1 minute', fields) from ids, (values
  (1, '{}'::jsonb), (2, '{"attributes": {"roof_age": 9}}'), (3, '{"attributes": {"roof_age": 12}}'), (4, '{"attributes": {"roof_age": 3}}'),
  (5, '{"message": null}')) as t (n, fields);
select testkit.outcome(offer_id, '2026-11-20T16:10:00Z', '{"attributes": {"roof_age": 3}, "postal_code": "78703"}') from ids;
select testkit.outcome(offer_id, '2026-11-20T16:11:00Z', '{"postal_code": "78704"}') from ids;
create function pg_temp.told(p_from text, p_to text) returns text[] language sql as $$
  select array_agg(concat_ws(' | ', u.cause, u.leads, u.places, u.money_lost, u.held, u.money_held, u.nearest_buyer, u.detail))
  from ids, leadgen.explain_unsold(offer_id, p_from::timestamptz, p_to::timestamptz) u;
$$;
-- They are held for an hour. Who might still be sold is no loss.
select testkit.at_time('2026-11-20T16:30:00Z');
select is(pg_temp.told('2026-11-20T06:00Z', '2026-11-21T06:00Z'), array[
  'cap_day | 0 | 0 | 0 | 2 | 120.00 | Ace | cap_day: 1 of 1, resets 2026-11-21T06:00:00Z (00:00 America/Chicago)',
  'outside_service_area | 0 | 0 | 0 | 1 | 60.00 | Ace | outside_service_area',
  'filters | 0 | 0 | 0 | 1 | 50.00 | Best | filters: attributes.roof_age is 3, wanted at least 10'],
    'explain_unsold: leads that are held are shown apart');
select testkit.at_time('2026-11-20T17:05:00Z');
select is((pg_temp.told('2026-11-20T06:00Z', '2026-11-21T06:00Z'))[1],
  'cap_day | 2 | 2 | 120.00 | 0 | 0 | Ace | cap_day: 1 of 1, resets 2026-11-21T06:00:00Z (00:00 America/Chicago)',
  'explain_unsold: a hold that is over is a loss, also before a worker ends it');
select is(pg_temp.told('2026-11-20T16:03Z', '2026-11-20T16:10Z'), array[
  'cap_day | 1 | 1 | 60.00 | 0 | 0 | Ace | cap_day: 1 of 1, resets 2026-11-21T06:00:00Z (00:00 America/Chicago)'],
    'explain_unsold: of a period, its end not included');
select is(pg_temp.told('2026-11-19T06:00Z', '2026-11-20T06:00Z'), null, 'explain_unsold: nothing');
select testkit.at_time('2026-11-21T06:00:00Z');
select testkit.work_holds();
select is((pg_temp.told('2026-11-20T06:00Z', '2026-11-21T06:00Z'))[1],
  'cap_day | 2 | 2 | 120.00 | 0 | 0 | Ace | cap_day: 1 of 1, resets 2026-11-21T06:00:00Z (00:00 America/Chicago)',
  'explain_unsold: by the latest attempt, for the hold has ended');
select is((select array_agg(format('%s %s', u.cause, u.leads) order by u.cause) from ids, leadgen.explain_unsold(offer_id, '2026-11-20Z',
  '2026-11-22Z') u),
  '{"cap_day 2","filters 1","outside_service_area 1"}', 'explain_unsold: an ended hold is unsold as well');

-- A lead of two places, and three buyers who have had theirs: both places are lost, at the best two prices.
create temp table shared as
select testkit.make_offer('{"duplicate_window_hours": 0}', '{"max_buyers": 2, "on_no_buyer": "reject"}') as offer_id;
select testkit.enroll_buyer(offer_id, name, format('{"price_per_lead": %s, "capacity_per_day": 0}', price)::jsonb)
from shared, (values ('Cole', 40), ('Dunn', 30), ('Eads', 20)) t (name, price);
select testkit.outcome(offer_id, '2026-11-20T16:00:00Z') from shared;
select is(concat_ws(' ', u.cause, u.leads, u.places, u.money_lost, u.nearest_buyer), 'cap_day 1 2 70.00 Cole',
  'explain_unsold: a lead of two places is lost twice, at the two best prices')
from shared, leadgen.explain_unsold(offer_id, '2026-11-20Z', '2026-11-22Z') u;
select is(kernel.list_lost_prices(
  testkit.snapshot(testkit.candidates('{"price": 60}', '{"price": 50}', '{"price": 40}')), reasons, cause, places), lost,
  format('list_lost_prices: %s of %s', places, cause))
from (values
  ('{cap_day,cap_day,cap_day}'::text[], 'cap_day', 3, '{60,50,40}'::numeric[]),
  ('{cap_day,paused,cap_day}', 'cap_day', 3, '{60,40}'),
  ('{paused,NULL,NULL}', 'taken_meanwhile', 1, '{50}'),
  ('{}', 'nobody_enrolled', 2, '{}')
) as t (reasons, cause, places, lost);
create temp table nobody as select testkit.make_offer('{}') as offer_id;
select testkit.outcome(offer_id, '2026-11-20T16:00:00Z') from nobody;
select is(concat_ws(' ', u.cause, u.held, u.money_held, coalesce(u.nearest_buyer, 'nobody')), 'nobody_enrolled 1 0 nobody',
  'explain_unsold: nobody is enrolled')
from nobody, leadgen.explain_unsold(offer_id, '2026-11-20Z', '2026-11-22Z') u;
select is(count(*), 0::bigint, 'explain_unsold: no such offer') from leadgen.explain_unsold(0, '2026-11-20Z', '2026-11-22Z');

select * from finish();
rollback;
