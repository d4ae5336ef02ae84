-- Runs: a worker takes a report that is due, reads its rows and says what became of each e-mail.

create or replace function reporting.claim_report(p_lease interval)
returns jsonb
language plpgsql
volatile
as $$
-- Of a mail that another worker had begun when it died nobody knows: it is not sent again. In a copy nothing is sent.
declare
  v_now constant timestamptz := leadgen.clock();
  v_token constant uuid := gen_random_uuid();
  v_run leadgen.report_runs;
  v_schedule leadgen.report_schedules;
begin
  if catalog.is_copy() then
    return null;
  end if;
  update leadgen.report_runs r
  set lease_token = v_token, attempts = r.attempts + 1, next_attempt_at = v_now + p_lease
  where r.id = (
    select t.id
    from leadgen.report_runs t
    join leadgen.report_schedules s on s.id = t.schedule_id
    where t.next_attempt_at <= v_now and (s.is_active or t.is_manual)
    order by t.next_attempt_at, t.id
    limit 1
    for no key update of t skip locked)
  returning r.* into v_run;
  if not found then
    return null;
  end if;
  update leadgen.report_mails m set status = 'unknown' where m.run_id = v_run.id and m.status = 'sending';
  select s.* into v_schedule from leadgen.report_schedules s where s.id = v_run.schedule_id;
  return jsonb_build_object(
    'run_id', v_run.id, 'token', v_token, 'attempt', v_run.attempts,
    'schedule_id', v_schedule.id, 'name', v_schedule.name, 'view', v_schedule.view_name, 'period', v_schedule.period,
    'format', v_schedule.format, 'timezone', v_schedule.timezone,
    'period_from', v_run.period_from, 'period_to', v_run.period_to,
    'offer', (select o.slug from leadgen.offers o where o.id = v_schedule.offer_id),
    'buyer', (select b.name from leadgen.buyers b where b.id = v_schedule.buyer_id),
    'mails', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'mail_id', m.id, 'recipient', m.recipient, 'message_id', m.message_id) order by m.id), '[]')
      from leadgen.report_mails m where m.run_id = v_run.id and m.status = 'pending'));
end;
$$;
comment on function reporting.claim_report(interval) is 'The work of leadgen.claim_report.';

create or replace function reporting.read_report(
  p_schedule_id bigint,
  p_from timestamptz,
  p_to timestamptz,
  p_limit integer
)
returns setof text[]
language plpgsql
volatile
as $$
-- It may run on a standby, so it writes nothing. The zone of the session is that of the schedule until the transaction
-- ends: times are written by its clock, and views count days by it.
declare
  v_schedule leadgen.report_schedules;
  v_view oid;
  v_hidden text[] := '{}';
begin
  select s.* into v_schedule from leadgen.report_schedules s where s.id = p_schedule_id;
  v_view := to_regclass('report.' || quote_ident(v_schedule.view_name));
  if v_view is null
    or (v_schedule.buyer_id is not null and v_schedule.view_name <> all (reporting.list_buyer_views())) then
    perform kernel.refuse('LG404', 'There is no such report', 'schedule_id', p_schedule_id::text,
      'a schedule and its view');
  end if;
  if v_schedule.buyer_id is not null then
    v_hidden := reporting.list_hidden_columns(v_view);
  end if;
  perform set_config('TimeZone', v_schedule.timezone, true);
  perform set_config('leadgen.report_zone', v_schedule.timezone, true);
  return query
  select array_agg(c.name order by c.place) from reporting.list_columns(v_view) c where c.name <> all (v_hidden);
  return query
  select array_agg(pg_catalog.format_type(c.type, null) order by c.place)
  from reporting.list_columns(v_view) c where c.name <> all (v_hidden);
  return query execute format('select array[%s] from report.%I x%s limit %s',
    (select string_agg(c.cell, ', ' order by c.place)
      from reporting.list_cells(v_view, v_hidden, v_schedule.format = 'csv') c), v_schedule.view_name,
    ' where ' || array_to_string(reporting.compose_period(v_view, p_from, p_to, v_schedule.timezone, null)
      || case when v_schedule.buyer_id is not null then format('x.buyer_id = %L::bigint', v_schedule.buyer_id) end
      || case when v_schedule.buyer_id is not null and v_schedule.view_name = 'invoices' then
        'x.status <> ''draft''' end
      || (select format('x.offer = %L', o.slug) from leadgen.offers o where o.id = v_schedule.offer_id), ' and '),
    p_limit);
