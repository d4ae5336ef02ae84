-- redact_reply: what a receiver answered is kept as evidence, without what is personal or secret.
begin;
select plan(30);
select is(leadgen.redact_reply(reply), wanted, format('redact_reply: %s', reply))
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
select is(leadgen.redact_reply(reply, personal), wanted, format('redact_reply: %s without %s', reply, personal))
from (values
  ('Dear JOHN SMITH, no.', '{John Smith}'::text[], 'Dear [personal], no.'),
  ('{"first":"John","last":"Smith"}', '{John,Smith}', '{"first":"[personal]","last":"[personal]"}'),
  ('Smithers and Johnny', '{John,Smith}', 'Smithers and Johnny'), ('a.b*c? (yes)', '{a.b*c? (yes)}', '[personal]'),
  ('ok', '{NULL,"",o}', 'ok'),
  ('leak under the sink', '{"leak under the sink"}', '[personal]')
) as t (reply, personal, wanted);
select is(length(leadgen.redact_reply(repeat('x y ', 500))), 500, 'at most 500 characters');
select is(leadgen.redact_reply(repeat('x ', 245) || 'john.smith@example.com'), repeat('x ', 245) || '[e-mail]',
  'struck out first, cut then');
select cmp_ok(clock_timestamp() - start, '<', interval '1 second', 'no reply takes long') from clock_timestamp() start,
  lateral (select count(leadgen.redact_reply(left(repeat(seed, 2000), 2000), '{a b}'))
    from unnest('{a,1,=,"a@","1 (","token=","basic "," ","a.b"}'::text[]) seed) x (n);

-- Through the outbox: the lead's own words come back and are not kept.
create temp table ids as select testkit.make_offer('{"duplicate_window_hours": 0}') as offer_id;
select testkit.enroll(offer_id, jsonb_build_object('buyer_id', testkit.make_buyer(
  '{"webhook_url": "https://b.example/hook", "email_notifications": false}')))
from ids;
select testkit.submit(offer_id) from ids;
select testkit.answer(jsonb_build_object('outcome', 'answered', 'status_code', 200, 'reply',
  format('{"got": {"name": %s, "email": %s, "phone": %s, "message": %s}}', to_json(l.name), to_json(l.email), to_json(l.phone),
    to_json(l.message))))
from leadgen.leads l;
select is(t.reply, '{"got": {"name": "[personal]", "email": "[personal]", "phone": "[personal]", "message": "[personal]"}}',
  'an echo is kept without the person') from leadgen.delivery_attempts t;

select * from finish();
rollback;
