-- pause_enrollment, resume_enrollment: a pause is planned, replaced, taken back; each is a version of the terms.
begin;
select plan(26);
create temp table ids as select testkit.enroll_buyer(testkit.make_offer(), 'Ace') as a;
grant select on ids to leadgen_dba;
select testkit.at_time('2026-12-20T12:00:00Z');

create function pg_temp.pause() returns text language sql as $$
  select format('%s %s v%s', coalesce(kernel.write_instant(bo.pause_from), 'null'), coalesce(kernel.write_instant(bo.pause_until), 'null'),
    bo.version)
  from leadgen.buyer_offers bo join ids on bo.id = ids.a;
$$;
set local role leadgen_dba;
select lives_ok(format('select leadgen.pause_enrollment(%s, ''2026-12-24T00:00-06:00'', ''2026-12-27T00:00-06:00'')', a),
  'a DBA plans a pause') from ids;
reset role;
select is(pg_temp.pause(), '2026-12-24T06:00:00+00:00 2026-12-27T06:00:00+00:00 v2', 'with both ends, a new version');
select is((select format('%s %s', v.pause_from, v.pause_until) from leadgen.enrollment_versions v join ids on v.buyer_offer_id = a
  where v.version = 2),
  (select format('%s %s', bo.pause_from, bo.pause_until) from leadgen.buyer_offers bo join ids on bo.id = a), 'that is archived');
select is((select c.after ->> 'pause_from' from leadgen.catalog_changes c order by c.id desc limit 1),
  (select to_jsonb(bo.pause_from) #>> '{}' from leadgen.buyer_offers bo join ids on bo.id = a),
  'a planned pause is a change that held leads are woken by');
select is(leadgen.resume_enrollment(a), true, 'a planned pause is taken back') from ids;
select is(pg_temp.pause(), 'null null v3', 'nothing is left of it');
select is(leadgen.resume_enrollment(a), false, 'there is none any more') from ids;
select is(pg_temp.pause(), 'null null v3', 'nothing to resume is no version');
select leadgen.pause_enrollment(a) from ids;
select is(pg_temp.pause(), 'null infinity v4', 'without times: from now, without end');
select leadgen.pause_enrollment(a, '2026-12-20T11:00:00Z', '2026-12-21T12:00:00Z') from ids;
select is(pg_temp.pause(), 'null 2026-12-21T12:00:00+00:00 v5', 'a beginning that has passed is none');
select testkit.at_time('2026-12-22T12:00:00Z');
select is(leadgen.resume_enrollment(a), false, 'a pause that is over is none to end') from ids;

select is(testkit.fault_of(format('select leadgen.pause_enrollment(%s, %L, %L)', a, starts, ends)), fault,
  format('refused: %s to %s', starts, ends))
from ids, (values
  (null::timestamptz, '2026-12-22T12:00:00Z'::timestamptz, 'LG400 until'),
  ('2026-12-24T00:00:00Z', '2026-12-24T00:00:00Z', 'LG400 from'), ('infinity', null, 'LG400 from')
) as t (starts, ends, fault);
select is(testkit.fault_of('select leadgen.pause_enrollment(0)'), 'LG404 enrollment_id', 'no such enrollment to pause');
select is(testkit.fault_of('select leadgen.resume_enrollment(0)'), 'LG404 enrollment_id', 'no such enrollment to resume');
select is(testkit.detail_of(format('update leadgen.buyer_offers set pause_from = %L, pause_until = %L where id = %s', starts, ends, a)),
  jsonb_build_object('field', 'pause_from', 'found', kernel.write_instant(starts), 'allowed', allowed),
  format('in SQL: %s to %s', starts, coalesce(ends::text, 'null')))
from ids, (values
  ('2026-12-24T00:00:00Z'::timestamptz, null::timestamptz, 'null while pause_until is null'),
  ('2026-12-24T00:00:00Z', '2026-12-23T00:00:00Z', 'null, or a time before pause_until, 2026-12-23T00:00:00+00:00'),
  ('2026-12-24T00:00:00Z', '2026-12-24T00:00:00Z', 'null, or a time before pause_until, 2026-12-24T00:00:00+00:00'),
  ('infinity', 'infinity', 'null, or a time before pause_until, infinity')
) as t (starts, ends, allowed);
update leadgen.buyer_offers set pause_from = '2026-12-24', pause_until = '2026-12-25' from ids where id = a;
select is(testkit.fault_of(format('update leadgen.buyer_offers set pause_until = null where id = %s', a)), 'LG423 pause_from',
  'in SQL: half of a planned pause is not taken back') from ids;
select is(testkit.fault_of(format('insert into leadgen.buyer_offers (buyer_id, offer_id, pause_from) values (%s, %s, ''2026-12-24'')',
    testkit.new_buyer('Dunn'), testkit.make_offer())), 'LG423 pause_from', 'in SQL: a new enrollment');
select lives_ok(format('update leadgen.buyer_offers set pause_from = ''2026-12-24'', pause_until = ''infinity'' where id = %s', a),
  'in SQL: from a day on, without end') from ids;

-- A DBA types a date in a session of another zone: it is the market's day.
set local timezone = 'Asia/Tokyo';
select leadgen.pause_enrollment(a, '2026-12-24', '2026-12-27') from ids;
select is(regexp_replace(pg_temp.pause(), ' v.*', ''), '2026-12-24T06:00:00+00:00 2026-12-27T06:00:00+00:00',
  'days without a zone are those of the market');
update leadgen.buyer_offers set timezone = 'America/New_York' from ids where id = a;
select leadgen.pause_enrollment(a, '2027-03-14', '2027-03-15') from ids;
select is(regexp_replace(pg_temp.pause(), ' v.*', ''), '2027-03-14T05:00:00+00:00 2027-03-15T04:00:00+00:00',
  'a pause over the day on which clocks go forward has 23 hours');
select is(testkit.fault_of(format('select leadgen.pause_enrollment(%s, ''2027-03-14 02:30'')', a)), 'LG400 from',
  'a time that the clock skips is refused') from ids;

select * from finish();
rollback;
