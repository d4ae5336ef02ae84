-- The states of a sale by its parts: has_ended, describe_outcome, gives_on, judge_outcomes, advance_leads, find_refusal, the guard of what
-- was released; and the queues: list_offers_to_release, list_offers_with_due_leads, list_offers_with_returns, try_lock_offer.
begin;
select plan(50);
select testkit.at_time('2026-11-20T16:00:00Z');

-- What ends a sale, in words.
select is(array_agg(market.describe_outcome(o) order by o),
  '{NULL,NULL,NULL,returned,"not accepted in time","delivery failed","no answer","lead erased"}',
  'describe_outcome: pending, delivered and accepted end none')
from unnest(enum_range(null::leadgen.assignment_outcome)) o;
select is(market.has_ended(jsonb_populate_record(null::leadgen.lead_assignments, sale)), ended, format('has_ended: %s', sale))
from (values
  ('{"outcome": "pending"}'::jsonb, false), ('{"outcome": "failed"}', false), ('{"outcome": "unknown"}', false),
  ('{"outcome": "failed", "release_due_at": "2026-11-20"}', true), ('{"outcome": "unknown", "released_at": "2026-11-20"}', true),
  ('{"outcome": "lapsed", "release_due_at": "2026-11-20"}', true)
) as t (sale, ended);
create temp table policies as
select n, testkit.make_offer('{}', config) as offer_id
from (values (1, '{}'::jsonb), (2, '{"reroute": {"on_failure": false}}'), (3, '{"delivery": {"resell_on_unknown": true}}')
) as t (n, config);
select is(array_agg(concat_ws(' ', market.gives_on(offer_id, 'failed'), market.gives_on(offer_id, 'unknown'),
  coalesce(market.gives_on(offer_id, 'delivered')::text, 'never')) order by n), '{"t f never","f f never","t t never"}',
  'gives_on: as today''s policy says of failures and of what nobody knows') from policies;

-- A sale by its deliveries, and how far its lead goes.
create temp table shared as select testkit.open_offer('{"max_buyers": 2}') as offer_id;
select testkit.sell_lead(offer_id) from shared;
create temp table sales as select a.id, a.lead_id, row_number() over (order by a.id) as n
from leadgen.lead_assignments a join shared using (offer_id);
select is(count(*), 2::bigint, 'two sales of a lead') from sales;
create function pg_temp.judge(p_state text, p_accepted bigint[] default '{}', p_rejected bigint[] default '{}') returns text
language plpgsql as $$
-- What the first sale is when its delivery has this state.
begin
  set local session_replication_role = replica;
  update leadgen.deliveries d set status = p_state::leadgen.delivery_status,
    next_attempt_at = case when p_state in ('pending', 'sending') then now() end,
    lease_token = case when p_state = 'sending' then gen_random_uuid() end
  from sales s where s.id = d.assignment_id and s.n = 1;
  set local session_replication_role = origin;
  return (select coalesce(j.outcome::text, 'under way') from sales s,
    market.judge_outcomes(array[s.id], p_accepted, p_rejected, leadgen.clock()) j where s.n = 1);
end;
$$;
select is(pg_temp.judge(state), outcome, format('judge_outcomes: %s', state))
from (values ('pending', 'under way'), ('sending', 'under way'), ('parked', 'under way'), ('sent', 'under way'), ('delivered', 'accepted'),
  ('unknown', 'unknown'), ('dead', 'failed'), ('cancelled', 'failed')) as t (state, outcome);
select is(pg_temp.judge('delivered', p_rejected => array[id]), 'delivered', 'judge_outcomes: rejected by its reply') from sales where n = 1;
select is(pg_temp.judge('delivered', p_accepted => array[id]), 'accepted', 'judge_outcomes: accepted by its reply') from sales where n = 1;
create function pg_temp.lead() returns text language sql as $$
  select concat_ws(' ', l.status, l.delivered_at is not null, l.accepted_at is not null)
  from leadgen.leads l where l.id = (select lead_id from sales where n = 1);
$$;
select market.advance_leads(null, null, leadgen.clock());
select is(pg_temp.lead(), 'validated f f', 'advance_leads: none');
select market.advance_leads(array[lead_id], '{delivered}', leadgen.clock()) from sales where n = 1;
select is(pg_temp.lead(), 'delivered t f', 'advance_leads: delivered');
select market.advance_leads(array[lead_id, lead_id, lead_id], '{delivered,accepted,delivered}', leadgen.clock()) from sales where n = 1;
select is(pg_temp.lead(), 'accepted t t', 'advance_leads: as far as the first of its buyers');
select market.advance_leads(array[lead_id], '{delivered}', leadgen.clock()) from sales where n = 1;
select is(pg_temp.lead(), 'accepted t t', 'advance_leads: never back');

