-- disposable_email and blocked_email_domains.
begin;
select plan(26);

select is(testkit.judge(rules, fields), expected::text[], format('%s for %s', rules, fields))
from (values
  ('{"disposable_email_blocklist_enabled": true}'::jsonb, '{}'::jsonb, '{}'),
  ('{"disposable_email_blocklist_enabled": true}', '{"email_is_disposable": true}', '{email_disposable email}'),
  ('{"disposable_email_blocklist_enabled": false}', '{"email_is_disposable": true}', '{}'),
  ('{}', '{"email_is_disposable": true}', '{}'),
  ('{"blocked_email_domains": ["spam.example"]}', '{}', '{}'),
  ('{"blocked_email_domains": ["EXAMPLE.com"]}', '{}', '{email_blocked email}'),
  ('{"blocked_email_domains": ["example.com"]}', '{"email_domain": "mail.example.com"}', '{email_blocked email}'),
  ('{"blocked_email_domains": ["example.com"]}', '{"email_domain": "notexample.com"}', '{}'),
  ('{"blocked_email_domains": ["mail.example.com"]}', '{}', '{}'),
  ('{"blocked_email_domains": ["example.com"]}', '{"email": null, "email_domain": null}', '{field_required email}')
) as t (rules, fields, expected);
select is(testkit.codes(rules.disposable_email(testkit.facts('{"email_is_disposable": true}'), 'true', '{}')),
  '{email_disposable email}', 'disposable_email by itself');
select is(testkit.codes(rules.blocked_email_domains(testkit.facts(), '["example.com"]', '{}')), '{email_blocked email}',
  'blocked_email_domains by itself');

select is(testkit.policy_fault('validation', jsonb_build_object(key, value)), expected, format('as a policy: %s %s', key, value))
from (values
  ('disposable_email_blocklist_enabled', 'true'::jsonb, 'none'),
  ('disposable_email_blocklist_enabled', '"true"', 'LG423 rules.disposable_email_blocklist_enabled'),
  ('disposable_email_blocklist_enabled', 'null', 'LG423 rules.disposable_email_blocklist_enabled'),
  ('blocked_email_domains', '["example.com"]', 'none'),
  ('blocked_email_domains', '[]', 'LG423 rules.blocked_email_domains'),
  ('blocked_email_domains', '["@example.com"]', 'LG423 rules.blocked_email_domains[0]'),
  ('blocked_email_domains', '["localhost"]', 'LG423 rules.blocked_email_domains[0]')
) as t (key, value, expected);

insert into leadgen.disposable_domains values ('throwaway.example'), ('xn--mll-hoa.example') on conflict do nothing;
create temp table ids as select testkit.make_offer('{"disposable_email_blocklist_enabled": true}') as offer_id;
select is(testkit.codes_of(testkit.submit(offer_id, jsonb_build_object('email', email), n)), expected::text[], email)
from ids, (values
  (1, 'a@throwaway.example', '{email_disposable email}'),
  (2, 'a@THROWAWAY.Example', '{email_disposable email}'),
  (3, 'a@x.throwaway.example', '{email_disposable email}'),
  (4, 'a@müll.example', '{email_disposable email}'),
  (5, 'a@notthrowaway.example', '{}'),
  (6, 'a@mailinator.com', '{email_disposable email}')
) as t (n, email, expected);
select cmp_ok((select count(*) from leadgen.disposable_domains), '>', 1000::bigint, 'the list is loaded');

select * from finish();
rollback;
