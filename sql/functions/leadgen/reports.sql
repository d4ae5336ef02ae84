-- Facade of reports: exports of views, and reports that are sent by a schedule.
-- Each is a door: it checks nothing itself, runs with the owner's rights, and calls the function that does the work.

create or replace function leadgen.compose_export(
  p_view text,
  p_from timestamptz,
  p_to timestamptz,
  p_timezone text,
  p_by text default null,
  p_where jsonb default null,
  p_format text default 'csv'
)
returns text
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return reporting.compose_export(p_view, p_from, p_to, p_timezone, p_by, p_where, p_format);
end;
$$;
comment on function leadgen.compose_export(text, timestamptz, timestamptz, text, text, jsonb, text) is
  'The statement that reads a view of schema report, to be run by whoever asked: rows of a period (null: without a '
  'bound) by the column p_by, else the first time or day among its columns; filters [[column, comparison, value], …]. '
  'p_format: csv (text that a spreadsheet would take for a formula gets an apostrophe), json or rows. LG404 for a view '
  'that there is not or that the role may not read, LG400 for a period, column or comparison that cannot be.';

create or replace function leadgen.find_report_zone()
returns text
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return reporting.find_zone();
end;
$$;
comment on function leadgen.find_report_zone() is
  'The zone by whose clock a report is read where nobody names another: that of the markets if they share one, else '
  'UTC.';

create or replace function leadgen.send_report(p_name text)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return reporting.send_report(p_name);
end;
$$;
comment on function leadgen.send_report(text) is
  'Has a worker send a scheduled report now, of its latest period, also if it was sent or is paused. Returns the run. '
  'LG404 when there is no such report.';

create or replace function leadgen.claim_report(p_lease interval)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return reporting.claim_report(p_lease);
end;
$$;
comment on function leadgen.claim_report(interval) is
  'A scheduled report that is due, for a worker that has it until the lease ends: {run_id, token, attempt, '
  'schedule_id, name, view, period, format, timezone, period_from, period_to, offer, buyer, mails: [{mail_id, '
  'recipient, message_id}]}; null: none is due, or this is a copy.';

create or replace function leadgen.read_report(
  p_schedule_id bigint,
  p_from timestamptz,
  p_to timestamptz,
  p_limit integer
)
returns setof text[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from reporting.read_report(p_schedule_id, p_from, p_to, p_limit);
end;
$$;
comment on function leadgen.read_report(bigint, timestamptz, timestamptz, integer) is
  'The rows of a scheduled report as text, at most so many, behind one of the columns'' names and one of their types. '
  'Writes nothing, so that a standby can answer. LG404 when there is no such schedule.';

create or replace function leadgen.start_report_mail(p_mail_id bigint, p_token uuid, p_lease interval)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return reporting.start_report_mail(p_mail_id, p_token, p_lease);
end;
$$;
comment on function leadgen.start_report_mail(bigint, uuid, interval) is
  'To be called before the text of an e-mail goes out; the lease begins anew. False: it must not be sent, for the '
  'lease is another''s or the mail is done.';

create or replace function leadgen.record_report_mail(p_mail_id bigint, p_token uuid, p_outcome text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform reporting.record_report_mail(p_mail_id, p_token, p_outcome);
end;
$$;
comment on function leadgen.record_report_mail(bigint, uuid, text) is
  'What became of an e-mail that was started: sent, refused, unknown, or failed, which is tried again.';

create or replace function leadgen.finish_report(p_run_id bigint, p_token uuid, p_rows integer, p_error text)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return reporting.finish_report(p_run_id, p_token, p_rows, p_error);
end;
$$;
comment on function leadgen.finish_report(bigint, uuid, integer, text) is
  'Ends a worker''s turn with a report: sent, pending (tried again later), failed (given up, with an event) or fenced.';
