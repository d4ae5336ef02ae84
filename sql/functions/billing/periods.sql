-- Periods: from when to when a buyer is billed. They follow each other without a gap: one begins when the last one
-- ends.

create or replace function billing.find_period_end(p_cycle text, p_at timestamptz, p_timezone text)
returns timestamptz
language plpgsql
immutable
as $$
-- In local time, so that a day of 23 or 25 hours is one day. Biweekly periods begin on every other Monday, counted from
-- 1970-01-05.
declare
  v_end constant timestamptz := kernel.find_window_end(
    case p_cycle when 'daily' then 'day' when 'monthly' then 'month' else 'week' end, p_at, p_timezone);
begin
  if p_cycle = 'biweekly' and ((v_end at time zone p_timezone)::date - date '1970-01-05') % 14 <> 0 then
    return kernel.find_window_end('week', v_end, p_timezone);
  end if;
  return v_end;
end;
$$;
comment on function billing.find_period_end(text, timestamptz, text) is
  'When the billing period ends that a time lies in: daily, weekly (from Monday), biweekly or monthly, in a zone.';

create or replace function billing.find_period_start(p_cycle text, p_at timestamptz, p_timezone text)
returns timestamptz
language plpgsql
immutable
as $$
declare
  v_start constant timestamptz := kernel.start_window(
    case p_cycle when 'daily' then 'day' when 'monthly' then 'month' else 'week' end, p_at, p_timezone);
begin
  if p_cycle = 'biweekly' and ((v_start at time zone p_timezone)::date - date '1970-01-05') % 14 <> 0 then
    return kernel.start_window('week', v_start - interval '2 days', p_timezone);
  end if;
  return v_start;
end;
$$;
comment on function billing.find_period_start(text, timestamptz, text) is
  'When the billing period began that a time lies in: see billing.find_period_end.';

create or replace function billing.find_zone(p_buyer_id bigint)
returns text
language plpgsql
stable
as $$
begin
  return coalesce(
    (
      select m.timezone
      from leadgen.buyer_offers bo
      join leadgen.offers o on o.id = bo.offer_id
      join leadgen.markets m on m.id = o.market_id
      where bo.buyer_id = p_buyer_id
      order by bo.id
      limit 1
    ),
    (select s.timezone from leadgen.billing_settings s));
end;
$$;
comment on function billing.find_zone(bigint) is
  'The zone in which a buyer''s periods are counted: of the market of its first enrollment, else of the books.';

create or replace function billing.ensure_calendar(p_now timestamptz)
returns void
language plpgsql
volatile
as $$
-- A buyer's first period is the one in which it was first charged, or credited.
begin
  insert into leadgen.billing_calendar as c (buyer_id, cycle, period_start, period_end, due_at)
  select b.id, b.billing_cycle, billing.find_period_start(b.billing_cycle, t.booked_at, z.zone), e.period_end,
    e.period_end
  from leadgen.buyers b
  cross join lateral (
    select f.booked_at
    from leadgen.ledger_transactions f
    where f.id = billing.find_first_unbilled(b.id, 0)
  ) t
  cross join lateral (select billing.find_zone(b.id) as zone) z
  cross join lateral (select billing.find_period_end(b.billing_cycle, t.booked_at, z.zone) as period_end) e
  where not exists (select from leadgen.billing_calendar h where h.buyer_id = b.id)
  on conflict do nothing;
  perform billing.follow_cycles(null, p_now);
end;
$$;
comment on function billing.ensure_calendar(timestamptz) is
  'Every buyer that was charged or credited has a period that is open, by its billing_cycle.';

create or replace function billing.follow_cycles(p_buyer_id bigint, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
-- When a buyer's cycle was changed, the period that is open ends with the period of the new cycle that lasts now; one
-- that is over already ends as it was to.
begin
  update leadgen.billing_calendar c
  set cycle = b.billing_cycle, period_end = e.period_end, due_at = e.period_end
  from leadgen.buyers b
  cross join lateral (
    select case
      when h.period_end <= p_now then h.period_end
      else billing.find_period_end(b.billing_cycle, greatest(p_now, h.period_start), billing.find_zone(b.id))
    end as period_end
    from leadgen.billing_calendar h
    where h.buyer_id = b.id
  ) e
  where b.id = c.buyer_id and b.billing_cycle <> c.cycle and b.id = coalesce(p_buyer_id, b.id);
end;
$$;
comment on function billing.follow_cycles(bigint, timestamptz) is
  'The open period of a buyer, null: of all, is one of its billing_cycle.';

create or replace function billing.find_first_unbilled(p_buyer_id bigint, p_after_id bigint)
returns bigint
language plpgsql
stable
as $$
-- Account by account, so that each is one walk along idx_ledger_entries_buyer: else a buyer that has none is looked for
-- in the whole ledger.
begin
  return (
    select min(x.transaction_id)
    from unnest(array['buyer_prepaid', 'buyer_receivable']::leadgen.ledger_account[]) a (account)
    cross join lateral (
      select e.transaction_id
      from leadgen.ledger_entries e
      where e.buyer_id = p_buyer_id and e.account = a.account and e.transaction_id > p_after_id
        and exists (
          select from leadgen.ledger_transactions t
          join leadgen.ledger_kinds k on k.code = t.kind and k.is_billed
          where t.id = e.transaction_id)
        and not exists (select from leadgen.invoice_lines l where l.transaction_id = e.transaction_id)
      order by e.transaction_id
      limit 1
    ) x
  );
end;
$$;
comment on function billing.find_first_unbilled(bigint, bigint) is
  'The first transaction of a buyer after another one that is billed and on no document; null: there is none.';

create or replace function billing.check_settings()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if not kernel.is_timezone(new.timezone) then
    perform kernel.refuse('LG423', 'There is no such zone', 'timezone', left(new.timezone, 50),
      'an IANA zone such as America/Chicago, or UTC',
      'The row was not written. The last valid version stays in force.');
  end if;
  return new;
end;
$$;
comment on function billing.check_settings() is 'Trigger: the zone of the books is one that there is (LG423).';

create or replace function billing.begin_period(p_buyer_id bigint, p_start timestamptz)
returns void
language plpgsql
volatile
as $$
begin
  update leadgen.billing_calendar c
  set period_start = p_start, period_end = e.period_end, due_at = e.period_end
  from leadgen.billing_calendar h
  cross join lateral (
    select billing.find_period_end(h.cycle, p_start, billing.find_zone(p_buyer_id)) as period_end
  ) e
  where c.buyer_id = p_buyer_id and h.buyer_id = p_buyer_id;
end;
$$;
comment on function billing.begin_period(bigint, timestamptz) is
  'The period of a buyer that begins when the last one ended.';
