-- charge_quarantine, trace_payload, purge_quarantine, check_submission: what strangers send is bounded.
begin;
select plan(59);
select testkit.at_time('2026-11-20T16:00:00Z');
update leadgen.rate_limits set is_active = true;
update leadgen.rate_limits set amount = 1000, per_seconds = 1000 where name = 'quarantine_address';
update leadgen.rate_limits set amount = 1500, per_seconds = 1500 where name = 'quarantine_source';
create temp table ids as select testkit.make_offer() as offer_id;
create function pg_temp.lose(p_number integer, p_address text, p_length integer default 500) returns jsonb language sql as $$
  select leadgen.submit_lead(jsonb_build_object('name', 'Lost', 'message', rpad(p_number::text, p_length, '-')),
    jsonb_strip_nulls(jsonb_build_object('ip_address', p_address)))
$$;

-- Without a source, an address pays in bytes.
select is(pg_temp.lose(1, '2001:db8::1') ->> 'status', 'quarantined', 'the first fits');
select is(pg_temp.lose(2, '2001:db8::2') - 'retry_after', '{"status": "limited", "limit": "quarantine_address", "message": "No active '
  'source claims this lead, and its sender has too many in quarantine. It is not kept."}', 'its /64 has used up its bytes');
select is((pg_temp.lose(2, '2001:db8::2') ->> 'retry_after')::integer between 1 and 200, true, 'it hears when to try again');
select is(pg_temp.lose(1, '2001:db8::1') ->> 'status', 'quarantined', 'what is there already is counted, and costs nothing');
select is(q.times_seen, 2, 'twice') from leadgen.intake_quarantine q;
select is(pg_temp.lose(3, '2001:db8:0:1::1') ->> 'status', 'quarantined', 'another /64 has its own');
select is(pg_temp.lose(4, null) ->> 'status', 'quarantined', 'who has no address pays with everybody');
select is(pg_temp.lose(5, '192.0.2.1', 2000) ->> 'retry_after', '3600', 'more than fits into an empty bucket');
select testkit.at_time('2026-11-20T16:10:00Z');
select is(pg_temp.lose(2, '2001:db8::2') ->> 'status', 'quarantined', 'later it fits');
update leadgen.rate_limits set amount = 1 where name = 'quarantine';
select is(pg_temp.lose(6, '192.0.2.77') ->> 'limit', 'quarantine', 'all together are bounded, too');
update leadgen.rate_limits set amount = 500000000 where name = 'quarantine';
select testkit.at_time('2026-11-20T16:20:00Z');

-- A source pays for its own, whatever the address.
update leadgen.sources s set is_active = false from ids where s.offer_id = ids.offer_id;
create temp table own as select n, leadgen.submit_lead(testkit.given_lead(offer_id, jsonb_build_object('message', rpad('x', 500, 'x')), n),
  jsonb_build_object('ip_address', format('198.51.100.%s', n))) as answer from ids, generate_series(1, 3) n;
select is(array_agg(coalesce(answer ->> 'limit', answer ->> 'status') order by n), '{quarantined,quarantined,quarantine_source}',
  'leads of a source that is switched off') from own;
select is(count(*), 1::bigint, 'an event names the source') from leadgen.events e join ids using (offer_id)
  where e.kind = 'rate_exceeded';
update leadgen.sources s set is_active = true from ids where s.offer_id = ids.offer_id;
select is(leadgen.resubmit_quarantined((answer ->> 'quarantine_id')::bigint) ->> 'status', 'accepted', 'what is kept is resubmitted')
from own where n = 1;

-- Traces: an erasure finds a submission by them.
select is(intake.trace_payload(payload) && intake.trace_contact('jo@example.com', '+15125550123'), found, what)
from
  (values
    ('{"email": " JO@Example.com "}'::jsonb, true, 'e-mail'), ('{"phone": "(512) 555-0123"}', true, 'phone'),
    ('{"answers": [{"q": "mail", "a": "mailto:jo@example.com!"}]}', true, 'e-mail somewhere'),
    ('{"answers": ["call 512.555.0123 or so"]}', true, 'phone somewhere'), ('["1 512 555 0123"]', true, 'in a list'),
    (E'["\u0665\u0661\u0662 \u0665\u0665\u0665 \u0660\u0661\u0662\u0663"]', true, 'in Arabic digits'),
    ('["+1 1 (512) 555-0123 x4"]', true, 'with an extension'),
    ('{"country_code": "gb", "tel": "00 1 512 555 0123"}', true, 'dialled abroad'),
    ('{"text": "9915125550123"}', true, 'a number with more before it'),
    ('{"email": "bo@example.com", "phone": "5125550124"}', false, 'another person'), ('7', false, 'a number')
  ) t (payload, found, what);
