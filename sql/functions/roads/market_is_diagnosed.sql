-- Road: somebody asks how the market does: what waits, what lapses, what is full, what stands still.
-- Each part says what it looked at, a verdict (ok, warn, fail), what it found, and what to do, as it is typed. No part
-- reads more of a large table than what is open: each condition is that of a partial index, or bounds a time.

create or replace function roads.diagnose_market()
returns table (subject text, verdict text, finding text, remedy text)
language plpgsql
stable
as $$
begin
  return query
  select * from roads.diagnose_deliveries()
  union all
  select * from roads.diagnose_dead_letters()
  union all
  select * from roads.diagnose_endpoints()
  union all
  select * from roads.diagnose_hooks()
  union all
  select * from roads.diagnose_held_leads()
  union all
  select * from roads.diagnose_quarantine()
  union all
  select * from roads.diagnose_limits()
  union all
  select * from roads.diagnose_chores()
  union all
  select * from roads.diagnose_copy()
  union all
  select * from roads.diagnose_configuration();
end;
$$;
comment on function roads.diagnose_market() is 'The work of leadgen.diagnose_market.';

create or replace function roads.diagnose_deliveries()
returns table (subject text, verdict text, finding text, remedy text)
language plpgsql
stable
as $$
-- What waits for an endpoint that rests or is disabled is no worker's fault: diagnose_endpoints says it.
declare
  v_now constant timestamptz := leadgen.clock();
begin
  return query
  select
    'deliveries',
    case
      when w.oldest < v_now - interval '10 minutes' then 'fail'
      when w.oldest < v_now - interval '1 minute' then 'warn'
      else 'ok' end,
    format('open: %s, overdue: %s', w.open, w.overdue)
    || coalesce(', the oldest for ' || catalog.show_age(v_now - w.oldest), ''),
    case when w.oldest < v_now - interval '1 minute'
      then 'start another worker: leadgen worker; what waits: leadgen deliveries list --status pending' end
  from (
    select
      count(*) as open,
      count(*) filter (where x.is_due) as overdue,
      min(x.next_attempt_at) filter (where x.is_due) as oldest
    from (
      select
        d.next_attempt_at,
        d.status in ('pending', 'sending') and d.next_attempt_at <= v_now
          and e.disabled_at is null and coalesce(e.retry_at, '-infinity') <= v_now as is_due
      from leadgen.deliveries d
      join leadgen.endpoints e on e.id = d.endpoint_id
      where d.next_attempt_at is not null
    ) x
  ) w;
end;
$$;
comment on function roads.diagnose_deliveries() is
  'How many deliveries are open, and how long the oldest of them waits that a worker should have sent.';

create or replace function roads.diagnose_dead_letters()
returns table (subject text, verdict text, finding text, remedy text)
language sql
stable
as $$
  select
    'dead letters', case when n.dead + n.unknown + n.parked = 0 then 'ok' else 'warn' end,
    format('of the last two days: dead %s, unknown %s; parked, of any time: %s', n.dead, n.unknown, n.parked),
    case
      when n.dead > 0 then 'leadgen deliveries list --status dead; once it is mended: leadgen deliveries retry ID'
      when n.unknown > 0 then 'leadgen deliveries list --status unknown; ask the buyer before you send one again'
      when n.parked > 0 then 'leadgen deliveries list --status parked; leadgen deliveries retry ID sends one' end
  from (
    select
      count(*) filter (where d.status = 'dead') as dead,
      count(*) filter (where d.status = 'unknown') as unknown,
      (select count(*) from leadgen.deliveries p where p.status = 'parked') as parked
    from leadgen.deliveries d
    where d.status in ('dead', 'unknown') and d.created_at > leadgen.clock() - interval '2 days'
  ) n;
$$;
comment on function roads.diagnose_dead_letters() is
  'Deliveries of the last two days that nobody tries any more, or that may have arrived, and those that are parked.';

