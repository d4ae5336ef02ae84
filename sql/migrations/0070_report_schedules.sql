-- Reports that are sent by a schedule.
-- squawk-ignore-file constraint-missing-not-valid, prefer-text-field, require-concurrent-index-creation
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

alter table leadgen.report_schedules enable row level security;
create policy staff on leadgen.report_schedules to leadgen_dba using (true);
