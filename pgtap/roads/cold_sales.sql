-- pass_on_cold_sale, settle_cold_sale, give_to_next_buyer, tell_undelivered (and market/cold_sales.sql): a sale of which nothing can have
-- reached its buyer in time passes on to the next one.
begin;
select plan(50);
select testkit.at_time('2026-11-20T16:00:00Z');

create function pg_temp.attempt(p_sale_id bigint, p_outcome text default 'failed') returns void language plpgsql as $$
-- One attempt at its webhook; after a failure the next one is due in an hour.
declare
  v_claim record;
begin
  select c.* into v_claim from leadgen.claim_deliveries('w', '{"webhook": 100}', '30 seconds') c
  join leadgen.deliveries d on d.id = c.delivery_id and d.assignment_id = p_sale_id;
  perform leadgen.record_attempts(jsonb_build_array(jsonb_build_object('delivery_id', v_claim.delivery_id,
    'lease_token', v_claim.lease_token, 'started_at', leadgen.clock(), 'outcome', p_outcome, 'latency_ms', 1,
    'status_code', 503, 'error_class', 'http_5xx', 'error', 'HTTP 503: no John Smith here')), 3, '1 hour');
  perform leadgen.release_deliveries(array_agg(d.id), array_agg(d.lease_token)) from leadgen.deliveries d where d.lease_token is not null;
end;
$$;
create function pg_temp.work(p_at timestamptz) returns integer language plpgsql as $$
-- How many sales a worker looks at then.
declare
  v_count integer := 0;
begin
  perform testkit.at_time(p_at);
  while leadgen.run_chore('pass_on_cold_sale') loop
    v_count := v_count + 1;
  end loop;
  return v_count;
end;
$$;
create function pg_temp.sell(p_offer_id bigint, p_outcome text default 'failed') returns bigint language plpgsql as $$
-- A sale of four o'clock to the first buyer, with one attempt; in offers of their own, for the clock is set back.
declare
  v_sale_id bigint;
begin
  perform testkit.at_time('2026-11-20T16:00:00Z');
  v_sale_id := testkit.sell_lead(p_offer_id);
  if p_outcome is not null then
    perform pg_temp.attempt(v_sale_id, p_outcome);
  end if;
  return v_sale_id;
end;
$$;

-- The webhook answers 503. A second before nothing happens; then the next buyer has the lead.
create temp table o as select testkit.open_offer('{}', 'Webb', 'Best', 'Cole') as offer_id;
create temp table s as select pg_temp.sell(offer_id) as id from o;
select is((testkit.sale(id)).pass_on_at, '2026-11-20T16:02:00Z'::timestamptz, 'a sale is to be delivered within 120 s') from s;
select is(pg_temp.work('2026-11-20T16:01:59Z'), 0, 'after 119 s no sale is looked at');
select is(pg_temp.work('2026-11-20T16:02:00Z'), 1, 'after 120 s it is');
select is(testkit.tell_sales(id), '{"failed released",pending}', 'the next buyer has it') from s;
select is(roads.summarize_lead((testkit.sale(id)).lead_id),
  'Sold to Best for 45.00 USD; no longer sold to Webb (not delivered within 120 s)', 'summarize_lead: says why') from s;
select is((select format('%s | %s', e ->> 'ending', e -> 'deliveries' -> 0 ->> 'status')
  from jsonb_path_query_first(roads.explain_sales((testkit.sale(id)).lead_id), '$[0]') e),
  'not delivered within 120 s | cancelled', 'explain_sales: says why, and that nothing more is sent') from s;
select is(testkit.tell_usage(offer_id), '0 0 0 0 0.00 0.00 / 1 1 1 1 45.00 45.00', 'its place and its money are given back') from o;
select is(leadgen.replay_lead((testkit.sale(id)).lead_id), '{"identical": true}', 'replay: both decisions come out again') from s;
select is(testkit.fault_of(format('select leadgen.accept_sale(%s)', id)), 'LG409 outcome', 'the first buyer comes too late') from s;
select is((select array_agg(c.target) from leadgen.claim_deliveries('w', '{"webhook": 100}', '30 seconds') c), null,
  'no worker is given the first delivery any more');
