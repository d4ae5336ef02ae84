-- judge_answer, parse_reply, record_attempts: what an answer means, family by family, and what follows for delivery and sale.
begin;
select plan(105);
select testkit.at_time('2026-11-20T16:00:00Z');

-- judge_answer is pure.
select is(concat_ws('|', j.outcome, j.error_class, j.reason), wanted, format('judge_answer: %s %s', status, reply))
from (values
  (200, null, 'delivered'), (204, '', 'delivered'), (299, 'thanks', 'delivered'), (200, '{"status":"accepted"}', 'accepted'),
  (201, '{"status": " Accepted ", "id": 7}', 'accepted'), (200, '{"status":"rejected","reason":"duplicate"}', 'rejected|duplicate'),
  (200, '{"status":"rejected","reason":"  no \n roof  "}', 'rejected|no roof'), (200, '{"status":"rejected"}', 'rejected|'),
  (200, '{"status":"rejected","reason":{"a":1}}', 'rejected|'), (200, '{"status":"accepted"', 'delivered'),
  (200, '{"result":"accepted"}', 'delivered'), (200, '["accepted"]', 'delivered'), (200, '"rejected"', 'delivered'),
  (200, '{"status":["rejected"]}', 'delivered'),
  (200, '{"status": "accepted", "id": 1e131071}',
    'unknown|protocol|the answer could not be judged: it has a number of more than 40 digits, or with an exponent of three'),
  (200, '{"id": 1e131071}', 'delivered'), (200, '{"status": "accepted", "id": 1e1\u000031071}', 'delivered'),
  (200, 'status: "rejected"', 'delivered'),
  (200, '{"status":"rejected\u0000"}', 'rejected|'),
  (409, 'seen', 'delivered'), (409, '{"status":"rejected"}', 'delivered'), (410, 'gone', 'gone|gone|HTTP 410'),
  (301, null, 'failed|redirect|HTTP 301'), (307, '{"status":"accepted"}', 'failed|redirect|HTTP 307'),
  (400, 'no', 'failed|http_4xx|HTTP 400'),
  (404, '{"status":"accepted"}', 'failed|http_4xx|HTTP 404'), (408, null, 'failed|http_4xx|HTTP 408'),
  (429, null, 'failed|http_4xx|HTTP 429'),
  (500, null, 'failed|http_5xx|HTTP 500'), (503, 'later', 'failed|http_5xx|HTTP 503'), (599, null, 'failed|http_5xx|HTTP 599'),
  (100, null, 'failed|protocol|HTTP 100'), (999, null, 'failed|protocol|HTTP 999'), (null, null, 'failed|protocol|no status')
) as t (status, reply, wanted), outbox.judge_answer(status, reply, null) j;
select is(outbox.parse_reply(reply), wanted, format('parse_reply: %s', left(reply, 20)))
from (values ('{"a": 1}', '{"a": 1}'::jsonb), ('{"a": 1', null), ('', null), ('<html>', null), ('{"a":"\u0000"}', '{"a":""}'), (null, null),
  (repeat('[', 2000), null), (repeat('[', 500000), null), ('{"a": 1e999999}', null), ('{"a": 1e131071}', null),
  ('{"a": 1e1\u000031071}', null), ('{"a": "\ud800"}', null),
  ('{"a": "\u00zz"}', null)
  ) as t (reply, wanted);

