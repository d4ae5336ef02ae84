-- Outcome reports: what a buyer may say of a sale, and what follows from all that it said.
begin;
select plan(50);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table ids as select testkit.make_offer('{"duplicate_window_hours": 0}') as offer_id;
create temp table seats as select testkit.enroll_buyer(offer_id, 'Ace', '{"routing_priority": 9}') as ace,
  testkit.enroll_buyer(offer_id, 'Best', '{"routing_priority": 1}') as best from ids;
select testkit.make_key(repeat('a', 64), jsonb_build_object('buyer_id', testkit.buyer_of(ace))),
  testkit.make_key(repeat('b', 64), jsonb_build_object('buyer_id', testkit.buyer_of(best))) from seats;
create temp table sales as
select n, (testkit.submit(offer_id, '{}', n) ->> 'lead_id')::bigint as lead_id from ids, generate_series(1, 6) n;
alter table sales add id bigint;
update sales s set id = a.id from leadgen.lead_assignments a where a.lead_id = s.lead_id;
grant all on sales, ids, seats to public;
select testkit.at_time('2026-11-25T18:00:00Z');
create function pg_temp.say(p_n integer, p_report jsonb) returns jsonb language sql as $$
  select leadgen.report_outcome(repeat('a', 64), s.id, p_report) -> 'reported' from sales s where s.n = p_n;
$$;
create function pg_temp.fault(p_n integer, p_report jsonb) returns text language sql as $$
  select testkit.fault_of(format('select leadgen.report_outcome(repeat(''a'', 64), %s, %L)', s.id, p_report)) from sales s where s.n = p_n;
$$;
create function pg_temp.sum(p_n integer) returns text language sql as $$
  select concat_ws(' ', o.stage, to_char(o.happened_at at time zone 'UTC', 'DD"T"HH24:MI'), coalesce(o.value::text, '-'),
    coalesce(o.stars::text, '-'), o.reports)
  from leadgen.reported_outcomes o join sales s on s.id = o.assignment_id where s.n = p_n;
$$;

-- What is said.
set local role leadgen_api;
select is(pg_temp.say(1, '{"stage": "contacted"}'), '{"stage": "contacted", "happened_at": "2026-11-25T18:00:00+00:00", "value": null,
  "stars": null, "reports": 1, "reported_at": "2026-11-25T18:00:00+00:00"}', 'a buyer says that it reached the person');
select is(pg_temp.say(1, '{"stage": "contacted"}') ->> 'reports', '1', 'the same report again is the same report');
select is(pg_temp.say(1, '{"stage": "won", "happened_at": "2026-11-25T17:00:00Z", "value": 1200.5, "stars": 4, "comment": "fine"}')
  ->> 'stage', 'contacted', 'what happened before is not the latest, though it is said later');
select is(pg_temp.say(1, '{"stage": "won", "happened_at": "2026-11-25T17:00:00Z", "value": 1200.5, "stars": 4, "comment": "fine"}')
  ->> 'reports', '2', 'a report with its time is known again');
