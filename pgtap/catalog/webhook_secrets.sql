-- Secrets and headers of buyers' webhooks: made, set, rotated; never in an error, an event or a DBA's query.
begin;
select plan(98);
select testkit.at_time('2026-11-20T16:00:00Z');

-- check_webhook_header.
select is(testkit.fault_of(format('select catalog.check_webhook_header(%L, %L)', name, value)), fault, format('%s: %s', name, value))
from (values
  ('X-Api-Key', 'abc', 'none'), ('Authorization', 'Bearer abc.def', 'none'), ('x-a', '1', 'none'), ('X-B', '~ !', 'none'),
  ('X-A', null, 'none'),
  (null, 'x', 'LG423 p_name'),
  ('Content-Type', 'text/plain', 'LG423 p_name'),
  ('Host', 'x', 'LG423 p_name'),
  ('webhook-id', 'x', 'LG423 p_name'),
  ('X-', '1', 'LG423 p_name'),
  ('X-A b', '1', 'LG423 p_name'),
  ('X-A:', '1', 'LG423 p_name'),
  (E'X-A\r\nB', '1', 'LG423 p_name'),
  (E'X-A\n', '1', 'LG423 p_name'),
  ('', '1', 'LG423 p_name'),
  ('X-é', '1', 'LG423 p_name'),
  ('Host', null, 'LG423 p_name'),
  ('X-A', '', 'LG423 p_value'),
  ('X-A', ' a', 'LG423 p_value'),
  ('X-A', 'a ', 'LG423 p_value'),
  ('X-A', E'a\r\nX-B: c', 'LG423 p_value'),
  ('X-A', E'a\n', 'LG423 p_value'),
  ('X-A', E'a\tb', 'LG423 p_value'),
  ('X-A', 'é', 'LG423 p_value')
) as t (name, value, fault);
select is(testkit.fault_of(format('select catalog.check_webhook_header(%L, ''a'')', format('X-%s', repeat('a', n)))), fault,
  format('a name of %s characters after X-', n))
from (values (60, 'none'), (61, 'LG423 p_name')) as t (n, fault);
select is(testkit.fault_of(format('select catalog.check_webhook_header(''X-A'', %L)', repeat('a', n))), fault,
  format('a value of %s characters', n))
from (values (1000, 'none'), (1001, 'LG423 p_value')) as t (n, fault);
select is(testkit.detail_of($$select catalog.check_webhook_header('X-A', E'hush\n')$$)::text ~ 'hush', false, 'a value is not repeated');

-- check_webhook_secret.
select is(testkit.fault_of(format('select catalog.check_webhook_secret(%L, ''s'')', secret)), fault, what)
from (values
  (format('whsec_%s', encode(decode(repeat('ab', 24), 'hex'), 'base64')), 'none', '24 bytes'),
  (format('whsec_%s', replace(encode(decode(repeat('ab', 64), 'hex'), 'base64'), E'\n', '')), 'none', '64 bytes'),
  (format('whsec_%s', encode(decode(repeat('ab', 23), 'hex'), 'base64')), 'LG423 s', '23 bytes'),
  (format('whsec_%s', replace(encode(decode(repeat('ab', 65), 'hex'), 'base64'), E'\n', '')), 'LG423 s', '65 bytes'),
  (encode(decode(repeat('ab', 24), 'hex'), 'base64'), 'LG423 s', 'no prefix'),
  (format('whsec_%s', repeat('a', 33)), 'LG423 s', 'no whole base64'),
  (format('whsec_%s', repeat('-', 32)), 'LG423 s', 'another alphabet'), ('whsec_', 'LG423 s', 'nothing'), ('', 'LG423 s', 'empty'),
  (null, 'LG423 s', 'null')
) as t (secret, fault, what);
select is(testkit.detail_of($$select catalog.check_webhook_secret('whsec_hush', 's')$$)::text ~ 'hush', false, 'a secret is not repeated');
select is(testkit.fault_of(format('select catalog.check_webhook_secret(%L, ''s'')', catalog.make_webhook_secret())), 'none',
  'a secret that we made is taken');
select is(count(distinct catalog.make_webhook_secret()), 50::bigint, 'make_webhook_secret: never the same') from generate_series(1, 50);
select is(array_agg(distinct length(decode(substr(catalog.make_webhook_secret(), 7), 'base64'))), '{32}',
  'make_webhook_secret: 32 bytes') from generate_series(1, 5);

