-- max_per_ip and max_per_phone, by facts and by real leads.
begin;
select plan(35);

select is(testkit.judge(rules, fields), expected::text[], format('%s for %s', rules, fields))
from (values
  ('{"max_per_ip_per_hour": 3}'::jsonb, '{"ip_count": 2}'::jsonb, '{}'),
  ('{"max_per_ip_per_hour": 3}', '{"ip_count": 3}', '{velocity_exceeded ip_address}'),
  ('{"max_per_ip_per_hour": 3}', '{"ip_count": 4}', '{velocity_exceeded ip_address}'),
  ('{"max_per_ip_per_hour": 3}', '{"ip_count": null}', '{}'),
  ('{"max_per_phone_per_day": 1}', '{"phone_count": 0}', '{}'),
  ('{"max_per_phone_per_day": 1}', '{"phone_count": 1}', '{velocity_exceeded phone}'),
  ('{"max_per_phone_per_day": 1}', '{"phone_count": null}', '{}'),
  ('{"max_per_phone_per_day": 1, "max_per_ip_per_hour": 1}', '{"phone_count": 1, "ip_count": 1}',
    '{velocity_exceeded ip_address,velocity_exceeded phone}'),
  ('{}', '{"phone_count": 1000, "ip_count": 1000}', '{}')
) as t (rules, fields, expected);
select is((rules.max_per_ip(testkit.facts('{"ip_count": 3}'), '3', '{}'))[1].reason,
  '3 leads came from this IP address within an hour, the most that is allowed', 'max_per_ip says how many');
select is((rules.max_per_phone(testkit.facts('{"phone_count": 3}'), '2', '{}'))[1].reason,
  '2 leads came with this phone number within 24 hours, the most that is allowed', 'max_per_phone says how many');

select is(testkit.policy_fault('validation', jsonb_build_object(key, value)),
  case when good then 'none' else format('LG423 rules.%s', key) end, format('as a policy: %s %s', key, value))
from unnest('{max_per_ip_per_hour,max_per_phone_per_day}'::text[]) key, (values
  ('1'::jsonb, true), ('1000', true), ('0', false), ('1001', false), ('1.5', false), ('"3"', false), ('null', false)
) as t (value, good);

-- Leads of the same offer count, valid or not, for an hour and for a day.
create temp table ids as
select testkit.make_offer('{"max_per_ip_per_hour": 2, "duplicate_window_hours": 0}') as by_ip,
  testkit.make_offer('{"max_per_phone_per_day": 2, "duplicate_window_hours": 0}') as by_phone;
create function pg_temp.send(p_offer_id bigint, p_at timestamptz, p_fields jsonb, p_number integer, p_ip text) returns text[]
language plpgsql
as $$
begin
  perform testkit.at_time(p_at);
  return testkit.codes_of(leadgen.submit_lead(testkit.given_lead(p_offer_id, p_fields, p_number),
    jsonb_strip_nulls(jsonb_build_object('ip_address', p_ip))));
end;
$$;
select is(pg_temp.send(by_ip, at, fields, number, ip), expected::text[], said)
from ids, (values
  (1, '2026-11-20T16:00:00Z'::timestamptz, '{}'::jsonb, '203.0.113.7', '{}', 'the first from an address'),
  (2, '2026-11-20T16:10:00Z', '{"name": ""}', '203.0.113.7', '{field_required name}', 'the second, not valid'),
  (3, '2026-11-20T16:59:59Z', '{}', '203.0.113.7', '{velocity_exceeded ip_address}', 'the third within the hour'),
  (4, '2026-11-20T16:59:59Z', '{}', '203.0.113.8', '{}', 'from another address'),
  (5, '2026-11-20T16:59:59Z', '{}', null, '{}', 'from no address'),
  (6, '2026-11-20T17:59:58Z', '{}', '203.0.113.7', '{}', 'an hour after the second, with the refused one counted'),
  (7, '2026-11-20T17:59:58Z', '{}', '203.0.113.7', '{velocity_exceeded ip_address}', 'one more within the hour is rejected')
) as t (number, at, fields, ip, expected, said);
select is(pg_temp.send(by_phone, at, jsonb_build_object('phone', phone, 'message', number::text), number, null), expected::text[], said)
from ids, (values
  (1, '2026-11-20T16:00:00Z'::timestamptz, '512 555 0123', '{}', 'the first with a number'),
  (2, '2026-11-20T17:00:00Z', '(512) 555-0123', '{}', 'the second, written another way'),
  (3, '2026-11-21T15:59:59Z', '+15125550123', '{velocity_exceeded phone}', 'the third within the day')
) as t (number, at, phone, expected, said);

select * from finish();
rollback;
