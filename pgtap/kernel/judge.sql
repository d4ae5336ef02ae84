-- judge_candidates: each reason, their order, and the boundary of each.
begin;
select plan(79);

-- What one candidate lacks.
select is((testkit.judge_candidates(testkit.candidates(fields), null, '2026-11-20T16:00:00Z', null))[1], reason, format('%s: %s',
  coalesce(reason, 'passes'), fields))
from (values
  ('{}'::jsonb, null),
  ('{"enrollment_is_active": false}', 'enrollment_inactive'),
  ('{"buyer_is_active": false}', 'buyer_inactive'),
  ('{"has_channel": false}', 'no_channel'),
  ('{"pause_until": "2026-11-20T16:00:01Z"}', 'paused'),
  ('{"pause_until": "2026-11-20T16:00:00Z"}', null),
  ('{"pause_until": "infinity"}', 'paused'),
  ('{"in_schedule": false}', 'outside_schedule'),
  ('{"in_service_area": false}', 'outside_service_area'),
  ('{"filter_fault": "attributes.roof_age is 7, wanted at least 10"}', 'filters'),
  ('{"has_lead": true}', 'already_had_lead'),
  ('{"has_contact": true}', 'bought_contact_before'),
  ('{"cap_hour": 3, "used_hour": 2}', null),
  ('{"cap_hour": 3, "used_hour": 3}', 'cap_hour'),
  ('{"cap_hour": 0}', 'cap_hour'),
  ('{"cap_day": 20, "used_day": 19}', null),
  ('{"cap_day": 20, "used_day": 20}', 'cap_day'),
  ('{"cap_day": 20, "used_day": 21}', 'cap_day'),
  ('{"cap_day": 0}', 'cap_day'),
  ('{"cap_week": 5, "used_week": 4}', null),
  ('{"cap_week": 5, "used_week": 5}', 'cap_week'),
  ('{"cap_month": 9, "used_month": 8}', null),
  ('{"cap_month": 9, "used_month": 9}', 'cap_month'),
  ('{"used_hour": 999, "used_day": 999, "used_week": 999, "used_month": 999, "spent_day": 99999, "spent_month": 99999}', null),
  ('{"budget_day": 90, "spent_day": 45}', null),
  ('{"budget_day": 90, "spent_day": 45.01}', 'budget_day'),
  ('{"budget_day": 45}', null),
  ('{"budget_day": 44.99}', 'budget_day'),
  ('{"budget_day": 0}', 'budget_day'),
  ('{"budget_day": 0, "price": 0}', null),
  ('{"budget_month": 1000, "spent_month": 955}', null),
  ('{"budget_month": 1000, "spent_month": 955.01}', 'budget_month'),
  ('{"min_balance": 10, "balance": 45}', null),
  ('{"min_balance": 50, "balance": 50}', null),
  ('{"min_balance": 50, "balance": 49.99}', 'minimum_balance'),
  ('{"min_balance": 10, "balance": 44.99}', 'funds'),
  ('{"min_balance": 0, "balance": 0}', 'funds'),
  ('{"balance": 0}', null)
) as t (fields, reason);

-- What the offer as a whole lacks.
select is((testkit.judge_candidates(testkit.candidates('{}'), testkit.load(load), '2026-11-20T16:00:00Z', null))[1], reason,
  format('%s: the offer has %s', coalesce(reason, 'passes'), load))
from (values
  ('{}'::jsonb, null),
  ('{"cap_hour": 3, "used_hour": 2}', null), ('{"cap_hour": 3, "used_hour": 3}', 'offer_cap_hour'), ('{"cap_hour": 0}', 'offer_cap_hour'),
  ('{"cap_day": 3, "used_day": 2}', null), ('{"cap_day": 3, "used_day": 3}', 'offer_cap_day'),
  ('{"cap_week": 3, "used_week": 2}', null), ('{"cap_week": 3, "used_week": 3}', 'offer_cap_week'),
  ('{"cap_month": 3, "used_month": 2}', null), ('{"cap_month": 3, "used_month": 4}', 'offer_cap_month'),
  ('{"budget_day": 90, "spent_day": 45}', null), ('{"budget_day": 90, "spent_day": 45.01}', 'offer_budget_day'),
  ('{"budget_month": 90, "spent_month": 45}', null), ('{"budget_month": 90, "spent_month": 45.01}', 'offer_budget_month')
) as t (load, reason);

