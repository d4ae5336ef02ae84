-- Scheduled reports: what may be written, which period is due when, and that each is queued once.
begin;
select plan(37);
set local timezone = 'Asia/Tokyo';
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table ids as select testkit.open_offer('{"on_no_buyer": "reject"}', 'Ace', 'Best') as offer_id, null::bigint as buyer_id;
update ids set buyer_id = (select b.id from leadgen.buyers b where b.name = 'Ace');
create function pg_temp.add(p_row jsonb) returns bigint language sql as $$
  insert into leadgen.report_schedules (name, view_name, period, format, offer_id, buyer_id, recipients, send_at, timezone, active_since)
  select x.name, x.view_name, x.period, x.format, x.offer_id, x.buyer_id, x.recipients, x.send_at, x.timezone, '2026-01-01Z'
  from jsonb_populate_record(null::leadgen.report_schedules, '{"name": "daily", "view_name": "sales", "period": "yesterday",
    "format": "csv", "recipients": ["ops@example.com"], "send_at": "07:00", "timezone": "America/Chicago"}'::jsonb || p_row) x
  returning id;
$$;
create function pg_temp.due(p_period text, p_at text, p_zone text default 'America/Chicago') returns text language sql as $$
  select format('%s to %s, due %s', kernel.write_instant(p.period_from), kernel.write_instant(p.period_to), kernel.write_instant(p.due_at))
  from reporting.find_period(jsonb_populate_record(null::leadgen.report_schedules,
    jsonb_build_object('period', p_period, 'send_at', '07:00', 'timezone', p_zone)), p_at::timestamptz) p;
$$;

select is(testkit.fault_of(format('select pg_temp.add(%L)', row)), fault, format('refused: %s', row))
from (values
  ('{"view_name": "no_such"}', 'LG423 view_name'), ('{"view_name": "buyer_balances"}', 'LG423 view_name'),
  ('{"timezone": "Texas"}', 'LG423 timezone'), ('{"recipients": ["nobody"]}', 'LG423 recipients'),
  ('{"recipients": ["a@example.com", "A@example.com"]}', 'LG423 recipients'),
  ('{"recipients": ["a@example.com, b@example.com"]}', 'LG423 recipients'),
  ('{"recipients": [null]}', 'LG423 recipients'), ('{"view_name": "audit_log", "offer_id": 1}', 'LG423 offer_id'),
  ('{"view_name": "margin", "buyer_id": 1}', 'LG423 view_name')
) as t (row, fault);
select is(testkit.fault_of(format('select pg_temp.add(%L)', row)), fault, format('refused: %s', left(row, 60)))
from (values
  ('{"period": "last year"}', 'LG423 period'), ('{"name": "No Name"}', '23514'),
  ('{"format": "parquet"}', 'LG423 format'), ('{"recipients": []}', '23514'),
  (jsonb_build_object('recipients', (select jsonb_agg(format('a%s@example.com', n)) from generate_series(1, 21) n))::text, '23514')
) as t (row, fault);

-- Which period.
select is(pg_temp.due(period, at), due, format('%s at %s', period, at))
from (values
  ('yesterday', '2026-11-20T13:00:00Z',
    '2026-11-19T06:00:00+00:00 to 2026-11-20T06:00:00+00:00, due 2026-11-20T13:00:00+00:00'),
  ('yesterday', '2026-11-20T12:59:59Z',
    '2026-11-18T06:00:00+00:00 to 2026-11-19T06:00:00+00:00, due 2026-11-19T13:00:00+00:00'),
  ('yesterday', '2026-03-09T13:00:00Z',
    '2026-03-08T06:00:00+00:00 to 2026-03-09T05:00:00+00:00, due 2026-03-09T12:00:00+00:00'), -- 23 hours
  ('yesterday', '2026-11-02T14:00:00Z',
    '2026-11-01T05:00:00+00:00 to 2026-11-02T06:00:00+00:00, due 2026-11-02T13:00:00+00:00'), -- 25 hours
  ('last week', '2026-11-20T13:00:00Z',
    '2026-11-09T06:00:00+00:00 to 2026-11-16T06:00:00+00:00, due 2026-11-16T13:00:00+00:00'),
  ('last week', '2026-11-23T12:59:00Z',
    '2026-11-09T06:00:00+00:00 to 2026-11-16T06:00:00+00:00, due 2026-11-16T13:00:00+00:00'),
  ('last week', '2026-11-23T13:00:00Z',
    '2026-11-16T06:00:00+00:00 to 2026-11-23T06:00:00+00:00, due 2026-11-23T13:00:00+00:00'),
  ('last month', '2026-12-01T12:59:00Z',
    '2026-10-01T05:00:00+00:00 to 2026-11-01T05:00:00+00:00, due 2026-11-01T13:00:00+00:00'),
  ('last month', '2026-12-01T13:00:00Z',
    '2026-11-01T05:00:00+00:00 to 2026-12-01T06:00:00+00:00, due 2026-12-01T13:00:00+00:00'),
  ('month to date', '2026-11-20T13:00:00Z',
    '2026-11-01T05:00:00+00:00 to 2026-11-20T06:00:00+00:00, due 2026-11-20T13:00:00+00:00'),
  ('month to date', '2026-12-01T13:00:00Z',
    '2026-11-01T05:00:00+00:00 to 2026-12-01T06:00:00+00:00, due 2026-12-01T13:00:00+00:00')
) as t (period, at, due);

-- Each period once.
select pg_temp.add('{"recipients": ["ops@example.com", "boss@example.com"]}');
select isnt(reporting.queue_due_report(), null, 'what is due is queued');
select is(reporting.queue_due_report(), null, 'once');
select is((select array_agg(m.recipient order by m.id) from leadgen.report_mails m), '{ops@example.com,boss@example.com}',
  'an e-mail each');
select testkit.at_time('2026-11-21T13:00:00Z');
update leadgen.report_schedules set is_active = false;
select is(reporting.queue_due_report(), null, 'what is paused is not queued');
update leadgen.report_schedules set is_active = true;
select testkit.at_time('2026-11-21T14:00:00Z');
select isnt(reporting.queue_due_report(), null, 'what is due at the moment of switching on is queued');
update leadgen.report_schedules set is_active = false;
select testkit.at_time('2026-11-22T14:00:00Z');
update leadgen.report_schedules set is_active = true;
select is(reporting.queue_due_report(), null, 'what was due while it was paused is not sent afterwards');
select isnt(leadgen.send_report('daily'), null, 'an operator has it sent');
select isnt(leadgen.send_report('daily'), null, 'as often as he likes');
select is(testkit.fault_of('select leadgen.send_report(''nothing'')'), 'LG404 name', 'no such report to send');

-- Who may.
set local role leadgen_dba;
select lives_ok('update leadgen.report_schedules set send_at = ''08:00''', 'a DBA writes schedules');
select is(testkit.fault_of('update leadgen.report_runs set status = ''sent'''), '42501', 'a DBA does not write runs');
reset role;
set local role leadgen_reporting;
select is(testkit.fault_of('select count(*) from leadgen.report_schedules'), '42501', 'an analyst reads none of it');

select * from finish();
rollback;