create or replace function roads.diagnose_endpoints()
returns table (subject text, verdict text, finding text, remedy text)
language sql
stable
as $$
-- Of those by which an enrollment is told of its leads today.
  select
    'endpoints', case when n.disabled > 0 then 'fail' when n.failing > 0 then 'warn' else 'ok' end,
    format('in use: %s, failing: %s, disabled: %s', n.used, n.failing, n.disabled)
    || coalesce(': ' || n.named, ''),
    case
      when n.disabled > 0 then 'once its receiver is mended: leadgen endpoints enable ' || n.first_disabled
      when n.failing > 0 then 'leadgen endpoints list --failing shows the last error' end
  from (
    select
      count(*) as used,
      count(*) filter (where h.state in ('failing', 'resting')) as failing,
      count(*) filter (where h.state = 'disabled') as disabled,
      min(e.id) filter (where h.state = 'disabled') as first_disabled,
      (array_agg(format('%s of %s by %s', e.id, b.name, e.channel) order by e.disabled_at, e.id)
        filter (where h.state <> 'well'))[1] as named
    from leadgen.endpoints e
    cross join lateral (select outbox.describe_health(e, leadgen.clock()) as state) h
    join leadgen.buyers b on b.id = e.buyer_id
    where e.id in (select w.endpoint_id from leadgen.enrollment_endpoints w)
  ) n;
$$;
comment on function roads.diagnose_endpoints() is
  'How many endpoints that leads are sent to fail or are disabled, and the first of them.';

create or replace function roads.diagnose_hooks()
returns table (subject text, verdict text, finding text, remedy text)
language sql
stable
as $$
-- A hook that is paused is as an operator wants it. Nothing is sold less while one is disabled: no fault, a warning.
  select
    'hooks', case when count(*) filter (where h.state <> 'well') > 0 then 'warn' else 'ok' end,
    format('in use: %s, failing: %s, disabled: %s', count(*), count(*) filter (where h.state in ('failing', 'resting')),
      count(*) filter (where h.state = 'disabled'))
    || coalesce(': ' || (array_agg(h.name order by h.id) filter (where h.state <> 'well'))[1], ''),
    case when count(*) filter (where h.state <> 'well') > 0 then
      'leadgen hooks list says why; once its receiver is mended: leadgen hooks resume '
      || min(h.id) filter (where h.state <> 'well') end
  from outbox.list_hooks() h
  where h.is_active
  having count(*) > 0;
$$;
comment on function roads.diagnose_hooks() is
  'How many webhooks of operators fail or are disabled, and one of them; nothing where there are none.';

create or replace function roads.diagnose_held_leads()
returns table (subject text, verdict text, finding text, remedy text)
language sql
stable
as $$
  select
    'held leads', case when n.soon > 0 then 'warn' else 'ok' end,
    format('held: %s, of these about to lapse within an hour: %s', n.held, n.soon),
    case when n.soon > 0 then format('leadgen unsold %s says what keeps buyers from them', n.slug) end
  from (
    select
      count(*) as held,
      count(*) filter (where l.hold_until < leadgen.clock() + interval '1 hour') as soon,
      (array_agg(o.slug order by l.hold_until))[1] as slug
    from leadgen.leads l
    join leadgen.offers o on o.id = l.offer_id
    where l.hold_until is not null
  ) n;
$$;
comment on function roads.diagnose_held_leads() is 'How many leads are held, and how many of them lapse soon.';

create or replace function roads.diagnose_quarantine()
returns table (subject text, verdict text, finding text, remedy text)
language sql
stable
as $$
-- What was refused was answered with an error: its sender knows. The rest was acknowledged.
  select
    'quarantine', case when n.kept > 0 then 'warn' else 'ok' end,
    format('acknowledged within a day, and no lead yet: %s', n.kept),
    case when n.kept > 0
      then 'leadgen quarantine list says why; once it is mended: leadgen quarantine resubmit ID' end
  from (
    select count(*) as kept
    from leadgen.intake_quarantine q
    where q.last_seen_at > leadgen.clock() - interval '1 day' and q.resubmitted_at is null and q.answered is null
  ) n;
