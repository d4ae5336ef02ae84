-- propose_policy, approve_proposal, withdraw_proposal, publish_due_policy, check_needs_no_approval: policies at a time, and by two.
begin;
select plan(24);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table offer as select testkit.open_offer('{"max_buyers": 2}', 'Best') as offer_id;
create temp table ids as select o.routing_policy_id as id from offer join leadgen.offers o on o.id = offer_id;
create function pg_temp.live() returns text language sql as $$
  select format('%s: %s', p.version, p.config ->> 'max_buyers') from leadgen.routing_policies p, ids where p.id = ids.id;
$$;
create function pg_temp.propose(p_buyers integer, p_version integer, p_at timestamptz, p_by text default 'user 1')
  returns bigint language sql as $$
  select (catalog.propose_policy('routing', ids.id, jsonb_build_object('max_buyers', p_buyers), p_version, 'more buyers', p_at, p_by,
    leadgen.clock()) ->> 'id')::bigint from ids;
$$;
create function pg_temp.fault(p_sql text) returns text language sql as $$ select testkit.fault_of(p_sql); $$;
create function pg_temp.status(p_id bigint) returns text language sql as $$
  select concat_ws(' ', p.status, p.version, p.fault) from leadgen.policy_proposals p where p.id = p_id;
$$;

-- At a time, by one.
create temp table timed as select pg_temp.propose(3, 1, '2026-11-20T18:00:00Z') as p;
select is(pg_temp.status(p), 'approved', 'where nobody has to approve it only waits for its time') from timed;
select is(pg_temp.propose(3, 1, '2026-11-20T18:00:00Z'), p, 'the same again is the same proposal') from timed;
select is(roads.publish_due_policy(), null, 'before its time nothing is published');
select is(pg_temp.live(), '1: 2', 'until then the live version rules');
select testkit.at_time('2026-11-20T18:00:00Z');
select is(leadgen.run_chore('publish_due_policy'), true, 'a worker publishes it at its time');
select is(pg_temp.live(), '2: 3', 'it is live');
select is(pg_temp.status(p), 'published 2', 'the proposal says so') from timed;
select is(concat_ws(', ', h ->> 'by', h ->> 'reason'), 'user 1, more buyers', 'the history has who proposed it, and why')
from ids, jsonb_array_elements(console.list_policy_history('routing', id)) h where h ->> 'version' = '2';
select is(pg_temp.fault(sql), fault, what) from (values
  ('select pg_temp.propose(4, 2, ''2026-11-20T17:59:00Z'')', 'LG400 publish_at', 'no time that is over'),
  ('select pg_temp.propose(4, 2, ''2028-01-01'')', 'LG400 publish_at', 'no time years away'),
  ('select pg_temp.propose(4, 2, null)', 'LG400 publish_at', 'no proposal that waits for nothing'),
  ('select pg_temp.propose(-4, 2, ''2026-11-20T19:00:00Z'')', 'LG423 config.max_buyers', 'no body that is refused'),
  ('select pg_temp.propose(4, 1, ''2026-11-20T19:00:00Z'')', 'LG409 version', 'no body made of an old version')) as t (sql, fault, what);

-- Somebody publishes meanwhile: at its time it fails, and an event says so.
create temp table late as select pg_temp.propose(4, 2, '2026-11-20T19:00:00Z') as p;
select catalog.publish_policy('routing', id, '{"max_buyers": 5}', 2) from ids;
select testkit.at_time('2026-11-20T19:00:00Z');
select roads.publish_due_policy();
select is(pg_temp.status(p), 'failed Somebody else has published a version meanwhile', 'what was overtaken is not published') from late;
select is(roads.publish_due_policy(), null, 'it is not tried again');
select is(count(*), 1::bigint, 'an event says so') from leadgen.events e where e.kind = 'policy_not_published';

-- By two.
update leadgen.settings set policies_need_approval = true;
select is(pg_temp.fault('select catalog.check_needs_no_approval()'), 'LG409 policies_need_approval', 'nobody publishes alone');
create temp table waiting as select pg_temp.propose(6, 3, null) as p;
select is(pg_temp.fault(format('select catalog.approve_proposal(%s, ''user 1'', leadgen.clock())', p)), 'LG403 proposed_by',
  'who proposed it does not approve it') from waiting;
select is((catalog.approve_proposal(p, 'user 2', leadgen.clock())).status, 'approved', 'a second person does') from waiting;
select roads.publish_proposal(x, leadgen.clock()) from waiting join leadgen.policy_proposals x on x.id = p;
select is(h ->> 'reason', 'more buyers (approved by user 2)', 'the history names both')
from ids, jsonb_array_elements(console.list_policy_history('routing', id)) h where h ->> 'version' = '4';
select is(pg_temp.fault(format('select catalog.withdraw_proposal(%s, ''user 1'', leadgen.clock())', p)), 'LG409 status',
  'what is published is not withdrawn') from waiting;
create temp table other as select pg_temp.propose(7, 4, '2026-11-20T20:00:00Z') as p;
select is(catalog.withdraw_proposal(p, 'user 2', leadgen.clock()), true, 'another is turned down') from other;
select is(catalog.withdraw_proposal(p, 'user 2', leadgen.clock()), false, 'once') from other;
select testkit.at_time('2026-11-20T20:00:00Z');
select is(roads.publish_due_policy(), null, 'what was turned down is never published');
select * from finish();
rollback;
