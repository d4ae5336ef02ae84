-- write_settings, check_pauses: the pauses before slow retries are a plain list of numbers.
begin;
select plan(18);

select is(testkit.fault_of(format('update leadgen.settings set slow_retry_seconds = %L', pauses)), fault, pauses)
from (values
  ('{}', 'none'), ('{60}', 'none'), ('{0.3,604800}', 'none'), (array_fill(1, '{50}')::text, 'none'),
  ('{60,null}', 'LG423 slow_retry_seconds'), ('{null}', 'LG423 slow_retry_seconds'), ('{ {60,300} }', 'LG423 slow_retry_seconds'),
  ('{ {60}, {300} }', 'LG423 slow_retry_seconds'), ('[2:3]={60,300}', 'LG423 slow_retry_seconds'),
  ('[0:1]={60,300}', 'LG423 slow_retry_seconds'), ('{0}', 'LG423 slow_retry_seconds'), ('{-1}', 'LG423 slow_retry_seconds'),
  ('{604801}', 'LG423 slow_retry_seconds'), ('{NaN}', 'LG423 slow_retry_seconds'),
  (array_fill(1, '{51}')::text, 'LG423 slow_retry_seconds')
) as t (pauses, fault);
select is(testkit.fault_of('update leadgen.settings set slow_retry_seconds = null'), 'LG423 slow_retry_seconds', 'none at all');
select is(testkit.fault_of($$select catalog.check_pauses('{1}', 'x')$$), 'none', 'check_pauses: a list');
select is(testkit.detail_of($$update leadgen.settings set slow_retry_seconds = '{60,null}'$$) ->> 'found', 'null', 'it is named');

select * from finish();
rollback;