-- make_secret: every buyer has a secret, with a webhook or without, and keeps it.
create temp table ids as select testkit.make_buyer() as buyer_id, testkit.make_buyer('{"webhook_url": "https://b.example/h"}') as hook;
create temp view own as select s.* from leadgen.webhook_secrets s join ids on s.buyer_id = ids.buyer_id;
select matches(s.secret, '^whsec_[A-Za-z0-9+/]{43}=$', format('make_secret: buyer %s', s.buyer_id)) from leadgen.webhook_secrets s;
create temp table before as select secret from own;
update leadgen.buyers b set webhook_url = 'https://b.example/h', name = 'Renamed' from ids where b.id = ids.buyer_id;
select is(o.secret, b.secret, 'make_secret: an edit of the buyer leaves it') from own o, before b;
with added as (insert into leadgen.buyers (name, email, phone) values ('New', 'new@b.example', '+15125550123') returning id)
select leadgen.set_webhook_secret(a.id, 'whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=', '0') from added a;
select is(s.secret, 'whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=', 'make_secret: one that is set in the same statement stays')
from leadgen.webhook_secrets s join leadgen.buyers b on b.id = s.buyer_id and b.name = 'New';
insert into leadgen.buyers (name, email, phone) values ('Twice', 'new@b.example', '+15125550123') on conflict do nothing;
select is(count(*), 3::bigint, 'make_secret: a buyer that there is already gets none') from leadgen.webhook_secrets;
delete from leadgen.buyers b where b.name = 'New';
select is(count(*), 2::bigint, 'a buyer that is deleted leaves no secret') from leadgen.webhook_secrets;
delete from leadgen.events;

-- rotate_webhook_secret.
create temp table first as select leadgen.rotate_webhook_secret(buyer_id) as secret from ids;
select is((o.secret, o.previous_secret, o.previous_secret_until), (f.secret::varchar, b.secret, '2026-11-21T16:00:00Z'::timestamptz),
  'rotated: the old secret signs beside the new one for a day')
from own o, first f, before b;
select isnt(f.secret, b.secret::text, 'the new one is another') from first f, before b;
select is(array_agg(format('%s %s', e.kind, e.facts ->> 'by')), array[format('secret_rotated %s', session_user)],
  'an event names who rotated the secret')
from leadgen.events e;
select is(testkit.fault_of(format('select leadgen.rotate_webhook_secret(%s)', buyer_id)), 'LG409 p_overlap',
  'a second click does not cut off the first secret')
from ids;
select testkit.at_time('2026-11-21T16:00:00Z');
select is(testkit.fault_of(format('select leadgen.rotate_webhook_secret(%s, ''1 hour'')', buyer_id)), 'none',
  'when the overlap is over, it may')
from ids;
select lives_ok(format('select leadgen.rotate_webhook_secret(%s, ''0'')', buyer_id), 'a secret that leaked: at once') from ids;
select is((o.previous_secret, o.previous_secret_until), (null::varchar, null::timestamptz), 'no previous secret stays valid')
from own o;
select is(testkit.fault_of(format('select leadgen.rotate_webhook_secret(%L, %L)', id, overlap)), fault,
  format('buyer %s, overlap %s', id, overlap))
from ids, lateral (values
  (0::bigint, '1 day'::interval, 'LG404 buyer_id'), (buyer_id, '-1 day', 'LG400 p_overlap'), (buyer_id, '31 days', 'LG400 p_overlap'),
  (buyer_id, null, 'LG400 p_overlap'), (null, '1 day', 'LG404 buyer_id')) as t (id, overlap, fault);

-- set_webhook_secret: as a rotation, to a secret from elsewhere.
create temp table rotated as select secret from own;
delete from leadgen.events;
select lives_ok(format('select leadgen.set_webhook_secret(%s, ''whsec_OTEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE='')', buyer_id),
  'set_webhook_secret: taken')
from ids;
select is((o.secret, o.previous_secret, o.previous_secret_until),
  ('whsec_OTEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE='::varchar, r.secret, '2026-11-22T16:00:00Z'::timestamptz),
  'set_webhook_secret: the old secret signs beside it for a day')
from own o, rotated r;
select lives_ok(format('select leadgen.set_webhook_secret(%s, ''whsec_OTEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE='')', buyer_id),
  'set_webhook_secret: the same call again is no fault')
