-- add_parts, sum_part, lay_over, find_capacity and the reports: numbers of a what-if that are added up and told.
begin;
select plan(25);
-- Tallies.
select is(rehearsal.add_parts(parts, more), expected, format('add_parts: %s to %s', more, parts))
from (values ('{}'::jsonb, '{"a": {"x": 1}}'::jsonb, '{"a": {"x": 1}}'::jsonb),
  ('{"a": {"x": 1, "y": 2}}', '{"a": {"y": -2, "z": 3}, "b": {"x": 2.5}}', '{"a": {"x": 1, "z": 3}, "b": {"x": 2.5}}'),
  ('{"a": {"x": 1}}', '{"a": {"x": -1}}', '{}'), ('{"a": {"x": 1}}', null, '{"a": {"x": 1}}')) as t (parts, more, expected);
select is(rehearsal.sum_part('{"a": {"x": 1, "y": 2.5}}', part), total, format('sum_part: %s', part))
from (values ('a', 3.5), ('b', 0)) as t (part, total);
select is(rehearsal.lay_over('{"a": 1, "b": 2}', '{"b": null, "c": [3]}'), '{"a": 1, "c": [3]}', 'lay_over: null takes a key away');
select is(rehearsal.lay_over('{"a": {"x": 1}}', '{"a": {"y": 2}}'), '{"a": {"y": 2}}', 'lay_over: a key is replaced whole');
select is(rehearsal.lay_over('{"a": 1}', '{}'), '{"a": 1}', 'lay_over: nothing');

-- What caps allow in a period.
select is(rehearsal.find_capacity(caps, '{"hour": 6, "day": 3, "week": 2, "month": 1}'), capacity, format('find_capacity: %s', caps))
from (values
  ('{}'::jsonb, null::numeric), ('{"capacity_per_hour": 2}', 12), ('{"capacity_per_day": 5}', 15),
  ('{"capacity_per_week": 7}', 14), ('{"capacity_per_month": 9}', 9), ('{"capacity_per_day": null}', null),
  ('{"capacity_per_hour": 2, "capacity_per_day": 3}', 9), ('{"capacity_per_day": 0}', 0)
) as t (caps, capacity);
create temp table ids as select testkit.make_offer('{"duplicate_window_hours": 0}') as offer_id;
select testkit.outcome(offer_id, at) from ids, unnest('{2026-11-01T05:59:59Z,2026-11-02T05:59:59Z,2026-11-02T06:00:00Z}'::timestamptz[]) at;
select is(rehearsal.count_windows(jsonb_populate_record(null::rehearsal.plan, jsonb_build_object('offer_id', offer_id, 'timezone',
    'America/Chicago')), '2026-11-01T05:00:00Z', '2026-11-02T06:00:00.001Z'), '{"hour": 3, "day": 2, "week": 2, "month": 1}',
  'count_windows: a lead in the first second of a day makes a day, a week and an hour more') from ids;
select is(rehearsal.report_buyer('{"sales": {"7": 3, "8": 1}, "revenue": {"7": 135}}', 7, 6),
  '{"sales": 3, "revenue": 135, "share": 0.7500, "fill": 0.5000}', 'report_buyer');
select is(rehearsal.report_buyer('{"sales": {"7": 3}}', 7, 2) -> 'fill', '1', 'report_buyer: never more than full');
select is(rehearsal.report_buyer('{}', 7, null), '{"sales": 0, "revenue": 0, "share": 0, "fill": null}',
  'report_buyer: nothing sold, no caps');
select is(rehearsal.report_day('{"2026-11-20 sold": 2, "2026-11-20 revenue": 90}', '2026-11-20'), '{"sold": 2, "revenue": 90}',
  'report_day');
select is(rehearsal.report_day('{}', '2026-11-20'), '{"sold": 0, "revenue": 0}', 'report_day: nothing');
select is(rehearsal.report_totals('{"counts": {"sold": 2}, "sales": {"7": 3}, "revenue": {"7": 90}, "causes": {"paused": 1}}'),
  '{"sold": 2, "unsold": 0, "held": 0, "rejected": 0, "sales": 3, "revenue": 90, "cost": 0, "margin": 90, "fill": 1.0000,
    "unsold_by_cause": {"paused": 1}, "rejected_by_code": {}}', 'report_totals');

select is(rehearsal.report_days('{"days": {"2026-11-20 sold": 1}}', '{"days": {"2026-11-21 revenue": 45}}'),
  '[{"day": "2026-11-20", "actual": {"sold": 1, "revenue": 0}, "simulated": {"sold": 0, "revenue": 0}},
    {"day": "2026-11-21", "actual": {"sold": 0, "revenue": 0}, "simulated": {"sold": 0, "revenue": 45}}]', 'report_days');

select * from finish();
rollback;
