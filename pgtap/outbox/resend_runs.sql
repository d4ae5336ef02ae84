-- start_resend, advance_resend, cancel_resend: throttled, resumable, cancellable, asked for twice it is one, and on record.
begin;
select plan(79);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table ids as select testkit.make_offer('{"duplicate_window_hours": 0}', '{"max_buyers": 2}') as offer_id;
create temp table seats as select name, testkit.enroll(offer_id, jsonb_build_object('buyer_id', testkit.new_buyer(name,
  jsonb_build_object('webhook_url', format('https://%s.example/hook', lower(name)))))) as seat_id
  from ids, unnest('{Ace,Best}'::text[]) name;
create temp view ace as select testkit.buyer_of(seat_id) as id from seats where name = 'Ace';
create function pg_temp.finish(p_outcome text) returns bigint language sql as $$
  select count(*)
  from (select jsonb_agg(jsonb_build_object('delivery_id', c.delivery_id, 'lease_token', c.lease_token, 'started_at', leadgen.clock(),
    'latency_ms', 1,
      'outcome', case c.channel when 'webhook' then p_outcome else 'delivered' end)) as results
    from leadgen.claim_deliveries('w', '{"webhook": 1000, "email": 1000}', '30 seconds') c) x,
      leadgen.record_attempts(x.results, 0, '1 second') r;
$$;
create function pg_temp.sell(p_from integer, p_to integer, p_outcome text) returns void language sql as $$
  -- Sells leads to both buyers; every webhook ends so, every e-mail gets through.
  select testkit.submit(offer_id, '{}', n) from ids, generate_series(p_from, p_to) n;
  select pg_temp.finish(p_outcome);
$$;
create function pg_temp.show(p_id bigint) returns text language sql as $$
  select concat_ws(' ', r.status, r.resent, r.skipped, r.skipped_for) from leadgen.resends r where r.id = p_id;
$$;
create function pg_temp.work() returns integer language plpgsql as $$
declare
  v_steps integer := 0;
begin
  while leadgen.advance_resend() is not null loop
    v_steps := v_steps + 1;
  end loop;
  return v_steps;
end;
$$;
update leadgen.settings set slow_retry_seconds = '{}';

-- read_resend_filter.
select is(testkit.fault_of(format('select leadgen.start_resend(%L)', filter)), fault, format('%s', coalesce(filter::text, 'nothing')))
from ace, lateral (values
  (null::jsonb, 'LG400 filter'),
  ('[]', 'LG400 filter'),
  ('"dead"', 'LG400 filter'),
  ('{"buyer": 1}', 'LG400 filter.buyer'),
  ('{"": 1}', 'LG400 filter.'),
  ('{"buyer_id": 0}', 'LG400 filter.buyer_id'),
  ('{"buyer_id": "x"}', 'LG400 filter.buyer_id'),
  ('{"buyer_id": 1e400}', 'LG400 filter.buyer_id'),
  ('{"from": "yesterday"}', 'LG400 filter.from'),
  ('{"to": "2026-13-01T00:00:00Z"}', 'LG400 filter.to'),
  ('{"from": "2026-11-20T00:00:00"}', 'LG400 filter.from'),
  ('{"from": "2026-11-20T00:00:00Z", "to": "2026-11-20T00:00:00Z"}', 'LG400 filter.to'), ('{"statuses": "dead"}', 'LG400 filter.statuses'),
  ('{"statuses": []}', 'LG400 filter.statuses'),
  ('{"statuses": ["pending"]}', 'LG400 filter.statuses'),
  ('{"statuses": ["dead", null]}', 'LG400 filter.statuses'),
  ('{"statuses": ["delivered"]}', 'LG400 filter.statuses'),
  (jsonb_build_object('statuses', '{delivered}'::text[], 'buyer_id', ace.id), 'LG400 filter.statuses'),
  ('{"statuses": ["delivered"], "from": "2026-11-20T00:00:00Z", "to": "2026-11-21T00:00:00Z"}', 'LG400 filter.statuses'),
  ('{"per_minute": 0}', 'LG400 filter.per_minute'),
  ('{"per_minute": 60001}', 'LG400 filter.per_minute'),
  ('{"per_minute": 1.5}', 'LG400 filter.per_minute'),
  ('{"per_minute": "fast"}', 'LG400 filter.per_minute'), ('{"per_minute": 1e9}', 'LG400 filter.per_minute')
) as t (filter, fault);
select throws_like($$select leadgen.start_resend('{"buyerid": 1}')$$, 'Unknown key buyerid%', 'an unknown key is named');
select is(testkit.fault_of(format('select leadgen.start_resend(''{}'', %L)', key)), 'LG400 request_key', format('a key %s', left(key, 20)))
from unnest(array['', repeat('a', 129), E'a\nb']) key;
select is(count(*), 0::bigint, 'a refused run is not kept') from leadgen.resends;
select
    is(
        (f.buyer_id, f.created_from, f.created_to, f.statuses, f.per_minute)::text,
        '(,,,{dead},600)',
        'read_resend_filter: all dead letters'
    )
