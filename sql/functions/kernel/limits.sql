-- Limits: (owner, measure, window, cap, used). A limit is full when one more sale would go over its cap, and when
-- nobody counts what was used of it (used is null): what is not known to have room has none.
--
-- Any window that is counted (kernel.list_windows) may have limits. The others that kernel.start_window knows (minutes,
-- weekdays, ever) have no counter yet: catalog.check_windows refuses limits in them.

create or replace function kernel.find_full_limits(p_snapshot kernel.snapshot)
returns text[]
language plpgsql
immutable
as $$
-- A loop, here and below: for the few dozen limits of an offer a statement costs two or three times as much.
declare
  v_full text[] := array_fill(null::text, array[cardinality(p_snapshot.enrollments)]);
  v_owners constant integer[] := p_snapshot.limit_owners;
  v_is_money constant boolean[] := p_snapshot.limit_is_money;
  v_caps constant numeric[] := p_snapshot.limit_caps;
  v_uses constant numeric[] := p_snapshot.limit_uses;
  v_prices constant numeric[] := p_snapshot.prices;
begin
  for v_limit in 1 .. coalesce(cardinality(v_owners), 0) loop
    if (v_uses[v_limit] + case when v_is_money[v_limit] then v_prices[v_owners[v_limit]] else 1 end > v_caps[v_limit])
        is not false
      and v_full[v_owners[v_limit]] is null and v_owners[v_limit] > 0 then
      v_full[v_owners[v_limit]] := p_snapshot.limit_codes[v_limit];
    end if;
  end loop;
  return v_full;
end;
$$;
comment on function kernel.find_full_limits(kernel.snapshot) is
  'For each candidate the first of its own limits that is full, or that nobody counts; null: none.';

create or replace function kernel.find_full_offer_limits(p_snapshot kernel.snapshot)
returns text[]
language plpgsql
immutable
as $$
declare
  v_first constant integer := array_position(p_snapshot.limit_owners, 0);
  v_full text[];
  v_room numeric;
begin
  if v_first is null then
    return null;
  end if;
  v_full := array_fill(null::text, array[cardinality(p_snapshot.enrollments)]);
  for v_limit in v_first .. cardinality(p_snapshot.limit_owners) loop
    v_room := p_snapshot.limit_caps[v_limit] - p_snapshot.limit_uses[v_limit];
    continue when p_snapshot.limit_owners[v_limit] <> 0 or (not p_snapshot.limit_is_money[v_limit] and v_room >= 1);
    for v_place in 1 .. cardinality(v_full) loop
      if v_full[v_place] is null and (
        v_room is null or not p_snapshot.limit_is_money[v_limit] or p_snapshot.prices[v_place] > v_room) then
        v_full[v_place] := p_snapshot.limit_codes[v_limit];
      end if;
    end loop;
  end loop;
  return v_full;
end;
$$;
comment on function kernel.find_full_offer_limits(kernel.snapshot) is
  'For each candidate the first limit on the offer as a whole that its price, or one more sale, would go over, or that '
  'nobody counts; null: the offer has no limits.';

create or replace function kernel.find_fills(p_snapshot kernel.snapshot)
returns double precision[]
language plpgsql
immutable
as $$
-- Whole numbers, money in hundredths, are divided as doubles: equal shares stay equal, and it costs a third of what
-- numerics do. A limit of the offer as a whole counts for entry 0, which is left out at the end.
declare
  v_fills double precision[] :=
    array_fill(0::double precision, array[cardinality(p_snapshot.enrollments) + 1], array[0]);
  v_owners constant integer[] := p_snapshot.limit_owners;
  v_is_money constant boolean[] := p_snapshot.limit_is_money;
  v_caps constant numeric[] := p_snapshot.limit_caps;
  v_uses constant numeric[] := p_snapshot.limit_uses;
begin
  for v_limit in 1 .. coalesce(cardinality(v_owners), 0) loop
    v_fills[v_owners[v_limit]] := greatest(v_fills[v_owners[v_limit]], case when v_is_money[v_limit]
      then (v_uses[v_limit] * 100)::bigint::double precision / nullif((v_caps[v_limit] * 100)::bigint, 0)
      else v_uses[v_limit]::bigint::double precision / nullif(v_caps[v_limit]::bigint, 0) end);
  end loop;
  return v_fills[1:];
end;
$$;
comment on function kernel.find_fills(kernel.snapshot) is
  'For each candidate how full it is: the largest used share of its limits; 0 without any.';

create or replace function kernel.rank_fills(p_snapshot kernel.snapshot, p_reasons text[])
returns double precision[]
language plpgsql
immutable
as $$
-- Shares of limits and leads of a day are no common measure. Whoever has a limit is sorted by its share; whoever has
-- none goes before the first of those that had more leads today than it, and is even with one that had as many. So it
-- keeps up with the others, and neither kind floods the other. By the first edition who has no limit was always empty.
--
-- v_steps: the distinct shares of candidates with a limit, ascending. v_sales: for each step the fewest leads that one
-- of its candidates had today, or an earlier step's number if that is larger; so it ascends, too, and width_bucket
-- finds the first step that reaches a number of leads.
declare
  v_fills constant double precision[] := kernel.find_fills(p_snapshot);
  v_is_limited boolean[] := array_fill(false, array[cardinality(v_fills)]);
  v_owner integer;
  v_steps double precision[];
  v_sales bigint[];
