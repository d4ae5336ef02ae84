-- Sales: their state, the buyer's time to answer, and what a buyer is told.

create or replace function market.check_answer(p_sale leadgen.lead_assignments, p_answer text, p_now timestamptz)
returns void
language plpgsql
immutable
as $$
-- The window is half open: at its end it is over, for a lapse and an acceptance by silence are due then. A sale that failed
-- is open as long as it is not about to be given to the next buyer.
declare
  v_open constant leadgen.assignment_outcome[] := case p_answer
    when 'accepted' then '{pending,delivered,unknown,failed}' else '{pending,delivered,accepted,unknown,failed}' end;
  v_end constant record := market.find_answer_end(p_sale, p_answer);
begin
  if p_sale.outcome <> all (v_open) or market.has_ended(p_sale) then
    perform kernel.refuse('LG409', format('Sale %s can no longer be %s: it is %s', p_sale.id, p_answer,
      concat_ws(', ', p_sale.outcome, split_part(p_sale.release_reason, ':', 1))),
      'outcome', p_sale.outcome::text, array_to_string(v_open, ', '));
  end if;
  if v_end.ends_at <= p_now then
    perform kernel.refuse('LG409', format('Sale %s can no longer be %s: its time for that has ended', p_sale.id, p_answer),
      v_end.field, to_char(v_end.ends_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'an answer before that');
  end if;
end;
$$;
comment on function market.check_answer(leadgen.lead_assignments, text, timestamptz) is
  'LG409 unless this sale may still be accepted or returned.';

create or replace function market.find_answer_end(p_sale leadgen.lead_assignments, p_answer text, out field text, out ends_at timestamptz)
language plpgsql
immutable
as $$
-- Who has to accept first declines until answer_by; returning is for what was accepted, and for whoever need not say so.
-- A sale of before there were returns has no return_by.
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

create or replace function market.has_ended(p_sale leadgen.lead_assignments)
returns boolean
language plpgsql
immutable
as $$
begin
  return p_sale.released_at is not null or p_sale.outcome = 'returned'
    or (p_sale.outcome = 'failed' and p_sale.release_reason is not null);
end;
$$;
comment on function market.has_ended(leadgen.lead_assignments) is 'Whether a sale was returned, lapsed or failed; one that failed and is not given to the next buyer has not ended.';

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
  'Whether the buyer has not bought yet: under explicit acceptance, before it accepts. Giving such a sale back needs no approval and no quota, for silence would do the same.';

create or replace function market.mark_accepted(p_sale leadgen.lead_assignments, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
begin
  update leadgen.lead_assignments a
  set outcome = 'accepted', accepted_at = p_now, delivered_at = coalesce(a.delivered_at, p_now), release_reason = null, updated_at = p_now
  where a.id = p_sale.id and a.market_id = p_sale.market_id;
  update leadgen.leads l
  set status = 'accepted', accepted_at = p_now, delivered_at = coalesce(l.delivered_at, p_now), updated_at = p_now
  where l.id = p_sale.lead_id and l.market_id = p_sale.market_id and l.status in ('validated', 'delivered');
end;
$$;
comment on function market.mark_accepted(leadgen.lead_assignments, timestamptz) is
  'A sale, and its lead, is accepted from now on; whatever the outbox knows of it. The caller holds its row.';

create or replace function market.count_live_sales(p_lead leadgen.leads)
returns integer
language plpgsql
stable
as $$
begin
  return (
    select count(*) from leadgen.lead_assignments a
    where a.lead_id = p_lead.id and a.market_id = p_lead.market_id and a.released_at is null
  );
end;
$$;
comment on function market.count_live_sales(leadgen.leads) is 'How many of a lead''s sales stand: neither returned, failed nor lapsed.';

create or replace function market.find_own_sale(p_buyer_id bigint, p_assignment_id bigint)
returns leadgen.lead_assignments
language plpgsql
stable
as $$
-- Another buyer's sale is as good as none, in the same words.
declare
  v_sale leadgen.lead_assignments;
begin
  select a.* into v_sale from leadgen.lead_assignments a where a.id = p_assignment_id and a.buyer_id = p_buyer_id;
  if not found then
    perform kernel.refuse('LG404', 'There is no such sale', 'assignment_id', p_assignment_id::text, 'the id of a sale');
  end if;
  return v_sale;
end;
$$;
comment on function market.find_own_sale(bigint, bigint) is 'A sale to this buyer; LG404 when there is none, or it is another''s.';

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
        select jsonb_build_object('status', r.status, 'reason', r.reason_code)
        from leadgen.sale_returns r
        where r.assignment_id = a.id
        order by r.id desc
        limit 1))
    from leadgen.lead_assignments a
    where a.id = p_assignment_id
  );
end;
$$;
comment on function market.describe_answer(bigint) is
  'What a buyer is told of its answer: the sale''s outcome and its latest return, null if there was none.';

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
    when p_sale.outcome = 'returned' then case when v_status = 'approved' then 'returned' else 'too_late' end
    when market.has_ended(p_sale) then 'too_late'
    when v_status in ('received', 'requested') then 'requested'
    when p_kind = 'accept' and p_sale.outcome = 'accepted' then 'accepted'
    when p_kind = 'return' and v_status = 'refused' then 'refused'
    when v_end.ends_at <= p_now then 'too_late'
    else 'open'
  end;
  message := case state
    when 'returned' then 'You have returned this lead.'
    when 'requested' then 'You have asked to return this lead; it is being decided.'
    when 'accepted' then 'You have accepted this lead.'
    when 'refused' then 'The return of this lead was refused; it stays yours.'
    when 'too_late' then case
      when market.has_ended(p_sale) then 'This sale has ended; the lead is no longer yours.'
      else format('The time in which this lead could be %s has ended.', v_answer)
    end
    else format('You can %s this lead%s.', p_kind, coalesce(' until ' || (
      select to_char(v_end.ends_at at time zone m.timezone, 'YYYY-MM-DD HH24:MI') || ' ' || m.timezone
      from leadgen.markets m where m.id = p_sale.market_id), ''))
  end;
