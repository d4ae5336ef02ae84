-- find_route, load_route, quarantine_submission, resubmit_quarantined: what no active source claims is kept whole.
begin;
select plan(40);

create temp table ids as select testkit.make_offer(p_pricing => '{}') as offer_id;
create function pg_temp.switch(p_step text, p_on boolean) returns void language plpgsql as $$
begin
  execute format('update leadgen.%I t set is_active = %L from leadgen.offers o, ids where o.id = ids.offer_id and t.id = %s',
    case p_step when 'offer' then 'offers' when 'market' then 'markets' when 'vertical' then 'verticals' when 'source' then 'sources'
      else replace(p_step, 'policy', 'policies') end,
    p_on,
    case p_step when 'offer' then 'o.id'
      when 'source' then '(select s.id from leadgen.sources s where s.offer_id = o.id)' else format('o.%I', format('%s_id', p_step)) end);
end;
$$;
create function pg_temp.submit_while_off(p_step text, p_number integer) returns jsonb language plpgsql as $$
declare
  v_answer jsonb;
begin
  perform pg_temp.switch(p_step, false);
  v_answer := (select testkit.submit(offer_id, '{}', p_number) from ids);
  perform pg_temp.switch(p_step, true);
  return v_answer;
end;
$$;

create temp table answers as
select step, number, pg_temp.submit_while_off(step, number::integer) as answer
from unnest('{source,offer,market,vertical,validation_policy,routing_policy,pricing_policy}'::text[]) with ordinality as t (step, number);
select is(answer - 'quarantine_id', jsonb_build_object('status', 'quarantined', 'step', step,
  'message', format('The lead is kept, but not accepted: the %s is not active', replace(step, '_', ' '))), format('%s switched off', step))
from answers order by number;
select is(format('%s %s %s', q.failed_step, q.payload ->> 'email', q.times_seen), format('%s person%s@example.com 1', step, number),
  format('%s is kept whole', step))
from answers join leadgen.intake_quarantine q on q.id = (answer ->> 'quarantine_id')::bigint order by number;
select is((select count(*) from leadgen.leads l join ids using (offer_id)), 0::bigint, 'no quarantined submission is a lead');

-- Nothing claims it; the same again is counted, not multiplied.
create temp table lost as
select n, leadgen.submit_lead('{"name": "Lost", "email": "l@example.com"}', '{"origin": "https://nowhere.example"}') as answer
  from generate_series(1, 3) n;
select is(answer ->> 'step', 'source', format('nothing claims it: try %s', n)) from lost;
select is(count(distinct answer ->> 'quarantine_id'), 1::bigint, 'the same submission is kept once') from lost;
select is(q.times_seen, 3, 'the same submission is counted') from leadgen.intake_quarantine q
where q.failed_step = 'source' and q.payload ->> 'name' = 'Lost';
select is(q.context, '{"origin": "https://nowhere.example"}', 'a quarantined submission has what the transport knew')
from leadgen.intake_quarantine q
  where q.payload ->> 'name' = 'Lost';
select is((leadgen.submit_lead('{"name": "Lost", "email": "m@example.com"}') ->> 'quarantine_id')
  <> (select answer ->> 'quarantine_id' from lost where n = 1), true, 'another submission is another row');

-- Replay.
create temp table waiting as select (answer ->> 'quarantine_id')::bigint as id, number from answers where step = 'offer';
create temp table replay as select leadgen.resubmit_quarantined(id) as answer from waiting;
select is(answer ->> 'status', 'accepted', 'resubmitted once the offer is back') from replay;
select is(l.email::text, 'person2@example.com', 'a resubmitted submission is a lead') from replay r
  join leadgen.leads l on l.id = (r.answer ->> 'lead_id')::bigint;
select is(q.lead_id, (r.answer ->> 'lead_id')::bigint, 'the row points at it') from waiting w
  join leadgen.intake_quarantine q using (id), replay r;
select isnt(q.resubmitted_at, null, 'the row says when it was resubmitted') from waiting w join leadgen.intake_quarantine q using (id);
select is(testkit.fault_of(format('select leadgen.resubmit_quarantined(%s)', id)), 'LG409 quarantine_id', 'a second replay is refused')
  from waiting;
select is(testkit.fault_of('select leadgen.resubmit_quarantined(0)'), 'LG404 quarantine_id', 'resubmit_quarantined: no such submission');
select is((select count(*) from leadgen.leads l join ids using (offer_id)), 1::bigint,
  'a submission that is resubmitted twice is one lead');

select pg_temp.switch('offer', false);
select is(testkit.submit(offer_id, '{}', 2) -> 'repeated', 'true', 'turn_away: the first answer, though the offer is off now')
from ids;
select is(testkit.submit(offer_id, '{}', 3) ->> 'step', 'offer', 'another body is kept as well') from ids;
select is(leadgen.resubmit_quarantined(q.id) ->> 'status', 'quarantined', 'resubmitted while nothing is mended: still waiting')
from leadgen.intake_quarantine q where q.payload ->> 'email' = 'person3@example.com' and q.resubmitted_at is null;
select is(count(*) filter (where q.resubmitted_at is null), 1::bigint, 'one row waits, none is lost')
from leadgen.intake_quarantine q where q.payload ->> 'email' = 'person3@example.com';
select pg_temp.switch('offer', true);
create temp table again as select testkit.submit(offer_id, '{}', 3) ->> 'lead_id' as lead_id from ids;
select testkit.at_time('2026-11-24T16:00:00Z');
select is(leadgen.resubmit_quarantined(q.id) ->> 'lead_id', again.lead_id, 'posted again meanwhile: no second lead, days later')
from again, leadgen.intake_quarantine q where q.payload ->> 'email' = 'person3@example.com';
select pg_temp.switch('offer', false);

-- load_route: the offer decides, the source comes last.
select is((catalog.load_route(s.id, s.offer_id)).failed_step, 'offer', 'load_route: the offer is off') from leadgen.sources s
  join ids using (offer_id);
select pg_temp.switch('source', false);
select is((catalog.load_route(s.id, s.offer_id)).failed_step, 'offer', 'load_route: of two faults the offer''s') from leadgen.sources s
  join ids using (offer_id);
update leadgen.offers o set is_active = true from ids where o.id = ids.offer_id;
select is((catalog.load_route(s.id, s.offer_id)).failed_step, 'source', 'load_route: the source is off') from leadgen.sources s
  join ids using (offer_id);
update leadgen.sources s set is_active = true from ids where s.offer_id = ids.offer_id;
select is(r.failed_step is null and r.timezone = 'America/Chicago' and r.currency = 'USD' and r.default_price = 45
  and r.country_code = 'US', true,
  'load_route: market, currency and price') from leadgen.sources s join ids using (offer_id), catalog.load_route(s.id, s.offer_id) r;

-- A wrong or missing key is a refusal, not a submission to keep.
select is(testkit.fault_of($$select leadgen.submit_lead('{}', '{"api_key_hash": "ff"}')$$), 'LG401', 'a wrong key');
select is((select count(*) from leadgen.intake_quarantine q where q.context ? 'api_key_hash'), 0::bigint, 'no key of a source is kept');

select * from finish();
rollback;
