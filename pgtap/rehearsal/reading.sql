-- What a rehearsal reads: list_events, recall_outcome, recall_decision, start_history, summarize_history, seats and newcomers, policies
-- laid over the versions that judged each lead, names, play_rehearsal, report_buyers.
begin;
select plan(40);
create temp table ids as select testkit.make_offer('{"duplicate_window_hours": 0, "required_fields": ["message"]}',
  '{"max_buyers": 2, "hold_hours": 30}', '{"exclusivity_premium": {"amount": 5}}') as offer_id;
create temp table seats as select offer_id,
  testkit.seat(offer_id, 'A', '{"capacity_per_day": 1, "price_per_lead": 60, "routing_priority": 2, "timezone": "Asia/Tokyo"}',
    '{78701}') as a,
  testkit.seat(offer_id, 'B', '{}', '{78701}') as b, testkit.make_buyer('{"name": "D"}') as d from ids;
select testkit.at_time('2026-11-20T12:00:00Z');
select testkit.work_holds();
create temp table l as select n, testkit.outcome(offer_id, '2026-11-20T12:00:00Z'::timestamptz + n * interval '1 hour', fields) as outcome,
  (select max(x.id) from leadgen.leads x) as unused from ids, (values (1, '{}'::jsonb), (2, '{}'), (3, '{"message": null}'), (4,
    '{"postal_code": "78799"}')) as t (n, fields);
create temp table leads as select row_number() over (order by x.id) as n, x.id from leadgen.leads x join ids using (offer_id);
select is((select array_agg(outcome order by n) from l),
  '{"A 60.00, B 45.00","B 45.00","rejected: field_required","outside_service_area 2, held"}', 'what happened');
-- The first lead''s second sale is returned and goes to nobody; the fourth waits.
select testkit.at_time('2026-11-20T17:00:00Z');
select leadgen.return_sale(s.id, 'wrong_number') is not null from leadgen.lead_assignments s join leads on leads.id = s.lead_id and n = 1
  join seats on s.buyer_offer_id = b;

create temp table market as select o.market_id, ids.offer_id from leadgen.offers o join ids on o.id = ids.offer_id;
create temp table events as select row_number() over () as place, e.* from market m, rehearsal.list_events(m.offer_id, m.market_id,
  '2026-11-20Z', '2026-11-21Z') e;
select is((select array_agg(concat_ws(' ', n, to_char(e.happened_at at time zone 'UTC', 'HH24:MI'),
  case when e.decision_id is not null then 'decision'
    when e.assignment_id is not null then 'back' else 'rejected' end) order by e.place) from events e join leads on leads.id = e.lead_id
    where e.happened_at <= '2026-11-20T17:00:00Z'),
  '{"1 13:00 decision","2 14:00 decision","3 15:00 rejected","4 16:00 decision","1 17:00 back"}', 'list_events: in order');
select is((select count(*) from market m, rehearsal.list_events(m.offer_id, m.market_id, '2026-11-20T13:00:01Z', '2026-11-20T15:00:00Z')),
  1::bigint,
  'list_events: of leads of the period, its end not included');
select is((select array_agg(rehearsal.has_more_to_come(x) order by n) from leads
  join leadgen.lead_decisions x on x.lead_id = leads.id and x.attempt = 1),
  '{true,false,false}', 'has_more_to_come: the lead whose sale went back');
create function pg_temp.show(p_outcome rehearsal.outcome) returns text language sql as $$
  select concat_ws(' ', p_outcome.category, p_outcome.cause, (select string_agg(case s.seat when a then 'A' when b then 'B' end || ' '
    || p_outcome.prices[s.n], ', ' order by s.n)
    from seats, unnest(p_outcome.seats) with ordinality as s (seat, n)));
$$;
select is((select array_agg(pg_temp.show(rehearsal.recall_outcome(x)) order by n) from leads join leadgen.leads x using (id)),
  '{"sold A 60.00","sold B 45.00","rejected field_required","held outside_service_area"}', 'recall_outcome: what stands');
select is((select array_agg(rehearsal.name_day(x, zone) order by zone) from leads join leadgen.leads x using (id) cross
  join unnest('{Asia/Tokyo,UTC}'::text[]) zone where n = 4),
  '{2026-11-21,2026-11-20}', 'name_day: in a zone');
