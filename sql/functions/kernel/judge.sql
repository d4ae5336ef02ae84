-- Judge: each candidate passes, or loses for one named reason.

create or replace function kernel.reach_verdict(
  p_candidates kernel.candidate[],
  p_load kernel.offer_load,
  p_settings kernel.routing_settings,
  p_exclusivity kernel.exclusivity,
  p_now timestamptz
)
returns kernel.verdict
language plpgsql
immutable
as $$
-- Judge and rank. Reads no table and no clock: a replay of the record gives the same.
declare
  v_exclusive_buyer_id bigint := p_exclusivity.buyer_id;
  v_reasons text[];
begin
  v_reasons := kernel.judge_candidates(p_candidates, p_load, p_now, v_exclusive_buyer_id);
  if v_exclusive_buyer_id is not null
    and p_settings.when_unavailable = 'fall_through'
    and array_position(v_reasons, null) is null then
    v_exclusive_buyer_id := null;
    v_reasons := kernel.judge_candidates(p_candidates, p_load, p_now, null);
  end if;
  return (
    v_reasons, kernel.rank_candidates(p_candidates, v_reasons, p_settings.strategy), v_exclusive_buyer_id
  )::kernel.verdict;
end;
$$;
comment on function kernel.reach_verdict(kernel.candidate[], kernel.offer_load, kernel.routing_settings, kernel.exclusivity, timestamptz) is
  'Judges and ranks candidates. The exclusive buyer, if it passes, is the only one; if not, when_unavailable decides.';

create or replace function kernel.judge_candidates(
  p_candidates kernel.candidate[],
  p_load kernel.offer_load,
  p_now timestamptz,
  p_exclusive_buyer_id bigint
)
returns text[]
language plpgsql
immutable
as $$
begin
  return (
    select coalesce(array_agg(
      case
        when not c.enrollment_is_active then 'enrollment_inactive'
        when not c.buyer_is_active then 'buyer_inactive'
        when not c.has_channel then 'no_channel'
        when c.pause_until > p_now then 'paused'
        when not c.in_schedule then 'outside_schedule'
        when not c.in_service_area then 'outside_service_area'
        when c.filter_fault is not null then 'filters'
        when c.has_lead then 'already_had_lead'
        when c.has_contact then 'bought_contact_before'
        when c.used_hour >= c.cap_hour then 'cap_hour'
        when c.used_day >= c.cap_day then 'cap_day'
        when c.used_week >= c.cap_week then 'cap_week'
        when c.used_month >= c.cap_month then 'cap_month'
        when c.spent_day + c.price > c.budget_day then 'budget_day'
        when c.spent_month + c.price > c.budget_month then 'budget_month'
        when c.balance < c.min_balance then 'minimum_balance'
        when c.min_balance is not null and c.balance < c.price then 'funds'
        when c.buyer_id <> p_exclusive_buyer_id then 'exclusive_to_other'
        when p_load.used_hour >= p_load.cap_hour then 'offer_cap_hour'
        when p_load.used_day >= p_load.cap_day then 'offer_cap_day'
        when p_load.used_week >= p_load.cap_week then 'offer_cap_week'
        when p_load.used_month >= p_load.cap_month then 'offer_cap_month'
        when p_load.spent_day + c.price > p_load.budget_day then 'offer_budget_day'
        when p_load.spent_month + c.price > p_load.budget_month then 'offer_budget_month'
      end
      order by c.ordinality), '{}')
    from unnest(p_candidates) with ordinality as c
  );
end;
$$;
comment on function kernel.judge_candidates(kernel.candidate[], kernel.offer_load, timestamptz, bigint) is
  'Step judge, pure: for each candidate the first check it fails, null when it passes. With an exclusive buyer the others lose to it; the offer''s own caps come last.';

create or replace function kernel.count_places(p_settings kernel.routing_settings, p_load kernel.offer_load)
returns integer
language sql
immutable parallel safe
as $$
  select least(p_settings.max_buyers, p_load.cap_hour - p_load.used_hour, p_load.cap_day - p_load.used_day,
    p_load.cap_week - p_load.used_week, p_load.cap_month - p_load.used_month);
$$;
comment on function kernel.count_places(kernel.routing_settings, kernel.offer_load) is
  'To how many buyers a lead may be sold: max_buyers, or what the offer''s own caps leave.';

create or replace function kernel.fits_offer_budget(p_load kernel.offer_load, p_spent numeric)
returns boolean
language sql
immutable parallel safe
as $$
  select (p_load.spent_day + p_spent > p_load.budget_day) is not true
    and (p_load.spent_month + p_spent > p_load.budget_month) is not true;
$$;
comment on function kernel.fits_offer_budget(kernel.offer_load, numeric) is
  'Whether the offer''s own budgets leave room for this much more money.';

create or replace function kernel.choose_winners(
  p_candidates kernel.candidate[],
  p_load kernel.offer_load,
  p_verdict kernel.verdict,
  p_settings kernel.routing_settings
)
returns integer[]
language plpgsql
immutable
as $$
declare
  v_places constant integer := kernel.count_places(p_settings, p_load);
  v_winners integer[] := '{}';
  v_spent numeric := 0;
  v_position integer;