from outbox.read_resend_filter('{}') f;
select is((f.buyer_id = ace.id, f.created_from, f.created_to, f.statuses, f.per_minute)::text,
  '(t,"2026-11-20 00:00:00+00","2026-11-21 00:00:00+00","{delivered,unknown,dead}",60)', 'read_resend_filter: a buyer''s day')
from ace, outbox.read_resend_filter(jsonb_build_object('buyer_id', ace.id, 'from', '2026-11-20T00:00:00Z', 'to', '2026-11-21T00:00:00Z',
  'statuses', '{dead,unknown,delivered,dead}'::text[], 'per_minute', 60)) f;
select is(leadgen.advance_resend(), null, 'advance_resend: nothing to do');

-- All dead letters, one a second.
select pg_temp.sell(1, 3, 'refused');
create temp table all_dead as select leadgen.start_resend('{"per_minute": 60}') as id;
select
    is(
        (r.created_by, r.last_id, r.cursor_id, r.per_minute)::text,
        format('(%s,%s,0,60)', session_user, (select max(d.id) from leadgen.deliveries d)),
        'a run is recorded with who began it'
    )
from all_dead join leadgen.resends r using (id);
select is(leadgen.start_resend('{"per_minute": 6000}'), id, 'start_resend: the same deliveries, while it runs: the same resend run')
from all_dead;
select pg_temp.sell(4, 4, 'refused');
select is(leadgen.advance_resend(), id, 'advance_resend: a step') from all_dead;
select is(pg_temp.show(id), 'running 1 0 {}', 'the first step sends one delivery') from all_dead;
select is(array_agg(format('%s %s %s', d.status, d.resend_id, d.attempts_before)), array[format('pending %s 1', a.id)],
  'the delivery is pending and belongs to the run')
from leadgen.deliveries d, all_dead a
where d.resend_id is not null group by a.id;
select is(leadgen.advance_resend(), null, 'a second must pass');
select testkit.at_time('2026-11-20T16:00:00.999Z');
select is(leadgen.advance_resend(), null, 'a step waits until a whole delivery is due');
select testkit.at_time('2026-11-20T16:00:01Z');
select is(leadgen.advance_resend(), id, 'the next delivery is sent a second later') from all_dead;
select is(pg_temp.show(id), 'running 2 0 {}', 'the next step sends one more') from all_dead;
select testkit.at_time('2026-11-20T16:00:04.5Z');
select is(leadgen.advance_resend(), id, 'a late step takes the share of the time since') from all_dead;
select is(pg_temp.show(id), 'running 5 0 {}', 'a later step sends what the time since allows') from all_dead;
select testkit.at_time('2026-11-20T17:00:00Z');
select is(leadgen.advance_resend(), id, 'the rest is sent an hour later') from all_dead;
select is(pg_temp.show(id), 'done 6 0 {}', 'up to the last delivery there was when it was asked for') from all_dead;
select is(leadgen.advance_resend(), null, 'advance_resend: the run is done');
select is(r.finished_at, '2026-11-20T17:00:00Z', 'a run says when it was done') from all_dead join leadgen.resends r using (id);
select is(leadgen.cancel_resend(id), false, 'cancel_resend: it has ended') from all_dead;
select is(pg_temp.finish('delivered'), 6::bigint, 'the run''s deliveries are sent');
select is(count(*), 2::bigint, 'a delivery that died after the start stays dead') from leadgen.deliveries d where d.status = 'dead';
select is(count(*), 0::bigint, 'the invariants hold') from leadgen.list_broken_invariants();

-- A pace has a debt of ten seconds at most; a step does not look at more than it may.
select pg_temp.sell(5, 20, 'unknown');
create temp table slow as select leadgen.start_resend('{"statuses": ["unknown"], "per_minute": 60}') as id;
select testkit.at_time('2026-11-20T18:00:00Z');
select is(leadgen.advance_resend(), id, 'a run that nobody advanced for an hour goes on') from slow;
select is(pg_temp.show(id), 'running 11 0 {}', 'a slow run sends its share of ten seconds and one') from slow;

-- Cancelled: what is queued stays queued, the rest stays as it is.
select is(leadgen.cancel_resend(id), true, 'cancel_resend') from slow;
select
    is(
        (r.status, r.cancelled_by, r.finished_at)::text,
        format('(cancelled,%s,"2026-11-20 18:00:00+00")', session_user),
        'a cancelled run says who cancelled it'
    )
