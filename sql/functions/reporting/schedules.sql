-- Schedules: which reports are due, and of which time.

create or replace function reporting.check_schedule()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- A buyer's report has rows of that buyer alone: its view says whose each row is.
declare
  v_address text;
begin
  perform catalog.check_timezone(new.timezone, 'timezone');
  foreach v_address in array new.recipients loop
    if v_address is null then
      perform kernel.refuse_value('recipients', 'nothing', 'addresses');
    end if;
    perform catalog.check_mail_address(v_address, 'recipients');
  end loop;
  if cardinality(new.recipients) <> (select count(distinct lower(r)) from unnest(new.recipients) r) then
    perform kernel.refuse_value('recipients', 'one address twice', 'each address once');
  end if;
  if tg_op = 'UPDATE' and new.is_active and not old.is_active then
    new.active_since := leadgen.clock();
  end if;
  perform reporting.check_view(new);
  return new;
end;
$$;
comment on function reporting.check_schedule() is
  'Trigger: view, zone and recipients of a scheduled report are checked; one that is switched on again starts anew.';

create or replace function reporting.check_view(p_schedule leadgen.report_schedules)
returns void
language plpgsql
stable
as $$
-- Whoever writes the row reads the view, too; so nobody has sent to himself what he may not see.
declare
  v_view constant oid := (select l.oid from reporting.list_views() l where l.name = p_schedule.view_name);
begin
  if v_view is null then
    perform kernel.refuse_value('view_name', left(p_schedule.view_name, 60),
      (select coalesce(string_agg(l.name, ', ' order by l.name), 'none') from reporting.list_views() l));
  elsif not exists (
    select from reporting.list_columns(v_view) c where c.type in ('timestamptz'::regtype, 'date'::regtype)) then
    perform kernel.refuse_value('view_name', p_schedule.view_name || ', which says how things are now',
      'a view with a time or a day');
  elsif p_schedule.offer_id is not null
    and not exists (select from reporting.list_columns(v_view) c where c.name = 'offer') then
    perform kernel.refuse_value('offer_id', 'an offer', format('null: %s names no offer', p_schedule.view_name));
  elsif p_schedule.buyer_id is not null and p_schedule.view_name <> all (reporting.list_buyer_views()) then
    perform kernel.refuse_value('view_name', p_schedule.view_name,
      array_to_string(reporting.list_buyer_views(), ', ') || ' for a report of a buyer');
  end if;
end;
$$;
comment on function reporting.check_view(leadgen.report_schedules) is
  'LG423 unless a scheduled report can be made: its view is there, says when, and whose rows they are where it is of '
  'an offer or a buyer.';

create or replace function reporting.list_buyer_views()
returns text[]
language plpgsql
immutable
as $$
begin
  return '{sales,returns,outcomes,deliveries,invoices,billed}';
end;
$$;
comment on function reporting.list_buyer_views() is
  'The views of which a buyer may get its own rows; each has a column buyer_id.';

create or replace function reporting.list_hidden_columns(p_view oid)
returns text[]
language plpgsql
stable
as $$
begin
  return (
    select coalesce(array_agg(c.name), '{}')
    from reporting.list_columns(p_view) c
    where c.name ~ '^(source|utm|sub_id|external_id|payout|campaign)|cost|margin|policy|^decided_by$'
  );
end;
$$;
comment on function reporting.list_hidden_columns(oid) is
  'The columns of a view that a buyer does not get: where a lead came from, what the market makes of it, and who of '
  'its people decided.';

create or replace function reporting.find_period(
  p_schedule leadgen.report_schedules,
  p_now timestamptz,
  out period_from timestamptz,
  out period_to timestamptz,
  out due_at timestamptz
)
language plpgsql
immutable
as $$
-- Days are those of the zone, so that one has 23 hours and one 25 a year. Only the latest that is due is sent: who was
-- without a worker for a week does not get seven.
declare
  v_day date := (p_now at time zone p_schedule.timezone)::date;
  v_from date;
