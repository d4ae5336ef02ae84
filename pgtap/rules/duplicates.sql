-- duplicate and find_duplicate: the window's edge, what matches, where earlier leads count.
begin;
select plan(51);

create temp table found as
select '{"duplicate_lead_id": 7, "duplicate_created_at": "2026-11-20T15:00:30Z", "duplicate_field": "email"}'::jsonb as facts;
select is(testkit.judge('{}', facts), '{duplicate email}', 'duplicates are refused by any policy') from found;
select is((rules.duplicate(testkit.facts(facts), 'null', '{}'))[1].reason,
  'The same email came in 60 minutes earlier with another lead',
  'duplicate names the same contact and its age') from found;
select is((rules.duplicate(testkit.facts(facts || '{"duplicate_created_at": "2026-11-20T15:59:30Z"}'::jsonb), 'null', '{}'))[1].reason,
  'The same email came in 30 seconds earlier with another lead', 'duplicate: within a minute') from found;
select is(rules.duplicate(testkit.facts(), 'null', '{}'), '{}', 'duplicate: none was found');

-- One earlier lead of person 1 at 10:00; then another of other contact details at a later time.
create temp table tries (rules jsonb, later interval, fields jsonb, expected text[], what text);
insert into tries values
  ('{}', '1 minute', '{}', '{duplicate phone}', 'the same contact'),
  ('{}', '23:59:59', '{}', '{duplicate phone}', 'a second before the default window of 24 hours ends'),
  ('{}', '24:00:00', '{}', '{}', 'at the edge of the window it is over'),
  ('{"duplicate_window_hours": 1.5}', '01:29:59', '{}', '{duplicate phone}', 'a window of the policy''s own'),
  ('{"duplicate_window_hours": 1.5}', '01:30:00', '{}', '{}', 'its edge'),
  ('{"duplicate_window_hours": 0}', '1 second', '{}', '{}', '0 turns it off'),
  ('{}', '1 minute', '{"email": "other@example.com"}', '{duplicate phone}', 'by default the phone is enough'),
  ('{}', '1 minute', '{"phone": "512 555 9999"}', '{duplicate email}', 'by default the e-mail is enough, and is named'),
  ('{}', '1 minute', '{"phone": "(512) 555-0001", "email": "x@example.com"}', '{duplicate phone}', 'compared as normalised'),
  ('{}', '1 minute', '{"phone": "512 555 9999", "email": "PERSON1@Example.COM"}', '{duplicate email}', 'e-mail compared as normalised'),
  ('{}', '1 minute', '{"phone": "512 555 9999", "email": "x@example.com"}', '{}', 'another contact, the same name'),
  ('{"duplicate_match": ["phone"]}', '1 minute', '{"phone": "512 555 9999"}', '{}', 'phone only: the e-mail does not count'),
  ('{"duplicate_match": ["phone"]}', '1 minute', '{"email": "x@example.com"}', '{duplicate phone}', 'phone only: the phone does'),
  ('{"duplicate_match": ["email"]}', '1 minute', '{"email": "x@example.com"}', '{}', 'e-mail only: the phone does not count'),
  ('{"duplicate_match": ["email"]}', '1 minute', '{"phone": "512 555 9999"}', '{duplicate email}', 'e-mail only: the e-mail does'),
  ('{"duplicate_match_mode": "all"}', '1 minute', '{"phone": "512 555 9999"}', '{}', 'all: one is not enough'),
  ('{"duplicate_match_mode": "all"}', '1 minute', '{}', '{duplicate phone}', 'all: both are'),
  ('{"duplicate_match_mode": "any"}', '1 minute', '{"phone": "512 555 9999"}', '{duplicate email}', 'any');

create function pg_temp.try(p_rules jsonb, p_later interval, p_fields jsonb) returns text[] language plpgsql as $$
declare
  v_offer_id constant bigint := testkit.make_offer(p_rules);
  v_start constant timestamptz := '2026-11-18T10:00:00Z';
begin
  perform testkit.at_time(v_start);
  perform testkit.submit(v_offer_id, '{"message": "the first"}');
  perform testkit.at_time(v_start + p_later);
  return testkit.codes_of(testkit.submit(v_offer_id, '{"message": "the second"}'::jsonb || p_fields));
end;
$$;
select is(pg_temp.try(rules, later, fields), expected, what) from tries;