select is(leadgen.what_if(offer_id, '2026-11-20T00:00:00Z', '2026-11-21T00:00:00Z', changes) -> 'is_identical', 'true',
  format('what_if: %s: identical', changes))
from o, unnest('{"{}","{\"routing\": {\"reroute\": {\"deliver_within_seconds\": 60}}}"}'::jsonb[]) changes;

-- Operators and the buyer hear of it, once an hour.
select is((select array_agg(e.message) from leadgen.events e where e.kind = 'sale_undelivered'),
  array[format('enrollment %s: sale %s was not delivered within 120 s, its lead went to the next buyer; the first of this hour',
    (testkit.sale(id)).buyer_offer_id, id)], 'tell_undelivered: an event') from s;
select is((select n.facts - 'assignment_id' from leadgen.notices n where n.kind = 'lead.undelivered'),
  jsonb_build_object('offer', (select o.name from leadgen.offers o join pg_temp.o x on x.offer_id = o.id),
    'sold_at', '2026-11-20T16:00:00Z', 'reason', 'not delivered within 120 s', 'last_error', 'webhook: HTTP 503'),
  'tell_undelivered: a notice to the buyer');
select leadgen.erase_lead((testkit.sale(id)).lead_id, 'asked to be') from s;
select is((select count(*) from leadgen.notices n where n::text ~ 'John'), 0::bigint, 'tell_undelivered: no words of a receiver');
create temp table second as select testkit.sell_lead(offer_id, 2) as id from o;
select testkit.at_time('2026-11-20T16:03:00Z');
select pg_temp.attempt(id) from second;
select pg_temp.work('2026-11-20T16:05:00Z');
select is(testkit.tell_sales(id), '{"failed released",pending}', 'a second sale of the hour passes on') from second;
select is(count(*), 1::bigint, 'tell_undelivered: no second notice in one hour') from leadgen.notices n where n.kind = 'lead.undelivered';

-- A channel without a status of HTTP: the class of the error. A delivery that was never tried says nothing.
create temp table mailed as select testkit.open_offer('{}', 'Ace', 'Best') as offer_id;
create temp table mail as select pg_temp.sell(offer_id, null) as id from mailed;
insert into leadgen.delivery_attempts (market_id, delivery_id, attempt, started_at, latency_ms, outcome, status_code, error, error_class)
select d.market_id, d.id, 1, leadgen.clock(), 1, 'failed', 451, '451 try again, John', 'smtp_4xx'
from leadgen.deliveries d join mail on d.assignment_id = mail.id;
update leadgen.deliveries d set attempts = 1 from mail where d.assignment_id = mail.id;
create temp table untried as select pg_temp.sell(testkit.open_offer('{}', 'Cole', 'Best'), null) as id;
select testkit.at_time('2026-11-20T16:02:00Z');
select roads.tell_undelivered(x.id, '2026-11-20T16:02:00Z') from mail m, untried u, unnest(array[m.id, u.id]) as x (id);
select is((select n.facts -> 'last_error' from leadgen.notices n where n.facts ->> 'assignment_id' = x.id::text), error,
  format('tell_undelivered: last_error %s', error))
from mail m, untried u, lateral (values (m.id, '"email: smtp_4xx"'::jsonb), (u.id, 'null')) as x (id, error);

-- By the policy: another time, never, and what counts as today's.
create function pg_temp.fate(p_config jsonb, p_at timestamptz, variadic p_buyers text[]) returns text[] language plpgsql as $$
declare
  v_sale_id constant bigint := pg_temp.sell(testkit.open_offer(p_config, variadic p_buyers));
begin
  perform pg_temp.work(p_at);
  return testkit.tell_sales(v_sale_id);
