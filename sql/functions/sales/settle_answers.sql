create or replace function leadgen.settle_answers()
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
-- Silence is an answer; a buyer who asked to return a sale was not silent, and waits for the decision. A lapsed sale is
-- marked for release_due_sale. Assignments that somebody has locked are left for the next round; then leads by id.
declare
  v_now constant timestamptz := leadgen.clock();
  v_count integer;
begin
  with due as materialized (
    select a.id, a.market_id, case a.acceptance when 'explicit' then 'returned' else 'accepted' end::leadgen.assignment_outcome as outcome
    from leadgen.lead_assignments a
    where a.answer_by <= v_now
      and a.released_at is null
      and a.outcome in ('pending', 'delivered', 'unknown', 'failed')
      and (a.outcome <> 'failed' or a.release_reason is null)
      and (a.acceptance = 'explicit' or a.outcome = 'delivered')
      and not exists (
        select from leadgen.sale_returns r where r.assignment_id = a.id and r.status in ('received', 'requested'))
    order by a.answer_by
    limit 500
    for no key update skip locked
  ),
  settled as (
    update leadgen.lead_assignments a
    set
      outcome = due.outcome,
      updated_at = v_now,
      accepted_at = case when due.outcome = 'accepted' then v_now end,
      release_reason = case when due.outcome = 'returned' then 'not accepted in time' end
    from due
    where a.id = due.id and a.market_id = due.market_id
    returning a.lead_id, a.outcome
  ),
  reached as materialized (
    select l.id, l.market_id
    from leadgen.leads l
    where l.id in (select s.lead_id from settled s where s.outcome = 'accepted') and l.status in ('validated', 'delivered')
    order by l.id
    for no key update
  ),
  accepted as (
    update leadgen.leads l
    set status = 'accepted', accepted_at = v_now, updated_at = v_now
    from reached r
    where l.id = r.id and l.market_id = r.market_id
  )
  select count(*) into v_count from settled;
  return v_count;
end;
$$;
comment on function leadgen.settle_answers() is
  'Ends the time to answer of at most 500 sales: accepted by silence (auto_after), or lapsed (explicit). Returns how many.';