select is(rehearsal.name_sales(jsonb_build_object('seats', jsonb_build_array(b, a), 'prices', '[45, 60]'::jsonb),
    array[rehearsal.make_seat(a, testkit.buyer_of(a), 'UTC'), rehearsal.make_seat(b, testkit.buyer_of(b), 'UTC')]) -> 0,
  jsonb_build_object('buyer_id', testkit.buyer_of(b), 'buyer', 'B', 'price', 45),
    'name_sales: with the buyers'' names, in the order of sale') from seats;

-- Changes, read: the seats.
create temp table r as select rehearsal.read_changes(offer_id, jsonb_build_object('default_price_per_lead', 50, 'without',
  jsonb_build_array(testkit.buyer_of(b)),
  'enrollments', jsonb_build_object(a::text,
    '{"capacity_per_day": 3, "filters": {"city": {"enum": ["Austin"]}}, "schedule": {"mon": [["00:00", "01:00"]]}}'::jsonb),
  'with', jsonb_build_array(jsonb_build_object('buyer_id', d, 'service_areas', '["787*", " Round Rock"]'::jsonb, 'weight', 2)))) as x
    from seats;
select is((select array_agg(concat_ws(' ', case s.buyer_offer_id when 0 then 'offer' when a then 'A' when b then 'B' else 'new' end,
  s.timezone, s.is_gone, s.changes, s.tests[1].field)
    order by s.buyer_offer_id) from seats, r, unnest((r.x).seats) s),
  array['offer America/Chicago f', 'A Asia/Tokyo f {"cap_day": 3, "schedule": "{[0,60)}"} city', 'B America/Chicago t {"base_price": 50}',
    'new America/Chicago f {"weight": 2, "base_price": 50}'], 'seat_enrollments, seat_newcomers: who sits there, with what is changed');
select is((x).added_areas, array[E'postal_code:787*\ncity:roundrock'], 'seat_newcomers: areas as they are compared') from r;
select is((select array_agg(c.in_service_area) from rehearsal.place_newcomers(x, testkit.facts(f)) p, unnest(p) c), array[serves],
  'place_newcomers: ' || what)
from r, (values ('{}'::jsonb, true, 'the postal code'), ('{"postal_patterns": ["76701", "*"], "city_key": "roundrock"}', true, 'the city'),
  ('{"postal_patterns": ["76701", "*"], "city_key": "waco"}', false, 'neither'), ('{"postal_patterns": ["76701", "*"], "city_key": null}',
    false, 'no city')) as t (f, serves, what);
select is((seated.s).changes, null, 'seat_enrollments: nothing changed') from (select (rehearsal.seat_enrollments(o, 'UTC', '{}'))[2] as s
  from leadgen.offers o join ids on o.id = offer_id) seated;
select is((rehearsal.seat_newcomers(x, o, '{}')).added is not distinct from (x).added, true, 'seat_newcomers: nobody new') from r, ids
  join leadgen.offers o on o.id = offer_id;
select is(rehearsal.translate_enrollment(fields, 45, 'p'), expected, format('translate_enrollment: %s', fields))
from (values ('{}'::jsonb, null::jsonb), ('{"capacity_per_hour": 5, "budget_per_month": null}', '{"cap_hour": 5, "budget_month": null}'),
  ('{"price_per_lead": null}', '{"base_price": 45}'), ('{"price_per_lead": 7}', '{"base_price": 7}'),
    ('{"schedule": null, "filters": null}', '{"schedule": null, "filter_fault": null}'),
  ('{"is_active": false, "routing_priority": 2, "min_balance_required": 9}',
    '{"enrollment_is_active": false, "priority": 2, "min_balance": 9}')) as t (fields, expected);
select is(testkit.fault_of(format('select rehearsal.check_changed_policies(o, %L) from leadgen.offers o where o.id = %s', changes,
  offer_id)), fault,
  format('check_changed_policies: %s', changes))
from ids, (values ('{"routing": {"max_buyers": 3}}'::jsonb, 'none'), ('{"routing": {"max_buyers": 99}}', 'LG423 config.max_buyers'),
  ('{"validation": {"min_message_length": 0}}', 'LG423 rules.min_message_length'), ('{"pricing": {"exclusivity_premium": {}}}',
    'LG423 rules.exclusivity_premium')) as t (changes, fault);

