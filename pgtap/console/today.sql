-- The day so far, beside a week ago, and what needs a hand.
begin;
select plan(18);
select testkit.at_time('2026-11-13 10:00 America/Chicago');
create temp table ids as select testkit.open_offer('{"returns": {"auto_approve": false}}', 'Best', 'Dora') as offer_id;
create function pg_temp.day() returns jsonb language sql as $$
  select d from jsonb_array_elements(console.list_days(leadgen.clock())) d
$$;
create function pg_temp.need(p_what text) returns integer language sql as $$
  select (console.count_needs(leadgen.clock()) ->> p_what)::integer
$$;

select testkit.submit(offer_id, '{}', 1) from ids;
select testkit.at_time('2026-11-13 20:00 America/Chicago');
select testkit.submit(offer_id, '{}', 2) from ids;
select testkit.at_time('2026-11-20 09:00 America/Chicago');
select testkit.submit(offer_id, '{}', n) from ids, generate_series(3, 4) n;
select testkit.at_time('2026-11-20 12:00 America/Chicago');

select is((pg_temp.day() ->> 'leads')::integer, 2, 'leads of the market''s day so far are counted');
select is((pg_temp.day() -> 'then' ->> 'leads')::integer, 1, 'a week ago only what had come by this hour counts');
select is((pg_temp.day() ->> 'sales')::integer, 2, 'sales that stand are counted');
select is((pg_temp.day() ->> 'revenue')::numeric, 90.00, 'their prices are the revenue');
select is((pg_temp.day() ->> 'margin')::numeric, 90.00, 'a source that is not paid leaves all of it');
select is(h -> 'leads', to_jsonb(2), 'two leads at nine')
from jsonb_array_elements(console.list_hours(leadgen.clock())) h where h ->> 'hour' = '9';
select is(h -> 'then', to_jsonb(1), 'the hours of a week ago go on to its midnight')
from jsonb_array_elements(console.list_hours(leadgen.clock())) h where h ->> 'hour' = '20';
select is(jsonb_array_length(console.list_hours(leadgen.clock())), 24, 'each hour is there');

select is(pg_temp.need('returns'), 0, 'no return waits');
select roads.request_return(a.id, 'not_interested', null, 'api')
from leadgen.lead_assignments a order by a.id desc limit 1;
select is(pg_temp.need('returns'), 1, 'a return waits for a decision');
select is((pg_temp.day() ->> 'sales')::integer, 2, 'a sale counts until its return is approved');
select roads.decide_return(r.id, true, null, 'user 7') from leadgen.sale_returns r;
select is((pg_temp.day() ->> 'sales')::integer, 1, 'a returned sale counts no more');
select is(r.decided_by, 'user 7', 'a return names who decided it') from leadgen.sale_returns r;
select is(pg_temp.need('endpoints'), 0, 'every endpoint is in use');
select outbox.disable_endpoint(e.id, 'it moves') from leadgen.endpoints e order by e.id limit 1;
select is(pg_temp.need('endpoints'), 1, 'a disabled endpoint needs a hand');
create temp table hook as select * from leadgen.add_hook('chat', 'https://ops.example.com/', '{}');
select outbox.disable_endpoint(outbox.find_hook_endpoint(hook_id), 'it moves') from hook;
select is(pg_temp.need('endpoints'), 2, 'the endpoint of a hook does, too');
select is(r ->> 'state', 'disabled', 'it is in the list of endpoints')
from jsonb_array_elements(console.list_endpoints(leadgen.clock()) -> 'rows') r where r ->> 'receiver' = 'hook chat';
select leadgen.pause_hook(hook_id) from hook;
select is(pg_temp.need('endpoints'), 1, 'a hook that is paused needs no hand');
select * from finish();
rollback;
