-- explain_lead, explain_candidates, explain_sales, summarize_lead, describe_reasons, find_window_end: the account a person reads.
begin;
select plan(52);
select testkit.at_time('2026-11-20T16:00:00Z');

select is((kernel.describe_reasons(testkit.snapshot(array[testkit.candidate(fields)], testkit.load('{
  "cap_day": 20, "used_day": 20, "cap_month": 90, "used_month": 91, "budget_day": 100, "spent_day": 80.5,
  "budget_month": 900, "spent_month": 900}'), '2026-11-21T16:00:00Z'), array[reason]))[1],
  text, text)
from (values
  ('{"used_day": 20, "cap_day": 20}'::jsonb, 'cap_day', 'cap_day: 20 of 20, resets 2026-11-22T06:00:00Z (00:00 America/Chicago)'),
  ('{"used_hour": 3, "cap_hour": 2}', 'cap_hour', 'cap_hour: 3 of 2, resets 2026-11-21T17:00:00Z (11:00 America/Chicago)'),
  ('{"used_week": 7, "cap_week": 7}', 'cap_week', 'cap_week: 7 of 7, resets 2026-11-23T06:00:00Z (00:00 America/Chicago)'),
  ('{"used_month": 9, "cap_month": 9}', 'cap_month', 'cap_month: 9 of 9, resets 2026-12-01T06:00:00Z (00:00 America/Chicago)'),
  ('{"used_day": 1, "cap_day": 1, "timezone": "Asia/Tokyo"}', 'cap_day', 'cap_day: 1 of 1, resets 2026-11-22T15:00:00Z (00:00 Asia/Tokyo)'),
  ('{"pause_until": "2026-12-24T00:00:00-06:00"}', 'paused', 'paused: until 2026-12-24T06:00:00Z (00:00 America/Chicago)'),
  ('{"pause_until": "infinity"}', 'paused', 'paused: without end'),
  ('{"schedule": "{[0,600)}", "in_schedule": false}', 'outside_schedule',
    'outside_schedule: opens 2026-11-23T06:00:00Z (00:00 America/Chicago)'),
  ('{"filter_fault": "attributes.roof_age is 7, wanted at least 10"}', 'filters',
    'filters: attributes.roof_age is 7, wanted at least 10'),
  ('{"spent_day": 80, "budget_day": 120}', 'budget_day',
    'budget_day: 80 of 120, price 45, resets 2026-11-22T06:00:00Z (00:00 America/Chicago)'),
  ('{"spent_month": 80, "budget_month": 120.50}', 'budget_month',
    'budget_month: 80 of 120.50, price 45, resets 2026-12-01T06:00:00Z (00:00 America/Chicago)'),
  ('{"balance": 44.99, "min_balance": 10.00}', 'funds', 'funds: 44.99, price 45'),
  ('{}', 'offer_cap_day', 'offer_cap_day: 20 of 20, resets 2026-11-22T06:00:00Z (00:00 America/Chicago)'),
  ('{}', 'offer_cap_month', 'offer_cap_month: 91 of 90, resets 2026-12-01T06:00:00Z (00:00 America/Chicago)'),
  ('{}', 'offer_budget_day', 'offer_budget_day: 80.5 of 100, price 45, resets 2026-11-22T06:00:00Z (00:00 America/Chicago)'),
  ('{}', 'offer_budget_month', 'offer_budget_month: 900 of 900, price 45, resets 2026-12-01T06:00:00Z (00:00 America/Chicago)'),
  ('{"balance": 9.99, "min_balance": 10.00}', 'minimum_balance', 'minimum_balance: 9.99 of 10.00'),
  ('{}', 'outside_service_area', 'outside_service_area'), ('{}', 'exclusive_to_other', 'exclusive_to_other')
) as t (fields, reason, text);

select is(kernel.find_window_end(unit, now, zone), ends, format('find_window_end: %s of %s in %s', unit, now, zone))
from (values
  ('hour', '2026-11-20T16:30:00Z'::timestamptz, 'Asia/Kolkata', '2026-11-20T17:30:00Z'::timestamptz),
  ('day', '2026-03-08T07:00:00Z', 'America/Chicago', '2026-03-09T05:00:00Z'), ('day', '2026-11-01T06:00:00Z', 'America/Chicago',
    '2026-11-02T06:00:00Z'),
  ('hour', '2026-11-01T06:30:00Z', 'America/Chicago', '2026-11-01T07:00:00Z'), ('hour', '2026-03-08T07:30:00Z', 'America/Chicago',
    '2026-03-08T08:00:00Z'),
  ('week', '2026-11-22T23:00:00Z', 'UTC', '2026-11-23T00:00:00Z'), ('month', '2026-12-31T23:59:59Z', 'UTC', '2027-01-01T00:00:00Z')
) as t (unit, now, zone, ends);

-- One lead with a winner, one ranked behind, one lost for each kind of reason.
create temp table ids as select testkit.make_offer('{}', '{"tie_breakers": ["round_robin"]}') as offer_id;
create temp table seats as
select n, testkit.enroll(offer_id,
  jsonb_build_object('buyer_id', testkit.make_buyer(jsonb_build_object('name', format('Buyer %s', n)))) || seat,
  areas) as id
from ids, (values
  (1, '{"routing_priority": 2}'::jsonb, '{*}'::text[]), (2, '{"routing_priority": 9, "price_per_lead": 60}', '{*}'), (3,
    '{"capacity_per_day": 0}', '{*}'), (4, '{}', '{Waco}')
) as t (n, seat, areas);
create temp table lead as select (testkit.submit(offer_id) ->> 'lead_id')::bigint as id from ids;
select is((select array_agg(concat_ws('|', c.buyer_name, c.verdict, c.rank, c.reason, c.price))
  from lead, leadgen.explain_candidates(lead.id) c),
  array['Buyer 2|won|1|60.00', 'Buyer 1|passed|2|ranked 2 of 2 by priority, then round_robin',
    'Buyer 3|lost|cap_day: 0 of 0, resets 2026-11-21T06:00:00Z (00:00 America/Chicago)',
    'Buyer 4|lost|outside_service_area'], 'explain_candidates: who won, who was behind, why each other lost');
select is((select array_agg(distinct format('%s %s', c.attempt, c.decided_at))
  from lead, leadgen.explain_candidates(lead.id) c), '{"1 2026-11-20 16:00:00+00"}', 'explain_candidates: attempt and clock');
select is(roads.summarize_lead(id), 'Sold to Buyer 2 for 60.00 USD', 'summarize_lead: sold') from lead;

create temp table account as select leadgen.explain_lead(id) as j from lead;
select is(j ->> 'summary', 'Sold to Buyer 2 for 60.00 USD', 'explain_lead: summary') from account;
select is(j -> 'validation',
  '{"passed": true, "errors": [], "policy_id": 0, "policy_version": 1}'::jsonb || jsonb_build_object('policy_id',
    o.validation_policy_id), 'explain_lead: validation')
from account, ids join leadgen.offers o on o.id = ids.offer_id;
select is(format('%s %s', jsonb_array_length(j -> 'attempts'), jsonb_array_length(j #> '{attempts,0,candidates}')), '1 4',
  'explain_lead: attempts and their candidates') from account;
select is(j #> '{attempts,0,strategy}', '["priority", "round_robin"]', 'explain_lead: by which strategy') from account;
select is(j #>> '{attempts,0,candidates,2,reason}', 'cap_day: 0 of 0, resets 2026-11-21T06:00:00Z (00:00 America/Chicago)',
  'explain_lead: a reason with its numbers') from account;
select is(format('%s %s %s', j #>> '{sales,0,buyer}', j #>> '{sales,0,price}', j #>> '{sales,0,outcome}'), 'Buyer 2 60.00 pending',
  'explain_lead: sales') from account;
select is(format('%s %s', j #> '{sales,0,deliveries,0}' ->> 'channel', j #> '{sales,0,deliveries,0}' ->> 'status'), 'email pending',
  'explain_lead: deliveries') from account;
select is(j #> '{sales,0,price_steps,0}', '{"step": "base", "amount": 60.00}', 'explain_lead: the price''s steps') from account;
select is(array(select k from (values ('John Smith'), ('person1@example.com'), ('+15125550001'), ('Emergency plumbing')) p (k)
  where position(k in j::text) > 0), '{}',
  'explain_lead: nothing personal of the lead') from account;
select is(roads.explain_sales(id), j -> 'sales', 'explain_sales by itself') from lead, account;
select is(roads.explain_sales(0), '[]', 'explain_sales: none');
select is(testkit.fault_of('select leadgen.explain_lead(0)'), 'LG404 lead_id', 'explain_lead: no such lead');

create temp table others as select (testkit.submit(offer_id, '{"name": null}', 2) ->> 'lead_id')::bigint as bad,
  (testkit.submit(testkit.make_offer(), '{}', 3) ->> 'lead_id')::bigint as held,
  (testkit.submit(testkit.make_offer('{}', '{"on_no_buyer": "reject"}'), '{}', 4) ->> 'lead_id')::bigint as unsold from ids;
select is(roads.summarize_lead(bad), 'Rejected: name is missing', 'summarize_lead: rejected') from others;
select is(roads.summarize_lead(held), 'Held until 2026-11-21T16:00:00Z, because: no buyer is enrolled in the offer', 'summarize_lead: held')
  from others;
select is(roads.summarize_lead(unsold), 'Unsold: no buyer is enrolled in the offer', 'summarize_lead: unsold') from others;
select is(leadgen.explain_lead(bad) #> '{validation,errors,0,code}', '"field_required"', 'explain_lead: what it failed') from others;
select is(leadgen.explain_lead(bad) -> 'attempts', '[]', 'explain_lead: a rejected lead has no attempt') from others;

create temp table again as select testkit.make_offer() as offer_id;
create temp table first as select (testkit.submit(offer_id, '{}', 5) ->> 'lead_id')::bigint as id from again;
create temp table second as
select (testkit.submit(offer_id, '{"message": "once more"}', 5) ->> 'lead_id')::bigint as id from again;
select is((leadgen.explain_lead(second.id) #> '{validation,duplicate_of}')::bigint, first.id,
  'explain_lead: of which lead it is a duplicate') from first, second;

-- The operator's door.
select testkit.make_key(repeat('1', 64)), testkit.make_key(repeat('2', 64), '{"name": "gone", "revoked_at": "2026-01-01T00:00:00Z"}');
select is(leadgen.explain_lead_for(repeat('1', 64), id), leadgen.explain_lead(id), 'explain_lead_for: with a key in force') from lead;
select is(testkit.fault_of(format('select leadgen.explain_lead_for(%L, %s)', hash, id)), 'LG401', format('explain_lead_for: %s', what))
from lead, (values (repeat('2', 64), 'a revoked key'), (repeat('3', 64), 'an unknown key'), (null, 'no key')) as t (hash, what);

-- A buyer who never bought may be deleted; the account still says that it lost, and why.
delete from leadgen.buyers where name = 'Buyer 4';
select is((select format('%s: %s', regexp_replace(c.buyer_name, '[0-9]+', 'N'), c.reason)
  from lead, leadgen.explain_candidates(lead.id) c where c.buyer_name like '%deleted'),
  'buyer N, deleted: outside_service_area', 'explain_candidates: a buyer who is not there any more');

select * from finish();
rollback;
