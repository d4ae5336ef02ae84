-- The versions of an enrollment's and of an offer's terms: what changed in words, and back again.
begin;
select plan(56);

select is(catalog.show_minute(minute), shown, shown) from (values (0, '00:00'), (485, '08:05'), (1440, '24:00')) as t (minute, shown);
select is(catalog.list_hours(catalog.compile_hours(hours)), expected, format('list_hours: %s', hours))
from (values
  ('{"mon": [["08:00", "18:00"]]}'::jsonb, '{"mon": [["08:00", "18:00"]]}'::jsonb),
  ('{"fri": [["13:00", "17:30"], ["08:00", "12:00"]]}', '{"fri": [["08:00", "12:00"], ["13:00", "17:30"]]}'),
  ('{"tue": [["22:00", "02:00"]]}', '{"tue": [["22:00", "24:00"]], "wed": [["00:00", "02:00"]]}'),
  ('{"sun": [["22:00", "02:00"]]}', '{"sun": [["22:00", "24:00"]], "mon": [["00:00", "02:00"]]}'),
  ('{"sat": [["00:00", "24:00"]], "sun": [["00:00", "24:00"]]}', '{"sat": [["00:00", "24:00"]], "sun": [["00:00", "24:00"]]}')
) as t (hours, expected);
select is(catalog.compile_hours(catalog.list_hours(catalog.compile_hours(hours))), catalog.compile_hours(hours),
  format('list_hours: the same minutes: %s', hours))
from unnest(array['{"sun": [["22:00", "02:00"]]}', '{"mon": [["00:00", "24:00"]], "tue": [["00:00", "12:01"]]}']::jsonb[]) hours;
select is(catalog.list_hours(null), null, 'list_hours: always open');
select is(catalog.describe_changes(before, after), words, coalesce(words, 'describe_changes: the same'))
from (values (null::jsonb, '{"a": 1}'::jsonb, 'created'), ('{"a": 1}', '{"a": 1}', null),
  ('{"a": 1, "b": 2}', '{"a": 2}', E'a: 1 -> 2\nb: removed (was 2)')) as t (before, after, words);

-- An enrollment's life.
create temp table ids as select testkit.make_offer() as offer_id;
alter table ids add column a bigint;
update ids set a = testkit.enroll_buyer(offer_id, 'Ace', '{"price_per_lead": 60, "capacity_per_day": 5}');
grant select on ids to leadgen_dba;
create function pg_temp.edit(p_set text) returns text language plpgsql as $$
-- What the history says of the newest version.
begin
  execute format('update leadgen.buyer_offers set %s where id = (select a from ids)', p_set);
  return (select format('%s %s', h.version, h.changes) from ids, leadgen.enrollment_history(a) h order by h.version desc limit 1);
end;
$$;
select is(pg_temp.edit(change), words, change)
from (values
  ('is_active = false', '2 is_active: true -> false'), ('is_active = true, routing_priority = 7, weight = 2.5',
    E'3 is_active: false -> true\nrouting_priority: 1 -> 7\nweight: 1 -> 2.5'),
  ('price_per_lead = null', '4 price_per_lead: removed (was 60.00)'), ('timezone = ''Asia/Tokyo''', '5 timezone: set to Asia/Tokyo'),
  ('capacity_per_hour = 1, capacity_per_day = 8, budget_per_month = 900, budget_per_day = 90',
    E'6 budget_per_day: set to 90.00\nbudget_per_month: set to 900.00\ncapacity_per_day: 5 -> 8\ncapacity_per_hour: set to 1'),
  ('capacity_per_hour = null, capacity_per_week = 30, capacity_per_month = 90',
    E'7 capacity_per_hour: removed (was 1)\ncapacity_per_month: set to 90\ncapacity_per_week: set to 30'),
  ('schedule = ''{"mon": [["08:00", "18:00"]]}''', '8 schedule.mon: + ["08:00", "18:00"]'),
  ('filters = ''{"city": {"enum": ["Waco"]}}''', '9 filters.city.enum: + Waco'),
  ('min_balance_required = 10', '10 min_balance_required: set to 10.00'),
  ('pause_from = ''2026-12-24T00:00-06:00'', pause_until = ''infinity''',
    E'11 pause_from: set to 2026-12-24T06:00:00+00:00\npause_until: set to infinity'),
  ('email_override = ''a@b.example''', E'11 pause_from: set to 2026-12-24T06:00:00+00:00\npause_until: set to infinity')
) as t (change, words);
select results_eq('select h.version, h.changed_by, h.changed_at, h.changes from ids, leadgen.enrollment_history(a) h where h.version = 1',
  $$values (1, current_setting('session_authorization'), now(), 'created')$$, 'by whom and when');
select is_empty('select leadgen.enrollment_history(0)', 'no such enrollment: no rows');