begin
  foreach v_position in array p_verdict.ranking loop
    exit when cardinality(v_winners) >= v_places;
    continue when not kernel.fits_offer_budget(p_load, v_spent + (p_candidates[v_position]).price);
    v_winners := v_winners || v_position;
    v_spent := v_spent + (p_candidates[v_position]).price;
  end loop;
  return v_winners;
end;
$$;
comment on function kernel.choose_winners(kernel.candidate[], kernel.offer_load, kernel.verdict, kernel.routing_settings) is
  'Whom a lead is sold to when every place that was seen is there: the best of the ranking, within the offer''s own caps. Pure: reserve_winners does the same and takes the places.';

create or replace function kernel.is_running_low(p_candidate kernel.candidate)
returns boolean
language sql
immutable parallel safe
as $$
  select ((p_candidate.used_hour + 1) * 2 >= p_candidate.cap_hour) is true
    or ((p_candidate.used_day + 1) * 2 >= p_candidate.cap_day) is true
    or ((p_candidate.used_week + 1) * 2 >= p_candidate.cap_week) is true
    or ((p_candidate.used_month + 1) * 2 >= p_candidate.cap_month) is true
    or ((p_candidate.spent_day + p_candidate.price) * 2 >= p_candidate.budget_day) is true
    or ((p_candidate.spent_month + p_candidate.price) * 2 >= p_candidate.budget_month) is true;
$$;
comment on function kernel.is_running_low(kernel.candidate) is
  'Whether one more sale uses half of a cap or budget: from there on it is worth looking whether to warn.';

create or replace function kernel.describe_unsold(p_reasons text[])
returns text
language plpgsql
immutable
as $$
begin
  return (
    select coalesce(
      'no buyer could take it: ' || string_agg(format('%s %s', reason, n), ', ' order by n desc, reason),
      'no buyer is enrolled in the offer')
    from (select coalesce(r, 'taken_meanwhile') as reason, count(*) as n from unnest(p_reasons) r group by 1) counted
  );
end;
$$;
comment on function kernel.describe_unsold(text[]) is 'Why nobody got a lead: the reasons with how many candidates each took out.';

create or replace function kernel.describe_reason(
  p_candidate kernel.candidate,
  p_load kernel.offer_load,
  p_reason text,
  p_now timestamptz
)
returns text
language plpgsql
stable
as $$
declare
  c_limit constant text := '^(offer_)?(cap|budget)_(hour|day|week|month)$';
  v_part constant text[] := regexp_match(p_reason, c_limit);
  v_numbers constant jsonb := case when v_part[1] is null then to_jsonb(p_candidate) else to_jsonb(p_load) end;
  v_zone constant text := v_numbers ->> 'timezone';
begin
  if v_part is not null then
    return format('%s: %s of %s%s, resets %s', p_reason,
      v_numbers ->> (case v_part[2] when 'cap' then 'used_' else 'spent_' end || v_part[3]),
      v_numbers ->> (v_part[2] || '_' || v_part[3]),
      case v_part[2] when 'budget' then format(', price %s', p_candidate.price) else '' end,
      kernel.show_time(kernel.find_window_end(v_part[3], p_now, v_zone), v_zone));
  end if;
  return p_reason || coalesce(': ' || case p_reason
    when 'paused' then case p_candidate.pause_until
      when 'infinity' then 'without end'
      else 'until ' || kernel.show_time(p_candidate.pause_until, p_candidate.timezone)
    end
    when 'outside_schedule' then
      'opens ' || kernel.show_time(kernel.find_next_opening(p_candidate.schedule, p_now, p_candidate.timezone), p_candidate.timezone)
    when 'filters' then p_candidate.filter_fault
    when 'minimum_balance' then format('%s of %s', p_candidate.balance, p_candidate.min_balance)
    when 'funds' then format('%s, price %s', p_candidate.balance, p_candidate.price)
  end, '');
end;
$$;
comment on function kernel.describe_reason(kernel.candidate, kernel.offer_load, text, timestamptz) is
  'Why a candidate lost, with the numbers it was judged by: "cap_day: 20 of 20, resets 2026-11-22 00:00 America/Chicago".';

create or replace function kernel.find_cause(
  p_candidates kernel.candidate[],
  p_reasons text[],
  out cause text,
  out price numeric,
  out place integer
)
language plpgsql
immutable
as $$
-- The checks have an order; who failed the latest of them came nearest, at equal checks who would have paid most.
declare
  c_checks constant text[] := '{enrollment_inactive,buyer_inactive,no_channel,paused,outside_schedule,outside_service_area,filters,
    already_had_lead,bought_contact_before,cap_hour,cap_day,cap_week,cap_month,budget_day,budget_month,minimum_balance,funds,
    exclusive_to_other,offer_cap_hour,offer_cap_day,offer_cap_week,offer_cap_month,offer_budget_day,offer_budget_month}';
begin
  select coalesce(r.reason, 'taken_meanwhile'), (p_candidates[r.place]).price, r.place
  into cause, price, place
  from unnest(p_reasons) with ordinality as r (reason, place)
  order by coalesce(array_position(c_checks, r.reason), 99) desc, (p_candidates[r.place]).price desc nulls last, r.place
  limit 1;
  cause := coalesce(cause, 'nobody_enrolled');
end;
$$;
comment on function kernel.find_cause(kernel.candidate[], text[]) is
  'Why a lead went unsold, in one word: the reason of the candidate that came nearest to taking it, the price that was lost with it and its place among the candidates.';
