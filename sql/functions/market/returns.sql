-- Returns: reasons, quota, and who decides.

create or replace function market.read_return_note(p_reason text, p_note text)
returns text
language plpgsql
stable
as $$
-- What was sent is described, not repeated: a note is a buyer's words about a person.
declare
  v_note constant text := ref.collapse_space(p_note);
begin
  if not exists (select from leadgen.return_reasons r where r.code = p_reason and r.is_active) then
    perform kernel.refuse('LG400', 'There is no such reason for a return', 'reason',
      case
        when coalesce(p_reason, '') = '' then 'nothing'
        when p_reason ~ '^[a-z][a-z0-9_]{1,49}$' then p_reason
        else 'another value'
      end,
      (select string_agg(r.code, ', ' order by r.position, r.code) from leadgen.return_reasons r where r.is_active));
  end if;
  if length(v_note) > 500 then
    perform kernel.refuse('LG400', 'The note is too long', 'note', length(v_note) || ' characters',
      'at most 500 characters');
  end if;
  return v_note;
end;
$$;
comment on function market.read_return_note(text, text) is
  'The note of a return, on one line; LG400 for one that is too long, and unless the reason is an active row of '
  'return_reasons.';

create or replace function market.find_quota_fault(p_sale leadgen.lead_assignments)
returns text
language plpgsql
stable
as $$
-- By the terms that the sale was made under. The caller holds the offer's lock, so nobody else counts at the same time.
-- A sale that never reached its buyer, or that it did not take, is none of which it could return its share.
declare
  v_terms kernel.routing_settings;
  v_cycle text;
  v_timezone text;
  v_start timestamptz;
  v_sales integer;
  v_returns integer;
  v_limit integer;
begin
  select (market.recall_policy(d)).* into v_terms
  from leadgen.lead_decisions d
  where d.id = p_sale.decision_id and d.market_id = p_sale.market_id;
  if market.is_declinable(p_sale) or coalesce(v_terms.return_quota_count, v_terms.return_quota_percent) is null then
    return null;
  end if;
  v_cycle := coalesce(v_terms.return_cycle, 'month');
  select coalesce(bo.timezone, m.timezone) into v_timezone
  from leadgen.offers o
  join leadgen.markets m on m.id = o.market_id
  left join leadgen.buyer_offers bo on bo.id = p_sale.buyer_offer_id
  where o.id = p_sale.offer_id;
  v_start := date_trunc(v_cycle, p_sale.created_at, v_timezone);
  select count(*), count(r.id) into v_sales, v_returns
  from leadgen.lead_assignments a
  left join leadgen.sale_returns r on r.assignment_id = a.id and r.status in ('requested', 'approved')
  where a.buyer_id = p_sale.buyer_id and a.buyer_offer_id = p_sale.buyer_offer_id and a.market_id = p_sale.market_id
    and a.created_at >= v_start - interval '1 hour' and a.created_at < v_start + interval '32 days'
    and date_trunc(v_cycle, a.created_at, v_timezone) = v_start
    and a.outcome not in ('failed', 'erased')
    and (a.acceptance is distinct from 'explicit' or a.accepted_at is not null);
  v_limit := coalesce(v_terms.return_quota_count, floor(v_terms.return_quota_percent * v_sales / 100)::integer);
  if v_returns < v_limit then
    return null;
  end if;
  return format('%s of %s returns of %ssales in %s', v_returns, v_limit,
    case when v_terms.return_quota_count is null then v_sales || ' ' else '' end,
    case v_cycle
      when 'week' then to_char(v_start at time zone v_timezone, '"the week of" YYYY-MM-DD')
      else to_char(v_start at time zone v_timezone, 'FMMonth YYYY')
    end);
end;
$$;
comment on function market.find_quota_fault(leadgen.lead_assignments) is
  'Why one more return would go over the buyer''s quota, with the numbers: "5 of 5 returns of sales in November '
  '2026"; null: it would not.';

create or replace function market.check_not_ended(p_sale leadgen.lead_assignments)
returns void
language plpgsql
immutable
as $$
begin
  if market.has_ended(p_sale) then
    perform kernel.refuse('LG409',
      format('Sale %s can no longer be returned: it is %s%s', p_sale.id, p_sale.outcome,
        case when p_sale.outcome in ('failed', 'unknown') then ', and goes to the next buyer' end),
      'outcome', p_sale.outcome::text, 'pending, delivered, accepted, unknown, failed');
  end if;
end;
$$;
comment on function market.check_not_ended(leadgen.lead_assignments) is
  'LG409 when a sale has ended: an operator approves no return of it, though one was asked for in time.';

create or replace function market.is_approved_at_once(p_sale leadgen.lead_assignments)
returns boolean
language plpgsql
stable
as $$
begin
  return market.is_declinable(p_sale) or coalesce((
    select (market.recall_policy(d)).auto_approves_returns
    from leadgen.lead_decisions d
    where d.id = p_sale.decision_id and d.market_id = p_sale.market_id), true);
end;
$$;
comment on function market.is_approved_at_once(leadgen.lead_assignments) is
  'Whether a return within window and quota needs nobody''s approval, by the terms that the sale was made under.';

