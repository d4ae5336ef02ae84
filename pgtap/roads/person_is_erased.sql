-- erase_lead and its parts: cancel_deliveries_of, strike_out_lead, end_sales_of_erased, strike_out_traces, strike_out_numbers,
-- erase_quarantined, allow_erasure (FAULTS 33). What says who a lead was is looked for in every row of every table.
begin;
select plan(79);
select testkit.at_time('2026-11-20T16:00:00Z');
update leadgen.settings set slow_retry_seconds = '{}';
create temp table ids as select testkit.make_offer('{"duplicate_window_hours": 24}',
  '{"max_buyers": 2, "caps": {"per_day": 100}}') as offer_id;
create temp table seats as select
  testkit.enroll_buyer(offer_id, 'Both', '{"routing_priority": 9}') as ace,
  testkit.enroll_buyer(offer_id, 'Ace', '{"routing_priority": 5}') as best,
  testkit.enroll_buyer(offer_id, 'Best', '{"routing_priority": 1, "filters": {"attributes.roof_age": {"maximum": 3}}}') as picky from ids;
create temp table victim as select jsonb_build_object('name', 'Zaphod Beeblebrox', 'email', 'zaphod@heartofgold.example', 'phone',
  '+15125557731',
  'message', 'Two heads, one roof', 'attributes', '{"roof_age": 77, "job": "zarquon"}'::jsonb, 'landing_url',
    'https://x.example/?who=zaphod',
  'utm_campaign', 'zaphod-mail', 'consent_certificate_url', 'https://cert.example/zarquon', 'city', 'Betelgeuse', 'idempotency_key',
    'k-1') as fields;
create function pg_temp.submit(p_changes jsonb default '{}') returns jsonb language sql as $$
  select leadgen.submit_lead(testkit.given_lead(offer_id, fields || p_changes),
    '{"ip_address": "203.0.113.77", "user_agent": "Zarquon/1.0"}') from ids, victim;
$$;
create function pg_temp.traces(p_words text default
  E'\\mzaphod|beeblebrox|5557731|zarquon|two heads|betelgeuse|roof_age is 77|203\\.0\\.113\\.77') returns text[]
language plpgsql as $$
-- The tables of leadgen in which somebody's words are found.
declare
  v_table text;
  v_found boolean;
  v_tables text[] := '{}';
begin
  for v_table in
    select c.relname from pg_class c where c.relnamespace = 'leadgen'::regnamespace and c.relkind = 'r'
      and c.relname not in ('postal_places', 'disposable_domains', 'phone_areas', 'phone_regions') order by c.relname collate "C"
  loop
    execute format('select exists (select from leadgen.%I t where t::text ~* %L)', v_table, p_words) into v_found;
    v_tables := v_tables || case when v_found then array[v_table] else '{}' end;
  end loop;
  return v_tables;
end;
$$;
create function pg_temp.record(p_outcome text, p_reply text, p_error text, p_channel text,
  p_retries integer default 0) returns text language plpgsql as $$
declare
  v_claims jsonb;
  v_status text;
begin
  select jsonb_agg(jsonb_build_object('delivery_id', c.delivery_id, 'lease_token', c.lease_token, 'started_at', leadgen.clock(),
    'outcome', p_outcome, 'latency_ms', 1, 'reply', p_reply, 'error', p_error)) into v_claims
  from leadgen.claim_deliveries('w', '{"webhook": 100, "email": 100}', '30 seconds') c where c.channel = p_channel;
  select min(r.status) into v_status from leadgen.record_attempts(v_claims, p_retries, '1 second') r;
  perform leadgen.release_deliveries(array_agg(d.id), array_agg(d.lease_token)) from leadgen.deliveries d where d.status = 'sending';
  return v_status;
end;
$$;

select is(testkit.fault_of(format('select leadgen.erase_lead(0, %L)', 'asked')), 'LG404 lead_id', 'erase_lead: no such lead');
select is(testkit.fault_of(format('select leadgen.erase_lead(0, %L)', reason)), 'LG400 reason',
  format('a reason is needed: %s', coalesce(left(reason, 5), 'none')))
from unnest(array[null, '', ' ', repeat('x', 501)]) reason;

