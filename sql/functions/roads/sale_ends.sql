-- Road: a sale ends, and its lead goes on.

create or replace function roads.release_due_sale()
returns bigint
language plpgsql
volatile
as $$
-- One sale a call, so one release is one transaction: it holds its offer's lock until then. The sale is looked up first
-- and locked after its offer. One that cannot be released is put off for a minute, so that the others flow.
declare
  v_now constant timestamptz := leadgen.clock();
  v_sale leadgen.lead_assignments;
begin
  v_sale := market.pick_due_sale(v_now);
  if v_sale.id is null then
    return null;
  end if;
  v_sale := roads.lock_sale(v_sale.id, p_takes_offer => true);
  if v_sale.release_due_at is null then
    return v_sale.id; -- a delivery got through after all
  end if;
  begin
    perform roads.release_sale(v_sale.id);
  exception
    when query_canceled or others then -- `others` does not include query_canceled
      if not kernel.is_fault_of_row(sqlstate) then
        raise;
      end if;
      raise warning 'sale % was not released: %', v_sale.id, sqlstate;
      update leadgen.lead_assignments a
      set release_due_at = v_now + interval '1 minute', updated_at = v_now
      where a.id = v_sale.id and a.market_id = v_sale.market_id;
  end;
  return v_sale.id;
end;
$$;
comment on function roads.release_due_sale() is 'The work of leadgen.release_due_sale.';

create or replace function roads.pass_on_cold_sale()
returns bigint
language plpgsql
volatile
as $$
-- One sale a call, looked up first and locked after its offer, as in release_due_sale. Who claims a delivery of it, or
-- records what became of one, holds that delivery's row: what is read after lock_sale stays so.
declare
  v_now constant timestamptz := leadgen.clock();
  v_sale leadgen.lead_assignments;
begin
  v_sale := market.pick_cold_sale(v_now);
  if v_sale.id is null then
    return null;
  end if;
  v_sale := roads.lock_sale(v_sale.id, p_takes_offer => true);
  if market.is_cold(v_sale, v_now) is not true then
    return v_sale.id; -- it was delivered, has ended, or another worker was first
  end if;
  begin
    perform roads.settle_cold_sale(v_sale, v_now);
  exception
    when query_canceled or others then -- `others` does not include query_canceled
      if not kernel.is_fault_of_row(sqlstate) and sqlstate <> '55P03' then
        raise;
      end if;
      raise warning 'sale % was not passed on: %', v_sale.id, sqlstate;
      perform market.look_again(v_sale, v_now + interval '1 minute', v_now);
  end;
  return v_sale.id;
end;
$$;
comment on function roads.pass_on_cold_sale() is
  'Gives the lead of a sale that was not delivered in time to the next buyer; returns the sale that it looked at, null '
  'when none is due.';

