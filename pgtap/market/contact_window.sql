-- Routing key contact_window_days: a buyer is not sold the same phone or e-mail of an offer again (find_buyers_with_contact).
begin;
select plan(29);
create function pg_temp.offer(p_config jsonb) returns bigint language plpgsql as $$
declare
  v_offer_id constant bigint := testkit.make_offer('{"duplicate_window_hours": 0}', p_config);
begin
  perform testkit.enroll_buyer(v_offer_id, 'Ace', '{"routing_priority": 2, "capacity_per_day": 9}');
  perform testkit.enroll_buyer(v_offer_id, 'Best');
  return v_offer_id;
end;
$$;
create function pg_temp.again(p_config jsonb, p_after interval, p_fields jsonb) returns text language plpgsql as $$
declare
  v_offer_id constant bigint := pg_temp.offer(p_config);
begin
  perform testkit.outcome(v_offer_id, '2026-11-01T12:00:00Z', '{"phone": "+15125550111", "email": "same@example.com"}');
  return testkit.outcome(v_offer_id, '2026-11-01T12:00:00Z'::timestamptz + p_after, p_fields);
end;
$$;
select is(pg_temp.again(config, after, fields), expected, format('%s, %s later, %s: %s', config, after, fields, expected))
from (values
  ('{}'::jsonb, '1 second'::interval, '{"phone": "+15125550111"}'::jsonb, 'Best 45.00'),
  ('{}', '1 second', '{"phone": "(512) 555-0111"}', 'Best 45.00'),
  ('{}', '1 second', '{"email": "same@example.com"}', 'Best 45.00'),
  ('{}', '1 second', '{"email": "SAME@Example.com"}', 'Best 45.00'),
  ('{}', '1 second', '{}', 'Ace 45.00'),
  ('{}', '30 days -1 second', '{"phone": "+15125550111"}', 'Best 45.00'),
  ('{}', '30 days', '{"phone": "+15125550111"}', 'Ace 45.00'),
  ('{"contact_window_days": 1}', '23:59:59', '{"phone": "+15125550111"}', 'Best 45.00'),
  ('{"contact_window_days": 1}', '24:00:00', '{"phone": "+15125550111"}', 'Ace 45.00'),
  ('{"contact_window_days": 0.5}', '11:59:59', '{"phone": "+15125550111"}', 'Best 45.00'),
  ('{"contact_window_days": 0.5}', '12:00:00', '{"phone": "+15125550111"}', 'Ace 45.00'),
  ('{"contact_window_days": 0}', '1 second', '{"phone": "+15125550111", "email": "same@example.com"}', 'Ace 45.00'),
  ('{"max_buyers": 2}', '1 second', '{"phone": "+15125550111"}', 'bought_contact_before 2, held')
) as t (config, after, fields, expected);

-- Who did not buy it before may; another offer does not count; the lead itself does not count when it is routed again.
create temp table ids as select pg_temp.offer('{}') as offer_id, pg_temp.offer('{}') as other;
select is(testkit.outcome(offer_id, '2026-11-02T12:00:00Z', '{"phone": "+15125550222"}'), 'Ace 45.00',
  'the first lead goes to the first buyer') from ids;
select is(testkit.outcome(offer_id, '2026-11-02T12:00:01Z', '{"phone": "+15125550222"}'), 'Best 45.00', 'the second goes to the other')
from ids;
select is(testkit.outcome(offer_id, '2026-11-02T12:00:02Z', '{"phone": "+15125550222"}'), 'bought_contact_before 2, held', 'third: nobody')
  from ids;
select is(testkit.outcome(other, '2026-11-02T12:00:03Z', '{"phone": "+15125550222"}'), 'Ace 45.00',
  'another offer does not know the contact') from ids;
select is(c.reason, 'bought_contact_before', 'the record says who') from leadgen.leads l join ids on ids.offer_id = l.offer_id
  cross join lateral leadgen.explain_candidates(l.id) c where l.unsold_reason is not null and c.buyer_name = 'Ace';
create temp table facts as select testkit.facts('{"phone": "+15125550222", "email": "new@example.com",
  "decided_at": "2026-11-03T00:00:00Z"}') as f;
select is(intake.find_buyers_with_contact(f, catalog.load_route(s.id, s.offer_id)), (select array_agg(a.buyer_id order by a.lead_id)
  from leadgen.lead_assignments a where a.offer_id = s.offer_id), 'find_buyers_with_contact: both')
from facts, ids join leadgen.sources s using (offer_id);
select is(intake.find_buyers_with_contact(f, catalog.load_route(s.id, s.offer_id), (select min(l.id) from leadgen.leads l
    where l.offer_id = s.offer_id)), (select array_agg(a.buyer_id) from leadgen.lead_assignments a join leadgen.buyers b
    on b.id = a.buyer_id where a.offer_id = s.offer_id and b.name = 'Best'), 'find_buyers_with_contact: not of the lead itself')
from facts, ids join leadgen.sources s using (offer_id);

select is(testkit.policy_fault('routing', body), fault, format('as a policy: %s', body::text))
from (values
  ('{"contact_window_days": 0}'::jsonb, 'none'), ('{"contact_window_days": 0.5}', 'none'), ('{"contact_window_days": 3650}', 'none'),
  ('{"contact_window_days": 3650.1}', 'LG423 config.contact_window_days'), ('{"contact_window_days": -1}',
    'LG423 config.contact_window_days'),
  ('{"contact_window_days": "30"}', 'LG423 config.contact_window_days'), ('{"contact_window_days": null}',
    'LG423 config.contact_window_days'), ('{"contact_window_day": 1}', 'LG423 config.contact_window_day')
) as t (body, fault);
select is((select array_agg(distinct leadgen.replay_lead(l.id)) from leadgen.leads l), '{"{\"identical\": true}"}', 'every lead replays');

select * from finish();
rollback;
