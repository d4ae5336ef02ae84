-- compile_kernel, try_kernel, try_expression, list_candidate_names, list_reasons: what the registries are compiled into is called once,
-- so that a row that cannot work stops the deploy and not every lead after it.
begin;
select plan(17);

select lives_ok('select catalog.compile_kernel()', 'compile_kernel: the registries as they are');
select is(catalog.list_reasons(), (
  select array_agg(c.code order by c.position) || '{cap_hour,cap_day,cap_week,cap_month,budget_day,budget_month}'::text[]
    || '{offer_cap_hour,offer_cap_day,offer_cap_week,offer_cap_month,offer_budget_day,offer_budget_month}'::text[]
  from leadgen.candidate_checks c where c.reason is null), 'list_reasons: of the checks, then of the limits');
select is(cardinality(kernel.judge_candidates(catalog.make_snapshot(3), null)), 3, 'make_snapshot: some candidates');

create function pg_temp.deploy(p_sql text) returns text language plpgsql as $$
-- What a deploy with this edit of the registries says; nothing of it is kept.
begin
  execute p_sql;
  perform catalog.compile_kernel();
  raise exception using errcode = 'UNDO1';
exception
  when sqlstate 'UNDO1' then
    return 'works';
  when others then
    return format('%s %s', sqlstate, sqlerrm);
end;
$$;
select is(pg_temp.deploy(format('update leadgen.candidate_checks set %s', edit)), expected, edit)
from (values
  ($$condition = 'c.colour = 3' where code = 'paused'$$, 'LG423 check paused: condition cannot work: column c.colour does not exist'),
  ($$condition = 'c.price' where code = 'paused'$$, 'LG423 check paused: condition cannot work: cannot cast type numeric to boolean'),
  ($$condition = 'c.price / 0 > 1' where code = 'paused'$$, 'LG423 check paused: condition cannot work: division by zero'),
  ($$reason = 'c.limit' where code = 'limit'$$, 'LG423 check limit: reason cannot work: column c.limit does not exist'),
  ($$words = 'c.opens' where code = 'outside_schedule'$$, 'LG423 check outside_schedule: words cannot work: column c.opens does not exist'),
  ($$condition = 'c.zone = ''Mars''' where code = 'paused'$$, 'works'),
  ($$condition = 'c.place > 99' where code = 'paused'$$, 'works'),
  ($$words = 'coalesce(c.full_limit, ''room'')' where code = 'paused'$$, 'works')) as t (edit, expected);
select matches(pg_temp.deploy($$update leadgen.candidate_checks set clears_at = 'c.zone' where code = 'paused'$$),
  '^LG423 check paused: clears_at cannot work: invalid input syntax for type timestamp', 'a text that is no time');
select is(pg_temp.deploy($$update leadgen.strategies set key = '-c.prize' where name = 'highest_price'$$),
  'LG423 strategy highest_price: key cannot work: column c.prize does not exist', 'a strategy');
select is(
  pg_temp.deploy($$insert into leadgen.strategies (name, position, key, description) values ('full', 60, 'c.balance', 'x')$$), 'works',
  'a strategy may use every name');

-- Every name holds the same in judge_candidates, which declares it, and in a query, which looks it up by place.
select is(pg_temp.deploy(format('update leadgen.candidate_checks set condition = %1$L, words = %2$L, reason = null where code = ''paused''',
    (select string_agg(format('c.%s is null', n.name), ' or ') from catalog.list_candidate_names() n),
    (select string_agg(format('c.%s::text', n.name), ' || ') from catalog.list_candidate_names() n))), 'works',
  'every name works in a condition and in words');
update leadgen.candidate_checks set condition = 'c.zone = ''Asia/Tokyo'' and c.place = 2' where code = 'paused';
select catalog.compile_kernel();
create function pg_temp.zoned() returns kernel.snapshot language plpgsql as $$
declare
  v_snapshot kernel.snapshot := testkit.snapshot(testkit.candidates('{}', '{"timezone": "Asia/Tokyo"}'));
begin
  v_snapshot.zones[1] := null;
  return v_snapshot;
end;
$$;
select is(kernel.judge_candidates(pg_temp.zoned(), null), '{NULL,paused}', 'c.zone and c.place in a condition');
update leadgen.candidate_checks set condition = 'c.zone = ''America/Chicago''' where code = 'paused';
select catalog.compile_kernel();
select is(kernel.judge_candidates(pg_temp.zoned(), null), '{paused,NULL}', 'c.zone: the market''s where it has none');

select * from finish();
rollback;