create or replace function market.find_gift(p_sale leadgen.lead_assignments)
returns text
language plpgsql
stable
as $$
-- Who has not bought yet, or was not charged, is not given another lead.
begin
  return case
    when market.is_declinable(p_sale) or p_sale.price = 0
      or (p_sale.billing_mode in ('prepaid', 'invoiced')) is not true then 'money'
    else coalesce((
      select (market.recall_policy(d)).returns_give
      from leadgen.lead_decisions d
      where d.id = p_sale.decision_id and d.market_id = p_sale.market_id), 'money')
  end;
end;
$$;
comment on function market.find_gift(leadgen.lead_assignments) is
  'What the buyer of a sale gets when its return is approved, by the terms that the sale was made under: money, or '
  'replacement.';

create or replace function market.refuse_return(
  p_return leadgen.sale_returns,
  p_sale leadgen.lead_assignments,
  p_by text,
  p_note text,
  p_now timestamptz
)
returns void
language plpgsql
volatile
as $$
-- What came with the delivery kept it from being accepted with it; now that it stands, it is.
begin
  update leadgen.sale_returns r
  set status = 'refused', decided_at = p_now, decided_by = p_by, decision_note = p_note
  where r.id = p_return.id;
  if p_sale.outcome = 'delivered' and coalesce(p_sale.acceptance, 'on_delivery') = 'on_delivery' then
    perform market.mark_accepted(p_sale, p_now);
  end if;
end;
$$;
comment on function market.refuse_return(leadgen.sale_returns, leadgen.lead_assignments, text, text, timestamptz) is
  'The sale stands: under on_delivery it is accepted, as its delivery would have made it; else its buyer''s time to '
  'answer goes on. The caller holds the sale.';

create or replace function market.await_decision(p_return leadgen.sale_returns, p_note text, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
begin
  update leadgen.sale_returns r set status = 'requested', decision_note = p_note where r.id = p_return.id;
  perform market.announce_return(p_return, 'return_requested',
    format('return %s: sale %s is to be returned (%s): approve or refuse it',
      p_return.id, p_return.assignment_id, p_return.reason_code),
    p_now);
end;
$$;
comment on function market.await_decision(leadgen.sale_returns, text, timestamptz) is
  'Leaves a return to the operator, who hears of it; until leadgen.decide_return the sale stands and keeps its place.';

create or replace function market.announce_return(
  p_return leadgen.sale_returns,
  p_kind text,
  p_message text,
  p_now timestamptz
)
returns void
language plpgsql
volatile
as $$
begin
  insert into leadgen.events (created_at, kind, subject, market_id, offer_id, buyer_id, buyer_offer_id, message, facts)
  values (
    p_now, p_kind, 'return ' || p_return.id,
    p_return.market_id, p_return.offer_id, p_return.buyer_id, p_return.buyer_offer_id, p_message,
    jsonb_build_object('return_id', p_return.id, 'assignment_id', p_return.assignment_id,
      'reason', p_return.reason_code, 'via', p_return.via))
  on conflict on constraint events_subject_unique do nothing;
end;
$$;
comment on function market.announce_return(leadgen.sale_returns, text, text, timestamptz) is
  'Tells the operator of a return: return_requested (it is to be decided), '
  'return_approved or return_refused. Not in the buyer''s words.';

create or replace function market.pick_received_return()
returns leadgen.sale_returns
language plpgsql
volatile
as $$
declare
  v_offer_id constant bigint := market.lock_free_offer(market.list_offers_with_returns());
  v_return leadgen.sale_returns;
begin
  select r.* into v_return
  from leadgen.sale_returns r
  where r.status = 'received' and r.offer_id = v_offer_id
  order by r.created_at, r.id
  limit 1;
  return v_return;
end;
$$;
comment on function market.pick_received_return() is
  'The return that came with a reply longest ago and was not looked at, of an offer whose turn is free if there is '
  'one; its offer is locked. Its id is null when there is none.';

create or replace function market.list_offers_with_returns()
returns bigint[]
language plpgsql
stable
as $$
-- Leaps from offer to offer in the index, as list_offers_to_release does.
begin
  return array(
    with recursive first (offer_id, received_at) as (
      (
        select r.offer_id, r.created_at
        from leadgen.sale_returns r
        where r.status = 'received'
        order by r.offer_id, r.created_at
        limit 1
      )
      union all
      select next.offer_id, next.created_at
      from first f
      cross join lateral (
        select r.offer_id, r.created_at
        from leadgen.sale_returns r
        where r.status = 'received' and r.offer_id > f.offer_id
        order by r.offer_id, r.created_at
        limit 1
      ) next
    )
    select f.offer_id from first f order by f.received_at, f.offer_id);
end;
$$;
comment on function market.list_offers_with_returns() is
  'Offers with returns that came with a reply and were not looked at, the one that waits longest first.';

create or replace function market.list_return_reasons()
returns jsonb
language sql
stable
as $$
  select coalesce(
    jsonb_agg(jsonb_build_object('code', r.code, 'description', r.description) order by r.position, r.code), '[]')
  from leadgen.return_reasons r
  where r.is_active;
$$;
comment on function market.list_return_reasons() is 'The work of leadgen.list_return_reasons.';
