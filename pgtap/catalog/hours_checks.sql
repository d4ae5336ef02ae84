-- check_hours, check_time, and the formats time and hours of check_schema.
begin;
select plan(50);

select is(testkit.fault_of(format('select catalog.check_hours(%L, %L)', value, 'p')), testkit.fault_at('LG423 %s', path),
  format('hours: %s', value))
from (values
  ('{"mon": [["08:00", "18:00"]]}'::jsonb, null), ('{"sat": [["22:00", "02:00"]]}', null), ('{"sun": [["00:00", "24:00"]]}', null),
  ('{"mon": [["00:00", "23:59"]], "tue": []}', null), ('{"mon": [["08:00", "12:00"], ["11:00", "18:00"]]}', null),
  ('{"fri": [["18:00", "00:00"]]}', null),
  ('{"wed": [["23:59", "24:00"]]}', null), ('{"thu": [["08:00", "08:01"]]}', null),
  ('{"monday": [["08:00", "18:00"]]}', 'p.monday'), ('{"Mon": [["08:00", "18:00"]]}', 'p.Mon'),
  ('{"mon": [["25:00", "26:00"]]}', 'p.mon[0][0]'),
  ('{"mon": [["08:00", "8:70"]]}', 'p.mon[0][1]'), ('{"mon": [["08:00", "08:60"]]}', 'p.mon[0][1]'),
  ('{"mon": [["8:00", "18:00"]]}', 'p.mon[0][0]'),
  ('{"mon": [["08:00", "18:00"], ["24:00", "02:00"]]}', 'p.mon[1][0]'), ('{"mon": [["08:00", "24:01"]]}', 'p.mon[0][1]'),
  ('{"mon": [["08:00:00", "18:00"]]}', 'p.mon[0][0]'), ('{"mon": [["08:00", " 18:00"]]}', 'p.mon[0][1]'),
  ('{"mon": [["08:00", "18:00\n"]]}', 'p.mon[0][1]'),
  ('{"mon": [[8, 18]]}', 'p.mon[0][0]'), ('{"mon": [["08:00", null]]}', 'p.mon[0][1]'), ('{"mon": [["08:00", "08:00"]]}', 'p.mon[0]'),
  ('{"mon": [["08:00"]]}', 'p.mon[0]'), ('{"mon": [["08:00", "12:00", "18:00"]]}', 'p.mon[0]'), ('{"mon": [[]]}', 'p.mon[0]'),
  ('{"mon": ["08:00", "18:00"]}', 'p.mon[0]'), ('{"mon": "08:00-18:00"}', 'p.mon'), ('{"mon": null}', 'p.mon'), ('{}', 'p'),
  ('{"mon": [], "sun": []}', 'p'),
  ('[]', 'p'), ('null', 'p'), ('"always"', 'p')
) as t (value, path);
select is(testkit.fault_of('select catalog.check_hours(null, ''p'')'), 'LG423 p', 'hours: nothing at all');
select throws_like($$select catalog.check_hours('{"mno": [["08:00", "18:00"]]}', 'p')$$, '%Did you mean mon?%', 'the day that was meant');
select throws_like($$select catalog.check_hours('{"mon": [["08:00", "08:00"]]}', 'p')$$, '%["00:00", "24:00"]%',
  'from = to: how to say a whole day');

select is(testkit.fault_of(format('select catalog.check_schema(%L, %L, %L)', value, '{"format": "time"}', 'p')), fault,
  format('format time: %s', value))
from (values ('"00:00"'::jsonb, 'none'), ('"23:59"', 'none'), ('"09:30"', 'none'), ('"24:00"', 'LG423 p'), ('"23:60"', 'LG423 p'),
  ('"9:30"', 'LG423 p'),
  ('"0930"', 'LG423 p'), ('""', 'LG423 p'), ('930', 'LG423 p'), ('null', 'LG423 p')) as t (value, fault);
select is(testkit.fault_of(format('select catalog.check_time(%L, %L, true)', '"24:00"', 'p')), 'none', '24:00 is an end');
select is(testkit.fault_of(format('select catalog.check_schema(%L, %L, %L)', value, '{"format": "hours"}', 'p')), fault,
  format('format hours: %s', value))
from (values ('{"mon": [["08:00", "18:00"]]}'::jsonb, 'none'), ('{"mo": [["08:00", "18:00"]]}', 'LG423 p.mo')) as t (value, fault);
select is(testkit.policy_fault('pricing', '{"time_of_day": [{"name": "late", "hours": {"mon": [["18:00", "25:00"]]}, "percent": 10}]}'),
  'LG423 rules.time_of_day[0].hours.mon[0][1]', 'a pricing policy with bad hours is refused');

select * from finish();
rollback;
