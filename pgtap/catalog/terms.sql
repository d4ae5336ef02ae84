-- list_limits, list_limit_codes, check_windows, list_offer_limits, version_enrollment: limits only in windows that are counted.
-- archive_enrollment: every change of its terms is a version, and no other change costs anything.
begin;
select plan(36);

select is(to_jsonb(l), '{"codes": ["cap_day", "budget_month"], "windows": ["day", "month"], "is_money": [false, true], "caps": [3, 90]}',
  'list_limits: what is not null')
from catalog.list_limits('{null,3,null,null}', null, 90, '') l;
select is(catalog.list_limit_codes(), '{cap_hour,cap_day,cap_week,cap_month,budget_day,budget_month}', 'list_limit_codes');
select is(testkit.fault_of(format('select catalog.check_windows(%L)', windows)), fault, format('check_windows: %s is %s', windows, fault))
from (values ('{}', 'none'), ('{hour,day,week,month,day}', 'none'), ('{day,ever}', 'LG423 limit_windows'),
  ('{mon}', 'LG423 limit_windows'), ('{minutes:15}', 'LG423 limit_windows'), ('{days}', 'LG423 limit_windows')) as t (windows, fault);
select is(testkit.detail_of($$select catalog.check_windows('{day,ever}')$$) - 'field',
  '{"found": "ever", "allowed": "one of hour, day, week, month"}', 'check_windows: the detail names the window and those that are counted');

-- Each term by itself.
create temp table terms as select testkit.enroll_buyer(testkit.make_offer(), 'Ace') as id;
create function pg_temp.edit_terms(p_set text) returns text language plpgsql as $$
-- By how many the version rises, and whether it is archived as the enrollment stands.
declare
  v_before constant integer := (select bo.version from leadgen.buyer_offers bo join terms using (id));
begin
  execute format('update leadgen.buyer_offers set %s where id = (select id from terms)', p_set);
  return (
    select concat_ws(' ', bo.version - v_before, (
      select 'archived' from leadgen.enrollment_versions v
      where v.buyer_offer_id = bo.id and v.version = bo.version
        and (v.is_active, v.routing_priority, v.weight, v.price_per_lead, v.min_balance_required, v.timezone, v.pause_from, v.pause_until,
          v.compiled_schedule, v.limit_codes, v.limit_windows, v.limit_is_money, v.limit_caps, v.filters)
        is not distinct from (bo.is_active, bo.routing_priority, bo.weight, bo.price_per_lead, bo.min_balance_required,
          bo.timezone::text, bo.pause_from, bo.pause_until, bo.compiled_schedule, bo.limit_codes,
          bo.limit_windows, bo.limit_is_money, bo.limit_caps,
          bo.filters)))
    from leadgen.buyer_offers bo join terms using (id));
end;
$$;
select is(pg_temp.edit_terms(change), '1 archived', format('a version: %s', change))
from unnest(array['is_active = false', 'routing_priority = 7', 'weight = 2.5', 'price_per_lead = 50', 'min_balance_required = 10',
  'timezone = ''Asia/Tokyo''', 'pause_until = ''2026-11-20T16:00:00Z''', 'pause_from = ''2026-11-20T15:00:00Z''',
  'schedule = ''{"mon": [["08:00", "09:00"]]}''',
  'capacity_per_hour = 1', 'capacity_per_day = 2', 'capacity_per_week = 3', 'capacity_per_month = 4', 'budget_per_day = 100',
  'budget_per_month = 900', 'filters = ''{"city": {"enum": ["Waco"]}}''']) change;
select is(pg_temp.edit_terms(change), '0 archived', format('no version: %s', change))
from unnest(array['is_reachable = not is_reachable', 'email_override = ''a@b.example''', 'version = 99', 'limit_caps = ''{}''',
  'limit_windows = null, limit_codes = null', 'compiled_filter = null', 'weight = weight']) change;

-- A limit that a change of the code adds is refused where its list is made.
create temp table seat as select testkit.enroll_buyer(testkit.make_offer(), 'Ace') as id;
create function pg_temp.edit(p_function regprocedure, p_from text, p_to text) returns void language plpgsql as $$
begin
  execute replace(pg_get_functiondef(p_function), p_from, p_to);
end;
$$;
select pg_temp.edit('catalog.version_enrollment()', 'perform catalog.check_windows',
  'new.limit_windows := new.limit_windows || ''mon''::text; perform catalog.check_windows');
select is(testkit.fault_of(format('update leadgen.buyer_offers set capacity_per_day = 1 where id = %s', id)), 'LG423 limit_windows',
  'version_enrollment: a window without a counter') from seat;
select is(testkit.fault_of(format('update leadgen.buyer_offers set is_reachable = not is_reachable where id = %s', id)), 'none',
  'whether it is reached has no part in its limits') from seat;
select pg_temp.edit('catalog.list_limits(integer[],numeric,numeric,text)', '''month'', true', '''ever'', true');
select is(testkit.fault_of(sql), 'LG423 limit_windows', format('list_limits: a window without a counter: %s', sql))
from unnest(array['select catalog.list_limits(''{1}'', null, 90, '''')',
  'select catalog.list_offer_limits(testkit.settings(''{"caps": {"budget_per_month": 90}}''))']) sql;

select * from finish();
rollback;