-- The order: everything is wrong, and is put right one by one.
create temp table wrongs (position integer, wrong jsonb, load jsonb, reason text);
insert into wrongs values
  (1, '{"enrollment_is_active": false}', '{}', 'enrollment_inactive'),
  (2, '{"buyer_is_active": false}', '{}', 'buyer_inactive'),
  (3, '{"has_channel": false}', '{}', 'no_channel'),
  (4, '{"pause_until": "2026-11-21T00:00:00Z"}', '{}', 'paused'),
  (5, '{"in_schedule": false}', '{}', 'outside_schedule'),
  (6, '{"in_service_area": false}', '{}', 'outside_service_area'),
  (7, '{"filter_fault": "city, wanted one of waco"}', '{}', 'filters'),
  (8, '{"has_lead": true}', '{}', 'already_had_lead'),
  (9, '{"has_contact": true}', '{}', 'bought_contact_before'),
  (10, '{"cap_hour": 0}', '{}', 'cap_hour'),
  (11, '{"cap_day": 0}', '{}', 'cap_day'),
  (12, '{"cap_week": 0}', '{}', 'cap_week'),
  (13, '{"cap_month": 0}', '{}', 'cap_month'),
  (14, '{"budget_day": 0}', '{}', 'budget_day'),
  (15, '{"budget_month": 0}', '{}', 'budget_month'),
  (16, '{"min_balance": 1000}', '{}', 'minimum_balance'),
  (17, '{"min_balance": 1, "balance": 1}', '{}', 'funds'),
  (18, '{"buyer_id": 7}', '{}', 'exclusive_to_other'),
  (19, '{}', '{"cap_hour": 0}', 'offer_cap_hour'),
  (20, '{}', '{"cap_day": 0}', 'offer_cap_day'),
  (21, '{}', '{"cap_week": 0}', 'offer_cap_week'),
  (22, '{}', '{"cap_month": 0}', 'offer_cap_month'),
  (23, '{}', '{"budget_day": 0}', 'offer_budget_day'),
  (24, '{}', '{"budget_month": 0}', 'offer_budget_month');
create function pg_temp.merge(p_from integer, p_column text) returns jsonb language sql as $$
  select coalesce(jsonb_object_agg(k, v order by w.position desc), '{}')
  from wrongs w, jsonb_each(case p_column when 'wrong' then w.wrong else w.load end) e (k, v)
  where w.position >= p_from;
$$;
select is((testkit.judge_candidates(testkit.candidates('{"buyer_id": 101}'::jsonb || pg_temp.merge(w.position, 'wrong')),
  testkit.load(pg_temp.merge(w.position, 'load')), '2026-11-20T16:00:00Z', 101))[1], w.reason,
    format('%s comes before what follows', w.reason))
from wrongs w order by w.position;
select is(testkit.judge_candidates(testkit.candidates('{}'), null, '2026-11-20T16:00:00Z', 999), '{exclusive_to_other}',
  'the exclusive buyer is another');
select is(testkit.judge_candidates(testkit.candidates('{}', '{"cap_day": 0}', '{}'), null, '2026-11-20T16:00:00Z', 101),
  '{NULL,cap_day,exclusive_to_other}',
  'each candidate has one reason, in their order');
select is(testkit.judge_candidates('{}', null, '2026-11-20T16:00:00Z', null), '{}', 'without candidates there are no reasons');

select * from finish();
rollback;
