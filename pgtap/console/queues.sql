-- Queues: paged by key, each state listed or refused, and nobody's data in them.
begin;
select plan(17);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table ids as select testkit.make_offer('{}', '{"hold_hours": 2}') as offer_id;
select testkit.enroll_buyer(offer_id, 'Nix') from ids;
select testkit.submit(offer_id, '{}', n) from ids, generate_series(1, 60) n;
create temp table held as
select console.list_held(null) as first;
alter table held add second jsonb;
update held set second = console.list_held((first ->> 'next')::bigint);

select is(jsonb_array_length(first -> 'rows'), 50, 'a page has fifty') from held;
select is(jsonb_array_length(second -> 'rows'), 10, 'the next has the rest') from held;
select is(second -> 'next', 'null', 'nothing follows the last page') from held;
select is(count(distinct r ->> 'id'), 60::bigint, 'no lead is there twice, and none is left out')
from held, jsonb_array_elements((first -> 'rows') || (second -> 'rows')) r;
select unalike(first::text, '%example.com%', 'no contact is in a list') from held;

select is(testkit.fault_of(sql), 'LG400 status', what) from (values
  ('select console.list_returns(''lost'', null)', 'there is no such state of a return'),
  ('select console.list_returns(null, null)', 'no state of a return'),
  ('select console.list_deliveries(''delivered'', null)', 'what arrived is not listed'),
  ('select console.list_deliveries(null, null)', 'no state of a delivery')) as t (sql, what);
select is(console.list_returns(status, null) -> 'rows', '[]', format('no return is %s', status))
from unnest('{requested,received,approved,refused}'::text[]) status;
select is(console.list_quarantine(null) -> 'rows', '[]', 'nothing is in quarantine');

create temp table hook as select * from leadgen.add_hook('chat', 'https://ops.example.com/', '{}');
create temp table told as select leadgen.test_hook(hook_id) as delivery_id from hook;
update leadgen.deliveries d set status = 'sending', lease_token = gen_random_uuid() from told t where d.id = t.delivery_id;
update leadgen.deliveries d set status = 'dead', lease_token = null, next_attempt_at = null, finished_at = leadgen.clock()
from told t where d.id = t.delivery_id;
select is(console.list_deliveries('dead', null) #>> '{rows,0,receiver}', 'hook chat', 'a dead delivery to a hook is listed');

select is(market.wake_lead(l.id, leadgen.clock()), true, 'a held lead is woken') from leadgen.leads l order by l.id limit 1;
select is(market.wake_lead(l.id, leadgen.clock()), false, 'woken again, it is due already') from leadgen.leads l order by l.id limit 1;
select * from finish();
rollback;