begin
  if (v_day + p_schedule.send_at) at time zone p_schedule.timezone > p_now then
    v_day := v_day - 1;
  end if;
  v_day := case p_schedule.period
    when 'last week' then date_trunc('week', v_day::timestamp)::date
    when 'last month' then date_trunc('month', v_day::timestamp)::date
    else v_day
  end;
  v_from := case p_schedule.period
    when 'last week' then v_day - 7
    when 'last month' then (v_day - interval '1 month')::date
    when 'month to date' then date_trunc('month', (v_day - 1)::timestamp)::date
    else v_day - 1
  end;
  period_from := v_from::timestamp at time zone p_schedule.timezone;
  period_to := v_day::timestamp at time zone p_schedule.timezone;
  due_at := (v_day + p_schedule.send_at) at time zone p_schedule.timezone;
end;
$$;
comment on function reporting.find_period(leadgen.report_schedules, timestamptz) is
  'The latest period of a scheduled report that is due, and since when.';

create or replace function reporting.list_due_reports(p_now timestamptz)
returns table (schedule leadgen.report_schedules, period_from timestamptz, period_to timestamptz, due_at timestamptz)
language sql
stable
as $$
  select s, p.period_from, p.period_to, p.due_at
  from leadgen.report_schedules s
  cross join lateral reporting.find_period(s, p_now) p
  where s.is_active and p.due_at >= s.active_since
    and not exists (
      select from leadgen.report_runs r
      where r.schedule_id = s.id and r.period_from = p.period_from and r.period_to = p.period_to and not r.is_manual)
  order by s.id;
$$;
comment on function reporting.list_due_reports(timestamptz) is
  'Scheduled reports whose latest period is over and has no run yet, and since when.';

create or replace function reporting.queue_due_report()
returns bigint
language plpgsql
volatile
as $$
-- The index report_runs_once decides between two workers: the second finds the run there.
declare
  v_due record;
  v_run_id bigint;
begin
  for v_due in select d.* from reporting.list_due_reports(leadgen.clock()) d loop
    v_run_id := reporting.queue_run(v_due.schedule, v_due.period_from, v_due.period_to, false);
    exit when v_run_id is not null;
  end loop;
  return v_run_id;
end;
$$;
comment on function reporting.queue_due_report() is
  'The work of roads.queue_due_report.';

create or replace function reporting.queue_run(
  p_schedule leadgen.report_schedules,
  p_from timestamptz,
  p_to timestamptz,
  p_is_manual boolean
)
returns bigint
language plpgsql
volatile
as $$
declare
  v_now constant timestamptz := leadgen.clock();
  v_run_id bigint;
begin
  insert into leadgen.report_runs (created_at, schedule_id, is_manual, period_from, period_to, next_attempt_at)
  values (v_now, p_schedule.id, p_is_manual, p_from, p_to, v_now)
  on conflict (schedule_id, period_from, period_to) where not is_manual do nothing
  returning id into v_run_id;
  insert into leadgen.report_mails (run_id, recipient)
  select v_run_id, r from unnest(p_schedule.recipients) r where v_run_id is not null;
  return v_run_id;
end;
$$;
comment on function reporting.queue_run(leadgen.report_schedules, timestamptz, timestamptz, boolean) is
  'Queues a report of a period, an e-mail a recipient; null: that of this period is there already.';

create or replace function reporting.send_report(p_name text)
returns bigint
language plpgsql
volatile
as $$
declare
  v_schedule leadgen.report_schedules;
  v_period record;
begin
  select s.* into v_schedule from leadgen.report_schedules s where s.name = p_name;
  if not found then
    perform kernel.refuse('LG404', 'There is no such report', 'name', left(p_name, 60),
      (select coalesce(string_agg(s.name, ', ' order by s.name), 'none yet') from leadgen.report_schedules s));
  end if;
  v_period := reporting.find_period(v_schedule, leadgen.clock());
  return reporting.queue_run(v_schedule, v_period.period_from, v_period.period_to, true);
end;
$$;
comment on function reporting.send_report(text) is 'The work of leadgen.send_report.';