select is(pg_temp.say(1, '{"stage": "contacted"}') ->> 'reports', '3', 'without a time the same words are news after others');
select is(pg_temp.say(1, '{"stage": "contacted", "happened_at": null}') ->> 'reports', '3', 'null is the same as no field');
select is(leadgen.show_sale(repeat('a', 64), id) #>> '{reported,value}', '1200.50', 'a buyer sees what it has reported') from sales
where n = 1;
select is(leadgen.show_sale(repeat('a', 64), id) ? 'reported', false, 'a sale without a report shows none') from sales where n = 2;
select is(testkit.fault_of(format('select leadgen.report_outcome(repeat(''b'', 64), %s, ''{"stars": 1}'')', id)), 'LG404 assignment_id',
  'another buyer''s sale') from sales where n = 1;
select is(testkit.fault_of(format('select leadgen.report_outcome(repeat(''c'', 64), %s, ''{"stars": 1}'')', id)), 'LG401',
  'no key') from sales where n = 1;
reset role;
select is((select array_agg(format('%s %s', r.stage, r.via) order by r.id) from leadgen.outcome_reports r join sales s
  on s.id = r.assignment_id where s.n = 1), '{"contacted api","won api","contacted api"}', 'every report is kept');
select is(e.message, format('Ace reports of lead %s: won, 1200.50 USD, 4 stars, a comment', lead_id),
  'the operator hears of it, not in the buyer''s words')
from leadgen.events e, sales where n = 1 and e.kind = 'outcome_reported' and e.facts ->> 'stage' = 'won';
select is((select count(*) from leadgen.events e where e.kind = 'outcome_reported'), 3::bigint, 'one event a report');

-- What cannot be.
select is(pg_temp.fault(2, report), fault, format('refused: %s', left(report::text, 60)))
from (values
  ('{}'::jsonb, 'LG400 stage'), ('[]', 'LG400 report'), ('null', 'LG400 report'), ('{"stage": null}', 'LG400 stage'),
  ('{"stage": "sold"}', 'LG400 stage'), ('{"stage": 7}', 'LG400 stage'), ('{"stage": "won", "x": 1}', 'LG400 report'),
  ('{"happened_at": "2026-11-24"}', 'LG400 stage'),
  ('{"stage": "won", "happened_at": "2026-11-26"}', 'LG400 happened_at'), -- still to come
  ('{"stage": "won", "happened_at": "2026-11-18"}', 'LG400 happened_at'), -- before the sale
  ('{"stage": "won", "happened_at": 20261124}', 'LG400 happened_at'), ('{"stage": "won", "happened_at": "soon"}', 'LG400 happened_at'),
  ('{"stage": "contacted", "value": 5}', 'LG400 value'), ('{"stars": 5, "value": 5}', 'LG400 value'),
  ('{"stage": "won", "value": -1}', 'LG400 value'), ('{"stage": "won", "value": 1.005}', 'LG400 value'),
  ('{"stage": "won", "value": 10000000000}', 'LG400 value'), ('{"stage": "won", "value": 1e99}', 'LG400 value'),
  ('{"stage": "won", "value": "much"}', 'LG400 value'), ('{"stage": "won", "value": {}}', 'LG400 value'),
  ('{"stars": 0}', 'LG400 stars'), ('{"stars": 6}', 'LG400 stars'), ('{"stars": 4.5}', 'LG400 stars'), ('{"stars": true}', 'LG400 stars'),
  ('{"stars": 1e30}', 'LG400 stars'),
  (jsonb_build_object('comment', repeat('x', 501)), 'LG400 comment'), ('{"comment": ["x"]}', 'LG400 comment')
) as t (report, fault);
select is((select count(*) from leadgen.reported_outcomes o join sales s on s.id = o.assignment_id where s.n = 2), 0::bigint,
  'nothing is kept of what is refused');

-- In whatever order they come, the same follows.
select pg_temp.say(3, report::jsonb) from (values
  (1, '{"stage": "contacted", "happened_at": "2026-11-21"}'), (2, '{"stage": "quoted", "happened_at": "2026-11-22", "value": 900}'),
  (3, '{"stage": "won", "happened_at": "2026-11-24T10:00", "value": "850.00"}'), (4, '{"stars": 5, "happened_at": "2026-11-24T11:00"}')
) as t (n, report) order by n;
select pg_temp.say(4, report::jsonb) from (values
  (4, '{"stage": "contacted", "happened_at": "2026-11-21"}'), (3, '{"stage": "quoted", "happened_at": "2026-11-22", "value": 900}'),
  (2, '{"stage": "won", "happened_at": "2026-11-24T10:00", "value": "850.00"}'), (1, '{"stars": 5, "happened_at": "2026-11-24T11:00"}')
) as t (n, report) order by n;
select is(pg_temp.sum(3), 'won 24T16:00 850.00 5 4', 'what happened last, the latest value, the latest stars');
select is(pg_temp.sum(4), pg_temp.sum(3), 'the other way round the same follows');
select is(to_jsonb(market.sum_up_reports(id)), to_jsonb(o), 'what is kept is what the reports say')
from sales join leadgen.reported_outcomes o on o.assignment_id = id where n = 4;

-- Ends.
select leadgen.return_sale(id, 'spam') from sales where n = 3;
select is(pg_temp.fault(3, '{"stage": "lost"}'), 'LG409 outcome', 'of a sale that was given back nothing more is reported');
select is(pg_temp.sum(3), 'won 24T16:00 850.00 5 4', 'what was reported before stays');
select is((select format('%s %s', c.won, c.value_won) from report.conversion c where c.buyer = 'Ace'), '1 850.00',
  'conversion counts sales that stand');
select leadgen.erase_lead(lead_id, 'asked for') from sales where n = 1;
select is((select count(r.comment) from leadgen.outcome_reports r), 0::bigint, 'of an erased lead no words are kept');
select is(testkit.fault_of('delete from leadgen.outcome_reports'), 'LG409', 'reports are append-only');
select is(testkit.fault_of('update leadgen.outcome_reports set stars = 1'), 'LG409 stars', 'a report does not change');

select * from finish();
rollback;
