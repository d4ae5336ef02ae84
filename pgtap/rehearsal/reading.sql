-- What a rehearsal reads: list_events, recall_outcome, recall_seen, gather_event, start_play, summarize_history, seats and newcomers,
-- policies laid over the versions that judged each lead, names, play_events, report_buyers.
begin;
select plan(36);
create temp table ids as select testkit.make_offer('{"duplicate_window_hours": 0, "required_fields": ["message"]}',
  '{"max_buyers": 2, "hold_hours": 30}', '{"exclusivity_premium": {"amount": 5}}') as offer_id;
create temp table seats as select offer_id,
  testkit.enroll_buyer(offer_id, 'Ace', '{"capacity_per_day": 1, "price_per_lead": 60, "routing_priority": 2, "timezone": "Asia/Tokyo"}',
    '{78701}') as a,
  testkit.enroll_buyer(offer_id, 'Best', '{}', '{78701}') as b, testkit.new_buyer('Dunn') as d from ids;
select testkit.at_time('2026-11-20T12:00:00Z');
select testkit.work_holds();
create temp table l as select n, testkit.outcome(offer_id, '2026-11-20T12:00:00Z'::timestamptz + n * interval '1 hour',
  fields) as outcome,
  (select max(x.id) from leadgen.leads x) as unused from ids, (values (1, '{}'::jsonb), (2, '{}'), (3, '{"message": null}'), (4,
    '{"postal_code": "78799"}')) as t (n, fields);
create temp table leads as select row_number() over (order by x.id) as n, x.id from leadgen.leads x join ids using (offer_id);
select is((select array_agg(outcome order by n) from l),
  '{"Ace 60.00, Best 45.00","Best 45.00","rejected: field_required","outside_service_area 2, held"}',
    'two leads are sold, one is rejected, one waits');
-- The first lead''s second sale is returned and goes to nobody; the fourth waits.
select testkit.at_time('2026-11-20T17:00:00Z');
select leadgen.return_sale(s.id, 'wrong_number') is not null from leadgen.lead_assignments s join leads on leads.id = s.lead_id and n = 1
  join seats on s.buyer_offer_id = b;

create temp table plan as select rehearsal.read_changes(offer_id, '{}') as plan from ids;
create temp table events as select row_number() over () as place, e.* from plan, rehearsal.list_events(plan, '2026-11-20Z',
  '2026-11-21Z') e;
select is((select array_agg(concat_ws(' ', n, to_char(e.happened_at at time zone 'UTC', 'HH24:MI'), e.kind, (e.decision).attempt,
  (e.sale).price)
    order by e.place)
    from events e join leads on leads.id = e.lead_id where e.happened_at <= '2026-11-20T17:00:00Z'),
  '{"1 13:00 routed 1","2 14:00 routed 1","3 15:00 rejected","4 16:00 routed 1","1 17:00 returned 45.00"}', 'list_events: in order');
select is((select array_agg(e.has_more order by n) from events e join leads on leads.id = e.lead_id where e.kind = 'routed'),
  '{true,false,false}',
  'list_events: the lead whose sale went back has more to come');
select is((select count(*) from plan, rehearsal.list_events(plan, '2026-11-20T13:00:01Z', '2026-11-20T15:00:00Z') e
  where e.kind <> 'returned'),
  1::bigint, 'list_events: of leads of the period, its end not included');
select is((select array_agg(concat_ws(' ', e.kind, to_char(e.happened_at at time zone 'UTC', 'HH24:MI'), (e.sale).price))
    from plan, rehearsal.list_events(plan, since, '2026-11-21Z') e join leads on leads.id = e.lead_id and n = 1), expected,
  format('list_events: what windows count of a lead from before %s', since))
from (values ('2026-11-20T12:30:00Z'::timestamptz, '{"routed 13:00","returned 17:00 45.00"}'::text[]),
  ('2026-11-20T13:30:00Z', '{"returned 17:00 45.00"}')) as t (since, expected);
select is((select array_agg((e.lead).id is not null) from plan, rehearsal.list_events(jsonb_populate_record(plan,
  '{"reads_leads": true}'),
  '2026-11-20T15:00:00Z', '2026-11-20T15:00:01Z') e), '{true,true}', 'list_events: with the lead where the changes depend on it');
create function pg_temp.show(p_outcome rehearsal.outcome) returns text language sql as $$
  select concat_ws(' ', p_outcome.category, p_outcome.cause,
    (select string_agg(format('%s %s', case s.seat when a then 'Ace' when b then 'Best' end, p_outcome.prices[s.n]), ', ' order by s.n)
    from seats, unnest(p_outcome.seats) with ordinality as s (seat, n)));
