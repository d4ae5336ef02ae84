-- record_mail_domain, find_mail_status, find_domain_to_look_up, and the road of a lead whose domain is not known.
begin;
select plan(45);

select is(testkit.fault_of(format('select leadgen.record_mail_domain(%L, %L)', domain, status)), expected,
  format('record_mail_domain: %s %s', domain, status))
from (values
  ('example.com', 'has_mail', 'none'),
  ('no.example', 'no_mail', 'none'),
  ('Bücher.Example', 'unknown', 'none'),
  ('example.com', 'maybe', 'LG400 status'),
  ('example.com', null, 'LG400 status'),
  ('localhost', 'has_mail', 'LG400 domain'),
  ('a@example.com', 'has_mail', 'LG400 domain'),
  (format('%scom', repeat('a.', 200)), 'has_mail', 'LG400 domain'),
  ('', 'has_mail', 'LG400 domain'),
  (null, 'has_mail', 'LG400 domain')
) as t (domain, status, expected);
select results_eq('select domain, status from leadgen.mail_domains order by domain',
  $$values ('example.com', 'has_mail'), ('no.example', 'no_mail'), ('xn--bcher-kva.example', 'unknown')$$, 'domains are kept in ASCII');
delete from leadgen.mail_domains;

select testkit.at_time('2026-11-20T16:00:00Z');
select leadgen.record_mail_domain('has.example', 'has_mail');
select leadgen.record_mail_domain('no.example', 'no_mail');
select leadgen.record_mail_domain('unknown.example', 'unknown');
select is(ref.find_mail_status(domain, at), expected, format('find_mail_status: %s at %s', domain, at))
from (values
  ('has.example', '2026-11-20T16:00:00Z'::timestamptz, 'has_mail'),
  ('has.example', '2026-11-21T15:59:59Z', 'has_mail'),
  ('has.example', '2026-11-21T16:00:00Z', null),
  ('no.example', '2026-11-21T15:59:59Z', 'no_mail'),
  ('no.example', '2026-11-21T16:00:00Z', null),
  ('unknown.example', '2026-11-20T16:00:59Z', 'unknown'),
  ('unknown.example', '2026-11-20T16:01:00Z', null),
  ('other.example', '2026-11-20T16:00:00Z', null),
  (null, '2026-11-20T16:00:00Z', null)
) as t (domain, at, expected);

-- What a resolver did not say does not overrule what it said.
select testkit.at_time('2026-11-20T17:00:00Z');
select leadgen.record_mail_domain('has.example', 'unknown');
select is(ref.find_mail_status('has.example', leadgen.clock()), 'has_mail', 'no answer leaves an answer that is believed');
select leadgen.record_mail_domain('has.example', 'no_mail');
select is(ref.find_mail_status('has.example', leadgen.clock()), 'no_mail', 'a new answer replaces it');
select leadgen.record_mail_domain('unknown.example', 'has_mail');
select is(ref.find_mail_status('unknown.example', leadgen.clock()), 'has_mail', 'an answer replaces no answer');
select testkit.at_time('2026-11-21T17:00:00Z');
select leadgen.record_mail_domain('has.example', 'unknown');
select is(ref.find_mail_status('has.example', leadgen.clock()), 'unknown', 'an answer out of date is replaced by none');

-- Old rows go, two a call.
insert into leadgen.mail_domains
select format('old%s.example', n), 'no_mail', timestamptz '2026-10-01' + n * interval '1 hour' from generate_series(1, 3) n;
insert into leadgen.mail_domains values ('young.example', 'no_mail', timestamptz '2026-11-21T17:00:00Z' - interval '30 days');
select leadgen.record_mail_domain('new.example', 'has_mail');
select bag_eq($$select domain from leadgen.mail_domains where domain ~ '^(old|young)'$$, $$values ('old3.example'), ('young.example')$$,
  'the two oldest of more than 30 days are gone');
select leadgen.record_mail_domain('new.example', 'has_mail');
select bag_eq($$select domain from leadgen.mail_domains where domain ~ '^(old|young)'$$, $$values ('young.example')$$,
  'the next call takes the third');

