-- Events that say in time that a limit or a balance runs out.

create or replace function market.warn_of_limits(
  p_snapshot kernel.snapshot,
  p_decision kernel.decision,
  p_route catalog.route,
  p_spent numeric
)
returns void
language plpgsql
volatile
as $$
-- Below half of a limit it is not worth looking at the settings.
declare
  v_limit record;
begin
  if p_snapshot.limit_owners is null then
    return;
  end if;
  for v_limit in
    select l.owner, l.span, l.is_money, l.cap, l.used,
      l.used + case
        when l.owner = 0 and l.is_money then p_spent
        when l.owner = 0 then cardinality(p_decision.winners)
        when l.is_money then p_snapshot.prices[l.owner]
        else 1 end as after
    from unnest(p_snapshot.limit_owners, p_snapshot.limit_windows, p_snapshot.limit_is_money, p_snapshot.limit_caps,
      p_snapshot.limit_uses) as l (owner, span, is_money, cap, used)
    where l.owner = 0 or l.owner = any (p_decision.winners)
  loop
    if v_limit.after * 2 >= v_limit.cap then
      perform market.warn_of_limit(p_snapshot, p_route, v_limit.owner, v_limit.span, v_limit.is_money,
        v_limit.used, v_limit.after, v_limit.cap);
    end if;
  end loop;
end;
$$;
comment on function market.warn_of_limits(kernel.snapshot, kernel.decision, catalog.route, numeric) is
  'Warning events for the limits of the winners and of the offer that these sales bring near their end.';

create or replace function market.warn_of_limit(
  p_snapshot kernel.snapshot,
  p_route catalog.route,
  p_owner integer,
  p_window text,
  p_is_money boolean,
  p_before numeric,
  p_after numeric,
  p_limit numeric
)
returns void
language plpgsql
volatile
as $$
-- The line lies below the limit itself, so that the warning comes before nothing is left; where there is no such line
-- (a cap of 1) there is no warning.
declare
  v_zone constant text := coalesce(p_snapshot.zones[p_owner], p_snapshot.timezone);
  v_subject constant text := case p_owner when 0 then 'offer ' || p_route.offer_id
    else 'enrollment ' || p_snapshot.enrollments[p_owner] end;
  v_now constant timestamptz := p_snapshot.decided_at;
  v_digits constant integer := case when p_is_money then p_snapshot.decimals else 0 end;
  v_line numeric;
begin
  if p_limit > 0 is not true then
    return;
  end if;
  select case when p_is_money then p_limit * s.warn_at_percent / 100
    else least(ceil(p_limit * s.warn_at_percent / 100), p_limit - 1) end
  into v_line
  from leadgen.settings s;
  if v_line > 0 and p_before < v_line and p_after >= v_line then
    insert into leadgen.events (
      created_at, kind, subject, market_id, offer_id, buyer_id, buyer_offer_id, message, facts
    )
    values (
      v_now, case when p_is_money then 'budget_low' else 'cap_low' end,
      format('%s %s %s', v_subject, p_window, case p_window
        when 'day' then to_char(v_now at time zone v_zone, 'YYYY-MM-DD')
        when 'week' then to_char(v_now at time zone v_zone, 'IYYY"-W"IW')
        when 'month' then to_char(v_now at time zone v_zone, 'YYYY-MM')
        else to_char(kernel.start_window(p_window, v_now, v_zone) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"') end),
      p_route.market_id, p_route.offer_id, p_snapshot.buyers[p_owner], p_snapshot.enrollments[p_owner],
      format('%s: %s of %s of the %s %s used, %s left, resets %s', v_subject,
        round(p_after, v_digits), round(p_limit, v_digits), p_window,
        case when p_is_money then 'budget' else 'cap' end, round(greatest(p_limit - p_after, 0), v_digits),
        kernel.show_time(kernel.find_window_end(p_window, v_now, v_zone), v_zone)),
      jsonb_build_object('unit', p_window, 'used', p_after, 'limit', p_limit)
    )
    on conflict on constraint events_subject_unique do nothing;
  end if;
end;
$$;
comment on function market.warn_of_limit(
  kernel.snapshot, catalog.route, integer, text, boolean, numeric, numeric, numeric) is
  'Writes a warning event when the use of a limit goes over the line of settings.warn_at_percent, for a cap at the '
  'latest when one sale is left; once a window. owner: a position among the candidates, 0 for the offer.';
