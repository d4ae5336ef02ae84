-- phone_strict, where PL/Python is; and how a policy that asks for it is refused where it is not.
begin;
select plan(13);

create temp view here as
select to_regprocedure('rules.phone_strict(kernel.lead_facts, jsonb, jsonb)') is not null as is_there;
select * from skip('plpython3u with the package phonenumbers is not on this server: see scripts/get-plpython', 9)
where not (select is_there from here);

-- The exchange 211 is of no use in +1 340: the shape is right, which is all that core_fields asks of North America.
select is(testkit.judge(rules, fields), expected::text[], format('%s for %s', rules, fields))
from (values
  ('{"phone_strict": true}'::jsonb, '{}'::jsonb, '{}'),
  ('{"phone_strict": true}', '{"phone": "+442079460958", "phone_country": "GB", "phone_region": null}', '{}'),
  ('{"phone_strict": true}', '{"phone": "+13402111234"}', '{phone_invalid phone}'),
  ('{"phone_strict": false}', '{"phone": "+13402111234"}', '{}'),
  ('{"phone_strict": true}', '{"phone": "1", "phone_country": null}', '{field_invalid phone}'),
  ('{"phone_strict": true}', '{"phone": null, "phone_country": null}', '{field_required phone}'),
  ('{"phone_strict": true}', '{"phone": "not a number"}', '{phone_invalid phone}')
) as t (rules, fields, expected)
where (select is_there from here);
select is(testkit.policy_fault('validation', '{"phone_strict": true}'), 'none', 'as a policy: true') where (select is_there from here);
select is(testkit.codes_of(testkit.submit(testkit.make_offer('{"phone_strict": true}'), '{"phone": "(340) 211-1234"}')),
  '{field_invalid phone}', 'a lead with a number that nobody has has failed core_fields')
where (select is_there from here);

select is(testkit.policy_fault('validation', '{"phone_strict": "yes"}'), 'LG423 rules.phone_strict', 'as a policy: a text');
set local client_min_messages = warning;
drop function if exists rules.phone_strict(kernel.lead_facts, jsonb, jsonb);
select is(testkit.policy_fault('validation', '{"phone_strict": true}'), 'LG423 rules.phone_strict',
  'phone_strict is refused without its library');
select is(testkit.detail_of('select catalog.compile_phone_strict(''true'')') ->> 'allowed' ~ 'plpython3u .* phonenumbers', true,
  'compile_phone_strict says what is missing');
select is(testkit.judge('{}'), '{}', 'other policies do not feel it');

select * from finish();
rollback;