create or replace function roads.settle_cold_sale(p_sale leadgen.lead_assignments, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
-- What may have arrived is never looked at again. What waits for us, and not for its buyer, is looked at less and less
-- often, for there may be thousands of them after an outage of ours; so is what nobody else takes.
declare
  v_age constant interval := p_now - p_sale.created_at;
  v_state constant text := outbox.judge_undelivered(p_sale.id, p_sale.market_id, p_now);
begin
  if v_state = 'doubtful' or not market.may_pass_on(p_sale) then
    perform market.look_again(p_sale, null, p_now);
  elsif v_state = 'under_way' then
    perform market.look_again(p_sale, p_now + interval '5 seconds', p_now);
  elsif v_state = 'queued' then
    perform market.look_again(
      p_sale, p_now + least(greatest(interval '5 seconds', v_age / 4), interval '1 hour'), p_now);
  elsif not roads.give_to_next_buyer(p_sale, p_now) then
    perform market.look_again(
      p_sale, p_now + least(greatest(interval '1 minute', v_age / 2), interval '1 hour'), p_now);
  end if;
end;
$$;
comment on function roads.settle_cold_sale(leadgen.lead_assignments, timestamptz) is
  'What becomes of a sale whose time to be delivered is over. The caller '
  'holds the offer''s lock and the rows of the sale.';

create or replace function roads.give_to_next_buyer(p_sale leadgen.lead_assignments, p_now timestamptz)
returns boolean
language plpgsql
volatile
as $$
-- Tried, and undone if nobody else takes it: then the sale stands, and its buyer may yet get the lead. The clock is
-- read anew for the next decision, which comes after the release.
declare
  v_lead leadgen.leads;
  v_live integer;
begin
  select l.* into v_lead
  from leadgen.leads l
  where l.id = p_sale.lead_id and l.market_id = p_sale.market_id
  for no key update;
  v_live := market.count_live_sales(v_lead);
  begin
    perform market.end_undelivered(p_sale, p_now);
    perform roads.release_sale(p_sale.id);
    select l.* into v_lead from leadgen.leads l where l.id = p_sale.lead_id and l.market_id = p_sale.market_id;
    perform roads.settle_held_lead(v_lead, leadgen.clock(), p_waits => false);
    if market.count_live_sales(v_lead) < v_live then
      raise exception using errcode = 'COLD1', message = 'nobody else takes the lead';
    end if;
    perform roads.tell_undelivered(p_sale.id, p_now);
  exception
    when sqlstate 'COLD1' then
      return false;
  end;
  return true;
end;
$$;
comment on function roads.give_to_next_buyer(leadgen.lead_assignments, timestamptz) is
  'Ends a sale of which nothing has reached its buyer and sells its lead to the next one; false, with nothing changed, '
  'when there is none. The caller holds the offer''s lock and the rows of the sale.';

create or replace function roads.tell_undelivered(p_assignment_id bigint, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
-- Once an hour for an enrollment: an endpoint that is down ends many sales. Each sale says why in its own account. An
-- erasure does not reach notices, so the buyer is told the kind of the error and not its words, which may be personal.
declare
  v_sale leadgen.lead_assignments;
  v_reason text;
  v_endpoint_id bigint;
begin
  select a.* into v_sale from leadgen.lead_assignments a where a.id = p_assignment_id;
  v_reason := market.describe_ending(v_sale);
  insert into leadgen.events (created_at, kind, subject, market_id, offer_id, buyer_id, buyer_offer_id, message, facts)
  values (
    p_now, 'sale_undelivered', format('enrollment %s %s', v_sale.buyer_offer_id,
      to_char(p_now at time zone 'UTC', 'YYYY-MM-DD"T"HH24"Z"')),
    v_sale.market_id, v_sale.offer_id, v_sale.buyer_id, v_sale.buyer_offer_id,
    format('enrollment %s: sale %s was %s, its lead went to the next buyer; the first of this hour',
      v_sale.buyer_offer_id, v_sale.id, v_reason),
    jsonb_build_object('assignment_id', v_sale.id, 'lead_id', v_sale.lead_id, 'seconds', v_sale.undelivered_seconds))
  on conflict on constraint events_subject_unique do nothing;
  if not found then
    return;
  end if;
  v_endpoint_id := outbox.ensure_notice_endpoint(v_sale.buyer_id, 'lead.undelivered');
  if v_endpoint_id is not null then
    perform outbox.queue_notice(v_sale.buyer_id, 'lead.undelivered', jsonb_build_object(
      'assignment_id', v_sale.id,
      'offer', (select o.name from leadgen.offers o where o.id = v_sale.offer_id),
      'sold_at', to_char(v_sale.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
      'reason', v_reason,
      'last_error', (
        select string_agg(d.channel || ': ' || latest.error, '; ' order by d.id)
        from leadgen.deliveries d
        cross join lateral (
          select coalesce(case when d.channel = 'webhook' then 'HTTP ' || t.status_code end, t.error_class) as error
          from leadgen.delivery_attempts t
          where t.delivery_id = d.id and t.market_id = d.market_id
          order by t.id desc
          limit 1
        ) latest
        where d.assignment_id = v_sale.id and d.market_id = v_sale.market_id)), v_endpoint_id);
  end if;
end;
$$;
comment on function roads.tell_undelivered(bigint, timestamptz) is
  'Tells operators by an event, and the buyer by a notice, that leads go to the next buyer because they could not be '
  'delivered in time.';

create or replace function roads.release_sale(p_assignment_id bigint)
returns boolean
language plpgsql
volatile
as $$
-- The clock is read under the offer's lock: a decision's time says on which side of a release it lies. One that stepped
-- back releases nothing before it was sold.
declare
  v_sale constant leadgen.lead_assignments := roads.lock_sale(p_assignment_id, p_takes_offer => true);
  v_lead leadgen.leads;
  v_return leadgen.sale_returns;
  v_now timestamptz;
begin
  if v_sale.released_at is not null then
    return false;
  elsif market.describe_outcome(v_sale.outcome) is null then
    perform kernel.refuse('LG409', format('Sale %s cannot be released: it is %s', v_sale.id, v_sale.outcome), 'outcome',
      v_sale.outcome::text, 'returned, lapsed, failed, unknown, erased', 'Return it: leadgen.return_sale.');
  end if;
  select l.* into v_lead
  from leadgen.leads l
  where l.id = v_sale.lead_id and l.market_id = v_sale.market_id
  for no key update;
  v_now := greatest(leadgen.clock(), v_sale.created_at);

  update leadgen.deliveries d
  set status = 'cancelled', lease_token = null, next_attempt_at = null, finished_at = v_now
  where d.assignment_id = v_sale.id and d.market_id = v_sale.market_id and d.status in ('pending', 'sending', 'parked');
  update leadgen.lead_assignments a
  set released_at = v_now, release_due_at = null, updated_at = v_now
  where a.id = v_sale.id and a.market_id = v_sale.market_id;
  update leadgen.sale_returns r
  set
    status = 'refused', decided_at = v_now, decided_by = 'auto',
    decision_note = 'the sale had ended: ' || v_sale.outcome
  where r.assignment_id = v_sale.id and r.status in ('received', 'requested');
  select r.* into v_return from leadgen.sale_returns r where r.assignment_id = v_sale.id and r.status = 'approved';
  perform market.give_place_back(v_sale, v_now);
  if v_return.gives = 'replacement' then
    perform billing.owe_replacement(v_sale, v_return.id, v_now);
  else
    perform billing.give_money_back(v_sale, v_now);
  end if;
  perform billing.take_cost_back(v_sale, v_now);
  if v_sale.billing_mode in ('prepaid', 'invoiced') then
    perform billing.settle_leads(array[v_lead.id], v_now);
  end if;
  perform market.pass_lead_on(v_lead, v_sale, v_now);
  return true;
end;
$$;
comment on function roads.release_sale(bigint) is
  'Releases a sale that has ended: its place, its cost and its price go back, or a replacement is owed for the price; '
  'what is not yet delivered is cancelled, a return still asked for is moot, the lead is offered again or closed. '
  'False when that was done before.';

create or replace function roads.lock_sale(p_assignment_id bigint, p_takes_offer boolean)
returns leadgen.lead_assignments
language plpgsql
volatile
as $$
-- Lock order: the offer, where its counters will change; then rows, as record_attempts takes them: the deliveries by
-- id, the sale, and after that its lead. Who holds rows never waits for an offer.
declare
  v_sale leadgen.lead_assignments;
begin
  if p_takes_offer then
    perform pg_advisory_xact_lock(2, market.offer_lock_key(a.offer_id))
    from leadgen.lead_assignments a
    where a.id = p_assignment_id;
  end if;
  perform from leadgen.deliveries d where d.assignment_id = p_assignment_id order by d.id for no key update;
  select a.* into v_sale from leadgen.lead_assignments a where a.id = p_assignment_id for no key update;
  if not found then
    perform kernel.refuse('LG404', 'There is no such sale', 'assignment_id', p_assignment_id::text, 'the id of a sale');
  end if;
  return v_sale;
end;
$$;
comment on function roads.lock_sale(bigint, boolean) is
  'A sale, its row and those of its deliveries locked until the transaction ends, and its offer''s turn if asked for;'
  ' LG404 when there is none.';
