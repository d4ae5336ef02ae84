-- Runs of scheduled reports: leases, what is sent once, what is tried again, what is given up, and whose rows they hold.
begin;
select plan(37);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table ids as
select testkit.open_offer('{"on_no_buyer": "reject"}', 'Ace') as offer_id,
  testkit.open_offer('{"on_no_buyer": "reject"}', 'Best') as other_id;
select testkit.outcome(offer_id, '2026-11-20T12:00:00Z'), testkit.outcome(other_id, '2026-11-20T12:00:00Z') from ids;
create temp table told (who text, said jsonb);
grant all on told, ids to public;
insert into leadgen.report_schedules (name, view_name, period, recipients, timezone, active_since)
values ('daily', 'sales', 'yesterday', '{ops@example.com,boss@example.com}', 'America/Chicago', '2026-01-01Z');
select testkit.at_time('2026-11-21T14:00:00Z');
select reporting.queue_due_report();
create function pg_temp.claim(p_who text) returns text language sql as $$
  delete from told t where t.who = p_who;
  insert into told select p_who, leadgen.claim_report('10 minutes');
  select string_agg(m ->> 'recipient', ' ') from told t, jsonb_array_elements(t.said -> 'mails') m where t.who = p_who;
$$;
create function pg_temp.start(p_who text, p_place integer) returns boolean language sql as $$
  select leadgen.start_report_mail((t.said #>> array['mails', p_place::text, 'mail_id'])::bigint, (t.said ->> 'token')::uuid, '10 minutes')
  from told t where t.who = p_who;
$$;
create function pg_temp.record(p_who text, p_place integer, p_outcome text) returns void language sql as $$
  select leadgen.record_report_mail((t.said #>> array['mails', p_place::text, 'mail_id'])::bigint, (t.said ->> 'token')::uuid, p_outcome)
  from told t where t.who = p_who;
$$;
create function pg_temp.finish(p_who text, p_error text default null) returns text language sql as $$
  select leadgen.finish_report((t.said ->> 'run_id')::bigint, (t.said ->> 'token')::uuid, 1, p_error) from told t where t.who = p_who;
$$;
create function pg_temp.mails() returns text language sql as $$
  select string_agg(m.status, ' ' order by m.id) from leadgen.report_mails m;
$$;

-- Two workers, one of which dies.
set local role leadgen_worker;
select is(pg_temp.claim('one'), 'ops@example.com boss@example.com', 'a worker takes a report');
select is(pg_temp.claim('two'), null, 'another finds none');
select is(pg_temp.start('one', 0), true, 'a mail is begun');
select is(pg_temp.start('one', 0), false, 'a mail is not begun twice');
reset role;
select testkit.at_time('2026-11-21T14:11:00Z');
set local role leadgen_worker;
select is(pg_temp.claim('two'), 'boss@example.com', 'when its lease is over another takes what was not begun');
select is(pg_temp.start('one', 1), false, 'who lost the lease sends nothing more');
select is(pg_temp.finish('one'), 'fenced', 'who lost the lease does not say how it ended');
select is(pg_temp.start('two', 0), true, 'the other does');
select lives_ok($$select pg_temp.record('two', 0, 'sent')$$, 'that is recorded');
select is(pg_temp.finish('two', 'a worker died'), 'failed', 'what may have arrived is not sent again');
reset role;
select is(pg_temp.mails(), 'unknown sent', 'one mail is sent, of one nobody knows');
select is((select e.message from leadgen.events e where e.kind = 'report_failed'),
  'Report daily was sent to 1 of 2 recipients: a worker died',
  'the operator hears of it');

-- Tried again, later each time, and given up.
delete from leadgen.report_runs;
select testkit.at_time('2026-11-22T14:00:00Z');
select reporting.queue_due_report();
create function pg_temp.fail() returns text language plpgsql as $$
declare
  v_status text;
begin
  perform testkit.at_time((select r.next_attempt_at from leadgen.report_runs r));
  perform pg_temp.claim('one');
  perform pg_temp.start('one', 0);
  perform pg_temp.record('one', 0, 'failed');
  v_status := pg_temp.finish('one', 'SMTP 451');
  return format('%s %s', v_status, (select r.next_attempt_at - leadgen.clock() from leadgen.report_runs r));
end;
$$;
select is(pg_temp.fail(), said, format('attempt %s', n))
from (values (1, 'pending 00:01:00'), (2, 'pending 00:02:00'), (3, 'pending 00:04:00'), (4, 'pending 00:08:00'),
  (5, 'pending 00:16:00'),
  (6, 'pending 00:32:00'), (7, 'pending 01:00:00'), (8, 'failed ')) as t (n, said);
select is((select count(*) from leadgen.events e where e.kind = 'report_failed'), 2::bigint, 'one event when it is given up');
select is(pg_temp.claim('one'), null, 'what is given up is not taken again');

-- A paused schedule, and a copy.
delete from leadgen.report_runs;
select testkit.at_time('2026-11-23T14:00:00Z');
select reporting.queue_due_report();
update leadgen.report_schedules set is_active = false;
select is(pg_temp.claim('one'), null, 'of a paused schedule nothing is sent');
select leadgen.send_report('daily');
select is(pg_temp.claim('one'), 'ops@example.com boss@example.com', 'unless somebody asks for it');
select pg_temp.start('one', 0), pg_temp.record('one', 0, 'sent'), pg_temp.start('one', 1), pg_temp.record('one', 1, 'sent');
select is(pg_temp.finish('one'), 'sent', 'all are sent');

-- Rows.
create function pg_temp.rows(p_schedule jsonb) returns setof text[] language plpgsql as $$
declare
  v_id bigint;
begin
  insert into leadgen.report_schedules (name, view_name, period, recipients, timezone, offer_id, buyer_id)
  select format('r%s', count(*)), coalesce(p_schedule ->> 'view', 'sales'), 'yesterday', '{a@example.com}', 'America/Chicago',
    (p_schedule ->> 'offer')::bigint, (p_schedule ->> 'buyer')::bigint
  from leadgen.report_schedules
  returning id into v_id;
  return query select * from leadgen.read_report(v_id, '2026-11-20T06:00Z', '2026-11-21T06:00Z', 100);
end;
$$;
select is((select count(*) from pg_temp.rows('{}')), 4::bigint, 'names, types and a row a sale');
select is(r.cells @> '{created_at,buyer,price}', true, 'the names come first')
from pg_temp.rows('{}') with ordinality r (cells, n) where n = 1;
select is((select count(*) from pg_temp.rows(jsonb_build_object('offer', offer_id))), 3::bigint, 'of an offer its own') from ids;
create temp table of_ace as
select r.cells, r.n
from leadgen.buyers b, pg_temp.rows(jsonb_build_object('buyer', b.id)) with ordinality r (cells, n)
where b.name = 'Ace';
select is((select count(*) from of_ace), 3::bigint, 'of a buyer its own');
select is((select bool_and(cells @> '{Ace}') from of_ace where n > 2), true, 'a buyer gets nobody else''s rows');
select is((select r.cells && '{source,source_id,utm_source,cost,margin}' from of_ace r where n = 1), false,
  'no column that is not the buyer''s');
select is((
  select r.cells && '{source}'
  from leadgen.buyers b, pg_temp.rows(jsonb_build_object('buyer', b.id, 'view', 'outcomes')) with ordinality r (cells, n)
  where b.name = 'Ace' and n = 1), false, 'a buyer does not get where its leads came from');
select is((
  select r.cells && '{decided_by}'
  from leadgen.buyers b, pg_temp.rows(jsonb_build_object('buyer', b.id, 'view', 'returns')) with ordinality r (cells, n)
  where b.name = 'Ace' and n = 1), false, 'a buyer does not get who decided');
insert into leadgen.invoices (buyer_id, offer_id, period_start, period_end, due_date, invoice_number)
select b.id, i.offer_id, '2026-11-20T12:00Z', '2026-11-20T13:00Z', '2026-12-01Z', 'draft-of-ace'
from leadgen.buyers b, ids i where b.name = 'Ace';
select is((
  select array[(select count(*) from pg_temp.rows(jsonb_build_object('view', 'invoices'))),
    (select count(*) from pg_temp.rows(jsonb_build_object('view', 'invoices', 'buyer', b.id)))]
  from leadgen.buyers b where b.name = 'Ace'), '{3,2}', 'a draft is no bill yet: its buyer does not get it');
select is((select array_agg(v) from unnest(reporting.list_buyer_views()) v where not exists (
  select from reporting.list_columns(to_regclass(format('report.%I', v))) c
  where c.name = 'buyer_id' and c.type = 'bigint'::regtype)), null,
  'each view of buyers says whose a row is');
set local role leadgen_worker;
select is(testkit.fault_of('select * from leadgen.read_report(0, ''2026-11-20Z'', ''2026-11-21Z'', 1)'), 'LG404 schedule_id',
  'no such schedule');
select is(testkit.fault_of('select leadgen.send_report(''daily'')'), '42501', 'a worker asks for nothing');

select * from finish();
rollback;