-- Sold to two: one has it by webhook, its e-mail is still to be sent; the other was never reached, its delivery waits.
create temp table lead as select (pg_temp.submit() ->> 'lead_id')::bigint as id;
select is(count(*), 2::bigint, 'the lead is sold to two buyers') from leadgen.lead_assignments a join lead on lead.id = a.lead_id;
select is(pg_temp.record('delivered', 'thanks for zaphod@heartofgold.example', null, 'webhook'), 'delivered', 'one buyer gets the lead');
select is(pg_temp.record('failed', null, 'mailbox of Beeblebrox is full', 'email', 1), 'pending', 'e-mails are tried again');
select roads.request_return(a.id, 'other', 'Zaphod has two heads', 'api')
from leadgen.lead_assignments a join seats on a.buyer_offer_id = ace;
insert into leadgen.intake_quarantine (failed_step, reason, payload, context, request_hash, lead_id)
values ('source', 'x', '{"email": "Zaphod@HeartOfGold.example "}', '{}', 'a', null), ('source', 'x', '{"phone": "(512) 555-7731"}',
  '{"ip_address": "203.0.113.77"}', 'b', null),
  ('field_map', 'x', '{"field_data": [{"name": "phone", "values": ["+1 512-555-7731"]}]}', '{}', 'c', null), ('field_map', 'x',
    '["zaphod@heartofgold.example"]', '{}', 'd', null),
  ('source', 'x', '{"name": "Zarquon"}', '{}', 'e', (select id from lead)), ('field_map', 'x', '7', '{}', 'g', null),
  ('source', 'x', '{"email": "azaphod@heartofgold.example", "phone": "+15125557732"}', '{}', 'f', null);
create temp table before as select a.id, a.price, a.price_steps, a.decision_id
from leadgen.lead_assignments a join lead on lead.id = a.lead_id;
select is(pg_temp.traces(), '{deliveries,delivery_attempts,intake_quarantine,lead_decisions,leads,sale_returns}',
  'where a person leaves traces');
select is(count(*), 0::bigint, 'the invariants hold') from leadgen.list_broken_invariants();

select is(leadgen.erase_lead(id, ' asked  for it '), true, 'erase_lead: erased') from lead;
select is(pg_temp.traces(), '{}', 'nothing of it is left in any table');
select is(array_agg(q.payload::text order by q.request_hash) filter (where q.payload <> '{}'),
  '{"{\"email\": \"azaphod@heartofgold.example\", \"phone\": \"+15125557732\"}",7}', 'other people''s submissions stay')
    from leadgen.intake_quarantine q;
select is(count(*) filter (where q.resubmitted_at is not null), 5::bigint, 'the person''s own submissions are not resubmitted')
from leadgen.intake_quarantine q;
select is(concat_ws('|', l.name, l.email, l.phone, l.city, l.postal_code, l.country_code), '|||78701|US',
  'of the lead only its place stays')
from leadgen.leads l join lead using (id);
select is(l.erased_at = '2026-11-20T16:00:00Z' and l.consent, true, 'the lead keeps when it was erased and its consent')
from leadgen.leads l join lead using (id);
select is(format('%s %s', e.message, e.facts ->> 'by'), format('lead %s was erased: asked for it %s', lead.id, session_user),
  'an event names who erased the lead and why') from leadgen.events e, lead where e.kind = 'lead_erased';
select is(count(*), 2::bigint, 'the sales stand as they were made, price and steps')
from before b join leadgen.lead_assignments a using (id, price, price_steps, decision_id);
select is(array_agg(a.outcome::text order by a.id), '{returned,erased}',
  'who never got it has not bought it')
from leadgen.lead_assignments a join before using (id);
select is(bool_and(a.released_at is not null), true, 'the place of an erased sale is free again') from leadgen.lead_assignments a
  join before using (id);
select is(array_agg(distinct d.status::text order by d.status::text), '{cancelled,delivered}', 'what was not sent never will be')
from leadgen.deliveries d join lead on lead.id = d.lead_id;
select is(l.hold_until, null, 'an erased lead is not offered again') from leadgen.leads l join lead using (id);
select testkit.work_holds();
select is(count(*), 2::bigint, 'an erased lead is sold to nobody else') from leadgen.lead_assignments a join lead on lead.id = a.lead_id;
select is(count(*), 0::bigint, 'the invariants hold') from leadgen.list_broken_invariants();
select is(leadgen.replay_lead(id), '{"identical": true}', 'its decisions replay') from lead;
select is(v.faults, '[]', 'verify_leads: no difference') from leadgen.verify_leads(0, 1000) v;
select is(jsonb_array_length(leadgen.explain_lead(id) -> 'sales'), 2, 'an erased lead is explained') from lead;
select is(c.reason, 'filters: attributes.roof_age, wanted at most 3', 'why somebody lost, without its numbers')
from lead, leadgen.explain_candidates(id) c, seats
where c.buyer_offer_id = picky and c.attempt = 1;
select is(leadgen.what_if(offer_id, '2026-11-20', '2026-11-21') -> 'is_identical', 'true', 'what_if: history') from ids;
select is(leadgen.what_if(offer_id, '2026-11-20', '2026-11-21', '{"validation": {"min_message_length": 5}}') -> 'is_identical', 'true',
  'what_if under other rules: it stays what it was judged to be') from ids;