end;
$$;
select is(pg_temp.fate(config, at, 'Webb', 'Best'), sales, format('%s at %s', config, at))
from (values
  ('{"reroute": {"deliver_within_seconds": 30}}'::jsonb, '2026-11-20T16:00:29Z'::timestamptz, '{pending}'::text[]),
  ('{"reroute": {"deliver_within_seconds": 30}}', '2026-11-20T16:00:30Z', '{"failed released",pending}'),
  ('{"reroute": {"deliver_within_seconds": 0}}', '2026-11-20T16:30:00Z', '{pending}'),
  ('{"reroute": {"on_failure": false}}', '2026-11-20T16:30:00Z', '{pending}'),
  ('{"reroute": {"on_failure": false, "deliver_within_seconds": 30}}', '2026-11-20T16:30:00Z', '{pending}'),
  ('{"reroute": {"max_attempts": 0}}', '2026-11-20T16:30:00Z', '{pending}'),
  ('{"acceptance": {"mode": "explicit", "window_hours": 2}}', '2026-11-20T16:02:00Z', '{"failed released",pending}')
) as t (config, at, sales);
select is(testkit.policy_fault('routing', jsonb_build_object('reroute', jsonb_build_object('deliver_within_seconds', value))),
  'LG423 config.reroute.deliver_within_seconds', format('deliver_within_seconds %s is refused', value))
from unnest('{-1,604801,"\"120\"",null}'::jsonb[]) value;
select is((testkit.settings(config)).deliver_within_seconds, seconds, format('read_routing_config: %s', config))
from (values ('{}'::jsonb, 120::numeric), ('{"reroute": {"deliver_within_seconds": 0}}', null),
  ('{"reroute": {"deliver_within_seconds": 0.5}}', 0.5), ('{"reroute": {"on_failure": false}}', null)) as t (config, seconds);
create temp table off as select testkit.open_offer('{}', 'Webb', 'Best') as offer_id;
create temp table kept as select pg_temp.sell(offer_id) as id from off;
update leadgen.routing_policies p set config = '{"reroute": {"deliver_within_seconds": 0}}'
from off join leadgen.offers o on o.id = off.offer_id where p.id = o.routing_policy_id;
select pg_temp.work('2026-11-20T16:02:00Z');
select is(testkit.tell_sales(id), '{pending}', 'may_pass_on: a policy that switches it off counts for what was sold before')
from kept;
select is((testkit.sale(id)).pass_on_at, null, 'may_pass_on: such a sale is not looked at again') from kept;

-- As often as the policy says.
create temp table often as select testkit.open_offer('{"reroute": {"max_attempts": 1}}', 'Webb', 'Both', 'Cole') as offer_id;
create temp table twice as select pg_temp.sell(offer_id) as id from often;
update leadgen.buyers b set email_notifications = false where b.name = 'Both';
select pg_temp.work('2026-11-20T16:02:00Z');
select pg_temp.attempt(max(a.id)) from leadgen.lead_assignments a;
select pg_temp.work('2026-11-20T16:04:00Z');
select is(testkit.tell_sales(id), '{"failed released",pending}', 'max_attempts: a lead passes on once, then stays') from twice;

-- Nobody else takes it: the sale stands, and its retries go on. It is looked at again.
create temp table alone as select testkit.open_offer('{}', 'Webb', 'Nix') as offer_id;
create temp table single as select pg_temp.sell(offer_id) as id from alone;
select pg_temp.work('2026-11-20T16:02:00Z');
select is(testkit.tell_sale(id), 'pending | validated', 'give_to_next_buyer: without one the sale stands') from single;
select is((select d.status::text from leadgen.deliveries d where d.assignment_id = single.id), 'pending',
  'give_to_next_buyer: without one the delivery is tried again') from single;