from slow
join leadgen.resends r using (id);
select is(leadgen.cancel_resend(id), false, 'cancel_resend: twice') from slow;
select testkit.at_time('2026-11-20T18:10:00Z');
select is(leadgen.advance_resend(), null, 'a cancelled run has no further step');
select is(pg_temp.finish('delivered'), 11::bigint, 'what a cancelled run had queued is sent');
select is(testkit.fault_of('select leadgen.cancel_resend(0)'), 'LG404 resend_id', 'cancel_resend: no such resend run');

-- A key names a wish for ever.
create temp table keyed as select leadgen.start_resend('{"statuses": ["unknown"], "per_minute": 60000}', 'monday') as id;
select is(leadgen.start_resend('{"statuses": ["unknown"], "per_minute": 60000}', 'monday'), id, 'the same key: the same resend run')
from keyed;
select is(leadgen.start_resend('{"statuses": ["unknown"]}', 'tuesday'), id, 'another key for the same request returns the running one')
from keyed;
select testkit.at_time('2026-11-20T18:10:05Z');
select is(pg_temp.work(), 1, 'a fast run needs one step') from keyed;
select is(pg_temp.show(id), 'done 21 0 {}', 'a fast run sends all that was left') from keyed;
select is(leadgen.start_resend('{"statuses": ["unknown"], "per_minute": 60000}', 'monday'), id, 'done, it is still the same') from keyed;
select
    is(
        testkit.fault_of('select leadgen.start_resend(''{"statuses": ["dead"]}'', ''monday'')'),
        'LG409 request_key',
        'a key is not for two wishes'
    );
select isnt(leadgen.start_resend('{"statuses": ["unknown"]}'), id, 'a request without a key is a new run') from keyed;
select is(pg_temp.work(), 1, 'a run that finds nothing ends');
select is(pg_temp.finish('delivered'), 21::bigint, 'all of the run is delivered');

-- Passed over: counted by reason, at no cost of pace.
select pg_temp.sell(31, 35, 'refused');
select leadgen.return_sale(d.assignment_id, 'wrong_number') from leadgen.deliveries d, ace
where d.buyer_id = ace.id and d.status = 'dead' order by d.id limit 2;
select leadgen.erase_lead(max(d.lead_id), 'asked for') from leadgen.deliveries d where d.status = 'dead';
select leadgen.disable_endpoint(e.id, 'tests') from leadgen.endpoints e where e.target = 'https://best.example/hook';
create temp table mixed as select leadgen.start_resend('{"per_minute": 60}', 'mixed') as id;
select is(leadgen.advance_resend(), id, 'a mixed run begins') from mixed;
select is(format('%s %s', r.resent, r.status), '1 running', 'a mixed run sends one delivery') from mixed join leadgen.resends r using (id);
select testkit.at_time('2026-11-20T19:00:00Z');
select is(pg_temp.work(), 1, 'a mixed run goes on');
select
    is(
        pg_temp.show(id),
        'done 3 9 {"its lead was erased": 2, "its sale was returned": 2, "its endpoint is disabled": 5}',
        'a run counts each reason for what it skips'
    )
from mixed;
select is(leadgen.enable_endpoint(e.id), true, 'the endpoint is enabled again') from leadgen.endpoints e
where e.target = 'https://best.example/hook';
select is(pg_temp.finish('delivered'), 4::bigint, 'what is left is sent with the notice of the disabled endpoint');

-- A buyer's period, delivered ones too.
create temp table period as
select leadgen.start_resend(jsonb_build_object('buyer_id', ace.id, 'from', '2026-11-20T16:00:00Z', 'to', '2026-11-20T16:00:00.5Z',
  'statuses', '{delivered,dead}'::text[], 'per_minute', 60000)) as id from ace;
select is(cardinality(outbox.list_resend_candidates(r, 1000)), 8, 'list_resend_candidates: both channels of its four leads of that time')
from period
join leadgen.resends r using (id);
select testkit.at_time('2026-11-20T19:00:01Z');
select is(pg_temp.work(), 1, 'a buyer''s run needs one step');
select is(pg_temp.show(id), 'done 6 2 {"its sale was returned": 2}', 'all but those of the lead that was returned') from period;
select is(array_agg(distinct b.name::text), '{Ace}', 'the run has the buyer''s deliveries only')
from period p
join leadgen.deliveries d on d.resend_id = p.id
join leadgen.buyers b on b.id = d.buyer_id;
select is(array_agg(r.rule), null, 'the invariants hold') from leadgen.list_broken_invariants() r;

select * from finish();
rollback;
