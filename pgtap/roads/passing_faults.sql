-- What the chores make of an error (route_held_lead, release_due_sale, settle_return): one of the row at hand sets the row
-- aside, so that the others flow; one of the moment or the server is raised, and no row is blamed for it.
begin;
select plan(76);
set local client_min_messages = error; -- what is set aside warns the log
select testkit.at_time('2026-11-20T16:00:00Z');
create function pg_temp.offer(p_enrollment jsonb default '{}') returns bigint language plpgsql as $$
declare
  v_offer_id constant bigint := testkit.make_offer('{"duplicate_window_hours": 0}', '{}');
begin
  perform testkit.enroll_buyer(v_offer_id, 'Ace', p_enrollment);
  perform testkit.submit(v_offer_id, '{}', 1);
  return v_offer_id;
end;
$$;
create temp table held as select pg_temp.offer('{"capacity_per_day": 0}') as offer_id;
create temp table failed as select pg_temp.offer() as offer_id;
create temp table returned as select pg_temp.offer() as offer_id;
select testkit.work_holds();
select testkit.at_time('2026-11-20T17:00:00Z');
update leadgen.lead_assignments a set outcome = 'failed', release_due_at = leadgen.clock() from failed f where a.offer_id = f.offer_id;
insert into leadgen.sale_returns (market_id, offer_id, buyer_id, buyer_offer_id, assignment_id, reason_code, via, status, created_at)
select a.market_id, a.offer_id, a.buyer_id, a.buyer_offer_id, a.id, 'other', 'reply', 'received', leadgen.clock()
from leadgen.lead_assignments a join returned r using (offer_id);

create function pg_temp.fail() returns trigger language plpgsql as $$
begin
  raise exception using errcode = current_setting('test.state'), message = 'planted';
end;
$$;
create trigger fail before insert on leadgen.lead_decisions for each row execute function pg_temp.fail();
create trigger fail before update of released_at on leadgen.lead_assignments for each row
when (new.released_at is not null) execute function pg_temp.fail();
create function pg_temp.waits() returns text language sql as $$
-- How long the lead and the sale are put off, and the state of the return.
  select concat_ws(' ',
    (select to_char(l.next_route_at - leadgen.clock(), 'MI:SS') from leadgen.leads l join held using (offer_id)),
    (select to_char(a.release_due_at - leadgen.clock(), 'MI:SS') from leadgen.lead_assignments a join failed using (offer_id)),
    (select r.status from leadgen.sale_returns r));
$$;
create function pg_temp.meets(p_chore text, p_state text) returns text language plpgsql as $$
-- A turn of a chore that meets this error: how things stand then, or what is raised. Nothing of it is kept.
declare
  v_waits text;
begin
  perform set_config('test.state', p_state, true);
  begin
    execute format('select leadgen.%I()', p_chore);
    v_waits := pg_temp.waits();
    raise exception using errcode = 'UNDO1';
  exception
    when sqlstate 'UNDO1' then
      return v_waits;
    when query_canceled or others then
      return format('raised %s', sqlstate);
  end;
end;
$$;
create temp table chores (name text, set_aside text);
insert into chores values
  ('route_held_lead', '05:00 00:00 received'),
  ('release_due_sale', '00:00 01:00 received'),
  ('settle_return', '00:00 00:00 requested');
select is(pg_temp.waits(), '00:00 00:00 received', 'a lead, a sale and a return are due');
select is(pg_temp.meets(name, state), format('raised %s', state), format('%s raises %s', name, state))
from chores, unnest('{08006,25006,40001,40P01,53100,53200,55P03,57014,57P01,58030,72000,F0000,XX000,XX001}'::text[]) state
where (name, state) <> ('route_held_lead', '55P03');
select is(pg_temp.meets('route_held_lead', '55P03'), '00:10 00:00 received',
  'route_held_lead passes over a lead that needs a row which somebody holds');
select is(pg_temp.meets(name, state), set_aside, format('%s sets aside on %s', name, state))
from chores, unnest('{LG423,P0001,22012,22P02,23505,23514,42703,42501,54001}'::text[]) state;
select is(pg_temp.waits(), '00:00 00:00 received', 'a call that fails keeps nothing');

-- Whatever raises over a held lead: the route, its facts, the end of its hold. One lead is set aside, not the chore.
create function pg_temp.break(p_function regprocedure) returns void language plpgsql as $$
begin
  execute regexp_replace(pg_get_functiondef(p_function), '\mbegin\M', 'begin raise exception using errcode = ''22012'';', 'i');
end;
$$;
create function pg_temp.meets_broken(p_function regprocedure) returns text language plpgsql as $$
declare
  v_waits text;
begin
  perform pg_temp.break(p_function);
  perform leadgen.route_held_lead();
  v_waits := pg_temp.waits();
  raise exception using errcode = 'UNDO1';
exception
  when sqlstate 'UNDO1' then
    return v_waits;
  when query_canceled or others then
    return format('raised %s', sqlstate);
end;
$$;
select is(pg_temp.meets_broken(broken::regprocedure), '05:00 00:00 received', format('route_held_lead sets aside: %s', broken))
from unnest(array['catalog.load_route(bigint, bigint)', 'intake.recall_facts(leadgen.leads, text, jsonb)',
  'market.count_live_sales(leadgen.leads)']) broken;
update leadgen.leads l set hold_until = leadgen.clock() from held where l.offer_id = held.offer_id;
select is(pg_temp.meets_broken('market.end_hold(leadgen.leads, timestamptz, text)'), '05:00 00:00 received',
  'route_held_lead sets aside: the end of a hold');

drop trigger fail on leadgen.lead_decisions;
drop trigger fail on leadgen.lead_assignments;
select isnt(leadgen.release_due_sale(), null, 'the sale is released once the cause is gone');

select * from finish();
rollback;
