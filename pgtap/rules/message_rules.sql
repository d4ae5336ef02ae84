-- blocked_words and min_message_length.
begin;
select plan(36);

select is(testkit.judge(rules, fields), expected::text[], format('%s for %s', rules, fields))
from (values
  ('{"blocked_words": ["loan"]}'::jsonb, '{}'::jsonb, '{}'),
  ('{"blocked_words": ["PLUMBING"]}', '{}', '{message_blocked message}'),
  ('{"blocked_words": ["plumb"]}', '{}', '{}'),
  ('{"blocked_words": ["emergency plumbing"]}', '{"message": "Emergency!  Plumbing..."}', '{message_blocked message}'),
  ('{"blocked_words": ["seo-services"]}', '{"message": "SEO services"}', '{message_blocked message}'),
  ('{"blocked_words": ["a_b"]}', '{"message": "axb"}', '{}'),
  ('{"blocked_words": ["100%"]}', '{"message": "1000 leaks"}', '{}'),
  ('{"blocked_words": ["loan"]}', '{"message": null}', '{}'),
  ('{"blocked_words": ["größe"]}', '{"message": "GRÖSSE? Größe!"}', '{message_blocked message}'),
  ('{"blocked_words": ["viagra"]}', '{"message": "vi\u00adag\u200bra"}', '{message_blocked message}'),
  ('{"blocked_words": ["viagra"]}', '{"message": "vi\u2060ag\ufeffr\u200da"}', '{message_blocked message}'),
  ('{"blocked_words": ["free"]}', '{"message": "All ＦＲＥＥ today"}', '{message_blocked message}'),
  ('{"blocked_words": ["ＦＲＥＥ"]}', '{"message": "all free"}', '{message_blocked message}'),
  ('{"blocked_words": ["café"]}', '{"message": "a cafe\u0301!"}', '{message_blocked message}'),
  ('{"blocked_words": ["cafe\u0301"]}', '{"message": "a café"}', '{message_blocked message}'),
  ('{"blocked_words": ["cafe\u0301"]}', '{"message": "a cafe"}', '{}'),
  ('{"min_message_length": 5}', '{"message": "12345"}', '{}'),
  ('{"min_message_length": 5}', '{"message": "1234"}', '{message_too_short message}'),
  ('{"min_message_length": 3}', '{"message": "äöü"}', '{}'),
  ('{"min_message_length": 1}', '{"message": null}', '{message_too_short message}'),
  ('{"min_message_length": 500, "blocked_words": ["plumbing"]}', '{}', '{message_blocked message,message_too_short message}')
) as t (rules, fields, expected);
select is(testkit.codes(rules.blocked_words(testkit.facts(), '[" needed "]', '{}')), '{message_blocked message}',
  'blocked_words by itself');
select is(testkit.codes(rules.min_message_length(testkit.facts(), '99', '{}')), '{message_too_short message}',
  'min_message_length by itself');

select is(testkit.policy_fault('validation', jsonb_build_object(key, value)), expected, format('as a policy: %s %s', key, value))
from (values
  ('blocked_words', '["loan"]'::jsonb, 'none'),
  ('blocked_words', '[]', 'LG423 rules.blocked_words'),
  ('blocked_words', '["$$$"]', 'LG423 rules.blocked_words[0]'),
  ('blocked_words', '[null]', 'LG423 rules.blocked_words[0]'),
  ('blocked_words', '{"loan": true}', 'LG423 rules.blocked_words'),
  ('min_message_length', '1', 'none'),
  ('min_message_length', '0', 'LG423 rules.min_message_length'),
  ('min_message_length', '10001', 'LG423 rules.min_message_length'),
  ('min_message_length', '2.5', 'LG423 rules.min_message_length')
) as t (key, value, expected);

create temp table ids as select testkit.make_offer('{"blocked_words": ["loan"], "min_message_length": 10}') as offer_id;
select is(testkit.codes_of(testkit.submit(offer_id, jsonb_build_object('message', message), n)), expected::text[], coalesce(message,
  'null'))
from ids, (values
  (1, 'my tap drips', '{}'),
  (2, '  leak   now  ', '{message_too_short message}'),
  (3, 'quick LOAN offer', '{message_blocked message}'),
  (4, null, '{message_too_short message}')
) as t (n, message, expected);

select * from finish();
rollback;
