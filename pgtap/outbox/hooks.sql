-- Hooks: which items each is sent, how much at once, and who holds the feed back.
begin;
select plan(12);

select testkit.at_time('2026-11-20 10:00 America/Chicago');
select testkit.open_offer('{}', 'Ace');
insert into leadgen.feed_items (created_at, happened_at, origin, origin_id, kind, for_buyers, facts)
values (leadgen.clock(), leadgen.clock(), 'sale', -1, 'sale.made', true, '{}');
create temp table added as select * from leadgen.add_hook('ops', 'https://ops.example.com/', '{sale.made}');
create temp view notices as
select n.kind, n.facts from leadgen.notices n where n.hook_id = (select a.hook_id from added a) order by n.id;

select is(outbox.queue_hook_items(), null, 'what was there before a hook is not for it');

insert into leadgen.feed_items (created_at, happened_at, origin, origin_id, kind, for_buyers, facts)
select leadgen.clock(), leadgen.clock(), 'sale', -10 - n, case n % 2 when 0 then 'sale.made' else 'lead.received' end, true,
  jsonb_build_object('n', n)
from generate_series(1, 300) n;
select is(outbox.queue_hook_items(), (select a.hook_id from added a), 'what is new is queued');
select is((select jsonb_array_length(n.facts -> 'items') from notices n), 100, 'a message has at most 100 items');
select is((select jsonb_path_query_array(n.facts, '$.items[*].data.n') from notices n),
  (select jsonb_agg(n * 2 order by n) from generate_series(1, 100) n), 'only kinds that were asked for are sent, in their order');
select is(outbox.queue_hook_items(), (select a.hook_id from added a), 'the rest follows');
select is(outbox.queue_hook_items(), null, 'nothing is sent twice');
select is((select sum(jsonb_array_length(n.facts -> 'items')) from notices n), 150::bigint, 'all of it was queued');
select is((select count(*) from leadgen.deliveries d join leadgen.endpoints e on e.id = d.endpoint_id and e.hook_id is not null
  where d.buyer_id is null and d.status = 'pending'), 2::bigint, 'each message is a delivery without a buyer');

select results_eq($$select c.kind, c.secrets = array[(select a.secret from added a)]::text[], c.body::jsonb #> '{data,after}' is not null
  from leadgen.claim_deliveries('w', '{"webhook": 10}', '1 minute') c$$, $$values ('feed.items', true, true)$$,
  'one message at a time is claimed, to be signed by the hook''s secret');

select is(outbox.find_sent_item(), leadgen.find_feed_head(), 'a hook that has everything holds nothing back');
update leadgen.operator_hooks set last_item_id = 1;
select is(outbox.find_sent_item(), 1::bigint, 'what a hook in use has still to be sent is kept');
select leadgen.pause_hook(a.hook_id) from added a;
select is(outbox.find_sent_item(), leadgen.find_feed_head(), 'a hook that is paused holds nothing back');

select * from finish();
rollback;