-- What a trace found is looked at: no digit of another number right before or after.
select is(intake.is_submission_of(payload, null, phone, null), found, format('is_submission_of: %s in %s', phone, payload))
from
  (values
    ('{"order": "x5125550123000"}'::jsonb, '+15125550123', false), ('{"order": "9915125550123"}', '+15125550123', false),
    ('{"order": 25125550123}', '+15125550123', false), ('{"order": 15125550123}', '+15125550123', true),
    ('["tel5125550123, or later"]', '+15125550123', true), ('["from 5 512.555-0123 9"]', '+15125550123', true),
    ('["00 1 (512) 555 0123"]', '+15125550123', true), ('["+44 (0)20 7946 0958"]', '+442079460958', true),
    ('["+44 020 7946 0958"]', '+442079460958', true), (E'["020\u20137946\u20130958"]', '+442079460958', true),
    ('["1-800-FLOWERS"]', '+18003569377', true), ('["512 555 0123 x9"]', '+15125550123', true),
    ('["4930901820x"]', '+4790182', false),
    ('["00442079460958"]', '+442079460958', true), ('["02079460958"]', '+442079460958', true),
    ('["13800138000"]', '+8613800138000', true), ('["23800138000"]', '+8613800138000', false),
    ('["0151 23456789"]', '+4915123456789', true), ('["4930901820"]', '+4930901820', true),
    ('["4930901820"]', '', false), ('["4930901820"]', null, false), ('["4930901820"]', '+4790182', false)
  ) t (payload, phone, found);
select is(cardinality(intake.trace_payload(jsonb_build_object('n', rpad('1', 60000, '0123456789')))) < 100, true,
  'bounded, whatever comes');
create function pg_temp.seconds(p_digits integer) returns double precision language plpgsql as $$
declare
  v_start timestamptz := clock_timestamp();
begin
  perform intake.trace_payload(jsonb_build_object('n', rpad('1', p_digits, '0123456789')));
  return extract(epoch from clock_timestamp() - v_start);
end;
$$;
select cmp_ok(min(pg_temp.seconds(60000)), '<', 30 * min(pg_temp.seconds(6000)), 'ten times the digits take ten times as long')
from generate_series(1, 3);
select is(count(*), 0::bigint, 'every submission has its traces') from leadgen.intake_quarantine q where q.traces is null;
create function pg_temp.plan() returns setof text language plpgsql as $$
begin
  return query explain select t.id from leadgen.intake_quarantine t where t.traces && '{"\\x01"}'::bytea[];
end;
$$;
set local enable_seqscan = off;
select is(bool_or(p like '%idx_intake_quarantine_traces%'), true, 'by an index') from pg_temp.plan() p;
reset enable_seqscan;

-- Purged as the retention rule quarantine says, and said so.
select testkit.at_time(now() + interval '89 days');
select is(intake.purge_quarantine(), 0, 'nothing is old enough');
select testkit.at_time(now() + interval '91 days');
create temp table before as select count(*) filter (where resubmitted_at is null) as waiting from leadgen.intake_quarantine;
select is(leadgen.run_chore('forget_old'), true, 'the chore deletes');
select is(count(*), 0::bigint, 'all of it') from leadgen.intake_quarantine;
select is(format('%s %s', e.message, e.facts ->> 'submissions'), format('%s submissions deleted after 90 days in quarantine: no source '
  'claimed them %s', waiting, waiting), 'those that nobody resubmitted are counted') from leadgen.events e, before
  where e.kind = 'quarantine_purged';
select is(intake.purge_quarantine(), 0, 'a second purge finds nothing');

-- Attributes.
create function pg_temp.attributes(p_count integer, p_length integer) returns jsonb language sql as $$
  select jsonb_build_object('attributes', jsonb_object_agg(format('a%s', n), rpad('x', p_length, 'x')))
  from generate_series(1, p_count) n
$$;
select is(testkit.fault_of(format('select testkit.submit(%s, %L)', offer_id, pg_temp.attributes(count, length))), fault,
  format('%s attributes of %s', count, length))
from ids, (values (100, 1, 'none'), (101, 1, 'LG400 attributes'), (1, 16374, 'none'), (1, 16375, 'LG400 attributes'))
  as t (count, length, fault);
select is(l.submitted ? 'attributes' or l.attributes ->> 'job' <> 'drain', false, 'attributes are stored once')
from ids, lateral (select testkit.submit(offer_id, '{"attributes": {"job": "drain"}}', 77)) s (answer)
join leadgen.leads l on l.id = (s.answer ->> 'lead_id')::bigint;

select * from finish();
rollback;
