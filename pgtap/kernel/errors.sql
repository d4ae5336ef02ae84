-- count_of; suggest, edit_distance, refuse_choice: "did you mean"; is_passing_fault, is_out_of_time, is_fault_of_row.
begin;
select plan(54);

select is(kernel.edit_distance(a, b), distance, format('edit_distance: %s, %s', a, b))
from (values
  ('', '', 0), ('a', '', 1), ('', 'abc', 3), ('same', 'same', 0), ('cat', 'cut', 1), ('cat', 'cats', 1), ('cats', 'cat', 1),
  ('form', 'from', 1),
  ('ca', 'abc', 3), ('kitten', 'sitting', 3), ('strategi', 'strategy', 1), ('satrtegy', 'strategy', 2), ('é', 'e', 1)
) as t (a, b, distance);

select is(kernel.suggest(word, options), wanted, format('suggest: %s among %s', word, options))
from (values
  ('strategi', '{strategy,tie_breakers}'::text[], 'strategy'), ('STRATEGY', '{strategy}', 'strategy'),
  ('weigthed', '{priority,weighted}', 'weighted'),
  ('per_dya', '{per_hour,per_day,per_week}', 'per_day'), ('colour', '{strategy,caps}', null), ('', '{a,strategy}', null),
  ('xyz', '{mon,tue}', null),
  ('monday', '{mon,tue}', null), ('mno', '{mon,tue}', 'mon'), ('ab', '{cd}', null), ('x', '{y}', null), ('word', '{}', null),
  (null, '{a}', null),
  ('emial', '{name,email}', 'email'), (repeat('strategy', 1000), '{strategy}', null)
) as t (word, options, wanted);

select is(kernel.count_of(number, 'minute'), wanted, format('count_of: %s', coalesce(number::text, 'nothing')))
from (values (1, '1 minute'), (0, '0 minutes'), (2, '2 minutes'), (1.0, '1 minute'), (1.50, '1.5 minutes'), (null, null))
  as t (number, wanted);

select throws_ok($$select kernel.refuse_choice('config.strategi', 'an unknown key', 'strategi', '{caps,strategy}')$$, 'LG423',
  'config.strategi: found an unknown key; allowed: one of caps, strategy. Did you mean strategy?', 'refuse_choice: the message says it');
select throws_ok($$select kernel.refuse_choice('p', 'an unknown key', 'colour', '{caps}')$$, 'LG423',
  'p: found an unknown key; allowed: one of caps', 'refuse_choice: nothing near, nothing suggested');
select throws_ok($$select kernel.refuse_choice('p', 'an unknown key', 'colour', '{}')$$, 'LG423',
  'p: found an unknown key; allowed: nothing here', 'refuse_choice: no options at all');
select is(testkit.detail_of($$select kernel.refuse_choice('p', '"dya"', 'dya', '{day}')$$),
  '{"field": "p", "found": "\"dya\"", "allowed": "one of day"}',
  'refuse_choice: the facts');
create function pg_temp.hint_of(p_sql text) returns text language plpgsql as $$
declare
  v_hint text;
begin
  execute p_sql;
  return null;
exception
  when others then
    get stacked diagnostics v_hint = pg_exception_hint;
    return v_hint;
end;
$$;
select is(pg_temp.hint_of($$select kernel.refuse_choice('p', 'x', 'dya', '{day}')$$),
  'The row was not written. The last valid version stays in force.', 'refuse_choice: and the hint');

-- What is of the moment or the server, and what is of the row at hand.
select is(array_agg(c order by c) filter (where kernel.is_passing_fault(c)), array_agg(c order by c), 'is_passing_fault: of the moment')
from unnest('{08006,08P01,25006,25P02,25P03,40001,40002,40P01,53100,53200,53300,55P03,57014,57P01,57P03,58000,58030,72000,F0000,F0001,
  XX000,XX001,XX002}'::text[]) c;
select is(array_agg(c) filter (where kernel.is_passing_fault(c)), null, 'is_passing_fault: of the row')
from unnest('{0A000,20000,21000,22003,22012,22P02,23502,23503,23505,23514,38000,42501,42601,42703,42883,42P01,54000,54001,55000,55006,
  LG400,LG409,LG423,P0001,P0004,DRY01}'::text[]) c;

-- That statement_timeout itself is recognised: tests/concurrency/test_out_of_time.py.
select is(kernel.is_out_of_time('57014'), false, 'is_out_of_time: there is no time-out');
set local statement_timeout = '1h';
select is(kernel.is_out_of_time('57014'), false, 'is_out_of_time: somebody cancelled it');
select is(array_agg(c) filter (where kernel.is_out_of_time(c)), null, 'is_out_of_time: other errors')
from unnest('{57P01,55P03,40001,P0001}'::text[]) c;
select is(array_agg(c order by n) filter (where kernel.is_fault_of_row(c)), '{22012,LG423}', 'is_fault_of_row: no other error')
from unnest('{22012,40P01,57014,LG423}'::text[]) with ordinality as t (c, n);

select is(kernel.show_age(seconds), shown, format('show_age: %s seconds', seconds))
from (values (0, '1 second'), (1.4, '1 second'), (59, '59 seconds'), (60, '1 minute'), (7199, '120 minutes'), (7200, '2 hours'),
  (172799, '48 hours'), (172800, '2 days'), (260000, '3 days')) as t (seconds, shown);

select * from finish();
rollback;
