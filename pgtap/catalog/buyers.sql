-- fill_buyer and fill_enrollment: headers, secrets and numbers that can be used; rotate_webhook_secret: two signatures for a while.
begin;
select plan(66);
select testkit.at_time('2026-11-20T16:00:00Z');

-- check_webhook_headers.
select is(testkit.fault_of(format('select catalog.check_webhook_headers(%L, ''h'')', headers)), testkit.fault_at('LG423 h%s', path),
  left(headers::text, 100))
from (values
  ('{}'::jsonb, null), ('{"X-Api-Key": "abc"}', null), ('{"Authorization": "Bearer abc.def"}', null), ('{"x-a": "1", "x-b": "~ !"}', null),
  ('[]', ''),
  ('null', ''),
  ('"x"', ''),
  ('{"Content-Type": "text/plain"}', ''),
  ('{"Host": "x"}', ''),
  ('{"webhook-id": "x"}', ''),
  ('{"X-": "1"}', ''),
  ('{"X-A b": "1"}', ''),
  ('{"X-A:": "1"}', ''),
  ('{"X-A\r\nB": "1"}', ''),
  ('{"": "1"}', ''),
  ('{"X-é": "1"}', ''),
  ('{"X-A": ""}', '.X-A'),
  ('{"X-A": " a"}', '.X-A'),
  ('{"X-A": "a "}', '.X-A'),
  ('{"X-A": "a\r\nX-B: c"}', '.X-A'),
  ('{"X-A": "a\tb"}', '.X-A'),
  ('{"X-A": "é"}', '.X-A'),
  ('{"X-A": 1}', '.X-A'), ('{"X-A": null}', '.X-A'), ('{"X-A": ["a"]}', '.X-A'), ('{"X-A": "1", "x-a": "2"}', '.x-a')
) as t (headers, path);
select is(testkit.fault_of(format('select catalog.check_webhook_headers(%L, ''h'')', jsonb_build_object('X-A', repeat('a', n)))), fault,
  format('%s characters', n))
from (values (1000, 'none'), (1001, 'LG423 h.X-A')) as t (n, fault);
select
    is(
        testkit.fault_of(
            format(
                'select catalog.check_webhook_headers(%L, ''h'')',
                  (select jsonb_object_agg(format('X-%s', i), 'a') from generate_series(1, n) i)
            )
        ),
  fault, format('%s headers', n))
from (values (20, 'none'), (21, 'LG423 h')) as t (n, fault);
select
    is(
        testkit.detail_of($$select catalog.check_webhook_headers('{"X-A": "hush\n"}', 'h')$$)::text ~ 'hush',
        false,
        'a value is not repeated'
    );

-- check_webhook_secret.
select is(testkit.fault_of(format('select catalog.check_webhook_secret(%L, ''s'')', secret)), fault, what)
from (values
  (format('whsec_%s', encode(decode(repeat('ab', 24), 'hex'), 'base64')), 'none', '24 bytes'),
  (format('whsec_%s', replace(encode(decode(repeat('ab', 64), 'hex'), 'base64'), E'\n', '')), 'none', '64 bytes'),
  (format('whsec_%s', encode(decode(repeat('ab', 23), 'hex'), 'base64')), 'LG423 s', '23 bytes'),
  (format('whsec_%s', replace(encode(decode(repeat('ab', 65), 'hex'), 'base64'), E'\n', '')), 'LG423 s', '65 bytes'),
  (encode(decode(repeat('ab', 24), 'hex'), 'base64'), 'LG423 s', 'no prefix'),
  (format('whsec_%s', repeat('a', 33)), 'LG423 s', 'no whole base64'),
  (format('whsec_%s', repeat('-', 32)), 'LG423 s', 'another alphabet'), ('whsec_', 'LG423 s', 'nothing'), ('', 'LG423 s', 'empty')
) as t (secret, fault, what);
select is(testkit.detail_of($$select catalog.check_webhook_secret('whsec_hush', 's')$$)::text ~ 'hush', false, 'a secret is not repeated');
select is(testkit.fault_of(format('select catalog.check_webhook_secret(%L, ''s'')', catalog.make_webhook_secret())), 'none',
  'a secret that we made is taken');

