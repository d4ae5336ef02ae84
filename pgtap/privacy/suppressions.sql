-- suppress, unsuppress, normalize_contact, hash_contact.
begin;
select plan(49);

select is(privacy.normalize_contact(kind, value), expected, format('normalize_contact: %s %s', kind, value))
from (values
  ('phone', ' +1 (512) 555-0123 ', '+15125550123'),
  ('phone', '+44 (0)20 7946 0958', '+442079460958'),
  ('phone', 'tel:+1-512-555-0123;ext=12', '+15125550123'),
  ('phone', E'\uff0b\uff11\u2013512\u2013555\u20130123', '+15125550123'),
  ('email', '  John@Bücher.example ', 'john@xn--bcher-kva.example'),
  ('email_domain', ' Bücher.EXAMPLE', 'xn--bcher-kva.example')
) as t (kind, value, expected);
select is(privacy.normalize_contact('phone', value, country), expected, format('normalize_contact: %s in %s', value, country))
from (values
  ('(615) 555-0142', 'US', '+16155550142'), ('1 615 555 0142', 'us', '+16155550142'), ('011 44 20 7946 0958', 'US', '+442079460958'),
  ('020 7946 0958', 'GB', '+442079460958'), ('447400123456', 'GB', '+447400123456'), ('1-800-FLOWERS', 'US', '+18003569377'),
  ('+44 20 7946 0958', 'US', '+442079460958')
) as t (value, country, expected);
select is(testkit.fault_of(format('select privacy.normalize_contact(%L, %L, %L)', kind, value, country)), expected,
  format('normalize_contact: %s %s in %s', kind, value, country))
from (values
  ('phone', '(615) 555-0142', 'GB', 'LG400 value'), ('phone', '(615) 555-0142', '', 'LG400 country_code'),
  ('phone', '(615) 555-0142', 'XX', 'LG400 country_code'), ('email', 'a@b.example', 'XX', 'LG400 country_code'),
  ('email', 'a@b.example', 'US', 'none')
) as t (kind, value, country, expected);
select is(testkit.fault_of(format('select leadgen.suppress(%L, %L)', kind, value)), expected, format('suppress: %s %s', kind, value))
from (values
  ('phone', '512 555 0123', 'LG400 value'),
  ('phone', '+1 512', 'LG400 value'),
  ('phone', repeat('+1 512 555 0123 ', 625), 'LG400 value'),
  ('phone', repeat('9', 10000), 'LG400 value'),
  ('phone', null, 'LG400 value'),
  ('email', 'john', 'LG400 value'),
  ('email', '@example.com', 'LG400 value'),
  ('email', null, 'LG400 value'),
  ('email_domain', 'localhost', 'LG400 value'),
  ('email_domain', 'a@example.com', 'LG400 value'),
  ('email_domain', '', 'LG400 value'),
  ('name', 'John', 'LG400 kind'),
  (null, 'John', 'LG400 kind'),
  ('phone', '+15125550123', 'none')
) as t (kind, value, expected);
select is(testkit.detail_of($$select leadgen.suppress('email', 'not-an-address')$$)::text ~ 'not-an-address', false,
  'an error does not repeat what may be personal');

select is(ref.hash_contact('email', 'a@b.example'), sha256('email:a@b.example'), 'hash_contact: kind and value');
select isnt(ref.hash_contact('phone', 'x'), ref.hash_contact('email', 'x'), 'hash_contact: one kind is not another');
select is(ref.hash_contact('phone', null), null, 'hash_contact: nothing of nothing');

select testkit.at_time('2026-11-20T16:00:00Z');
select is(testkit.fault_of($$select leadgen.suppress('phone', '+15125550123', 'x', '2026-11-20T16:00:00Z')$$), 'LG400 expires_at',
  'suppress: a time that has passed');
set local role leadgen_dba;
select lives_ok($$select leadgen.suppress('phone', '+15125550123', 'asked twice', '2026-11-20T16:00:01Z')$$,
  'a DBA may suppress a contact twice');
select lives_ok($$select leadgen.suppress('email', 'a@b.example')$$, 'a suppression may have no end');
select lives_ok($$select leadgen.suppress('phone', '(615) 555-0142', null, null, 'US')$$,
  'suppress: a number as it is dialled in its country');
select is(leadgen.unsuppress('phone', '615-555-0142', 'US'), true, 'unsuppress: a number as it is dialled in its country');
reset role;
select results_eq(
  $$select kind, reason, created_at, expires_at, created_by = session_user from leadgen.suppressions order by kind$$,
  $$values ('email', null, '2026-11-20T16:00:00Z'::timestamptz, null::timestamptz, true),
    ('phone', 'asked twice', '2026-11-20T16:00:00Z', '2026-11-20T16:00:01Z', true)$$,
  'one row a contact, with the last reason and time');
select is_empty($$select from leadgen.suppressions s where s::text ~ '5125550123|b\.example'$$, 'no contact is kept in the clear');

select is(leadgen.unsuppress('phone', '(615) 555-0142', 'US'), false, 'unsuppress: it was let through before');
select is(leadgen.unsuppress('phone', '+1 512 555 0123'), true, 'unsuppress: it was there');
select is(leadgen.unsuppress('phone', '+1 512 555 0123'), false, 'unsuppress: it is not any more');
select is(leadgen.unsuppress('email_domain', 'b.example'), false, 'unsuppress: the domain of a suppressed address is another thing');
select is(testkit.fault_of($$select leadgen.unsuppress('phone', '5125550123')$$), 'LG400 value', 'unsuppress: not a number');
set local role leadgen_api;
select throws_ok($$select leadgen.suppress('email', 'a@b.example')$$, '42501', null, 'the API may not suppress');
reset role;

select * from finish();
rollback;