set local role leadgen_api;
select lives_ok($$select leadgen.record_mail_domain('api.example', 'has_mail')$$, 'the API may record');
select throws_ok('select from leadgen.mail_domains', '42501', null, 'the API may not read the table of domains');
reset role;

-- find_domain_to_look_up.
select is(
  intake.find_domain_to_look_up(testkit.facts(fields),
    jsonb_populate_record(null::catalog.route, jsonb_build_object('validation_rules', rules)), context),
  expected,
  format('find_domain_to_look_up: %s %s %s', rules, context, fields))
from (values
  ('{"mx_lookup_enabled": true}'::jsonb, '{"can_look_up_mail": true}'::jsonb, '{}'::jsonb, 'example.com'),
  ('{"mx_lookup_enabled": true}', '{}', '{}', null),
  ('{"mx_lookup_enabled": true}', '{"can_look_up_mail": false}', '{}', null),
  ('{"mx_lookup_enabled": false}', '{"can_look_up_mail": true}', '{}', null),
  ('{}', '{"can_look_up_mail": true}', '{}', null),
  ('{"mx_lookup_enabled": true}', '{"can_look_up_mail": true}', '{"email": "a@new.example", "email_domain": "new.example"}', null),
  ('{"mx_lookup_enabled": true}', '{"can_look_up_mail": true}', '{"email": "a b@x.example", "email_domain": "x.example"}', null),
  ('{"mx_lookup_enabled": true}', '{"can_look_up_mail": true}', '{"email": null, "email_domain": null}', null)
) as t (rules, context, fields, expected);

-- The road.
create temp table ids as select testkit.make_offer('{"mx_lookup_enabled": true, "mx_unknown": "fail"}') as offer_id;
create temp table sent as select testkit.given_lead(offer_id, '{"email": "p@Neu.example"}') as payload from ids;
select is(leadgen.submit_lead(payload, '{"can_look_up_mail": true}'), '{"status": "lookup", "domain": "neu.example"}',
  'who can look up is told the domain') from sent;
select is_empty('select from leadgen.leads l join ids using (offer_id)', 'a lead that waits for a look-up is not stored');
select leadgen.record_mail_domain('neu.example', 'has_mail');
select is(leadgen.submit_lead(payload, '{"can_look_up_mail": true}') ->> 'status', 'accepted', 'with the answer the lead goes through')
from sent;
select is(testkit.codes_of(testkit.submit(offer_id, '{"email": "p@unheard.example"}', 2)), '{email_no_mx email}',
  'who cannot look up has it judged as unknown') from ids;
select leadgen.record_mail_domain('none.example', 'no_mail');
select is(testkit.codes_of(testkit.submit(offer_id, '{"email": "p@none.example"}', 3)), '{email_no_mx email}', 'a domain without mail')
from ids;
select is(testkit.fault_of(format('select leadgen.submit_lead(%L, %L)', payload, '{"can_lookup": true}')), 'LG400',
  'a context key that nothing reads is refused') from sent;

-- From quarantine it goes through without a lookup, for the operator who resubmits it cannot make one.
update leadgen.offers o set is_active = false from ids where o.id = ids.offer_id;
create temp table waiting as
select (leadgen.submit_lead(payload || '{"email": "p@waiting.example", "phone": "512 555 0199"}'::jsonb, context)
  ->> 'quarantine_id')::bigint as id
from sent, unnest('{"{\"can_look_up_mail\": true}", "{}"}'::jsonb[]) context;
select is((select count(distinct id) from waiting), 1::bigint, 'with and without the key it is one submission');
update leadgen.offers o set is_active = true from ids where o.id = ids.offer_id;
select is(testkit.codes_of(leadgen.resubmit_quarantined(id)), '{email_no_mx email}', 'resubmitted, it is judged as it is')
from waiting order by id limit 1;
select isnt((select q.lead_id from leadgen.intake_quarantine q where q.id = w.id), null, 'a resubmitted submission becomes a lead')
from waiting w order by w.id limit 1;

select * from finish();
rollback;
