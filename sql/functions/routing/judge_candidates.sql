create or replace function leadgen.judge_candidates(
  p_candidates leadgen.candidate[],
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
        when not c.in_service_area then 'outside_service_area'
        when c.has_lead then 'already_had_lead'
        when c.used_hour >= c.cap_hour then 'cap_hour'
        when c.used_day >= c.cap_day then 'cap_day'
        when c.used_week >= c.cap_week then 'cap_week'
        when c.used_month >= c.cap_month then 'cap_month'
        when c.balance < c.min_balance then 'minimum_balance'
        when c.buyer_id <> p_exclusive_buyer_id then 'exclusive_to_other'
      end
      order by c.ordinality), '{}')
    from unnest(p_candidates) with ordinality as c
  );
end;
$$;
comment on function leadgen.judge_candidates(leadgen.candidate[], timestamptz, bigint) is
  'Step judge, pure: for each candidate the first check it fails, null when it passes. With an exclusive buyer the others lose to it.';