end;
$$;
comment on function reporting.read_report(bigint, timestamptz, timestamptz, integer) is
  'The work of leadgen.read_report.';

create or replace function reporting.start_report_mail(p_mail_id bigint, p_token uuid, p_lease interval)
returns boolean
language plpgsql
volatile
as $$
-- Who no longer has the lease sends nothing more; who has it keeps it for as long again.
declare
  v_now constant timestamptz := leadgen.clock();
begin
  update leadgen.report_runs r
  set next_attempt_at = v_now + p_lease
  from leadgen.report_mails m
  where m.id = p_mail_id and r.id = m.run_id and r.lease_token = p_token and r.status = 'pending';
  if not found then
    return false;
  end if;
  update leadgen.report_mails m set status = 'sending' where m.id = p_mail_id and m.status = 'pending';
  return found;
end;
$$;
comment on function reporting.start_report_mail(bigint, uuid, interval) is 'The work of leadgen.start_report_mail.';

create or replace function reporting.record_report_mail(p_mail_id bigint, p_token uuid, p_outcome text)
returns void
language plpgsql
volatile
as $$
begin
  update leadgen.report_mails m
  set status = case p_outcome when 'failed' then 'pending' else p_outcome end,
    sent_at = case p_outcome when 'sent' then leadgen.clock() end
  from leadgen.report_runs r
  where m.id = p_mail_id and r.id = m.run_id and r.lease_token = p_token and m.status = 'sending';
end;
$$;
comment on function reporting.record_report_mail(bigint, uuid, text) is 'The work of leadgen.record_report_mail.';

create or replace function reporting.finish_report(p_run_id bigint, p_token uuid, p_rows integer, p_error text)
returns text
language plpgsql
volatile
as $$
-- Tried again after 1, 2, 4 ... minutes, at most an hour, eight times in all; what was sent stays sent.
declare
  c_most constant integer := 8;
  v_now constant timestamptz := leadgen.clock();
  v_run leadgen.report_runs;
  v_counts record;
  v_status text;
begin
  select r.* into v_run from leadgen.report_runs r
  where r.id = p_run_id and r.lease_token = p_token and r.status = 'pending' for no key update;
  if not found then
    return 'fenced';
  end if;
  select count(*) as mails, count(*) filter (where m.status = 'sent') as sent,
    count(*) filter (where m.status in ('pending', 'sending')) as open
  into v_counts
  from leadgen.report_mails m where m.run_id = v_run.id;
  v_status := case
    when v_counts.open > 0 and v_run.attempts < c_most then 'pending'
    when v_counts.sent = v_counts.mails then 'sent'
    else 'failed'
  end;
  update leadgen.report_runs r
  set status = v_status, rows_found = coalesce(p_rows, r.rows_found), last_error = left(p_error, 200),
    lease_token = null, finished_at = case when v_status <> 'pending' then v_now end,
    next_attempt_at = case when v_status = 'pending' then
      v_now + least(interval '1 minute' * 2 ^ (v_run.attempts - 1), interval '1 hour') end
  where r.id = v_run.id;
  if v_status = 'failed' then
    perform reporting.announce_failure(v_run, v_counts.sent, v_counts.mails, p_error, v_now);
  end if;
  return v_status;
end;
$$;
comment on function reporting.finish_report(bigint, uuid, integer, text) is 'The work of leadgen.finish_report.';

create or replace function reporting.announce_failure(
  p_run leadgen.report_runs,
  p_sent bigint,
  p_mails bigint,
  p_error text,
  p_now timestamptz
)
returns void
language plpgsql
volatile
as $$
begin
  insert into leadgen.events (created_at, kind, subject, buyer_id, message, facts)
  select p_now, 'report_failed', 'report run ' || p_run.id, s.buyer_id,
    format('Report %s was sent to %s of %s recipients%s', s.name, p_sent, p_mails, ': ' || left(p_error, 200)),
    jsonb_build_object('report', s.name, 'run_id', p_run.id, 'sent', p_sent, 'recipients', p_mails,
      'period_from', p_run.period_from, 'period_to', p_run.period_to)
  from leadgen.report_schedules s
  where s.id = p_run.schedule_id
  on conflict on constraint events_subject_unique do nothing;
end;
$$;
comment on function reporting.announce_failure(leadgen.report_runs, bigint, bigint, text, timestamptz) is
  'Tells the operator of a report that is given up: to how many it was sent, and why not to the others.';