-- check_sms_number, and what the triggers do with all of them.
select is(testkit.fault_of(format('select catalog.check_sms_number(%L, ''n'')', number)), fault, number)
from
    (
        values ('+15125550123', 'none'),
        ('+4930123456', 'none'),
        ('5125550123', 'LG423 n'),
        ('+1 512 555 0123', 'LG423 n'),
        ('+05125550123', 'LG423 n'),
  ('+1234567890123456', 'LG423 n')) as t (number, fault);
create temp table ids as select testkit.make_buyer('{"phone": "by telephone"}') as buyer_id, testkit.make_offer() as offer_id;
select is(testkit.fault_of(format('update leadgen.buyers set %s where id = %s', change, buyer_id)), fault, change)
from ids, (values ('sms_notifications = true', 'LG423 phone'), ('phone = ''+15125550123'', sms_notifications = true', 'none'),
  ('phone = ''512'', sms_notifications = false', 'none'), ('webhook_headers = ''{"Host": "x"}''', 'LG423 webhook_headers'),
  ('webhook_secret = ''whsec_YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE''', 'LG423 webhook_secret')) as t (change, fault);
select
    is(
        testkit.fault_of(format('select testkit.enroll(%s, ''{"buyer_id": %s, "sms_override": "512"}'')', offer_id, buyer_id)),
        'LG423 sms_override',
  'an enrollment''s number') from ids;

-- rotate_webhook_secret.
create temp table before as select b.webhook_secret as secret from ids join leadgen.buyers b on b.id = buyer_id;
create temp table first as select leadgen.rotate_webhook_secret(buyer_id) as secret from ids;
select
    is(
        (b.webhook_secret, b.previous_webhook_secret, b.previous_secret_until),
        (f.secret::varchar, o.secret, '2026-11-21T16:00:00Z'::timestamptz),
  'rotated: the old secret signs beside the new one for a day')
from ids join leadgen.buyers b on b.id = buyer_id, first f, before o;
select isnt(f.secret, o.secret::text, 'the new one is another') from first f, before o;
select is(array_agg(format('%s %s', e.kind, e.facts ->> 'by')), array[format('secret_rotated %s', session_user)],
  'an event names who rotated the secret')
from leadgen.events e where e.kind = 'secret_rotated';
select
    is(
        testkit.fault_of(format('select leadgen.rotate_webhook_secret(%s)', buyer_id)),
        'LG409 p_overlap',
        'a second click does not cut off the first secret'
    )
from ids;
select testkit.at_time('2026-11-21T16:00:00Z');
select
    is(
        testkit.fault_of(format('select leadgen.rotate_webhook_secret(%s, ''1 hour'')', buyer_id)),
        'none',
        'when the overlap is over, it may'
    )
from ids;
select lives_ok(format('select leadgen.rotate_webhook_secret(%s, ''0'')', buyer_id), 'a secret that leaked: at once') from ids;
select is((b.previous_webhook_secret, b.previous_secret_until), (null::varchar, null::timestamptz), 'no previous secret stays valid')
from ids join leadgen.buyers b on b.id = buyer_id;
select
    is(
        testkit.fault_of(format('select leadgen.rotate_webhook_secret(%L, %L)', id, overlap)),
        fault,
        format('buyer %s, overlap %s', id, overlap)
    )
from ids,
    lateral (
        values (0::bigint, '1 day'::interval, 'LG404 buyer_id'),
        (buyer_id, '-1 day', 'LG400 p_overlap'),
        (buyer_id, '31 days', 'LG400 p_overlap'),
  (buyer_id, null, 'LG400 p_overlap'), (null, '1 day', 'LG404 buyer_id')) as t (id, overlap, fault);

select * from finish();
rollback;