-- The policy changes in the middle: each lead is laid over the version that judged it.
update leadgen.routing_policies p set config = '{"max_buyers": 1}' from leadgen.offers o
  join ids on o.id = offer_id where p.id = o.routing_policy_id;
select is(catalog.find_policy_body('routing', p.id, t.version)::text, body, format('find_policy_body: version %s', t.version))
from leadgen.offers o join ids on o.id = offer_id join leadgen.routing_policies p on p.id = o.routing_policy_id,
  (values (1, '{"hold_hours": 30, "max_buyers": 2}'), (2, '{"max_buyers": 1}'), (9, null)) as t (version, body);
create temp table laid as select rehearsal.lay_over_policies(jsonb_populate_record(null::rehearsal.rehearsal,
  '{"routing": {"strategy": "weighted"},
  "validation": {"required_fields": null}, "pricing": {"exclusivity_premium": null}, "reprices": true}'), x, d, null) as p
from leads join leadgen.leads x using (id) join leadgen.lead_decisions d on d.lead_id = x.id where n = 1 and d.attempt = 1;
select is(concat_ws(' ', ((p).settings).strategy, ((p).settings).max_buyers, (p).first_max_buyers, (p).routing_version, (p).rules,
  cardinality((p).pricing)),
  '{weighted} 2 2 1 {"duplicate_window_hours": 0} 0', 'lay_over_policies: on version 1') from laid;
select is((rehearsal.name_policies(x)).routing_policy_version, 2, 'name_policies: those of today, for a lead that was never routed')
  from leads join leadgen.leads x using (id) where n = 3;
select is((rehearsal.recall_decision(r.x, y, d.id, '2026-11-20T18:00:00Z')).candidates::text, d.candidates::text,
  'recall_decision: as it was recorded')
from r, leads join leadgen.leads y using (id) join leadgen.lead_decisions d on d.lead_id = y.id where n = 1 and d.attempt = 1;
select is(concat_ws(' ', cardinality(d.candidates), (d.settings).max_buyers, d.decided_at), '2 1 2026-11-20 18:00:00+00',
  'recall_decision: of a lead that was turned down, from the tables')
from r, leads join leadgen.leads y using (id), lateral rehearsal.recall_decision(r.x, y, null, '2026-11-20T18:00:00Z') d where n = 3;

-- Where a rehearsal starts, and what it comes to.
select is(concat_ws(' ', h.hour_count, h.day_count, h.day_spent, h.month_count), expected, 'start_history: at ' || at)
from r, (values ('2026-11-20T13:30:00Z'::timestamptz, '2 2 105.00 2'), ('2026-11-20T14:30:00Z', '1 3 150.00 3'), ('2026-11-20T17:00:01Z',
  '0 2 105.00 2'),
  ('2026-11-20T12:00:00Z', '0 0 0 0')) as t (at, expected), lateral rehearsal.start_history((r.x), at) h;
create temp table summed as select rehearsal.summarize_history((r.x), '2026-11-20Z', '2026-11-21Z') as t, (r.x) as x from r;
select is((t).counts || (t).causes || (t).codes || (t).days,
  '{"sales": 2, "revenue": 105.00, "sold": 2, "held": 1, "rejected": 1, "outside_service_area": 1, "field_required": 1,
  "2026-11-20 sold": 2, "2026-11-20 revenue": 105.00}', 'summarize_history') from summed;
select is((t).leads, 4, 'summarize_history: all leads') from summed;
select is(p.leads || ' ' || p.moved || ' ' || p.counts, '4 {} {}', 'play_rehearsal: nothing changed, no difference')
from ids, lateral rehearsal.read_changes(offer_id, '{}') c, lateral rehearsal.play_rehearsal(c, '2026-11-20Z', '2026-11-21Z') p;
select is((select array_agg(concat_ws(' ', e ->> 'buyer', e #>> '{actual,sales}', e #>> '{simulated,fill}') order by e ->> 'buyer')
  from jsonb_array_elements(rehearsal.report_buyers(t, t, '2026-11-20Z', '2026-11-21Z')) e), '{"A 1 0.3333","B 1","D 0"}',
    'report_buyers: fill by the changed cap') from summed;

select * from finish();
rollback;