$$;
select is((select array_agg(pg_temp.show(rehearsal.recall_outcome(x)) order by n) from leads join leadgen.leads x using (id)),
  '{"sold Ace 60.00","sold Best 45.00","rejected field_required","held outside_service_area"}', 'recall_outcome: what stands');
select is((select array_agg(rehearsal.name_day(x.created_at, zone) order by zone) from leads join leadgen.leads x using (id) cross
  join unnest('{Asia/Tokyo,UTC}'::text[]) zone where n = 4),
  '{2026-11-21,2026-11-20}', 'name_day: in a zone');
select is(rehearsal.name_sales(jsonb_build_object('seats', jsonb_build_array(b, a), 'prices', '[45, 60]'::jsonb),
    array[rehearsal.make_seat(a, testkit.buyer_of(a)), rehearsal.make_seat(b, testkit.buyer_of(b))]) -> 0,
  jsonb_build_object('buyer_id', testkit.buyer_of(b), 'buyer', 'Best', 'price', 45),
    'name_sales: with the buyers'' names, in the order of sale') from seats;

-- Changes, read: the seats.
create temp table r as select rehearsal.read_changes(offer_id, jsonb_build_object('default_price_per_lead', 50, 'without',
  jsonb_build_array(testkit.buyer_of(b)),
  'enrollments', jsonb_build_object(a::text,
    '{"capacity_per_day": 3, "filters": {"city": {"enum": ["Austin"]}}, "schedule": {"mon": [["00:00", "01:00"]]}}'::jsonb),
  'with', jsonb_build_array(jsonb_build_object('buyer_id', d, 'service_areas', '["787*", " Round Rock"]'::jsonb, 'weight', 2)))) as x
    from seats;
select is((select array_agg(concat_ws(' ', case s.buyer_offer_id when 0 then 'offer' when a then 'Ace' when b then 'Best' else 'new' end,
    s.is_gone, s.changes - '{schedule,filters}'::text[], s.limit_codes, s.schedule, s.tests[1].field, s.areas) order by s.buyer_offer_id)
  from seats, r, unnest((r.x).seats) s),
  array['offer f', 'Ace f {"capacity_per_day": 3} {cap_day} {[0,60)} city', 'Best t {"price_per_lead": 50} {}',
    'new f {"weight": 2, "price_per_lead": 50} {} {postal_code:787*,city:roundrock}'],
  'seat_enrollments, seat_newcomers: each seat with its changes and the newcomer''s areas');
select is(format('%s %s', (x).reads_leads, (x).moves_turns), 't t', 'read_changes: what they depend on') from r;
select is(format('%s %s', (plan).reads_leads, (plan).moves_turns), 'f f', 'read_changes: nothing is changed') from plan;
select is((select s.new_flags from unnest((x).seats) s where s.buyer_id = d), 23,
  'seat_newcomers: what is so of it whatever the lead') from r, seats;
select is(((rehearsal.seat_enrollments(o, '{}'))[2]).changes, null, 'seat_enrollments: nothing changed')
from leadgen.offers o join ids on o.id = offer_id;
select is(cardinality(rehearsal.seat_newcomers(o, x, '{}')), 0, 'seat_newcomers: nobody new') from r, ids
  join leadgen.offers o on o.id = offer_id;
select is(testkit.fault_of(format('select rehearsal.check_changed_policies(o, %L) from leadgen.offers o where o.id = %s', changes,
  offer_id)), fault,
  format('check_changed_policies: %s', changes))
from ids, (values ('{"routing": {"max_buyers": 3}}'::jsonb, 'none'),
  ('{"routing": {"max_buyers": 99}}', 'LG423 changes.routing.max_buyers'),
  ('{"validation": {"min_message_length": 0}}', 'LG423 changes.validation.min_message_length'), ('{"pricing": {"exclusivity_premium": {}}}',
    'LG423 changes.pricing.exclusivity_premium')) as t (changes, fault);

-- The policy changes in the middle: each lead is laid over the version that judged it.
update leadgen.routing_policies p set config = '{"max_buyers": 1}' from leadgen.offers o
  join ids on o.id = offer_id where p.id = o.routing_policy_id;
select is(catalog.find_policy_body('routing', p.id, t.version)::text, body, format('find_policy_body: version %s', t.version))
from leadgen.offers o join ids on o.id = offer_id join leadgen.routing_policies p on p.id = o.routing_policy_id,
  (values (1, '{"hold_hours": 30, "max_buyers": 2}'), (2, '{"max_buyers": 1}'), (9, null)) as t (version, body);
create temp table d as select x as lead, d as decision, n from leads join leadgen.leads x using (id)
  left join leadgen.lead_decisions d on d.lead_id = x.id and d.attempt = 1;