end;
$$;
comment on function market.describe_link_state(text, leadgen.lead_assignments, timestamptz) is
  'Whether the holder of a link can still accept or return the sale: open, accepted, returned, requested, refused or too_late, and that in words.';

create or replace function market.settle_answers()
returns integer
language plpgsql
volatile
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
comment on function market.settle_answers() is 'The work of leadgen.settle_answers.';

create or replace function market.settle_assignments(
  p_assignment_ids bigint[],
  p_accepted bigint[],
  p_rejected bigint[],
  p_now timestamptz
)
returns void
language plpgsql
volatile
as $$
-- A sale is delivered (and so accepted, unless its buyer has to answer) when one of its channels got through, and failed
-- or unknown only when all have ended. A buyer that accepts by its reply has the lead, unless its time to answer is over;
-- one that rejects it has it delivered, until leadgen.settle_return decides. What failed, where the policy offers
-- it to the next buyer, is marked for leadgen.release_due_sale: giving a place back needs the offer's lock, and who holds
-- rows never waits for an offer. Where it does not, the sale keeps its place and its dead letter can be sent again.
-- The time to return begins with the delivery.
-- Lock order: deliveries (the caller), assignments by id, then leads by id.
begin
  with ended as materialized (
    select
      a.id, a.market_id, a.offer_id,
      case
        when bool_or(d.status = 'delivered') then case
          when a.id = any (p_accepted) and (a.acceptance <> 'explicit' or a.answer_by > p_now) then 'accepted'
          when a.id = any (p_rejected) or a.acceptance in ('explicit', 'auto_after') then 'delivered'
          else 'accepted'
        end
        when bool_or(d.status in ('pending', 'sending', 'parked', 'sent')) then null
        when bool_or(d.status = 'unknown') then 'unknown'
        else 'failed'
      end::leadgen.assignment_outcome as outcome
    from (
      select l.id, l.market_id, l.offer_id, l.acceptance, l.answer_by
      from leadgen.lead_assignments l
      where l.id = any (p_assignment_ids)
        and (l.outcome in ('pending', 'unknown', 'failed') or (l.outcome = 'delivered' and l.id = any (p_accepted)))
        and l.released_at is null
      order by l.id
      for no key update
    ) a
    join leadgen.deliveries d on d.assignment_id = a.id and d.market_id = a.market_id
    group by a.id, a.market_id, a.offer_id, a.acceptance, a.answer_by
  ),
  settled as (
    update leadgen.lead_assignments a
    set
      outcome = e.outcome,
      updated_at = p_now,
      delivered_at = case when e.outcome in ('delivered', 'accepted') then coalesce(a.delivered_at, p_now) end,
      accepted_at = case when e.outcome = 'accepted' then p_now end,
      return_by = case
        when e.outcome in ('delivered', 'accepted') and a.delivered_at is null and a.acceptance is distinct from 'auto_after'
          then p_now + (a.return_by - a.created_at)
        else a.return_by
      end,
      release_reason = case when e.outcome in ('failed', 'unknown') then (
        select case when e.outcome = 'failed' then 'delivery failed' else 'no answer' end
        from leadgen.offers o
        join leadgen.routing_policies p on p.id = o.routing_policy_id
        where o.id = e.offer_id
          and case when e.outcome = 'failed' then (p.compiled_config).reroutes_on_failure else (p.compiled_config).resells_on_unknown end)
      end
    from ended e
    where a.id = e.id and a.market_id = e.market_id and a.outcome <> e.outcome
    returning a.lead_id, a.outcome
  ),
  reached as materialized (
    select l.id, l.market_id, s.status
    from leadgen.leads l
    join (
      select s.lead_id, max(s.outcome::text::leadgen.lead_status) as status
      from settled s
      where s.outcome in ('delivered', 'accepted')
      group by s.lead_id
    ) s on s.lead_id = l.id
    where l.status in ('validated', 'delivered') and l.status < s.status
    order by l.id
    for no key update of l
  )
  update leadgen.leads l
  set
    status = r.status,
    delivered_at = coalesce(l.delivered_at, p_now),
    accepted_at = case when r.status = 'accepted' then p_now end,
    updated_at = p_now
  from reached r
  where l.id = r.id and l.market_id = r.market_id;
end;
$$;
comment on function market.settle_assignments(bigint[], bigint[], bigint[], timestamptz) is
  'Brings sales and their leads up to date with their deliveries; of these sales the buyers'' replies accepted some and rejected some.';

create or replace function market.pick_due_sale()
returns leadgen.lead_assignments
language plpgsql
volatile
as $$
declare
  v_offer_id constant bigint := market.lock_free_offer(array(
    select a.offer_id
    from leadgen.lead_assignments a
    where a.release_reason is not null and a.released_at is null
    order by a.updated_at, a.id
    limit 1000));
  v_sale leadgen.lead_assignments;
begin
  select a.* into v_sale
  from leadgen.lead_assignments a
  where a.release_reason is not null and a.released_at is null and a.offer_id = v_offer_id
  order by a.updated_at, a.id
  limit 1;
  return v_sale;
end;
$$;
comment on function market.pick_due_sale() is
  'The sale that failed or lapsed longest ago, of an offer whose turn is free if there is one; its offer is locked. Its id is null when none is due.';
