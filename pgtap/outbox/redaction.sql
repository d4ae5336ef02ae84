-- redact_reply, strike_out_words: what a receiver answered is kept as evidence, without what is personal or secret.
begin;
select plan(45);
select is(outbox.redact_reply(reply), wanted, format('redact_reply: %s', reply))
from (values
  (null, null), ('', ''), ('ok', 'ok'), ('{"ok":true}', '{"ok":true}'),
  ('HTTP 500: no such table orders', 'HTTP 500: no such table orders'),
  ('queued as 12345', 'queued as 12345'), ('ZIP 78701 is out of area', 'ZIP 78701 is out of area'),
  ('unknown user john.smith+x@example.com!', 'unknown user [e-mail]!'), ('?email=john%40example.com&x=1', '?email=[e-mail]&x=1'),
  ('call +1 (512) 555-0123 now', 'call [number] now'), ('phone 5125550123', 'phone [number]'),
  ('{"phone":"+15125550123"}', '{"phone":"[number]"}'),
  ('{"token":"abc123"}', '{"token":"[secret]"}'), ('api_key=sk_live_1&x=2', 'api_key=[secret]&x=2'),
  ('X-Api-Key: hello', 'X-Api-Key: [secret]'),
  ('Authorization: Bearer abc.def-ghi', 'Authorization: Bearer [secret]'), ('{"password": "p w"}', '{"password": "[secret] w"}'),
  ('whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=', '[secret]'), ('id d41d8cd98f00b204e9800998ecf8427e', 'id [secret]'),
  ('<b>Set-Cookie: sid=1; Path=/</b>', '<b>Set-Cookie: [secret]; Path=/</b>')
) as t (reply, wanted);
select is(outbox.redact_reply(reply, personal), wanted, format('redact_reply: %s without %s', reply, personal))
from (values
  ('Dear JOHN SMITH, no.', '{John Smith}'::text[], 'Dear [personal], no.'),
  ('{"first":"John","last":"Smith"}', '{John,Smith}', '{"first":"[personal]","last":"[personal]"}'),
  ('Smithers and Johnny', '{John,Smith}', 'Smithers and Johnny'), ('a.b*c? (yes)', '{a.b*c? (yes)}', 'a.b*c? ([personal])'),
  ('ok', '{NULL,"",o}', 'ok'),
  ('leak under the sink', '{"leak under the sink"}', '[personal]')
) as t (reply, personal, wanted);
-- Escaped, cut, wrapped: word by word.
select is(outbox.strike_out_words(reply, personal), wanted, format('strike_out_words: %s without %s', reply, personal))
from (values
  (null, '{John}'::text[], null), ('', '{John}', ''), ('John', null, 'John'), ('John', '{}', 'John'),
  ('{"n":"Jos\u00e9 Nu\u00f1ez"}', '{José Nuñez}', '{"n":"[personal]"}'),
  ('Jos\u00E9\u0020Nuñez', '{José Nuñez}', '[personal]'), ('JOSÉ nuñez', '{José Nuñez}', '[personal]'),
  ('jose.nunez\u0040example.com', '{jose.nunez@example.com}', '[personal]@example.com'),
  ('broken \u00 \uD83C\uDFE0 \u0000 John', '{John}', 'broken \u00 \uD83C\uDFE0 \u0000 [personal]'),
  ('line one\nmy \"secret\" pain', E'{"line one\nmy \\"secret\\" pain"}', '[personal] \"[personal]\" [personal]'),
  ('you wrote: my roof leaks and', '{"my roof leaks and leaks"}', 'you wrote: [personal]'),
  ('no John-Paul here, John', '{John Paul}', 'no [personal] here, [personal]'),
  ('out of area', '{"I live out of the area and my roof leaks so very much that it is no joke"}', 'out of area'),
  ('{"echo": "write to a@b.example about my gruesome disease at once, or I shall despair"}',
    '{"write to a@b.example about my gruesome disease at once, or I shall despair of it"}',
    '{"echo": "[personal] to a@b.[personal] my [personal] at once, or I [personal]"}')
) as t (reply, personal, wanted);
select unalike(outbox.redact_reply(left(repeat('gruesome disease, ', 200), 2000), array[repeat('gruesome disease, ', 200)]), '%gru%',
  'a long echo, cut in the middle of a word');
select is(length(outbox.redact_reply(repeat('x y ', 500))), 500, 'redact_reply: at most 500 characters are kept');
select is(outbox.redact_reply(format('%sjohn.smith@example.com', repeat('x ', 245))), format('%s[e-mail]', repeat('x ', 245)),
  'struck out first, cut then');
select cmp_ok(clock_timestamp() - start, '<', interval '1 second', 'redact_reply: no reply takes long') from clock_timestamp() start,
  lateral (select count(outbox.redact_reply(left(repeat(seed, 2000), 2000), '{a b}'))
    from unnest('{a,1,=,"a@","1 (","token=","basic "," ","a.b"}'::text[]) seed) x (n);

-- Through the outbox: the lead's own words come back and are not kept.
create temp table ids as select testkit.open_offer('{}', 'Webb') as offer_id;
select testkit.submit(offer_id) from ids;
select testkit.answer(jsonb_build_object('outcome', 'answered', 'status_code', 200, 'reply',
  format('{"got": {"name": %s, "email": %s, "phone": %s, "message": %s}}', to_json(l.name), to_json(l.email), to_json(l.phone),
    to_json(l.message))))
from leadgen.leads l;
select is(t.reply, '{"got": {"name": "[personal]", "email": "[e-mail]", "phone": "[number]", "message": "[personal]"}}',
  'an echo is kept without the person') from leadgen.delivery_attempts t;

select * from finish();
rollback;