-- A text in an answer is as long as its sender likes; response_rules were tried on 2,000 characters.
select is(outbox.cut_texts(body), wanted, format('cut_texts: %s', what))
from (values
  ('{"a": "x", "b": [1, {"c": null}]}'::jsonb, '{"a": "x", "b": [1, {"c": null}]}'::jsonb, 'what is short stays'),
  (jsonb_build_object('a', repeat('x', 3000), 'b', 1), jsonb_build_object('a', repeat('x', 2000), 'b', 1), 'a long text is cut'),
  (to_jsonb(repeat('x', 3000)), to_jsonb(repeat('x', 2000)), 'a text alone is cut'),
  (jsonb_build_object('a', jsonb_build_object('b', repeat('x', 3000))), jsonb_build_object('a', jsonb_build_object('b', repeat('x', 2000))),
    'a text in an object is cut'),
  (jsonb_build_object('a', jsonb_build_array(repeat('x', 3000), 1)), jsonb_build_object('a', jsonb_build_array(repeat('x', 2000))),
    'of a list the first entry stays'),
  (jsonb_build_array(repeat('x', 1500), repeat('y', 400), repeat('z', 400)), jsonb_build_array(repeat('x', 1500), repeat('y', 400)),
    'a list ends where its entries have 2,000 characters'),
  (format('%s"%s"%s', repeat('[', 30), repeat('x', 3000), repeat(']', 30))::jsonb,
    format('%snull%s', repeat('[', 20), repeat(']', 20))::jsonb,
    'what is nested in 20 others is left out')
) as t (body, wanted, what);
select is(outbox.cut_texts(null), null, 'cut_texts: no JSON');
select is((outbox.judge_answer(200, reply, catalog.compile_response_rules('[
  {"when": {"body.list.note": {"pattern": "far"}}, "outcome": "refused"},
  {"when": {"body.list.note": {"pattern": "near"}}, "outcome": "failed"}]'))).outcome, wanted, format('judge_answer: %s', what))
from (values
  (format('{"list": [{"note": "near"}, {"note": "%s"}, {"note": "far"}]}', repeat('x', 1980)), 'failed',
    'an entry far down is not looked at'),
  (format('{"list": [{"note": "near"}, {"note": "far"}], "other": "%s"}', repeat('x', 9000)), 'refused',
    'a long text beside does not matter'),
  (format('{"list": {"note": "%s near"}}', repeat('x', 1995)), 'failed', 'a text is looked at to its 2,000th character'),
  (format('{"list": {"note": "%s far"}}', repeat('x', 1998)), 'delivered', 'what comes after is not looked at')
) as t (reply, wanted, what);
create temp table pacing as select clock_timestamp() as begun;
select is((outbox.judge_answer(200, format('{"x": "%s"}', repeat('a', 60000)), catalog.compile_response_rules('[
  {"when": {"body.x": {"pattern": "(?=.*b)(?=.*c)"}}, "outcome": "failed"}]'))).outcome, 'delivered',
  'judge_answer: a look-ahead from every character of a long text');
select cmp_ok(clock_timestamp() - begun, '<', interval '2 seconds', 'judge_answer: it holds up nobody') from pacing;

-- A buyer's own rules, the first that holds.
create temp table ids as select testkit.make_offer('{"duplicate_window_hours": 0}') as offer_id,
  testkit.new_buyer('Webb') as buyer_id;
select testkit.enroll(offer_id, jsonb_build_object('buyer_id', buyer_id)) from ids;
update leadgen.buyers b set response_rules = '[
  {"when": {"status": {"enum": [200]}, "body.result": {"enum": ["error"]}}, "outcome": "failed", "reason": "says error"},
  {"when": {"body.result": {"enum": ["dup"]}}, "outcome": "rejected", "reason": "duplicate"},
  {"when": {"text": {"pattern": "(?i)thank you"}}, "outcome": "accepted"},
  {"when": {"status": {"minimum": 500}}, "outcome": "refused", "reason": "broken for good"},
  {"when": {"status": {"enum": [410]}}, "outcome": "delivered"}]'
from ids where b.id = ids.buyer_id;
select is(concat_ws('|', j.outcome, j.error_class, j.reason), wanted, format('judge_answer, by rules: %s %s', status, reply))
from (values
  (200, '{"result": "error"}', 'failed|says error'), (201, '{"result": "error"}', 'delivered'),
  (200, '{"result": "dup"}', 'rejected|duplicate'),
  (200, '<b>Thank you</b>', 'accepted|by the buyer''s response_rules'), (500, null, 'refused|http_5xx|broken for good'),
  (410, null, 'delivered|by the buyer''s response_rules'), (200, '{"result": "error"', 'delivered'),
  (200, '{"status":"rejected"}', 'rejected|'),
  (404, '', 'failed|http_4xx|HTTP 404'), (200, '[1]', 'delivered'), (200, null, 'delivered')
) as t (status, reply, wanted)
cross join ids join leadgen.buyers b on b.id = ids.buyer_id
cross join lateral outbox.judge_answer(status, reply, b.compiled_response_rules) j;

-- The same through the outbox: what becomes of the delivery, what is logged, what becomes of the sale.
create function pg_temp.fate(p_number integer, p_result jsonb, p_retries integer default 3) returns text language plpgsql as $$
declare
  v_told text;
begin
  update leadgen.endpoints set failures_in_a_row = 0, retry_at = null, disabled_at = null, disabled_reason = null, last_failure_at = null;
  perform testkit.submit(offer_id, '{}', p_number) from ids;
  v_told := testkit.answer(p_result, 'webhook', p_retries);
  return format('%s / %s', v_told,
    ( select format('%s / %s', concat_ws(' ', t.outcome, t.status_code, t.error_class), a.outcome) from leadgen.deliveries d
      join leadgen.lead_assignments a on a.id = d.assignment_id join leadgen.delivery_attempts t on t.delivery_id = d.id
        order by t.id desc limit 1));
end;
$$;
update leadgen.buyers set response_rules = null;
update leadgen.settings set slow_retry_seconds = '{}';
select is(pg_temp.fate(n, result, retries), wanted, format('%s', result))
from (values
  (1, '{"outcome": "answered", "status_code": 204}'::jsonb, 3, 'delivered, delivered / delivered 204 / accepted'),
  (2, '{"outcome": "answered", "status_code": 409, "reply": "seen"}', 3, 'delivered, delivered / delivered 409 / accepted'),
  (3, '{"outcome": "answered", "status_code": 302}', 3, 'pending, failed, HTTP 302 / failed 302 redirect / pending'),
  (4, '{"outcome": "answered", "status_code": 302}', 0, 'dead, failed, HTTP 302 / failed 302 redirect / failed'),
  (5, '{"outcome": "answered", "status_code": 404}', 3, 'pending, failed, HTTP 404 / failed 404 http_4xx / pending'),
  (6, '{"outcome": "answered", "status_code": 503, "retry_after_seconds": 90}', 3,
  'pending, failed, HTTP 503 / failed 503 http_5xx / pending'),
  (7, '{"outcome": "failed", "error": "cannot connect", "error_class": "connect"}', 0,
  'dead, failed, cannot connect / failed connect / failed'),
  (8, '{"outcome": "unknown", "error": "no answer", "error_class": "timeout"}', 3,
  'pending, unknown, no answer / unknown timeout / pending'),
  (9, '{"outcome": "unknown", "error": "no answer", "error_class": "timeout"}', 0,
  'unknown, unknown, no answer / unknown timeout / unknown'),
  (10, '{"outcome": "refused", "error": "bad URL", "error_class": "message"}', 3, 'dead, refused, bad URL / refused message / failed'),
  (11, '{"outcome": "answered", "status_code": 410}', 0, 'pending, gone, HTTP 410 / refused 410 gone / pending'),
  (12, '{"outcome": "answered", "status_code": 200, "reply": "{\"status\":\"accepted\"}"}', 3,
  'delivered, accepted / delivered 200 / accepted'),
  (13, '{"outcome": "answered", "status_code": 200, "reply": "{\"status\":\"rejected\",\"reason\":\"duplicate\"}"}', 3,
    'delivered, rejected, duplicate / delivered 200 / delivered')
) as t (n, result, retries, wanted);
select is(d.next_attempt_at, '2026-11-20T16:01:30Z'::timestamptz, 'Retry-After is honoured') from leadgen.deliveries d
join leadgen.delivery_attempts t on t.delivery_id = d.id and t.status_code = 503;
select is(e.disabled_reason, null, 'an endpoint that got through is not disabled') from leadgen.endpoints e join ids using (buyer_id)
where e.channel = 'webhook';
select is(array_agg(concat_ws(' ', r.status, r.via, r.reason_code, coalesce(r.note, '-'))), '{"received reply duplicate duplicate"}',
  'note_rejections: a rejection waits for settle_return') from leadgen.sale_returns r;

-- Rejections: a code that there is, words, once a sale; and what they are not.
select is(pg_temp.fate(14, '{"outcome": "answered", "status_code": 200,
  "reply": "{\"status\":\"rejected\",\"reason\":\"call john@b.example or +1 512 555 0123\"}"}'),
  'delivered, rejected, call john@b.example or +1 512 555 0123 / delivered 200 / delivered', 'rejected in words');
select is(format('%s: %s', r.reason_code, r.note), 'rejected_on_delivery: call [e-mail] or [number]', 'kept without addresses')
from leadgen.sale_returns r order by r.id desc limit 1;
select is(pg_temp.fate(16, '{"outcome": "answered", "status_code": 200,
  "reply": "{\"status\":\"rejected\",\"reason\":\"JOHN SMITH is our customer already\"}"}') is not null, true, 'rejected with a name');
select is(format('%s: %s', r.reason_code, r.note), 'rejected_on_delivery: [personal] is our customer already',
  'a reply is kept without the person')
from leadgen.sale_returns r order by r.id desc limit 1;
select lives_ok($$select roads.note_rejections(array(
  select jsonb_populate_record(null::outbox.verdict, jsonb_build_object(
    'assignment_id', a.id, 'status', 'delivered', 'outcome', 'rejected', 'reason', 'duplicate'))
  from (select max(s.id) as id from leadgen.lead_assignments s union all select 0 union all select null) a), leadgen.clock())$$,
  'note_rejections: a second time and of no sale nothing happens');
select is(count(*), 3::bigint, 'note_rejections: once a sale') from leadgen.sale_returns r;
update leadgen.buyers b set response_rules = '[{"when": {"status": {"enum": [200]}}, "outcome": "failed", "reason": "never"}]'
from ids where b.id = ids.buyer_id;
select is(pg_temp.fate(15, '{"outcome": "answered", "status_code": 200, "reply": "fine"}', 0),
  'dead, failed, never / failed 200 / failed', 'a 200 that the buyer''s rules call a failure');
select is(e.failures_in_a_row, 0, 'a rejection is no fault of the endpoint') from leadgen.endpoints e join ids using (buyer_id)
  where e.channel = 'webhook';

-- Acceptance by the reply.
create temp table explicit as select testkit.make_offer('{"duplicate_window_hours": 0}',
  '{"acceptance": {"mode": "explicit", "window_hours": 1}}') as offer_id;
select testkit.enroll_buyer(offer_id, 'Both') from explicit;
create function pg_temp.state() returns text language sql as $$
  select format('%s %s', l.status, a.outcome) from leadgen.leads l join leadgen.lead_assignments a on a.lead_id = l.id
    order by a.id desc limit 1;
$$;
select testkit.submit(offer_id, '{}', 20) from explicit;
select is(testkit.answer('{"outcome": "answered", "status_code": 200}'), 'delivered, delivered', 'explicit: delivered');
select is(pg_temp.state(), 'delivered delivered', 'explicit: a delivered sale is not accepted yet');
select testkit.submit(offer_id, '{}', 21) from explicit;
select is(testkit.answer('{"outcome": "delivered"}', 'email'), 'delivered, delivered', 'explicit: by e-mail first');
select is(testkit.answer('{"outcome": "answered", "status_code": 200, "reply": "{\"status\":\"accepted\"}"}'), 'delivered, accepted',
  'explicit: a webhook''s reply accepts after the e-mail');
select is(pg_temp.state(), 'accepted accepted', 'the sale is accepted');
select is(a.delivered_at is not null and a.accepted_at is not null and a.release_due_at is null, true, 'an accepted sale has its times')
from leadgen.lead_assignments a order by a.id desc limit 1;
select testkit.submit(offer_id, '{}', 22) from explicit;
select testkit.at_time('2026-11-20T17:00:00Z');
select is(testkit.answer('{"outcome": "answered", "status_code": 200, "reply": "{\"status\":\"accepted\"}"}'), 'delivered, accepted',
  'accepted when the time to answer is over');
select is(pg_temp.state(), 'delivered delivered', 'is too late: it lapses');
select is(count(*), 0::bigint, 'the invariants hold') from leadgen.list_broken_invariants();

select * from finish();
rollback;
