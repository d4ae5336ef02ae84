-- business_hours, by minutes of the week and by the clock, daylight saving included.
begin;
select plan(39);

-- Friday 10:00 is minute 6360.
select is(testkit.judge(jsonb_build_object('business_hours', hours), jsonb_build_object('local_minute', minute)), expected::text[],
  format('%s at minute %s', hours, minute))
from (values
  ('{"fri": [["08:00", "18:00"]]}'::jsonb, 6360, '{}'),
  ('{"fri": [["08:00", "18:00"]]}', 6239, '{outside_hours created_at}'),
  ('{"fri": [["08:00", "18:00"]]}', 6240, '{}'),
  ('{"fri": [["08:00", "18:00"]]}', 6839, '{}'),
  ('{"fri": [["08:00", "18:00"]]}', 6840, '{outside_hours created_at}'),
  ('{"fri": [["08:00", "12:00"], ["13:00", "18:00"]]}', 6500, '{outside_hours created_at}'),
  ('{"mon": [["00:00", "24:00"]]}', 0, '{}'),
  ('{"mon": [["00:00", "24:00"]]}', 1439, '{}'),
  ('{"mon": [["00:00", "24:00"]]}', 1440, '{outside_hours created_at}'),
  ('{"sun": [["22:00", "02:00"]]}', 10079, '{}'),
  ('{"sun": [["22:00", "02:00"]]}', 119, '{}'),
  ('{"sun": [["22:00", "02:00"]]}', 120, '{outside_hours created_at}')
) as t (hours, minute, expected);
select is((testkit.failures('{"business_hours": {"mon": [["08:00", "18:00"]]}}', '{"local_minute": 10079}'))[1].reason,
  'It is Sunday 23:59 in the market, outside the hours of this offer', 'the reason says what time it is there');
select is(testkit.codes(rules.business_hours(testkit.facts(), '"{[0,6360)}"', '{}')), '{outside_hours created_at}',
  'business_hours by itself');
select is(catalog.compile_business_hours('{"mon": [["08:00", "18:00"]], "sun": [["22:00", "02:00"]]}'),
  '"{[0,120),[480,1080),[9960,10080)}"', 'compile_business_hours: minutes of the week');

select is(testkit.policy_fault('validation', jsonb_build_object('business_hours', value)) ~ expected, true,
  format('as a policy: %s', value))
from (values
  ('{"mon": [["08:00", "18:00"]], "sat": [["22:00", "02:00"]], "sun": []}'::jsonb, '^none$'),
  ('{"mon": [["00:00", "24:00"]]}', '^none$'),
  ('{}', '^LG423 rules\.business_hours'),
  ('{"mon": []}', '^LG423 rules\.business_hours'),
  ('{"monday": [["08:00", "18:00"]]}', '^LG423 rules\.business_hours\.monday'),
  ('{"mon": ["08:00", "18:00"]}', '^LG423 rules\.business_hours\.mon'),
  ('{"mon": [["08:00"]]}', '^LG423 rules\.business_hours\.mon'),
  ('{"mon": [["8:00", "18:00"]]}', '^LG423 rules\.business_hours\.mon'),
  ('{"mon": [["08:00", "25:00"]]}', '^LG423 rules\.business_hours\.mon'),
  ('{"mon": [["24:00", "08:00"]]}', '^LG423 rules\.business_hours\.mon'),
  ('{"mon": [["08:00", "08:00"]]}', '^LG423 rules\.business_hours\.mon'),
  ('"always"', '^LG423 rules\.business_hours$')
) as t (value, expected);

-- In Austin clocks go back on 2026-11-01 at 07:00Z and forward on 2026-03-08 at 08:00Z.
create temp table ids as select testkit.make_offer(
  '{"business_hours": {"fri": [["08:00", "18:00"]], "sat": [["22:00", "00:30"]], "sun": [["01:30", "03:00"]]}}') as offer_id;
create function pg_temp.send(p_offer_id bigint, p_at timestamptz, p_number integer) returns text[]
language plpgsql
as $$
begin
  perform testkit.at_time(p_at);
  return testkit.codes_of(testkit.submit(p_offer_id, '{}', p_number));
end;
$$;
select is(pg_temp.send(offer_id, at, number), expected::text[], said)
from ids, (values
  (1, '2026-11-20T13:59:59Z'::timestamptz, '{outside_hours created_at}', 'a second before eight'),
  (2, '2026-11-20T14:00:00Z', '{}', 'at eight'),
  (3, '2026-11-20T23:59:59Z', '{}', 'a second before six'),
  (4, '2026-11-21T00:00:00Z', '{outside_hours created_at}', 'at six'),
  (5, '2026-11-22T06:29:00Z', '{}', 'after midnight of Saturday'),
  (6, '2026-11-22T06:30:00Z', '{outside_hours created_at}', 'half past midnight'),
  (7, '2026-11-01T06:15:00Z', '{outside_hours created_at}', 'the night of 25 hours: 01:15'),
  (8, '2026-11-01T06:45:00Z', '{}', 'the night of 25 hours: the first 01:45'),
  (9, '2026-11-01T07:15:00Z', '{outside_hours created_at}', 'the night of 25 hours: the second 01:15'),
  (10, '2026-11-01T07:45:00Z', '{}', 'the night of 25 hours: the second 01:45'),
  (11, '2026-03-08T07:59:59Z', '{}', 'the night of 23 hours: 01:59'),
  (12, '2026-03-08T08:00:00Z', '{outside_hours created_at}', 'the night of 23 hours: it is 03:00 at once')
) as t (number, at, expected, said);

select * from finish();
rollback;
