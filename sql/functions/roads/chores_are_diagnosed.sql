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
-- Ten minutes are as long as a deploy or a restart may take. Most conditions are those of partial indexes.
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
  from leadgen.lead_fetches f, line where f.next_fetch_at is not null and f.next_fetch_at < line.at;
$$;
comment on function roads.list_neglected(timestamptz) is
  'What each chore, or another part of a worker, has left undone for ten minutes: how much, and since when.';
