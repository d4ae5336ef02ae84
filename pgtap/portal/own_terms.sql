-- set_own_limits, set_own_hours, report_outcome_for, answer_sale_for: what a buyer's people do on the portal by a session.
begin;
select plan(44);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table made as
select o.id as offer_id, testkit.enroll_buyer(o.id, 'Ace') as ace, testkit.enroll_buyer(o.id, 'Best') as best
from (select testkit.make_offer('{"duplicate_window_hours": 0}') as id) o;
create function pg_temp.sign_in(p_name text, p_buyer_id bigint, p_kind text) returns text language sql as $$
  select leadgen.create_user(format('%s@people.example', lower(p_name)), p_name, 'buyer', p_buyer_id, null, p_kind,
    substr(sha256('salt'), 1, 16), testkit.digest_of('open sesame'));
  select testkit.sign_in(p_name, p_token => p_name, p_address => format('192.0.2.%s', length(p_name)));
$$;
select is(pg_temp.sign_in('Olga', testkit.buyer_of(ace), 'owner'), 'signed_in', 'an owner of Ace') from made;
select is(pg_temp.sign_in('Mia', testkit.buyer_of(ace), 'member'), 'signed_in', 'a member of Ace') from made;
select is(pg_temp.sign_in('Oskar', testkit.buyer_of(best), 'owner'), 'signed_in', 'an owner of Best') from made;

create function pg_temp.limit_fault(p_limits jsonb, p_who text default 'Olga', p_version bigint default null)
returns text language sql as $$
  select testkit.fault_of(format('select leadgen.set_own_limits(%L, %s, %s, %L)', testkit.hash_of(p_who), e.id,
    coalesce(p_version, e.version), p_limits))
  from made join leadgen.buyer_offers e on e.id = made.ace;
$$;
create function pg_temp.hours_fault(p_days jsonb, p_who text default 'Olga') returns text language sql as $$
  select testkit.fault_of(format('select leadgen.set_own_hours(%L, %s, %s, %L)', testkit.hash_of(p_who), e.id, e.version, p_days))
  from made join leadgen.buyer_offers e on e.id = made.ace;
$$;
create temp view terms as select e.* from made join leadgen.buyer_offers e on e.id = made.ace;

-- Limits.
select is(pg_temp.limit_fault('{}'), 'LG409 buyer_may_set', 'limits are the operator''s where the enrollment does not say otherwise');
select is(pg_temp.hours_fault(null), 'LG409 buyer_may_set', 'hours are the operator''s in the same way');
update leadgen.buyer_offers e set buyer_may_set = '{limits,hours}' from made where e.id = made.ace;
select is(pg_temp.limit_fault('{"capacity_per_day": "2", "capacity_per_week": "", "budget_per_month": " 900.50 "}'), 'none',
  'an owner sets limits');
select is((capacity_per_hour, capacity_per_day, capacity_per_week, budget_per_day, budget_per_month)::text, '(,2,,,900.50)',
  'what is missing or empty is no limit') from terms;
select is(version, 2, 'new limits are a new version of the terms') from terms;
select is(pg_temp.limit_fault('{}', p_version => 1), 'LG409 version', 'who saw an earlier version is told');
select is(pg_temp.limit_fault('{}', p_version => 9999999999), 'LG409 version', 'a version that there is not is none');
select is(pg_temp.limit_fault('{}', 'Mia'), 'LG403 member_kind', 'a member sets no limits');
select is(pg_temp.limit_fault('{}', 'Oskar'), 'LG404 enrollment_id', 'another buyer''s enrollment is as good as none');
select is(pg_temp.limit_fault('{}', 'Nobody'), 'LG401', 'nobody sets limits without a session');
select is(pg_temp.limit_fault(jsonb_build_object(field, value)), format('LG400 %s', field), format('%s is refused as %s', value, field))
from (values ('capacity_per_day', '-1'), ('capacity_per_day', '1.5'), ('capacity_per_day', '1000000'), ('capacity_per_hour', '٣'),
  ('capacity_per_week', '1e3'), ('budget_per_day', '-5'), ('budget_per_day', '1.005'), ('budget_per_month', '100000000'),
  ('budget_per_month', 'NaN')) as t (field, value);
select is(pg_temp.limit_fault('{"price_per_lead": "1"}'), 'LG400 limits', 'a price is no limit');
select is(capacity_per_day, 2, 'what is refused changes nothing') from terms;

-- Hours.
select is(pg_temp.hours_fault('{"mon": "8:00-12:00, 13:00 - 18:00", "fri": "20:00–02:00; 03:00 to 24:00", "sat": " "}'), 'none',
  'an owner sets hours');
select is(schedule, '{"mon": [["08:00", "12:00"], ["13:00", "18:00"]], "fri": [["20:00", "02:00"], ["03:00", "24:00"]]}',
  'hours are read as people write them') from terms;
select is(pg_temp.hours_fault(jsonb_build_object('tue', typed)), 'LG400 tue', format('%s are no hours', typed))
from (values ('8-12'), ('08:00-08:00'), ('24:00-08:00'), ('08:00-25:00'), ('08:00-12:00,'), ('always'), (repeat('08:00-09:00,', 20)))
  as t (typed);
select is(pg_temp.hours_fault('{"mon": ""}'), 'LG400 mon', 'a week without hours is refused');
select is(pg_temp.hours_fault('{"someday": "08:00-12:00"}'), 'LG400 hours', 'a day that there is not is refused');
select is(pg_temp.hours_fault('{}', 'Mia'), 'LG403 member_kind', 'a member sets no hours');
select is(testkit.fault_of(format('select leadgen.set_own_hours(%L, %s, %s, null)', testkit.hash_of('Olga'), id, version)), 'none',
  'nothing is always open') from terms;
select is(schedule, null, 'always open is no schedule') from terms;

-- What came of a lead.
create temp table sale as select testkit.sell_delivered(offer_id) as id from made;
create temp view whose as select s.id, case a.buyer_offer_id when ace then 'Mia' else 'Oskar' end as buyer,
  case a.buyer_offer_id when ace then 'Oskar' else 'Mia' end as other
from sale s join leadgen.lead_assignments a on a.id = s.id, made;
select is(leadgen.report_outcome_for(testkit.hash_of(buyer), id, '{"stage": "won", "value": "1200"}') -> 'reported' ->> 'stage', 'won',
  'a buyer''s person says what came of a lead') from whose;
select is(r.via, 'portal', 'it is kept as said on the portal') from leadgen.outcome_reports r;
select is(testkit.fault_of(format('select leadgen.report_outcome_for(%L, %s, %L)', testkit.hash_of(other), id, '{"stars": 5}')),
  'LG404 assignment_id', 'nothing is said of another buyer''s lead') from whose;

-- A link as evidence.
create temp view given as select leadgen.answer_sale_for(testkit.hash_of(buyer), id, 'return', 'unreachable', null,
  '[{"url": "https://files.example.com/call"}]') as answer from whose;
select lives_ok('select * from given', 'a return may bring a link');
select lives_ok('select * from given', 'the same return again is the same return');
select is((e.reference, e.sha256, e.bytes)::text, '(https://files.example.com/call,,)',
  'the link is kept once, without what it is not known to be')
from leadgen.return_evidence e;

select * from finish();
rollback;
