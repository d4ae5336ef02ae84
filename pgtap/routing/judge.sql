-- judge_candidates: each reason, their order, and the boundary of each.
begin;
select plan(37);

select is((leadgen.judge_candidates(testkit.candidates(fields), '2026-11-20T16:00:00Z', null))[1], reason, format('%s: %s',
  coalesce(reason, 'passes'), fields))
from (values
  ('{}'::jsonb, null),
  ('{"enrollment_is_active": false}', 'enrollment_inactive'),
  ('{"buyer_is_active": false}', 'buyer_inactive'),
  ('{"has_channel": false}', 'no_channel'),
  ('{"pause_until": "2026-11-20T16:00:01Z"}', 'paused'),
  ('{"pause_until": "2026-11-20T16:00:00Z"}', null),
  ('{"in_service_area": false}', 'outside_service_area'),
  ('{"has_lead": true}', 'already_had_lead'),
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
  ('{"used_hour": 999, "used_day": 999, "used_week": 999, "used_month": 999}', null),
  ('{"min_balance": 10, "balance": 10}', null),
  ('{"min_balance": 10, "balance": 9.99}', 'minimum_balance'),
  ('{"balance": 0}', null)
) as t (fields, reason);

-- The order: everything is wrong, and is put right one by one.
create temp table wrongs (position integer, wrong jsonb, reason text);
insert into wrongs values
  (1, '{"enrollment_is_active": false}', 'enrollment_inactive'), (2, '{"buyer_is_active": false}', 'buyer_inactive'), (3,
    '{"has_channel": false}', 'no_channel'),
  (4, '{"pause_until": "2026-11-21T00:00:00Z"}', 'paused'), (5, '{"in_service_area": false}', 'outside_service_area'), (6,
    '{"has_lead": true}', 'already_had_lead'),
  (7, '{"cap_hour": 0}', 'cap_hour'), (8, '{"cap_day": 0}', 'cap_day'), (9, '{"cap_week": 0}', 'cap_week'), (10, '{"cap_month": 0}',
    'cap_month'),
  (11, '{"min_balance": 1000}', 'minimum_balance'), (12, '{}', 'exclusive_to_other');
select is(
  (leadgen.judge_candidates(testkit.candidates((select jsonb_object_agg(k, v) from wrongs later, jsonb_each(later.wrong) e (k, v)
    where later.position >= w.position)),
    '2026-11-20T16:00:00Z', 999))[1], w.reason, w.reason || ' comes before what follows')
from wrongs w where w.position < 12 order by w.position;
select is((leadgen.judge_candidates(testkit.candidates('{}'), '2026-11-20T16:00:00Z', 999))[1], 'exclusive_to_other',
  'the exclusive buyer is another');
select is(leadgen.judge_candidates(testkit.candidates('{}', '{"cap_day": 0}', '{}'), '2026-11-20T16:00:00Z', 101),
  '{NULL,cap_day,exclusive_to_other}',
  'one reason for each, in their order');
select is(leadgen.judge_candidates('{}', '2026-11-20T16:00:00Z', null), '{}', 'no candidates');

select * from finish();
rollback;
