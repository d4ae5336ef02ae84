-- roads.fill_feed: what happened, in one order, once. Late commits need two sessions: tests/api/test_feed.py.
begin;
select plan(15);

select testkit.at_time('2026-11-20 10:00 America/Chicago');
select testkit.open_offer('{}', 'Ace');
select roads.fill_feed();
create temp table start as select leadgen.find_feed_head() as id;
create temp view news as
select i.* from leadgen.feed_items i, start s where i.id > s.id order by i.id;

create temp table sold as select leadgen.submit_lead(testkit.given_lead('homeowner')) as answer;
select cmp_ok(roads.fill_feed(), '>=', 2, 'a lead and its sale are new');
select is(roads.fill_feed(), 0, 'what is in the feed is not added again');
select set_eq('select kind from news', $$values ('lead.received'), ('sale.made')$$, 'leads and sales are told');
select is((select n.facts ->> 'is_valid' from news n where n.kind = 'lead.received' order by n.id limit 1), 'true',
  'a lead is told to be valid');
select is((select n.buyer_id from news n where n.kind = 'sale.made'), testkit.buyer('Ace'), 'a sale is its buyer''s');
select is((select bool_and(n.for_buyers) from news n where n.kind = 'lead.received'), false, 'no buyer sees what was received');
select unalike((select string_agg(n.facts::text, ' ') from news n), '%@%', 'no e-mail address is told');

select leadgen.return_sale(a.id, 'wrong_number') from leadgen.lead_assignments a;
select roads.fill_feed();
select set_has('select kind from news', $$values ('return.requested'), ('return.approved')$$, 'a return and what became of it are told');
select is((select n.facts ->> 'reason' from news n where n.kind = 'return.approved'), 'wrong_number',
  'the reason of a return is told to its buyer');
select ok((select not n.facts ? 'message' and n.notes ? 'message' from news n where n.kind = 'return.approved'),
  'the words of an event are for operators');

update leadgen.routing_policies set config = config || '{"max_buyers": 2}'::jsonb;
select roads.fill_feed();
select is((select n.facts - 'policy_id' from news n where n.kind = 'policy.changed'),
  '{"action": "update", "policy": "routing", "columns": ["config", "version"]}'::jsonb,
  'which columns of a policy changed is told, and no value');

insert into leadgen.events (kind, subject, message) values ('no_such_kind', 'a test', 'words');
select roads.fill_feed();
select is((select n.notes ->> 'event' from news n where n.kind = 'event.noted'), 'no_such_kind',
  'an event that the registry does not know is told, too');

select is((select count(*) - count(distinct e.kind) from leadgen.feed_kinds k cross join unnest(k.event_kinds) e (kind)), 0::bigint,
  'each event becomes one kind');

update leadgen.feed_items set created_at = leadgen.clock() - interval '8 days' where id <= (select s.id + 1 from start s);
update leadgen.feed_marks set settled_id = 1000000, mark_id = 1000000;
select cmp_ok(roads.forget_feed(), '>=', 1, 'items that are old are deleted');
select is((select s.forgotten_to from leadgen.feed_state s), (select s.id + 1 from start s), 'up to where is remembered');

select * from finish();
rollback;