from ids;
select is(array_agg(e.kind), '{secret_rotated}', 'set_webhook_secret: nor a second event') from leadgen.events e;
select is(testkit.fault_of(format('select leadgen.set_webhook_secret(%L, %L, %L)', id, secret, overlap)), fault, what)
from ids, lateral (values
  (buyer_id, 'whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=', '1 day', 'LG409 p_overlap', 'while an old secret signs'),
  (buyer_id, 'whsec_hush', '0', 'LG423 p_secret', 'no secret'), (buyer_id, null, '0', 'LG423 p_secret', 'null'),
  (buyer_id, 'whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=', '31 days', 'LG400 p_overlap', 'an overlap out of bounds'),
  (0, 'whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=', '0', 'LG404 buyer_id', 'no such buyer')
) as t (id, secret, overlap, fault, what);

-- set_webhook_header.
delete from leadgen.events;
select is(leadgen.set_webhook_header(buyer_id, name, value), names, what)
from ids, (values
  (1, 'X-Api-Key', 'hush', '{X-Api-Key}'::text[], 'a header'), (2, 'Authorization', 'Bearer hush', '{Authorization,X-Api-Key}', 'another'),
  (3, 'x-api-key', 'hush 2', '{Authorization,x-api-key}', 'in place of one that differs in case'),
  (4, 'x-api-key', 'hush 2', '{Authorization,x-api-key}', 'the same again'),
  (5, 'AUTHORIZATION', null, '{x-api-key}', 'removed'), (6, 'X-None', null, '{x-api-key}', 'one that is not there')
) as t (n, name, value, names, what);
select is(o.headers, '{"x-api-key": "hush 2"}', 'set_webhook_header: what is sent') from own o;
select is(array_agg(format('%s %s', e.kind, regexp_replace(e.message, '[0-9]+', 'N')) order by e.id), array[
  'secrets_changed buyer N: the webhook header X-Api-Key is set', 'secrets_changed buyer N: the webhook header Authorization is set',
  'secrets_changed buyer N: the webhook header x-api-key is set', 'secrets_changed buyer N: the webhook header AUTHORIZATION is removed'],
  'set_webhook_header: an event for each change')
from leadgen.events e;
select is(count(*), 0::bigint, 'no event has a secret in it') from leadgen.events e where e::text ~ 'hush|whsec_';
create temp table nineteen as
select leadgen.set_webhook_header(buyer_id, format('X-%s', n), 'a') as names from ids, generate_series(1, 19) n;
select is(max(array_length(names, 1)), 20, 'set_webhook_header: twenty headers') from nineteen;
select is(testkit.fault_of(format('select leadgen.set_webhook_header(%L, %L, %L)', id, name, value)), fault, what)
from ids, lateral (values
  (buyer_id, 'X-20', 'a', 'LG423 p_name', 'one more'), (buyer_id, 'X-19', 'b', 'none', 'another value for one of the twenty'),
  (buyer_id, 'Host', 'x', 'LG423 p_name', 'a header of ours'), (buyer_id, 'X-A', ' ', 'LG423 p_value', 'a blank value'),
  (0, 'X-A', 'a', 'LG404 buyer_id', 'no such buyer')
) as t (id, name, value, fault, what);

-- After a restore without them: a deploy makes new ones (sql/seeds/webhook_secrets.sql), and so does whoever sets one.
delete from leadgen.webhook_secrets;
select matches(leadgen.rotate_webhook_secret(buyer_id), '^whsec_', 'rotate_webhook_secret: of a buyer whose secret is lost') from ids;

-- A DBA writes them by these functions, and reads none.
grant select on ids to leadgen_dba;
set local role leadgen_dba;
select is(testkit.fault_of(format(sql, buyer_id)), 'none', format('DBA: %s', sql))
from ids, unnest(array['select leadgen.set_webhook_header(%s, ''X-A'', ''b'')', 'select leadgen.rotate_webhook_secret(%s, ''0'')',
  'select leadgen.set_webhook_secret(%s, ''whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE='', ''0'')',
  'select buyer_id, created_at, updated_at, previous_secret_until from leadgen.webhook_secrets']) sql;
select is(testkit.fault_of(sql), '42501', format('DBA: %s', sql))
from unnest(array['select * from leadgen.webhook_secrets', 'select secret from leadgen.webhook_secrets',
  'select previous_secret from leadgen.webhook_secrets', 'select headers from leadgen.webhook_secrets',
  'update leadgen.webhook_secrets set headers = ''{}''', 'delete from leadgen.webhook_secrets',
  'insert into leadgen.webhook_secrets (buyer_id, secret) values (1, ''x'')', 'select catalog.ensure_webhook_secrets(1)']) sql;
reset role;

select * from finish();
rollback;