select is(leadgen.erase_lead(id, 'again'), false, 'erase_lead: again') from lead;
select is(count(*), 1::bigint, 'erasing twice is one event') from leadgen.events e where e.kind = 'lead_erased';

-- The same submission again, and the person.
select is(pg_temp.submit() ->> 'lead_id', id::text, 'the same request gets the first answer') from lead;
select is(pg_temp.traces(), '{}', 'a repeated request brings nothing back');
select is(pg_temp.submit('{"idempotency_key": "k-2"}') ->> 'status', 'accepted', 'a new request of the person is no duplicate of nobody');
select is(leadgen.erase_lead(max(l.id), 'once more'), true, 'the person''s new lead can be erased as well') from leadgen.leads l;
select is(pg_temp.traces(), '{}', 'nothing is left of a lead that is erased later');
select is(pg_temp.submit('{"idempotency_key": "for zaphod@heartofgold.example"}') ->> 'status', 'accepted', 'a key that is the contact');
select leadgen.erase_lead(max(l.id), 'third') from leadgen.leads l;
select is(pg_temp.traces(), '{}', 'no trace of the quarantined submission stays');
select pg_temp.submit(jsonb_build_object('idempotency_key', null));
select leadgen.erase_lead(max(l.id), 'fourth') from leadgen.leads l;
select is(pg_temp.submit(jsonb_build_object('idempotency_key', null)) ->> 'repeated', 'true',
  'a derived key stays: the same again has the same answer');
select is(pg_temp.traces(), '{}', 'a derived key brings nothing back');

-- Rejected: the rules stay, their words go.
create temp table rejected as select (pg_temp.submit('{"idempotency_key": "k-3", "postal_code": "call 5125557731"}')
  ->> 'lead_id')::bigint as id;