create temp table laid as select rehearsal.lay_over_pricing(plan, rehearsal.lay_over_routing(plan,
  rehearsal.lay_over_validation(plan, null,
    (lead).validation_policy_id, (lead).validation_policy_version),
    (decision).routing_policy_id, (decision).routing_policy_version), (decision).pricing_policy_id,
      (decision).pricing_policy_version) as p
from d, (select jsonb_populate_record(null::rehearsal.plan,
  '{"routing": {"strategy": "weighted"}, "validation": {"required_fields": null},
  "pricing": {"exclusivity_premium": null}}') as plan) x where n = 1;
select is(concat_ws(' ', ((p).settings).strategy, ((p).settings).max_buyers, ((p).recorded).strategy, (p).routing_version, (p).rules,
  cardinality((p).pricing)), '{weighted} 2 {priority} 1 {"duplicate_window_hours": 0} 0', 'lay_over policies: on version 1') from laid;
select is((t.policy).max_buyers, places, format('take_policies: of %s places', of))
from d, laid, (values (2, 2), (1, 1)) as x (of, places),
  lateral rehearsal.take_policies(jsonb_populate_record(null::rehearsal.plan, '{"routing": {"strategy": "weighted"}}'),
    jsonb_populate_record(null::rehearsal.play, jsonb_build_object('policies', to_jsonb(p))),
    jsonb_populate_record(null::rehearsal.event, jsonb_build_object('decision',
      to_jsonb(decision) || jsonb_build_object('max_buyers', of)))) t
where n = 1;
select is(concat_ws(' ', s.decided_at, s.enrollments = (decision).enrollments, s.prices, s.limit_uses, s.buyers is null),
  '2026-11-20 13:00:00+00 t {60.00,45.00} {0} t', 'recall_seen: as it was recorded, without the terms') from d,
    lateral rehearsal.recall_seen(decision) s where n = 1;
create temp table gathered as select rehearsal.gather_event(plan, jsonb_populate_record(null::rehearsal.event,
  jsonb_build_object('kind', 'rejected', 'happened_at', '2026-11-20T18:00:00Z', 'lead_id', (lead).id, 'lead', to_jsonb(lead)))) as e
from d, plan where n = 3;
select is(concat_ws(' ', cardinality(((e).seen).enrollments), ((e).seen).decided_at, ((e).seen).limit_uses, ((e).decision).max_buyers,
  ((e).decision).routing_policy_version), '2 2026-11-20 18:00:00+00 1 2',
  'gather_event: a lead that was turned down, by the tables and policies of today') from gathered;

-- Where a rehearsal starts, and what it comes to.
select is(concat_ws(' ', h.sold[1], h.sold[2], h.paid[2], h.sold[4]), expected, format('start_play: at %s', at))
from plan, (values ('2026-11-20T13:30:00Z'::timestamptz, '2 2 105.00 2'), ('2026-11-20T14:30:00Z', '1 3 150.00 3'),
  ('2026-11-20T17:00:01Z', '0 2 105.00 2'), ('2026-11-20T12:00:00Z', '0 0 0 0')) as t (at, expected),
    lateral rehearsal.start_play(plan, at) h;
select is(concat_ws(' ', h.zones[2], h.sold[5:8], h.starts[6]), 'Asia/Tokyo {0,0,1,1} 2026-11-20 15:00:00+00',
  'start_play: an enrollment in its own windows') from plan, rehearsal.start_play(plan, '2026-11-20T15:30:00Z') h;
create temp table summed as select rehearsal.summarize_history(plan, '2026-11-20Z', '2026-11-21Z') as parts, plan from plan;
select is(parts, jsonb_build_object('counts', '{"sold": 2, "held": 1, "rejected": 1}'::jsonb, 'causes',
  '{"outside_service_area": 1}'::jsonb,
  'codes', '{"field_required": 1}'::jsonb, 'days', '{"2026-11-20 sold": 2, "2026-11-20 revenue": 105.00}'::jsonb,
  'sales', jsonb_build_object(a, 1, b, 1), 'revenue', jsonb_build_object(a, 60.00, b, 45.00)), 'summarize_history') from summed, seats;
select is(rehearsal.play_events(plan, '2026-11-20Z', '2026-11-21Z'), ('{}', '[]')::rehearsal.tally,
  'play_events: nothing changed, no difference') from plan;
select is((select array_agg(concat_ws(' ', e ->> 'buyer', e #>> '{actual,sales}', e #>> '{simulated,fill}') order by e ->> 'buyer')
  from jsonb_array_elements(rehearsal.report_buyers((r.x), parts, parts, '2026-11-20Z', '2026-11-21Z')) e),
    '{"Ace 1 0.3333","Best 1","Dunn 0"}',
    'report_buyers: fill by the changed cap') from summed, r;

select * from finish();
rollback;
