create or replace function leadgen.judge_candidates(
  p_candidates leadgen.candidate[],
  p_load leadgen.offer_load,
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
comment on function leadgen.judge_candidates(leadgen.candidate[], leadgen.offer_load, timestamptz, bigint) is
  'Step judge, pure: for each candidate the first check it fails, null when it passes. With an exclusive buyer the others lose to it; the offer''s own caps come last.';
