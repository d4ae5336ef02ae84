-- Road: somebody asks whether workers do their chores. What a chore should have done long ago is the proof that it
-- stands still; when it ran last would say less, because a chore that fails runs, too.

create or replace function roads.diagnose_chores()
returns table (subject text, verdict text, finding text, remedy text)
language plpgsql
stable
as $$
-- In a copy no chore is done, which diagnose_copy says.
declare
  v_now constant timestamptz := leadgen.clock();
begin
  return query
  select
    'chore ' || w.chore, 'fail',
    format('waiting: %s, the oldest for %s', w.waiting, catalog.show_age(v_now - w.oldest)),
    case when c.is_active is false
      then format('it is switched off: update leadgen.chores set is_active = true where name = %L', w.chore)
      else 'start a worker: leadgen worker; if one runs, its log names the chore and the error' end
  from roads.list_neglected(v_now) w
  left join leadgen.chores c on c.name = w.chore
  where w.waiting > 0
  order by w.oldest;
  if not found then
    return query select 'chores', 'ok', 'nothing waits for long', null;
  end if;
end;
$$;
comment on function roads.diagnose_chores() is 'What workers should have done by now beside delivering.';

create or replace function roads.list_neglected(p_now timestamptz)
returns table (chore text, waiting bigint, oldest timestamptz)
language sql
stable
as $$
-- Ten minutes are as long as a deploy or a restart may take. Most conditions are those of partial indexes. Each chore
-- is here, or in pgtap/roads/chores_are_diagnosed.sql with the reason why nothing shows that it stands still.
  with line as (select p_now - interval '10 minutes' as at)
  select 'route_held_lead', count(*), min(l.next_route_at)
  from leadgen.leads l, line where l.hold_until is not null and l.next_route_at < line.at
  union all
  select 'settle_answers', count(*), min(a.answer_by)
  from leadgen.lead_assignments a, line
  where a.answer_by is not null and a.released_at is null
    and a.outcome in ('pending', 'delivered', 'unknown', 'failed') and a.answer_by < line.at
  union all
  select 'release_due_sale', count(*), min(a.release_due_at)
  from leadgen.lead_assignments a, line where a.release_due_at is not null and a.release_due_at < line.at
  union all
  select 'pass_on_cold_sale', count(*), min(a.pass_on_at)
  from leadgen.lead_assignments a, line
  where a.outcome = 'pending' and a.pass_on_at is not null and a.pass_on_at < line.at
  union all
  select 'settle_return', count(*), min(r.created_at)
  from leadgen.sale_returns r, line where r.status = 'received' and r.created_at < line.at
  union all
  select 'follow_change', count(*), min(g.changed_at) from leadgen.catalog_changes g, line where g.changed_at < line.at
  union all
  select 'publish_due_policy', count(*), min(p.publish_at)
  from leadgen.policy_proposals p, line where p.status = 'approved' and p.publish_at < line.at
  union all
  select 'settle_endpoints', count(*), min(e.disabled_at)
  from leadgen.endpoints e, line
  where e.disabled_at is not null and e.announced_at is null and e.disabled_at < line.at
  union all
  select 'settle_reports', count(*), min(d.next_attempt_at)
  from leadgen.deliveries d, line
  where d.status = 'sent' and d.next_attempt_at is not null and d.next_attempt_at < line.at
  union all
  select 'advance_resend', count(*), min(r.next_step_at)
  from leadgen.resends r, line where r.status = 'running' and r.next_step_at < line.at
  union all
  select 'follow_payment_event', count(*), min(p.next_try_at)
  from leadgen.payment_events p, line where p.next_try_at is not null and p.next_try_at < line.at
  union all
  select 'invoice_due_buyer', count(*), min(b.due_at)
  from leadgen.billing_calendar b, line where b.due_at < line.at - interval '1 hour'
  union all
  select 'chain_audit', count(*), min(e.changed_at)
  from (select w.entry_id from leadgen.audit_waiting w order by w.entry_id limit 1000) first
  join leadgen.audit_entries e on e.id = first.entry_id, line
  where e.changed_at < line.at
  union all
  select 'e-mails to users', count(*), min(m.due_at)
  from leadgen.user_mails m, line where m.due_at is not null and m.due_at < line.at
  union all
  select 'fetches', count(*), min(f.next_fetch_at)
  from leadgen.lead_fetches f, line where f.next_fetch_at is not null and f.next_fetch_at < line.at
  union all
  select n.* from line cross join lateral roads.list_neglected_bills(line.at) n
  union all
  select n.* from line cross join lateral roads.list_neglected_news(line.at) n;