select is((testkit.sale(id)).pass_on_at, '2026-11-20T16:03:00Z'::timestamptz, 'look_again: in a minute') from single;
select pg_temp.work('2026-11-20T16:03:00Z');
select is((testkit.sale(id)).pass_on_at, '2026-11-20T16:04:30Z'::timestamptz, 'look_again: later each time') from single;
select testkit.enroll_buyer(offer_id, 'Best') from alone;
select pg_temp.work('2026-11-20T16:04:30Z');
select is(testkit.tell_sales(id), '{"failed released",pending}', 'a buyer came: it passes on') from single;

-- What waits for us is looked at within the hour, however old it is.
create temp table waiting as select pg_temp.sell(testkit.open_offer('{}', 'Webb', 'Best'), null) as id;
create temp table judged as select pg_get_functiondef('outbox.judge_undelivered'::regproc) as definition;
do $$ begin execute regexp_replace((select definition from judged), 'AS \$function\$.*', 'as $f$ begin return ''queued''; end $f$'); end $$;
select roads.settle_cold_sale(testkit.sale(id), '2026-11-21T16:00:00Z') from waiting;
do $$ begin execute (select definition from judged); end $$;
select is((testkit.sale(id)).pass_on_at, '2026-11-21T17:00:00Z'::timestamptz, 'settle_cold_sale: queued for a day, again in an hour')
from waiting;
update leadgen.lead_assignments a set pass_on_at = null from waiting where a.id = waiting.id;

-- A shared sale: only the place that is cold.
create temp table shared as select testkit.open_offer('{"max_buyers": 2}', 'Webb', 'Best', 'Cole') as offer_id;
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table pair as select testkit.sell_lead(offer_id) - 1 as id from shared;
select pg_temp.attempt(id) from pair;
select testkit.attempt(id + 1, 'delivered') from pair;
select pg_temp.work('2026-11-20T16:02:00Z');
select is(testkit.tell_sales(id), '{"failed released",accepted,pending}', 'shared: one more buyer for the cold place') from pair;

-- An owner whose webhook is down: the policy holds its places, and what it had falls through.
create temp table owned as select testkit.open_offer('{"exclusivity": {"when_unavailable": "hold"}}', 'Webb', 'Best') as offer_id;
select testkit.own(min(bo.id), 'postal_code', '787*') from owned join leadgen.buyer_offers bo using (offer_id);
create temp table exclusive as select pg_temp.sell(offer_id) as id from owned;
select pg_temp.work('2026-11-20T16:02:00Z');
select is(testkit.tell_sales(id), '{"failed released",pending}', 'exclusivity hold: a cold lead falls through its owner') from exclusive;

-- An erased lead goes nowhere. One sale that raises keeps no other waiting.
create temp table gone as select testkit.open_offer('{}', 'Webb', 'Best') as offer_id;
create temp table erased as select pg_temp.sell(offer_id) as id from gone;
select leadgen.erase_lead((testkit.sale(id)).lead_id, 'asked') from erased;
select is(pg_temp.work('2026-11-20T16:02:00Z'), 0, 'the sale of an erased lead is not looked at');
create temp table odd as select testkit.open_offer('{}', 'Webb', 'Best') as offer_id;
create temp table raising as select pg_temp.sell(offer_id) as id from odd;
create function pg_temp.raise() returns trigger language plpgsql as $$ begin raise 'odd' using errcode = '22012'; end; $$;
set local client_min_messages = error;
create trigger odd before insert on leadgen.lead_decisions for each row execute function pg_temp.raise();
select pg_temp.work('2026-11-20T16:02:00Z');
drop trigger odd on leadgen.lead_decisions;
select is(concat_ws(' ', (testkit.sale(id)).outcome, (testkit.sale(id)).pass_on_at), 'pending 2026-11-20 16:03:00+00',
  'a sale that raises is put off for a minute') from raising;
select pg_temp.work('2026-11-20T16:03:00Z');
select is(testkit.tell_sales(id), '{"failed released",pending}', 'a sale that raised passes on when it is looked at again') from raising;
select is_empty('select * from leadgen.list_broken_invariants()', 'the invariants hold');
select is((leadgen.verify_leads(0, 1000)).faults, '[]', 'every decision replays');

select * from finish();
rollback;
