create or replace function leadgen.settle_reports()
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
-- A report that comes later all the same still counts (record_sms_status). A text message whose worker died before it said
-- anything is unknown at the end of its lease. Rows that somebody holds are left for the next round.
declare
  c_patience constant interval := '4 hours';
  v_now constant timestamptz := leadgen.clock();
  v_assignments bigint[];
  v_count integer;
begin
  with silent as materialized (
    select d.id, d.market_id, d.attempts, d.worker
    from leadgen.deliveries d
    where d.id in (
        select s.id
        from leadgen.deliveries s
        where s.status = 'sent'
          and v_now - c_patience > (
            select coalesce(max(a.started_at), s.created_at)
            from leadgen.delivery_attempts a
            where a.delivery_id = s.id and a.market_id = s.market_id)
        union all
        select f.id
        from leadgen.deliveries f
        where f.channel = 'sms' and f.lease_token is not null and f.next_attempt_at <= v_now
        limit 500)
      and (d.status = 'sent' or (d.lease_token is not null and d.next_attempt_at <= v_now))
    order by d.id
    for no key update skip locked
  ),
  settled as (
    update leadgen.deliveries d
    set status = 'unknown', lease_token = null, next_attempt_at = null, finished_at = v_now, last_error = 'the provider did not report'
    from silent s
    where d.id = s.id and d.market_id = s.market_id
    returning d.assignment_id
  ),
  logged as (
    insert into leadgen.delivery_attempts (market_id, delivery_id, attempt, worker, started_at, latency_ms, outcome, error, error_class)
    select s.market_id, s.id, s.attempts, s.worker, v_now, 0, 'unknown', 'the provider did not report', 'provider'
    from silent s
  )
  select count(*), array_agg(s.assignment_id) filter (where s.assignment_id is not null) into v_count, v_assignments
  from settled s;
  if v_assignments is not null then
    perform leadgen.settle_assignments(v_assignments, '{}', '{}', v_now);
  end if;
  return v_count;
end;
$$;
comment on function leadgen.settle_reports() is
  'Ends the wait for reports that did not come for four hours, at most 500 of them: nobody knows whether the message arrived. Returns how many.';
