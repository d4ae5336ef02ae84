-- list_limits, list_limit_codes, check_windows, list_offer_limits, version_enrollment: limits only in windows that are counted.
begin;
select plan(12);

select is(to_jsonb(l), '{"codes": ["cap_day", "budget_month"], "windows": ["day", "month"], "is_money": [false, true], "caps": [3, 90]}',
  'list_limits: what is not null')
from catalog.list_limits('{null,3,null,null}', null, 90, '') l;
select is(catalog.list_limit_codes(), '{cap_hour,cap_day,cap_week,cap_month,budget_day,budget_month}', 'list_limit_codes');
select is(testkit.fault_of(format('select catalog.check_windows(%L)', windows)), fault, format('check_windows: %s is %s', windows, fault))
from (values ('{}', 'none'), ('{hour,day,week,month,day}', 'none'), ('{day,ever}', 'LG423 limit_windows'),
  ('{mon}', 'LG423 limit_windows'), ('{minutes:15}', 'LG423 limit_windows'), ('{days}', 'LG423 limit_windows')) as t (windows, fault);
select is(testkit.detail_of($$select catalog.check_windows('{day,ever}')$$) - 'field',
  '{"found": "ever", "allowed": "one of hour, day, week, month"}', 'check_windows: which window, and which are counted');

-- A limit that a change of the code adds is refused where its list is made.
create temp table seat as select testkit.enroll(testkit.make_offer()) as id;
create function pg_temp.edit(p_function regprocedure, p_from text, p_to text) returns void language plpgsql as $$
begin
  execute replace(pg_get_functiondef(p_function), p_from, p_to);
end;
$$;
select pg_temp.edit('catalog.version_enrollment()', 'perform catalog.check_windows',
  'new.limit_windows := new.limit_windows || ''mon''::text; perform catalog.check_windows');
select is(testkit.fault_of(format('update leadgen.buyer_offers set capacity_per_day = 1 where id = %s', id)), 'LG423 limit_windows',
  'version_enrollment: a window without a counter') from seat;
select pg_temp.edit('catalog.list_limits(integer[],numeric,numeric,text)', '''month'', true', '''ever'', true');
select is(testkit.fault_of(sql), 'LG423 limit_windows', 'list_limits: a window without a counter: ' || sql)
from unnest(array['select catalog.list_limits(''{1}'', null, 90, '''')',
  'select catalog.list_offer_limits(testkit.settings(''{"caps": {"budget_per_month": 90}}''))']) sql;

select * from finish();
rollback;