-- Due, back again, released: then nothing moves.
select pg_temp.judge('dead');
select market.settle_assignments(array[id], '{}', '{}', leadgen.clock()) from sales where n = 1;
create function pg_temp.state(p_sale_id bigint) returns text language sql as $$
  select concat_ws(' ', a.outcome, case when a.release_due_at is not null then 'due' end,
    case when a.released_at is not null then 'released' end)
  from leadgen.lead_assignments a where a.id = p_sale_id;
$$;
select is(pg_temp.state(id), 'failed due', 'failed, where the policy gives it on: due') from sales where n = 1;
select is(testkit.fault_of(format('select leadgen.accept_sale(%s)', id)), 'LG409 outcome', 'a sale that ended is not accepted') from sales
where n = 1;
create function pg_temp.message(p_sql text) returns text language plpgsql as $$
begin
  execute p_sql;
  return 'none';
exception
  when others then
    return sqlerrm;
end;
$$;
select is(pg_temp.message(format('select leadgen.accept_sale(%s)', id)),
  format('Sale %s can no longer be accepted: it is failed, and goes to the next buyer', id),
    'the message says why the sale cannot be accepted') from sales where n = 1;
select pg_temp.judge('delivered');
select market.settle_assignments(array[id], '{}', '{}', leadgen.clock()) from sales where n = 1;
select is(pg_temp.state(id), 'accepted', 'a delivery that gets through after all: it stands') from sales where n = 1;
select leadgen.return_sale(id, 'other') from sales where n = 1;
select is(pg_temp.state(id), 'returned released', 'a returned sale is released') from sales where n = 1;
select is(testkit.fault_of(format('update leadgen.lead_assignments set %s where id = %s', change, id)), 'LG409',
  format('released: not %s', change))
from sales, unnest('{released_at = null,released_at = now()}'::text[]) change where n = 1;
create temp table gone as select testkit.open_offer('{"delivery": {"resell_on_unknown": true}}', 'Ace') as offer_id;
create temp table lost as select testkit.sell_lead(offer_id) as id from gone;
update leadgen.lead_assignments a set outcome = 'unknown', release_due_at = leadgen.clock() from lost where lost.id = a.id;
select is(leadgen.release_due_sale(), id, 'an unknown sale is released when the policy resells it') from lost;
select is(testkit.fault_of(format('update leadgen.lead_assignments set outcome = ''delivered'' where id = %s', id)), 'LG409',
  'released: no report moves it') from lost;
select lives_ok(format('update leadgen.lead_assignments set updated_at = now() where id = %s', id), 'released: what says nothing may')
from lost;
select market.settle_assignments(array[id], '{}', '{}', leadgen.clock()) from lost;
select is(pg_temp.state(id), 'unknown released', 'released: settle_assignments passes it over') from lost;

-- Why buyers turned a lead down.
select is(market.find_refusal(l), 'returned', 'find_refusal: returned') from leadgen.leads l join sales s on s.lead_id = l.id and s.n = 1;
select is(market.find_refusal(l), null, 'find_refusal: nobody did')
from leadgen.leads l join leadgen.lead_assignments a on a.lead_id = l.id join lost on lost.id = a.id;
create temp table asking as select testkit.open_offer('{"acceptance": {"mode": "explicit", "window_hours": 1}, "hold_hours": 2}',
  'Ace') as offer_id;
create temp table asked as select testkit.sell_lead(offer_id) as id from asking;
select testkit.at_time('2026-11-20T17:00:00Z');
select leadgen.settle_answers();
select is(pg_temp.state(id), 'lapsed due', 'explicit and silent: lapsed') from asked;
select leadgen.release_due_sale();
select is(market.find_refusal(l), 'not accepted in time', 'find_refusal: lapsed')
from leadgen.leads l join leadgen.lead_assignments a on a.lead_id = l.id join asked on asked.id = a.id;
select testkit.work_holds();
select testkit.at_time('2026-11-20T19:00:00Z');
select testkit.work_holds();
select is(format('%s: %s', l.status, l.rejection_reason),
  'rejected: not accepted in time, and nobody else took it: no buyer could take it: already_had_lead 1', 'end_hold: says so')