$$;
comment on function roads.list_neglected(timestamptz) is
  'What each chore, or another part of a worker, has left undone for ten minutes: how much, and since when.';

create or replace function roads.list_neglected_bills(p_before timestamptz)
returns table (chore text, waiting bigint, oldest timestamptz)
language sql
stable
as $$
-- An hour more for what is done every ten minutes, one buyer at a time.
  select 'tell_payment', count(*), min(coalesce(p.updated_at, p.created_at))
  from leadgen.payments p where p.status <> p.told_status and coalesce(p.updated_at, p.created_at) < p_before
  union all
  select 'settle_overdue', count(*), min(i.due_date)
  from leadgen.invoices i
  where i.status in ('sent', 'partly_paid') and i.kind = 'invoice' and i.due_date < p_before - interval '1 hour'
  union all
  select 'remind_buyer', count(*), min(d.due_date + d.days_after_due * interval '1 day')
  from roads.list_due_reminders(null, p_before - interval '1 hour') d;
$$;
comment on function roads.list_neglected_bills(timestamptz) is
  'The same, of chores about payments and invoices: what should have been done before this time.';

create or replace function roads.list_neglected_news(p_before timestamptz)
returns table (chore text, waiting bigint, oldest timestamptz)
language sql
stable
as $$
-- Of the feed the first fifty rows of an origin, however far it is behind. A hook whose receiver is slow is not
-- waited for: as many messages as may wait for it do.
  select 'fill_feed', count(*), min(n.created_at)
  from leadgen.feed_marks m
  cross join lateral (
    (select l.created_at from leadgen.leads l
      where m.origin = 'lead' and l.id > coalesce(m.scanned_id, m.settled_id) order by l.id limit 50)
    union all
    (select a.created_at from leadgen.lead_assignments a
      where m.origin = 'sale' and a.id > coalesce(m.scanned_id, m.settled_id) order by a.id limit 50)
    union all
    (select e.created_at from leadgen.events e
      where m.origin = 'event' and e.id > coalesce(m.scanned_id, m.settled_id) order by e.id limit 50)
  ) n
  where n.created_at < p_before
  union all
  select 'queue_hook_items', count(*), min(i.created_at)
  from leadgen.operator_hooks h
  join leadgen.endpoints e on e.hook_id = h.id and e.disabled_at is null
  cross join lateral (
    select f.created_at from leadgen.feed_items f where f.id > h.last_item_id order by f.id limit 1
  ) i
  where h.is_active and i.created_at < p_before and outbox.has_room_for_items(e.id)
  union all
  select 'queue_due_report', count(*), min(d.due_at)
  from reporting.list_due_reports(p_before) d
  union all
  select 'roll_up', count(*), min(c.closed_until)
  from leadgen.report_closing c
  where isfinite(c.closed_until) and c.closed_until < p_before - interval '3 hours'
  union all
  select 'scheduled reports', count(*), min(r.next_attempt_at)
  from leadgen.report_runs r where r.next_attempt_at is not null and r.next_attempt_at < p_before;
$$;
comment on function roads.list_neglected_news(timestamptz) is
  'The same, of the feed, hooks and reports: what should have been done before this time.';