begin
  foreach v_owner in array coalesce(p_snapshot.limit_owners, '{}') loop
    v_is_limited[v_owner] := true;
  end loop;
  v_is_limited := v_is_limited[1:]; -- owner 0 is the offer as a whole
  if p_snapshot.edition is null or p_snapshot.sales_today is null or not false = any (v_is_limited) then
    return v_fills;
  end if;
  select coalesce(array_agg(s.fill), '{}'), coalesce(array_agg(s.sales), '{}') into v_steps, v_sales
  from (
    select c.fill, max(coalesce(min(c.sales), -1)) over (order by c.fill) as sales
    from unnest(v_fills, v_is_limited, p_snapshot.sales_today, p_reasons) as c (fill, is_limited, sales, reason)
    where c.is_limited and c.reason is null
    group by c.fill
    order by c.fill
  ) s;
  return array(
    select case
      when c.reason is not null then null
      when c.is_limited then 2 * width_bucket(c.fill, v_steps)
      when v_sales[width_bucket(c.sales - 1, v_sales) + 1] = c.sales then 2 * width_bucket(c.sales - 1, v_sales) + 2
      else 2 * width_bucket(c.sales - 1, v_sales) + 1 + c.sales / 1e9
    end::double precision
    from unnest(v_fills, v_is_limited, p_snapshot.sales_today, p_reasons) as c (fill, is_limited, sales, reason)
  );
end;
$$;
comment on function kernel.rank_fills(kernel.snapshot, text[]) is
  'The order of the passing candidates by strategy least_filled, the lowest first: by the used share of their limits '
  '(find_fills), those without a limit by their leads so far today.';

create or replace function kernel.describe_limit(
  p_snapshot kernel.snapshot,
  p_owner integer,
  p_code text,
  p_price numeric
)
returns text
language plpgsql
immutable
as $$
declare
  v_zone constant text := coalesce(p_snapshot.zones[p_owner], p_snapshot.timezone);
begin
  return (
    select format('%s of %s%s, resets %s', coalesce(l.used::text, 'uncounted'), l.cap,
      case when l.is_money then format(', price %s', p_price) else '' end,
      kernel.show_time(kernel.find_window_end(l.span, p_snapshot.decided_at, v_zone), v_zone))
    from unnest(p_snapshot.limit_owners, p_snapshot.limit_codes, p_snapshot.limit_windows, p_snapshot.limit_is_money,
      p_snapshot.limit_caps, p_snapshot.limit_uses) as l (owner, code, span, is_money, cap, used)
    where l.owner = p_owner and l.code = p_code
    limit 1
  );
end;
$$;
comment on function kernel.describe_limit(kernel.snapshot, integer, text, numeric) is
  'A limit of a candidate (owner: its position) or of the offer (0) in words: "20 of 20, resets 2026-11-22T06:00:00Z '
  '(00:00 America/Chicago)".';

create or replace function kernel.find_limit_end(p_snapshot kernel.snapshot, p_owner integer, p_code text)
returns timestamptz
language plpgsql
immutable
as $$
declare
  v_place constant integer := (
    select l.place
    from unnest(p_snapshot.limit_owners, p_snapshot.limit_codes) with ordinality as l (owner, code, place)
    where l.owner = p_owner and l.code = p_code
    limit 1);
begin
  return kernel.find_window_end(p_snapshot.limit_windows[v_place], p_snapshot.decided_at,
    coalesce(p_snapshot.zones[p_owner], p_snapshot.timezone));
end;
$$;
comment on function kernel.find_limit_end(kernel.snapshot, integer, text) is
  'When the window of a limit ends, and what it counts begins anew.';

create or replace function kernel.add_limits(
  p_snapshot kernel.snapshot,
  p_codes text[],
  p_windows text[],
  p_is_money boolean[],
  p_caps numeric[],
  p_uses numeric[]
)
returns kernel.snapshot
language plpgsql
immutable
as $$
declare
  v_snapshot kernel.snapshot := p_snapshot;
begin
  v_snapshot.limit_owners := v_snapshot.limit_owners || array_fill(0, array[cardinality(p_codes)]);
  v_snapshot.limit_codes := v_snapshot.limit_codes || p_codes;
  v_snapshot.limit_windows := v_snapshot.limit_windows || p_windows;
  v_snapshot.limit_is_money := v_snapshot.limit_is_money || p_is_money;
  v_snapshot.limit_caps := v_snapshot.limit_caps || p_caps;
  v_snapshot.limit_uses := v_snapshot.limit_uses || p_uses;
  return v_snapshot;
end;
$$;
comment on function kernel.add_limits(kernel.snapshot, text[], text[], boolean[], numeric[], numeric[]) is
  'A snapshot with these limits on the offer as a whole.';
