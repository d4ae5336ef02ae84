-- What is not kept for ever. Declared: a row that is not here is removed; keep and is_active are an installation's own.
-- In row_time and condition x is a row of the table. A rule that is on by default deletes what is over; what strikes out of
-- leads and their records is off until somebody says how long they may be kept.
create temp table declared_rules (like leadgen.retention_rules including defaults) on commit drop;

insert into declared_rules (name, position, table_name, row_time, condition, strikes, runs, keep, is_active, description)
values
  ('quarantine', 10, 'intake_quarantine', 'x.last_seen_at', null, null, 'intake.purge_quarantine', '90 days', true,
    'Submissions in quarantine, from when they last came.'),
  ('sessions', 20, 'user_sessions', 'coalesce(x.ended_at, x.expires_at)', null, null, null, '90 days', true,
    'Sessions of users that are over.'),
  ('sign_ins', 30, 'sign_in_attempts', 'x.created_at', null, null, null, '90 days', true, 'Sign-ins, and whether they succeeded.'),
  ('tries', 40, 'sign_in_tries', 'x.last_at', null, null, null, '1 day', true, 'Failed sign-ins that are counted.'),
  ('links', 50, 'user_tokens', 'x.expires_at', null, null, null, '1 day', true, 'Links in e-mails to users that are over.'),
  ('mails', 60, 'user_mails', 'x.created_at', 'x.due_at is null', null, null, '30 days', true,
    'E-mails to users that were sent or given up.'),
  ('sign_ups', 70, 'users', 'x.created_at', 'x.status = ''pending'' and x.verified_at is null and x.approved_at is null', null, null,
    '7 days', true, 'Sign-ups that nobody verified: the address is free again.'),
  ('suppressions', 80, 'suppressions', 'x.expires_at', null, null, 'privacy.forget_suppressions', '30 days', true,
    'Suppressions by hand that are over.'),
  ('mail_domains', 90, 'mail_domains', 'x.checked_at', null, null, null, '1 year', true, 'What the resolver said of mail domains.'),
  ('answers', 100, 'delivery_attempts', 'x.started_at', null, '{reply,error}', null, '180 days', false,
    'What receivers answered to attempts to deliver.'),
  ('delivery_errors', 110, 'deliveries', 'x.created_at', null, '{last_error}', null, '180 days', false,
    'The last error of deliveries.'),
  ('return_notes', 120, 'sale_returns', 'x.created_at', 'x.decided_at is not null', '{note,decision_note}', null, '3 years', false,
    'What buyers and operators wrote about returns that are decided.'),
  ('comments', 125, 'outcome_reports', 'x.created_at', null, '{comment}', null, '3 years', false,
    'What buyers wrote about what came of leads.'),
  ('reports', 128, 'report_runs', 'x.created_at', 'x.next_attempt_at is null', null, null, '1 year', true,
    'Scheduled reports that were sent or given up: when and to whom.'),
  ('evidence', 130, 'return_evidence', 'x.created_at', null, '{reference}', null, '3 years', false,
    'Where the files are that buyers showed for returns.'),
  ('feed', 150, 'feed_items', 'x.created_at', null, null, 'roads.forget_feed', '7 days', true,
    'Items of the feed that every hook in use has been sent.'),
  ('leads', 140, 'leads', 'x.created_at', 'x.erased_at is null', null, 'roads.erase_old_lead', '3 years', false,
    'Who a lead was: it is struck out as erase_lead does. Sales, prices and decisions stay.');

delete from leadgen.retention_rules r where r.name not in (select d.name from declared_rules d);
insert into leadgen.retention_rules as r (
  name, position, table_name, row_time, condition, strikes, runs, keep, is_active, description
)
select d.name, d.position, d.table_name, d.row_time, d.condition, d.strikes, d.runs, d.keep, d.is_active, d.description
from declared_rules d
on conflict (name) do update
set position = excluded.position, table_name = excluded.table_name, row_time = excluded.row_time,
  condition = excluded.condition, strikes = excluded.strikes, runs = excluded.runs, description = excluded.description
where (r.position, r.table_name, r.row_time, r.condition, r.strikes, r.runs, r.description)
  is distinct from (excluded.position, excluded.table_name, excluded.row_time, excluded.condition, excluded.strikes,
    excluded.runs, excluded.description);
