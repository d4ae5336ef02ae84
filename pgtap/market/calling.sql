-- Routing key calling_rules: a lead is sold only while its person may be called (find_calling, fill_calling_rule).
begin;
select plan(57);

-- What a release knows: when people of a place may be called, by their own clock
create function pg_temp.says(p_region text, p_at text, p_fields jsonb default '{}') returns text language sql as $$
  select concat_ws(' ', c.rules, coalesce(to_char(c.opens_at at time zone c.zone, 'Dy HH24:MI'), 'open'),
    case when c.lacks_consent then 'lacks consent' end)
  from market.find_calling(testkit.facts(jsonb_build_object('region_code', p_region, 'local_timezone', 'America/New_York') || p_fields),
    p_at::timestamptz, 'America/Chicago') c;
$$;
select is(pg_temp.says(region, at), expected, format('%s at %s', region, at))
from (values
  ('US-NY', '2026-11-20 07:59:59-05', 'US Fri 08:00'), ('US-NY', '2026-11-20 08:00:00-05', 'US open'),
  ('US-NY', '2026-11-20 20:59:59-05', 'US open'), ('US-NY', '2026-11-20 21:00:00-05', 'US Sat 08:00'),
  ('US-FL', '2026-11-20 19:59:59-05', 'US, US-FL open'), ('US-FL', '2026-11-20 20:00:00-05', 'US, US-FL Sat 08:00'),
  ('US-TX', '2026-11-21 08:59:59-05', 'US, US-TX Sat 09:00'), ('US-TX', '2026-11-21 09:00:00-05', 'US, US-TX open'),
  ('US-TX', '2026-11-22 11:59:59-05', 'US, US-TX Sun 12:00'), ('US-TX', '2026-11-22 12:00:00-05', 'US, US-TX open'),
  ('US-WA', '2026-11-20 20:00:00-05', 'US, US-WA Sat 08:00'), (null, '2026-11-20 21:00:00-05', 'US Sat 08:00'),
  -- a night on which the clocks change
  ('US-NY', '2026-03-07 22:00:00-05', 'US Sun 08:00')
) as t (region, at, expected);
select is(pg_temp.says('US-NY', '2026-11-20 07:30:00-06', '{"local_timezone": null}'), 'US Fri 08:00',
  'whose zone is not known has the market''s');
select is(pg_temp.says('CA-ON', '2026-11-20 03:00:00-05', '{"country_code": "CA"}'), 'open', 'a country without a rule may be called');

-- Rules and holidays of the installation
set local role leadgen_dba;
select lives_ok($$insert into leadgen.calling_rules (country_code, region_code, hours, consent_required, law)
  values ('US', 'US-AL', '{"mon": [["09:00", "20:00"]], "tue": [["09:00", "20:00"]]}', true, 'tests')$$, 'a DBA adds a rule');
select lives_ok($$insert into leadgen.calling_holidays (country_code, region_code, day) values ('US', 'US-NY', '2026-11-20'),
  ('US', '', '2026-12-25')$$, 'a DBA adds holidays');
select throws_ok($$update leadgen.calling_rules set compiled_hours = '{}'$$, '42501', null, 'a DBA does not write what is compiled');
reset role;
select is(pg_temp.says(region, at, fields), expected, format('%s at %s %s', region, at, fields))
from (values
  ('US-AL', '2026-11-20 12:00-05', '{"consent": true}'::jsonb, 'US, US-AL Mon 09:00'),
  ('US-AL', '2026-11-23 12:00-05', '{"consent": true}', 'US, US-AL open'),
  ('US-AL', '2026-11-23 12:00-05', '{"consent": false}', 'US, US-AL open lacks consent'),
  ('US-AL', '2026-11-23 12:00-05', '{"consent": null}', 'US, US-AL open lacks consent'),
  ('US-NY', '2026-11-19 22:00-05', '{}', 'US Sat 08:00'), ('US-NY', '2026-11-20 12:00-05', '{}', 'US Sat 08:00'),
  ('US-FL', '2026-11-20 12:00-05', '{}', 'US, US-FL open'), ('US-FL', '2026-12-25 12:00-05', '{}', 'US, US-FL Sat 08:00'),
  (null, '2026-11-20 12:00-05', '{}', 'US open')
) as t (region, at, fields, expected);
select is(testkit.fault_of(format('insert into leadgen.calling_rules (country_code, region_code, hours) values (%L, %L, %L)', country,
  region, hours)), fault, format('%s %s %s', country, region, hours))
from (values
  ('US', 'US-ME', '{"mon": [["08:00", "26:00"]]}', 'LG423 hours.mon[0][1]'), ('US', 'US-ME', '{"monday": []}', 'LG423 hours.monday'),
  ('US', 'US-ME', '{}', 'LG423 hours'), ('US', 'CA-ON', '{"mon": [["08:00", "20:00"]]}', '23514'),
  ('us', null, '{"mon": [["08:00", "20:00"]]}', '23514'), ('US', null, '{"mon": [["08:00", "20:00"]]}', '23505')
) as t (country, region, hours, fault);
select is(testkit.policy_fault('routing', jsonb_build_object('calling_rules', value)), fault, format('as a policy: %s', value))
from (values ('true'::jsonb, 'none'), ('false', 'none'), ('"yes"', 'LG423 config.calling_rules'), ('{}', 'LG423 config.calling_rules'))
  as t (value, fault);