from leadgen.leads l join leadgen.lead_assignments a on a.lead_id = l.id join asked on asked.id = a.id;
select is(leadgen.explain_lead(a.lead_id) ->> 'summary',
  'No longer sold to Ace (not accepted in time); unsold: hold ended: no buyer could take it: already_had_lead 1',
  'explain_lead: says so')
from leadgen.lead_assignments a join asked on asked.id = a.id;

-- The queues: an offer each, the longest wait first; one without anything due is left out.
create temp table queue as select n, testkit.open_offer('{}', 'Ace') as offer_id from generate_series(1, 4) n;
create temp table queued as select q.n, q.offer_id, testkit.sell_lead(q.offer_id, s) as id from queue q, generate_series(1, 2) s;
update leadgen.lead_assignments a
set outcome = 'failed', release_due_at = '2026-11-20T19:00:00Z'::timestamptz - case n when 4 then -1 else n end * interval '1 minute'
from queued q where q.id = a.id;
update leadgen.lead_assignments a set release_due_at = '2026-11-20T18:00:00Z' where a.id = (select max(id) from queued where n = 2);
select is(market.list_offers_to_release('2026-11-20T19:00:00Z'),
  array(select offer_id from queue where n < 4 order by array_position('{2,3,1}', n)), 'list_offers_to_release');
select is(market.list_offers_to_release('2026-11-20T17:00:00Z'), '{}', 'list_offers_to_release: none yet');
update leadgen.leads l set hold_until = '2026-11-21T00:00:00Z',
  next_route_at = '2026-11-20T19:00:00Z'::timestamptz - case q.n when 4 then -1 else q.n end * interval '1 minute'
from queued q join leadgen.lead_assignments a on a.id = q.id where l.id = a.lead_id;
select is(market.list_offers_with_due_leads('2026-11-20T19:00:00Z'), array(select offer_id from queue where n < 4 order by n desc),
  'list_offers_with_due_leads');
select is(market.list_offers_with_due_leads('2026-11-20T17:00:00Z'), '{}', 'list_offers_with_due_leads: none yet');
select is(market.list_offers_with_returns(), '{}', 'list_offers_with_returns: none');
insert into leadgen.sale_returns (created_at, market_id, offer_id, buyer_id, buyer_offer_id, assignment_id, reason_code, via, status)
select '2026-11-20T19:00:00Z'::timestamptz - q.n * interval '1 minute', a.market_id, a.offer_id, a.buyer_id, a.buyer_offer_id, a.id,
  'other', 'reply', case q.n when 4 then 'requested' else 'received' end
from queued q join leadgen.lead_assignments a on a.id = q.id;
select is(market.list_offers_with_returns(), array(select offer_id from queue where n < 4 order by n desc),
  'list_offers_with_returns: not what waits for an operator');
select is(market.try_lock_offer('{}'), null, 'try_lock_offer: of none');
select is(market.try_lock_offer(array_agg(offer_id order by n)), min(offer_id), 'try_lock_offer: the first that is free') from queue;

-- advance_leads looks leads up by key, though the statistics say that hardly any lead is undelivered. The settings are those of
-- record_attempts.
create function pg_temp.add_leads(p_count integer, p_status leadgen.lead_status) returns void language sql as $$
  insert into leadgen.leads (market_id, vertical_id, offer_id, source_id, name, email, phone, postal_code, status)
  select l.market_id, l.vertical_id, l.offer_id, l.source_id, '', '', '', '', p_status
  from (select * from leadgen.leads limit 1) l, generate_series(1, p_count);
$$;
select pg_temp.add_leads(2000, 'accepted');
analyze leadgen.leads;
discard plans;
set local plan_cache_mode = force_generic_plan;
set local enable_seqscan = off;
set local enable_bitmapscan = off;
set local enable_hashjoin = off;
set local enable_mergejoin = off;
select pg_temp.add_leads(2000, 'validated');
create temp table last as select max(l.id) as id from leadgen.leads l;
create temp table probes (n bigint);
create function pg_temp.fetched() returns bigint language sql as $$
  select s.seq_tup_read + s.idx_tup_fetch from pg_stat_xact_user_tables s where s.relid = 'leadgen.leads'::regclass;
$$;
insert into probes select pg_temp.fetched();
select market.advance_leads(array[id], '{delivered}', leadgen.clock()) from last;
select cmp_ok(pg_temp.fetched() - n, '<', 20::bigint, 'advance_leads: of many undelivered leads it reads the one it is given') from probes;
select is(l.status::text, 'delivered', 'advance_leads: which is delivered') from leadgen.leads l join last using (id);

select * from finish();
rollback;