-- Back: to every version there was, and the terms are that version's.
create function pg_temp.terms(p_version integer) returns jsonb language sql as $$
  select catalog.describe_terms(v) from leadgen.enrollment_versions v join ids on v.buyer_offer_id = a
  where v.version = coalesce(p_version, (select max(m.version) from leadgen.enrollment_versions m where m.buyer_offer_id = a));
$$;
select is(leadgen.roll_back_enrollment(a, n), 11 + n, format('roll_back_enrollment: to version %s', n)) from ids, generate_series(1, 9) n;
select is(pg_temp.terms(11 + n), pg_temp.terms(n), format('as version %s was', n)) from unnest(array[1, 3, 6, 9]) n;
select is(bo.schedule, '{"mon": [["08:00", "18:00"]]}', 'the schedule is written as hours') from leadgen.buyer_offers bo
  join ids on bo.id = a;
update leadgen.buyer_offers set schedule = '{"mon": [["08:00", "12:00"], ["12:00", "18:00"]]}' from ids where id = a;
select leadgen.roll_back_enrollment(a, 10) from ids;
select is(bo.schedule, '{"mon": [["08:00", "12:00"], ["12:00", "18:00"]]}', 'the same hours stay as somebody wrote them')
from leadgen.buyer_offers bo join ids on bo.id = a;
select is(testkit.fault_of(format('select leadgen.roll_back_enrollment(%s, %s)', a, version)), fault, format('to %s: %s', version, fault))
from ids, (values (10, 'LG409 version'), (99, 'LG404 version')) as t (version, fault);
select is(testkit.fault_of('select leadgen.roll_back_enrollment(0, 1)'), 'LG404 version', 'no such enrollment');

-- An offer's.
update leadgen.offers o set default_price_per_lead = 50 from ids where o.id = offer_id;
update leadgen.offers o set name = 'Another name', default_price_per_lead = 50 from ids where o.id = offer_id;
select results_eq('select h.version, h.changed_by, h.changes from ids, leadgen.offer_history(offer_id) h',
  $$values (2, current_setting('session_authorization'), 'default_price_per_lead: 45.00 -> 50.00'),
    (1, current_setting('session_authorization'), 'created')$$, 'offer_history: newest first, a new name is no version');
set local role leadgen_dba;
select is(leadgen.roll_back_offer(offer_id, 1), 3, 'roll_back_offer: a DBA may, and it is a new version') from ids;
reset role;
select is(o.default_price_per_lead, 45.00, 'the price is that of then') from leadgen.offers o join ids on o.id = offer_id;
select is(testkit.fault_of(format('select leadgen.roll_back_offer(%s, %s)', offer_id, version)), fault,
  format('offer to %s: %s', version, fault))
from ids, (values (1, 'LG409 version'), (9, 'LG404 version')) as t (version, fault);
-- A policy that an offer had once may be deleted.
create temp table spare as
with made as (
  insert into leadgen.pricing_policies (name, rules) values ('Spare', '{}') returning id
)
select id from made;
update leadgen.offers o set pricing_policy_id = spare.id from ids, spare where o.id = offer_id;
update leadgen.offers o set pricing_policy_id = null, default_price_per_lead = 46 from ids where o.id = offer_id;
delete from leadgen.pricing_policies p using spare where p.id = spare.id;
select throws_ok(format('select leadgen.roll_back_offer(%s, 4)', offer_id), 'LG409',
  format('Version 4 of the offer has a policy that was deleted: pricing policy %s', spare.id), 'a deleted policy does not come back')
from ids, spare;
select is(testkit.fault_of(format('select leadgen.roll_back_offer(%s, 4)', offer_id)), 'LG409 version', 'by the version') from ids;
select is(leadgen.roll_back_offer(offer_id, 3), 6, 'a version without a pricing policy does') from ids;
select results_eq('select x.* from ids, catalog.list_latest_terms(a, 3) x',
  'select h.* from ids, leadgen.enrollment_history(a) h order by h.version desc limit 3',
  'list_latest_terms: the latest versions are as the whole history has them');

-- What was there before versions were kept.
insert into leadgen.offer_versions (offer_id, version, changed_by, is_active, default_price_per_lead, validation_policy_id,
  routing_policy_id)
values (0, 1, 'migration', true, 45, 1, 1), (0, 2, 'ann', true, 50, 1, 1);
select results_eq('select h.changed_by, h.changes from leadgen.offer_history(0) h',
  $$values ('ann', 'default_price_per_lead: 45.00 -> 50.00'), ('migration', 'as it was at the upgrade')$$,
  'offer_history: an offer from before it begins as it was at the upgrade');
select throws_ok('update leadgen.offer_versions set default_price_per_lead = 1', 'LG409', null, 'the versions are append-only');

select * from finish();
rollback;
