-- read_idempotency_key, derive_idempotency_key, repeat_answer: one key, one lead.
begin;
select plan(40);
select testkit.at_time('2026-11-20T16:00:00Z');

select is(intake.read_idempotency_key(payload, context), key, what)
from (values
  ('{}'::jsonb, '{}'::jsonb, null, 'no key'),
  ('{"idempotency_key": null}', '{}', null, 'null is no key'),
  ('{"idempotency_key": " "}', '{}', null, 'an empty text is no key'),
  ('{"idempotency_key": "k1"}', '{}', 'k1', 'in the body'),
  ('{}', '{"idempotency_key": "k1"}', 'k1', 'in the header'),
  ('{"idempotency_key": "k1"}', '{"idempotency_key": "k1"}', 'k1', 'the same in both'),
  ('{"idempotency_key": " k 1 "}', '{}', ' k 1 ', 'kept as it is'),
  (jsonb_build_object('idempotency_key', repeat('k', 128)), '{}', repeat('k', 128), '128 characters')
) as t (payload, context, key, what);
select is(testkit.fault_of(format('select intake.read_idempotency_key(%L, %L)', payload, context)), 'LG400 idempotency_key', what)
from (values
  ('{}'::jsonb, '{"idempotency_key": ""}'::jsonb, 'an empty header'),
  ('{}', jsonb_build_object('idempotency_key', repeat('k', 129)), '129 characters'),
  ('{}', jsonb_build_object('idempotency_key', repeat('k', 10240)), '10 kB'),
  ('{"idempotency_key": "a\nb"}', '{}', 'a line feed'),
  ('{"idempotency_key": "a\u007f"}', '{}', 'a delete character'),
  ('{"idempotency_key": "a"}', '{"idempotency_key": "b"}', 'two keys')
) as t (payload, context, what);

create temp table ids as select testkit.make_offer() as offer_id, testkit.make_offer() as other_offer_id;
select testkit.enroll_buyer(offer_id, 'Ace') from ids;
create temp table answers as
select n, leadgen.submit_lead(testkit.given_lead(offer_id), '{"idempotency_key": "k1"}') as answer from ids, generate_series(1, 3) n;
select is(again.answer - 'repeated', first.answer, format('the stored answer, time %s', again.n))
from answers again join answers first on first.n = 1 where again.n > 1;
select is(array_agg(answer -> 'repeated' order by n), '{NULL,true,true}', 'replays are marked') from answers;
select is((select count(*) from leadgen.leads l join ids using (offer_id)), 1::bigint, 'the same key makes one lead');
select is((select count(*) from leadgen.lead_assignments), 1::bigint, 'the same key is sold once');
select is((select count(*) from leadgen.deliveries), 1::bigint, 'the same key is delivered once');
select is(u.day_count, 1, 'the same key is counted once') from testkit.enrollment_usage u;

select is(testkit.submit(offer_id, '{"idempotency_key": "k1"}') ->> 'repeated', 'true', 'header or body, the same key and the same lead')
  from ids;
select is(testkit.fault_of(format('select testkit.submit(%s, %L)', offer_id, fields)), 'LG422 idempotency_key',
  format('another body: %s', fields - 'idempotency_key'))
from ids, (values
  ('{"idempotency_key": "k1", "message": "other"}'::jsonb), ('{"idempotency_key": "k1", "utm_source": "x"}'),
  ('{"idempotency_key": "k1", "consent": false}')
) as t (fields);
select is((select count(*) from leadgen.leads l join ids using (offer_id)), 1::bigint, 'a key used for another body stores nothing');
select is((testkit.submit(other_offer_id, '{"idempotency_key": "k1"}') ->> 'lead_id')::bigint > (a.answer ->> 'lead_id')::bigint, true,
  'the same key through another source is another lead') from ids, answers a where n = 1;

-- Without a key: the same person and wish on the market's same day are one lead.
create function pg_temp.derived(p_fields jsonb, p_at timestamptz default '2026-11-20T16:00:00Z') returns text language sql as $$
  select intake.derive_idempotency_key(intake.normalize_request(r, route), route, p_at, null)
  from ids, intake.read_request(testkit.given_lead(offer_id, p_fields), '{}') r, intake.find_route(r) route;
$$;
select matches(pg_temp.derived('{}'), '^auto:[0-9a-f]{64}$', 'derive_idempotency_key: auto and a SHA-256');
select is(pg_temp.derived(fields, at) = pg_temp.derived('{}'), same, format('derived key: %s', what))
from (values
  ('{"email": " PERSON1@example.com ", "phone": "(512) 555-0001", "postal_code": "78701-9999"}'::jsonb,
    '2026-11-20T16:00:00Z'::timestamptz, true,
    'the same contact, written otherwise'),
  ('{"utm_source": "google"}', '2026-11-20T16:00:00Z', true, 'what does not make another wish'),
  ('{"consent": false}', '2026-11-20T16:00:00Z', false, 'what a rule judges: who ticks the box sends another'),
  ('{}', '2026-11-21T05:59:59Z', true, 'until midnight in Austin'),
  ('{}', '2026-11-21T06:00:00Z', false, 'from midnight in Austin'),
  ('{"message": "my roof"}', '2026-11-20T16:00:00Z', false, 'another message'),
  ('{"attributes": {"job": "x"}}', '2026-11-20T16:00:00Z', false, 'other answers')
) as t (fields, at, same, what);
select is((testkit.submit(offer_id, fields, 7)) ->> 'repeated', repeated, what)
from ids, (values
  ('{}'::jsonb, null, 'a first lead without key'),
  ('{}', 'true', 'the same again'),
  ('{"utm_source": "google"}', 'true', 'again with another campaign: its first answer, no complaint')
) as t (fields, repeated, what);

-- A lead that failed validation has an answer too.
create temp table bad as select n, testkit.submit(offer_id, '{"name": "", "idempotency_key": "bad"}', 9) as answer
  from ids, generate_series(1, 2) n;
select is(b.answer, a.answer || '{"repeated": true}'::jsonb, 'a rejection is answered again as well') from bad a, bad b
where a.n = 1 and b.n = 2;
create function pg_temp.keyed(p_key text) returns intake.lead_request language sql as $$
  select jsonb_populate_record(null::intake.lead_request, jsonb_build_object('idempotency_key', p_key));
$$;
select is(intake.repeat_answer(l.id, l.request_hash, pg_temp.keyed('k')) ->> 'status', 'rejected', 'repeat_answer by itself')
from leadgen.leads l
  where l.idempotency_key = 'bad';

select * from finish();
rollback;