-- Scope: person 1 of a first offer comes again through an offer that shares its vertical, its market, or neither.
create function pg_temp.comes_again(p_scope text, p_shares text) returns text[] language plpgsql as $$
declare
  v_first constant bigint := testkit.make_offer();
  v_shared constant jsonb := (
    select case p_shares
      when 'vertical' then jsonb_build_object('vertical_id', o.vertical_id)
      when 'market' then jsonb_build_object('market_id', o.market_id)
      else '{}'
    end
    from leadgen.offers o where o.id = v_first);
  v_number constant integer := 5000 + v_first;
begin
  perform testkit.submit(v_first, '{}', v_number);
  return testkit.codes_of(testkit.submit(
    testkit.make_offer(jsonb_build_object('duplicate_scope', p_scope), p_row => v_shared), '{}', v_number));
end;
$$;
select is(pg_temp.comes_again(scope, shares) <> '{}', counts, format('scope %s, another offer of %s', scope, shares))
from (values
  ('offer', 'the same vertical only', false), ('offer', 'market', false),
  ('vertical', 'vertical', true), ('vertical', 'market', false),
  ('market', 'market', true), ('market', 'vertical', false),
  ('global', 'vertical', true), ('global', 'market', true), ('global', 'nothing', true)
) as t (scope, shares, counts);

-- Earlier leads that failed validation do not count, and empty values never match.
select testkit.at_time('2026-11-20T12:00:00Z');
create temp table ids as select testkit.make_offer('{"min_message_length": 5}') as offer_id;
select is(testkit.codes_of(testkit.submit(offer_id, '{"message": "x"}')), '{message_too_short message}',
  'a first lead that is not valid') from ids;
select is(testkit.codes_of(testkit.submit(offer_id, '{"message": "long enough"}')), '{}',
  'a rejected lead does not make the next one a duplicate')
  from ids;
select is(testkit.codes_of(testkit.submit(offer_id, '{"message": "once more"}')), '{duplicate phone}', 'the valid one does') from ids;
select is(testkit.codes_of(testkit.submit(offer_id, '{"message": "and again"}')), '{duplicate phone}',
  'a duplicate is not what the next is measured by')
from ids;
select is(
  (intake.find_duplicate(testkit.facts('{"phone": "+15125550001", "email": null}'),
    jsonb_populate_record(null::catalog.route, jsonb_build_object('offer_id', o.id, 'market_id', o.market_id, 'validation_rules', rules)),
    '2026-11-20T11:00:00Z')).lead_id is not null, found, what)
from ids join leadgen.offers o on o.id = ids.offer_id, (values
  ('{}'::jsonb, true, 'find_duplicate: no e-mail, the phone matches'),
  ('{"duplicate_match": ["email"]}', false, 'find_duplicate: no e-mail matches nothing'),
  ('{"duplicate_match_mode": "all"}', false, 'find_duplicate: all with an empty value matches nothing')
) as t (rules, found, what);

-- The platform's default.
update leadgen.settings set default_duplicate_window_hours = 0;
select is(pg_temp.try('{}', '1 second', '{}'), '{}', 'off for the platform');
select is(pg_temp.try('{"duplicate_window_hours": 1}', '1 second', '{}'), '{duplicate phone}', 'a policy that says otherwise wins');

select is(testkit.policy_fault('validation', jsonb_build_object(key, value)), expected, format('as a policy: %s %s', key, value))
from (values
  ('duplicate_window_hours', '0'::jsonb, 'none'),
  ('duplicate_window_hours', '8785', 'LG423 rules.duplicate_window_hours'),
  ('duplicate_window_hours', '-1', 'LG423 rules.duplicate_window_hours'),
  ('duplicate_window_hours', '"24"', 'LG423 rules.duplicate_window_hours'),
  ('duplicate_match', '[]', 'LG423 rules.duplicate_match'),
  ('duplicate_match', '["phone", "name"]', 'LG423 rules.duplicate_match[1]'),
  ('duplicate_match', '["phone", "phone"]', 'LG423 rules.duplicate_match'),
  ('duplicate_match', '[["phone"]]', 'LG423 rules.duplicate_match[0]'),
  ('duplicate_match_mode', '"both"', 'LG423 rules.duplicate_match_mode'),
  ('duplicate_scope', '"world"', 'LG423 rules.duplicate_scope'),
  ('duplicate_scope', '[]', 'LG423 rules.duplicate_scope')
) as t (key, value, expected);

select * from finish();
rollback;
