-- Answers: until when a buyer may accept or return a sale, what silence means, and what a buyer is told.

create or replace function market.check_answer(p_sale leadgen.lead_assignments, p_answer text, p_now timestamptz)
returns void
language plpgsql
immutable
as $$
-- The window is half open: at its end it is over, for a lapse and an acceptance by silence are due then.
declare
  v_open constant leadgen.assignment_outcome[] := case p_answer
    when 'accepted' then '{pending,delivered,unknown,failed}' else '{pending,delivered,accepted,unknown,failed}' end;
  v_end constant record := market.find_answer_end(p_sale, p_answer);
begin
  if p_sale.outcome <> all (v_open) or market.has_ended(p_sale) then
    perform kernel.refuse('LG409',
      format('Sale %s can no longer be %s: it is %s%s', p_sale.id, p_answer, p_sale.outcome,
        case when p_sale.outcome = any (v_open) then ', and goes to the next buyer' end),
      'outcome', p_sale.outcome::text, array_to_string(v_open, ', '));
  end if;
  if v_end.ends_at <= p_now then
    perform kernel.refuse('LG409',
      format('Sale %s can no longer be %s: its time for that has ended', p_sale.id, p_answer),
      v_end.field, to_char(v_end.ends_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'an answer before that');
  end if;
end;
$$;
comment on function market.check_answer(leadgen.lead_assignments, text, timestamptz) is
  'LG409 unless this sale may still be accepted or returned.';

create or replace function market.find_answer_end(
  p_sale leadgen.lead_assignments,
  p_answer text,
  out field text,
  out ends_at timestamptz
)
language plpgsql
immutable
as $$
-- Who has to accept first declines until answer_by; returning is for what was accepted, and for whoever need not say
-- so. A sale from before there were returns has no return_by.
begin
  field := case
    when p_answer = 'returned' and p_sale.return_by is not null and not market.is_declinable(p_sale) then 'return_by'
    else 'answer_by'
  end;
  ends_at := case field when 'return_by' then p_sale.return_by else p_sale.answer_by end;
end;
$$;
comment on function market.find_answer_end(leadgen.lead_assignments, text) is
  'Until when a sale may be accepted or returned, and which of its columns says so; null: without end.';

create or replace function market.is_declinable(p_sale leadgen.lead_assignments)
returns boolean
language plpgsql
immutable
as $$
begin
  return coalesce(p_sale.acceptance = 'explicit', false) and p_sale.outcome <> 'accepted';
end;
$$;
comment on function market.is_declinable(leadgen.lead_assignments) is
  'Whether the buyer has not bought yet: under explicit acceptance, before it accepts. Giving such a sale back needs '
  'no approval and no quota, for silence would do the same.';

create or replace function market.settle_answers()
returns integer
language plpgsql
volatile
as $$
-- Silence is an answer; a buyer who asked to return a sale was not silent, and waits for the decision. Assignments that
-- somebody has locked are left for the next round; then leads by id.
declare
  v_now constant timestamptz := leadgen.clock();
  v_count integer;
  v_leads bigint[];
  v_statuses leadgen.lead_status[];
begin
  with due as materialized (
    select
      a.id, a.market_id,
      case a.acceptance when 'explicit' then 'lapsed' else 'accepted' end::leadgen.assignment_outcome as outcome
    from leadgen.lead_assignments a
    where a.answer_by <= v_now
      and a.released_at is null
      and a.release_due_at is null
      and a.outcome in ('pending', 'delivered', 'unknown', 'failed')
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
      release_due_at = case when due.outcome = 'lapsed' then v_now end
    from due
    where a.id = due.id and a.market_id = due.market_id
    returning a.lead_id, a.outcome
  )
  select
    count(*),
    array_agg(s.lead_id) filter (where s.outcome = 'accepted'),
    array_agg('accepted'::leadgen.lead_status) filter (where s.outcome = 'accepted')
  into v_count, v_leads, v_statuses
  from settled s;
  perform market.advance_leads(v_leads, v_statuses, v_now);
  return v_count;
end;
$$;
comment on function market.settle_answers() is 'The work of leadgen.settle_answers.';

create or replace function market.describe_answer(p_assignment_id bigint)
returns jsonb
language plpgsql
stable
as $$
begin
  return (
    select jsonb_build_object(
      'assignment_id', a.id,
      'outcome', a.outcome,
      'return', (
        select jsonb_build_object('status', r.status, 'reason', r.reason_code, 'gives', r.gives,
          'evidence', market.list_evidence(r.id))
        from leadgen.sale_returns r
        where r.assignment_id = a.id
        order by r.id desc
        limit 1))
      || market.describe_reported(a.id)
    from leadgen.lead_assignments a
    where a.id = p_assignment_id
  );
end;
$$;
comment on function market.describe_answer(bigint) is
  'What a buyer is told of its answer: the sale''s outcome, its latest return, null if there was none, and what it has '
  'reported of the lead, if it has.';

create or replace function market.describe_link_state(
  p_kind text,
  p_sale leadgen.lead_assignments,
  p_now timestamptz,
  out state text,
  out message text
)
language plpgsql
stable
as $$
declare
  v_status constant text := (
    select r.status from leadgen.sale_returns r where r.assignment_id = p_sale.id order by r.id desc limit 1);
  v_answer constant text := case p_kind when 'accept' then 'accepted' else 'returned' end;
  v_end constant record := market.find_answer_end(p_sale, v_answer);
begin
  state := case
    when p_sale.outcome = 'returned' then 'returned'
    when market.has_ended(p_sale) then 'too_late'
    when p_kind = 'report' then 'open'
    when v_status in ('received', 'requested') then 'requested'
    when p_kind = 'accept' and p_sale.outcome = 'accepted' then 'accepted'
    when p_kind = 'return' and v_status = 'refused' then 'refused'
    when v_end.ends_at <= p_now then 'too_late'
    else 'open'
  end;
  if state = 'open' and p_kind = 'report' then
    message := 'Tell us what came of this lead, as often as something happens.';
    return;
  end if;
  message := case state
    when 'returned' then 'You have returned this lead.'
    when 'requested' then 'You have asked to return this lead; it is being decided.'
    when 'accepted' then 'You have accepted this lead.'
    when 'refused' then 'The return of this lead was refused; it stays yours.'
    when 'too_late' then case
      when market.has_ended(p_sale) then
        format('This sale has ended (%s); the lead is no longer yours.', market.describe_ending(p_sale))
      else format('The time in which this lead could be %s has ended.', v_answer)
    end
    else format('You can %s this lead%s.', p_kind, coalesce(' until ' || (
      select to_char(v_end.ends_at at time zone m.timezone, 'YYYY-MM-DD HH24:MI') || ' ' || m.timezone
      from leadgen.markets m where m.id = p_sale.market_id), ''))
  end;
end;
$$;
comment on function market.describe_link_state(text, leadgen.lead_assignments, timestamptz) is
  'Whether the holder of a link can still accept or return the sale, or report of it, and that in words: open, '
  'accepted, returned, requested, refused or too_late.';