$$;
comment on function roads.diagnose_quarantine() is 'Submissions of the last day that are kept and are no lead.';

create or replace function roads.diagnose_limits()
returns table (subject text, verdict text, finding text, remedy text)
language plpgsql
stable
as $$
-- Nearly full: as settings.warn_at_percent says.
declare
  v_now constant timestamptz := leadgen.clock();
begin
  return query
  select
    'limits', case when n.reached > 0 then 'warn' else 'ok' end,
    format('counted: %s, nearly used up: %s, used up: %s', n.counted, n.near, n.reached)
    || coalesce(': ' || n.named, ''),
    case when n.reached > 0
      then 'if its buyer wants more: raise the limit (docs/how-to/set-up-an-offer.md); select * from report.caps' end
  from (
    select
      count(*) as counted,
      count(*) filter (where x.used < x.cap and x.used * 100 >= x.cap * s.warn_at_percent) as near,
      count(*) filter (where x.used >= x.cap) as reached,
      (array_agg(format('%s in %s, %s of %s a %s', x.buyer, x.offer, x.used, x.cap, x.span) order by x.id, x.span)
        filter (where x.used >= x.cap))[1] as named
    from roads.list_uses(v_now) x
    cross join leadgen.settings s
  ) n;
end;
$$;
comment on function roads.diagnose_limits() is
  'How many caps and budgets of active enrollments are used up or nearly so in their current window.';

create or replace function roads.list_uses(p_now timestamptz)
returns table (id bigint, buyer text, offer text, span text, cap numeric, used numeric)
language sql
stable
as $$
  select
    bo.id, b.name::text, o.slug::text, l.span, l.cap,
    case
      when u.starts[l.slot] = date_trunc(l.span, p_now, coalesce(bo.timezone, m.timezone))
      then case when l.is_money then u.money[l.slot] else u.sales[l.slot] end
      else 0 end
  from leadgen.buyer_offers bo
  join leadgen.offers o on o.id = bo.offer_id
  join leadgen.markets m on m.id = o.market_id
  join leadgen.buyers b on b.id = bo.buyer_id
  join leadgen.enrollment_usage u on u.buyer_offer_id = bo.id
  cross join lateral (
    select x.span, x.is_money, x.cap, array_position(kernel.list_windows(), x.span) as slot
    from unnest(bo.limit_windows, bo.limit_is_money, bo.limit_caps) as x (span, is_money, cap)
  ) l
  where bo.is_active and o.is_active and b.is_active and m.is_active and l.slot is not null;
$$;
comment on function roads.list_uses(timestamptz) is
  'Each limit of the active enrollments, and how much of it is used in the window of that time.';

create or replace function roads.diagnose_copy()
returns table (subject text, verdict text, finding text, remedy text)
language plpgsql
volatile
as $$
begin
  return query
  select 'copy', 'fail', f.fault, f.remedy from catalog.list_copy_faults() f;
  if not found then
    return query select 'copy', 'ok', 'this database is the real one: workers send from it', null;
  end if;
end;
$$;
comment on function roads.diagnose_copy() is 'Whether workers send nothing, because the database is a copy.';

create or replace function roads.diagnose_configuration()
returns table (subject text, verdict text, finding text, remedy text)
language plpgsql
volatile
as $$
begin
  return query
  select
    'configuration', case when count(*) = 0 then 'ok' else 'warn' end,
    case when count(*) = 0 then 'everything that is active can work'
      else format('faults: %s: %s', count(*), (array_agg(f.subject || ', ' || f.fault))[1]) end,
    case when count(*) > 0 then 'leadgen check lists them, each with what to do' end
  from catalog.list_configuration_faults() f
  where f.fault not in (select c.fault from catalog.list_copy_faults() c);
end;
$$;
comment on function roads.diagnose_configuration() is 'How much is configured and cannot work.';
