-- suppressed, by facts and against the list.
begin;
select plan(15);

select is(testkit.judge('{}', fields), expected::text[], fields::text)
from (values
  ('{"is_suppressed": false}'::jsonb, '{}'),
  ('{"is_suppressed": null}', '{}'),
  ('{"is_suppressed": true}', '{"suppressed phone, email"}'),
  ('{"is_suppressed": true, "name": null}', '{"field_required name","suppressed phone, email"}')
) as t (fields, expected);
select is(testkit.codes(rules.suppressed(testkit.facts('{"is_suppressed": true}'), 'null', '{}')),
  '{"suppressed phone, email"}', 'suppressed by itself');
select is(testkit.policy_fault('validation', '{"suppressed": false}'), 'LG423 rules.suppressed', 'no policy can turn it off');

create temp table ids as select testkit.make_offer() as offer_id;
select testkit.at_time('2026-11-20T16:00:00Z');
select leadgen.suppress('phone', '+1 (512) 555-0001', 'asked on the phone');
select leadgen.suppress('email', 'Person2@Example.com');
select leadgen.suppress('email_domain', 'COMPETITOR.example');
select leadgen.suppress('phone', '+15125550004', null, '2026-11-21T16:00:00Z');
select is(testkit.codes_of(testkit.submit(offer_id, fields, number)), expected::text[], said)
from ids, (values
  (1, '{}'::jsonb, '{"suppressed phone, email"}', 'by phone, however it is written'),
  (2, '{}', '{"suppressed phone, email"}', 'by e-mail'),
  (3, '{"email": "a@Competitor.example"}', '{"suppressed phone, email"}', 'by domain'),
  (6, E'{"phone": "512\\u200b 555\\u00a00001"}', '{"suppressed phone, email"}', 'by phone, with blanks that nobody sees in it'),
  (6, E'{"email": "per\\u200bson2@example.com"}', '{"suppressed phone, email"}', 'by e-mail, with a zero-width blank in it'),
  (5, '{"email": "a@mail.competitor.example"}', '{}', 'not by a domain below it'),
  (4, '{}', '{"suppressed phone, email"}', 'until a time: before it')
) as t (number, fields, expected, said);
select testkit.at_time('2026-11-21T16:00:00Z');
select is(testkit.codes_of(testkit.submit(offer_id, '{}', 4)), '{}', 'until a time: from then on it is let through') from ids;
select is((select count(*) from leadgen.leads l where l.offer_id = ids.offer_id and l.validation_reason is not null), 6::bigint,
  'the refused leads are kept') from ids;

select * from finish();
rollback;
