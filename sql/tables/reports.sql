-- Reports that are sent by a schedule.
--
-- report_schedules is what a DBA writes: which view, of which time, to whom and when. A chore makes a row of report_runs
-- for each period that is over, once; a worker takes a run under a lease, writes the e-mail and hands it in for each row
-- of report_mails. A mail is marked as sending before its text goes out. So a worker that dies leaves mails that were
-- not begun, which are sent, and at most one of which nobody knows, which is not sent again.
--
--   report_runs    pending ─► sent, failed                 pending again and again, later each time, until it is given up
--   report_mails   pending ─► sending ─► sent, refused, unknown, pending

create table leadgen.report_schedules (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  name text not null,
  view_name text not null,
  period text not null,
  format text not null default 'csv',
  offer_id bigint references leadgen.offers (id) on delete restrict,
  buyer_id bigint references leadgen.buyers (id) on delete restrict,
  recipients text[] not null,
  send_at time not null default '07:00',
  timezone text not null,
  is_active boolean not null default true,
  active_since timestamptz not null default current_timestamp,

  constraint report_schedules_name_unique unique (name),
  constraint report_schedules_name_shape check (name ~ '^[a-z0-9][a-z0-9-]{0,59}$'),
  constraint report_schedules_period_known check (
    period in ('yesterday', 'last week', 'last month', 'month to date')),
  constraint report_schedules_format_known check (format in ('csv', 'jsonl')),
  constraint report_schedules_recipients_bounded check (cardinality(recipients) between 1 and 20)
);
comment on table leadgen.report_schedules is
  'Reports that workers send by e-mail: a view of schema report, of which time, to whom and when.';
comment on column leadgen.report_schedules.period is
  'yesterday and month to date are sent every day, last week on Mondays, last month on the first; of days of the zone.';
comment on column leadgen.report_schedules.buyer_id is
  'Only rows of this buyer, of a view that buyers may see, and without what is not theirs.';
comment on column leadgen.report_schedules.send_at is 'By the clock of the zone.';
comment on column leadgen.report_schedules.active_since is
  'What was due before is not sent: set when the schedule is made, and when it is switched on again.';

create or replace trigger check_format before insert or update of format on leadgen.report_schedules
  for each row when (new.format not in ('csv', 'jsonl'))
  execute function catalog.check_words();
create or replace trigger check_period before insert or update of period on leadgen.report_schedules
  for each row when (new.period not in ('yesterday', 'last week', 'last month', 'month to date'))
  execute function catalog.check_words();
create or replace trigger check_schedule before insert or update on leadgen.report_schedules
  for each row execute function reporting.check_schedule();

create table leadgen.report_runs (
  id bigint generated always as identity primary key,
  created_at timestamptz not null,
  schedule_id bigint not null references leadgen.report_schedules (id) on delete cascade,
  is_manual boolean not null,
  period_from timestamptz not null,
  period_to timestamptz not null,
  status text not null default 'pending',
  attempts integer not null default 0,
  next_attempt_at timestamptz,
  lease_token uuid,
  finished_at timestamptz,
  rows_found integer,
  last_error text,

  constraint report_runs_status_known check (status in ('pending', 'sent', 'failed')),
  constraint report_runs_pending_has_time check ((status = 'pending') = (next_attempt_at is not null)),
  constraint report_runs_error_bounded check (length(last_error) <= 200)
);
comment on table leadgen.report_runs is
  'One row a report that was or is to be sent: of a schedule and a period once, and whenever an operator asks for it.';
comment on column leadgen.report_runs.next_attempt_at is
  'When a worker may take it: while one has it, when its lease ends. Null: it is finished.';
create unique index report_runs_once on leadgen.report_runs (schedule_id, period_from, period_to) where not is_manual;
create index idx_report_runs_due on leadgen.report_runs (next_attempt_at) where next_attempt_at is not null;

create table leadgen.report_mails (
  id bigint generated always as identity primary key,
  run_id bigint not null references leadgen.report_runs (id) on delete cascade,
  recipient text not null,
  message_id uuid not null default gen_random_uuid(),
  status text not null default 'pending',
  sent_at timestamptz,

  constraint report_mails_recipient_unique unique (run_id, recipient),
  constraint report_mails_status_known check (status in ('pending', 'sending', 'sent', 'refused', 'unknown'))
);
comment on table leadgen.report_mails is 'One row an e-mail of a report: to whom, and what became of it.';
comment on column leadgen.report_mails.status is
  'sending: its text may be on its way. unknown: a worker died then; it is not sent again by itself.';