-- Leads: Austin is in Texas, and El Paso an hour behind
create temp table ids as select testkit.open_offer('{"calling_rules": true, "contact_window_days": 0}', 'Ace') as offer_id,
  testkit.open_offer('{}', 'Ace') as other;
create function pg_temp.fate(p_at text, p_fields jsonb default '{}') returns text language sql as $$
  select testkit.outcome(offer_id, p_at::timestamptz, p_fields) from ids;
$$;
select is(pg_temp.fate(at, fields), expected, format('%s %s: %s', at, fields, expected))
from (values
  ('2026-11-21 14:59:59Z', '{}'::jsonb, 'outside_calling_hours 1, held'), ('2026-11-21 15:00:00Z', '{}', 'Ace 45.00'),
  ('2026-11-21 15:00:01Z', '{"postal_code": "79901", "city": "El Paso"}', 'outside_calling_hours 1, held'),
  ('2026-11-21 16:00:00Z', '{"postal_code": "79901", "city": "El Paso"}', 'Ace 45.00')
) as t (at, fields, expected);
select is((select testkit.outcome(other, '2026-11-21 09:00:00Z') from ids), 'Ace 45.00',
  'an offer that does not follow them sells at any hour');
select is((select d.next_route_at from leadgen.lead_decisions d join ids using (offer_id) order by d.id limit 1),
  '2026-11-21 15:00:00Z'::timestamptz, 'the lead waits until its person may be called');
select is((select c.reason from leadgen.leads l join ids using (offer_id)
  cross join lateral leadgen.explain_candidates(l.id) c order by l.id, c.attempt limit 1),
  'outside_calling_hours: by the rules of US, US-TX, opens 2026-11-21T15:00:00Z (09:00 America/Chicago)', 'explain says whose rules');
select is(leadgen.explain_lead(l.id) #>> '{attempts,0,calling,zone}', 'America/Denver', 'the zone is the person''s')
from leadgen.leads l join ids using (offer_id) where l.postal_code = '79901' order by l.id limit 1;
select is((select array_agg(distinct leadgen.replay_lead(l.id)) from leadgen.leads l), '{"{\"identical\": true}"}', 'every lead replays');
select testkit.at_time('2026-11-21 16:30:00Z');
create temp table tried as select offer_id as id, '{}'::jsonb as changes, 4 as sold from ids
union all
select other, '{}', 1 from ids
union all
select other, '{"routing": {"calling_rules": true, "on_no_buyer": "reject"}}', 0 from ids
union all
select offer_id, '{"routing": {"on_no_buyer": "reject"}}', 2 from ids
union all
select offer_id, '{"routing": {"on_no_buyer": "reject", "calling_rules": false}}', 4 from ids;
select is((leadgen.what_if(id, '2026-11-21T00:00:00Z', '2026-11-22T00:00:00Z', changes) #>> '{simulated,sold}')::integer, sold,
  format('what_if: %s sold under %s', sold, changes)) from tried;
select is((select count(*) from leadgen.lead_assignments a join ids using (offer_id)), 4::bigint, 'held leads were sold when it opened');
select is((select array_agg(distinct leadgen.replay_lead(l.id)) from leadgen.leads l), '{"{\"identical\": true}"}', 'they replay');
-- When explain says that it is tried again, it is.
create temp table short as select testkit.open_offer('{"calling_rules": true, "hold_hours": 0.5}', 'Ace') as offer_id;
create function pg_temp.named() returns text language sql as $$
  select leadgen.explain_lead(l.id) #>> '{attempts,-1,next_route_at}'
  from leadgen.leads l join short using (offer_id) order by l.id desc limit 1
$$;
select testkit.outcome(offer_id, '2026-11-24 14:45:00Z') from short;
select is(pg_temp.named(), '2026-11-24T15:00:00+00:00', 'explain_attempts: it opens within the hold, and is tried then');
select testkit.outcome(offer_id, '2026-11-24 14:30:00Z') from short;
select is(pg_temp.named(), null, 'explain_attempts: the hold ends as it opens: it is not tried again');
select testkit.at_time('2026-11-24 15:00:00Z');
select testkit.work_holds();
select is(array(select testkit.tell(l.id) from leadgen.leads l join short using (offer_id) order by l.id),
  '{Ace 45.00,"hold ended: outside_calling_hours 1"}', 'they fare as explain said');
delete from leadgen.calling_rules where region_code is not null;
select is((select array_agg(distinct leadgen.replay_lead(l.id)) from leadgen.leads l), '{"{\"identical\": true}"}',
  'leads replay by the rules of their day');

select * from finish();
rollback;