select is(l.status::text, 'rejected', 'a lead that was rejected') from leadgen.leads l join rejected using (id);
select is(leadgen.erase_lead(id, 'fifth'), true, 'a rejected lead is erased') from rejected;
select is(pg_temp.traces(), '{}', 'text that was no postal code is erased as well');
select is(format('%s %s %s', l.validation_reason, l.answer #>> '{errors,0,reason}', l.postal_code), 'field_invalid field_invalid ',
  'the codes of a rejected lead stay')
from leadgen.leads l join rejected using (id);
select is(leadgen.replay_lead(id), '{"identical": true}', 'an erased rejected lead replays without a difference') from rejected;

-- Being sent, parked, held.
select testkit.at_time('2026-11-20T17:00:00Z');
create temp table sent as select (pg_temp.submit('{"idempotency_key": "k-4"}') ->> 'lead_id')::bigint as id;
create temp table claims as select c.* from leadgen.claim_deliveries('w', '{"webhook": 100, "email": 100}', '30 seconds') c
  join leadgen.deliveries d on d.id = c.delivery_id join sent on sent.id = d.lead_id where c.channel = 'webhook';
select leadgen.release_deliveries(array_agg(d.id), array_agg(d.lease_token))
from leadgen.deliveries d where d.status = 'sending' and d.channel = 'email';
update leadgen.deliveries d set status = 'parked', next_attempt_at = null
from sent where sent.id = d.lead_id and d.status = 'pending' and d.channel = 'email'
  and d.buyer_id = (select testkit.buyer_of(best) from seats);
select is(count(*), 1::bigint, 'one delivery is being sent') from claims;
select leadgen.erase_lead(id, 'sixth') from sent;
select is(array_agg(distinct d.status::text), '{cancelled}', 'every delivery is cancelled, even one that is being sent or parked')
from leadgen.deliveries d join sent on sent.id = d.lead_id;
select is(array_agg(a.outcome::text order by a.id), '{unknown,erased}',
  'who may have got it may have bought it')
from leadgen.lead_assignments a join sent on sent.id = a.lead_id;
select is(r.status, 'cancelled', 'what the worker reports then changes nothing')
from (select jsonb_build_array(jsonb_build_object('delivery_id', delivery_id, 'lease_token', lease_token, 'started_at', now(), 'outcome',
  'answered', 'status_code', 200,
  'latency_ms', 1, 'reply', 'Dear Zaphod', 'error', 'Beeblebrox')) as results
    from claims) x, leadgen.record_attempts(results, 0, '1 second') r;
select is(pg_temp.traces(), '{}', 'a late answer leaves no trace');
select is(array_agg(a.outcome::text order by a.id), '{unknown,erased}', 'a late answer does not change the outcome')
from leadgen.lead_assignments a join sent on sent.id = a.lead_id;
select is_empty($$select * from leadgen.claim_deliveries('w', '{"webhook": 100, "email": 100}', '30 seconds') c
  join leadgen.deliveries d on d.id = c.delivery_id join leadgen.leads l on l.id = d.lead_id
    where l.erased_at is not null$$, 'no delivery of an erased lead is claimed');
select is(leadgen.return_sale(a.id, 'other', 'Zaphod again')::text, 'returned', 'its buyer may still return it')
from leadgen.lead_assignments a join sent on sent.id = a.lead_id where a.outcome = 'unknown';
select is(l.hold_until, null, 'a returned sale of an erased lead is not offered again') from leadgen.leads l join sent using (id);
select is(pg_temp.traces(), '{}', 'a return of an erased lead keeps no words');
update leadgen.buyer_offers set pause_until = 'infinity';
create temp table held as select (pg_temp.submit('{"idempotency_key": "k-5"}') ->> 'lead_id')::bigint as id;
select isnt(l.hold_until, null, 'a lead that waits for a buyer') from leadgen.leads l join held using (id);
select leadgen.erase_lead(id, 'seventh') from held;
update leadgen.buyer_offers set pause_until = null;
select testkit.work_holds();
select is(concat_ws(' ', l.status, l.hold_until, l.next_route_at, l.unsold_reason, l.buyer_id),
  'validated hold ended: no buyer could take it: paused 3', 'an erased lead waits no more')
from leadgen.leads l join held using (id);
select is(count(*), 0::bigint, 'the invariants hold') from leadgen.list_broken_invariants();
select is(v.faults, '[]', 'verify_leads: no difference') from leadgen.verify_leads(0, 1000) v;

-- Tried before, without an answer: it may have arrived, however the delivery stands now.
create function pg_temp.erase_tried(p_key text, p_status leadgen.delivery_status) returns text[] language plpgsql as $$
declare
  v_lead_id constant bigint := pg_temp.submit(jsonb_build_object('idempotency_key', p_key)) ->> 'lead_id';
begin
  perform pg_temp.record('unknown', null, 'no answer', 'webhook', 1);
  update leadgen.deliveries d set status = p_status, next_attempt_at = case when p_status = 'pending' then d.next_attempt_at end
  where d.lead_id = v_lead_id and d.channel = 'webhook' and d.status = 'pending';
  perform leadgen.erase_lead(v_lead_id, 'eighth');
  return (select array_agg(a.outcome::text order by a.id) from leadgen.lead_assignments a where a.lead_id = v_lead_id);
end;
$$;
select is(pg_temp.erase_tried(format('k-8%s', status), status), '{unknown,erased}',
  format('who may have got it has bought it, who cannot has not: %s', status))
    from unnest('{pending,parked}'::leadgen.delivery_status[]) status;

-- A sale that failed and is kept: its dead letter is never sent again, so its place goes back.
select testkit.at_time('2026-11-20T17:30:00Z');
update leadgen.routing_policies set config = config || '{"reroute": {"on_failure": false}}'::jsonb;
create temp table kept_failed as select (pg_temp.submit('{"idempotency_key": "k-10"}') ->> 'lead_id')::bigint as id;
update leadgen.lead_assignments a set outcome = 'failed' from kept_failed k
where a.lead_id = k.id and a.buyer_offer_id = (select best from seats);
create temp table ended as select a.id from leadgen.lead_assignments a join kept_failed k on k.id = a.lead_id
where a.buyer_offer_id = (select ace from seats);
update leadgen.lead_assignments a set outcome = 'failed', release_due_at = leadgen.clock() from ended where ended.id = a.id;
select leadgen.erase_lead(id, 'eleventh') from kept_failed;
select is(array_agg(format('%s %s', a.outcome, a.released_at is not null) order by a.id), '{"failed t","erased t"}',
  'cancel_deliveries_of: a failed sale that stood is erased, one that had ended is released')
from leadgen.lead_assignments a join kept_failed k on k.id = a.lead_id;
select is(testkit.fault_of(format('select leadgen.%s', answer)), 'LG409 outcome', format('nobody answers for it: %s', answer))
from leadgen.lead_assignments a join kept_failed k on k.id = a.lead_id,
  unnest(array[format('accept_sale(%s)', a.id), format('return_sale(%s, %L)', a.id, 'other')]) answer
where a.outcome = 'erased';
update leadgen.routing_policies set config = config - 'reroute';

-- Where a person's words stand though nobody asked for them.
update leadgen.routing_policies set config = config || '{"returns": {"auto_approve": false}}'::jsonb;
create temp table words as select (pg_temp.submit('{"idempotency_key": "Order-ZAPHOD-1", "utm_source": "zaphod@heartofgold.example"}')
  ->> 'lead_id')::bigint as id;
insert into leadgen.intake_quarantine (failed_step, reason, payload, context, request_hash)
values ('source', 'x', '{"name": "Z.", "email": " Zaphod@HEARTOFGÖLD.example"}', '{}', 'h');
update leadgen.leads l set source = 'zaphod@heartofgold.example', email = 'zaphod@xn--heartofgld-lcb.example'
from words w where l.id = w.id;
select is(ref.normalize_email('Zaphod@HEARTOFGÖLD.example'), l.email::text, 'an address in another spelling')
from leadgen.leads l join words using (id);
select roads.request_return(a.id, 'other', null, 'api') from leadgen.lead_assignments a join words on words.id = a.lead_id;
select leadgen.erase_lead(id, 'ninth') from words;
select is(format('%s %s', l.source, l.idempotency_key = format('erased:%s', l.id)), 'erased t',
  'strike_out_lead: a source and a key of a person')
from leadgen.leads l join words using (id);
select is(count(*), 0::bigint, 'erase_quarantined: the address in another spelling')
from leadgen.intake_quarantine q where q.request_hash = 'h' and q.payload <> '{}';
select leadgen.decide_return(r.id, false, 'Zaphod called')
from leadgen.sale_returns r join leadgen.lead_assignments a on a.id = r.assignment_id join words on words.id = a.lead_id
where r.status = 'requested';
select is(pg_temp.traces(), '{}', 'decide_return: no words on a lead that was erased');
create temp table partner as select (pg_temp.submit('{"idempotency_key": "k-9", "source": "partner-7"}') ->> 'lead_id')::bigint as id;
select leadgen.erase_lead(id, 'tenth') from partner;
select is(format('%s %s', l.source, l.idempotency_key), 'partner-7 k-9', 'a source and a key of the sender''s own stay')
from leadgen.leads l join partner using (id);

-- The records that never change: nobody else gets through the gap.
create temp table kept as select (pg_temp.submit('{"idempotency_key": "k-6"}') ->> 'lead_id')::bigint as id;
select pg_temp.record('failed', 'a reply', 'an error', 'webhook');
select set_config('leadgen.is_erasing', 'on', true);
select is(testkit.fault_of(sql), 'LG409', format('allow_erasure: %s', sql))
from unnest(array['update leadgen.delivery_attempts set reply = null, error = null',
  'update leadgen.lead_decisions set filter_faults = privacy.strike_out_faults(filter_faults)',
  $$update leadgen.delivery_attempts a set reply = 'forged'
    from leadgen.deliveries d join sent on sent.id = d.lead_id where d.id = a.delivery_id$$,
  $$update leadgen.delivery_attempts a set outcome = 'failed', reply = null, error = null
    from leadgen.deliveries d join sent on sent.id = d.lead_id where d.id = a.delivery_id$$,
  'update leadgen.lead_decisions d set enrollments = enrollments[:1] from sent where sent.id = d.lead_id',
  'update leadgen.lead_decisions d set ranking = ranking[:1] from sent where sent.id = d.lead_id',
  'delete from leadgen.delivery_attempts', 'delete from leadgen.lead_decisions']) sql;
select set_config('leadgen.is_erasing', '', true);
select is(testkit.fault_of('update leadgen.delivery_attempts set reply = null where false'), 'LG409',
  'attempts do not change without the announcement of an erasure');

select * from finish();
rollback;
