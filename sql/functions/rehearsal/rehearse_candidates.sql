create or replace function leadgen.rehearse_candidates(
  p_candidates leadgen.candidate[],
  p_seats leadgen.seat[],
  p_has_left boolean,
  p_now timestamptz,
  p_document jsonb,
  p_adjustments leadgen.adjustment[],
  p_exclusive_buyer_id bigint,
  p_reprices boolean,
  p_decimals integer,
  p_timezone text
)
returns leadgen.candidate[]
language plpgsql
immutable
as $$
-- offset 0 keeps the changed record from being made once for each of its attributes.
declare
  v_hour constant timestamptz := date_trunc('hour', p_now, p_timezone);
  v_day constant timestamptz := date_trunc('day', p_now, p_timezone);
  v_week constant timestamptz := date_trunc('week', p_now, p_timezone);
  v_month constant timestamptz := date_trunc('month', p_now, p_timezone);
  v_price constant record := leadgen.compose_adjustments(p_adjustments, false);
  v_owner_price constant record := leadgen.compose_adjustments(p_adjustments, true);
begin
  return array(
    select (
      c.buyer_offer_id,
      c.buyer_id,
      (n.r).enrollment_is_active,
      c.buyer_is_active,
      c.has_channel,
      (n.r).pause_until,
      c.in_service_area,
      c.has_lead,
      c.timezone,
      (n.r).cap_hour,
      case when s.hour_count <> 0 and s.hour_start = case s.timezone when p_timezone then v_hour else date_trunc('hour', p_now, s.timezone) end then c.used_hour + s.hour_count else c.used_hour end,
      (n.r).cap_day,
      case when s.day_count <> 0 and s.day_start = case s.timezone when p_timezone then v_day else date_trunc('day', p_now, s.timezone) end then c.used_day + s.day_count else c.used_day end,
      (n.r).cap_week,
      case when s.week_count <> 0 and s.week_start = case s.timezone when p_timezone then v_week else date_trunc('week', p_now, s.timezone) end then c.used_week + s.week_count else c.used_week end,
      (n.r).cap_month,
      case when s.month_count <> 0 and s.month_start = case s.timezone when p_timezone then v_month else date_trunc('month', p_now, s.timezone) end then c.used_month + s.month_count else c.used_month end,
      (n.r).min_balance,
      c.balance,
      (n.r).priority,
      (n.r).weight,
      case when p_has_left then s.last_turn else c.last_turn end,
      case when p_has_left then s.finish_tag else c.finish_tag end,
      case when p_has_left then s.virtual_time else c.virtual_time end,
      (n.r).base_price,
      case when s.changes ? 'schedule'
        then (n.r).schedule is null or leadgen.minute_of_week(p_now, c.timezone) <@ (n.r).schedule
        else c.in_schedule end,
      (n.r).schedule,
      case when s.tests is not null then leadgen.find_filter_fault(s.tests, p_document) else (n.r).filter_fault end,
      c.has_contact,
      case
        when not p_reprices and (s.changes ? 'base_price') is not true then c.price
        when c.buyer_id = p_exclusive_buyer_id
          then leadgen.round_price((n.r).base_price * v_owner_price.factor + v_owner_price.addend, p_decimals)
        else leadgen.round_price((n.r).base_price * v_price.factor + v_price.addend, p_decimals)
      end,
      (n.r).budget_day,
      case when s.day_spent <> 0 and s.day_start = case s.timezone when p_timezone then v_day else date_trunc('day', p_now, s.timezone) end then c.spent_day + s.day_spent else c.spent_day end,
      (n.r).budget_month,
      case when s.month_spent <> 0 and s.month_start = case s.timezone when p_timezone then v_month else date_trunc('month', p_now, s.timezone) end then c.spent_month + s.month_spent else c.spent_month end
    )::leadgen.candidate
    from unnest(p_candidates) as c
    left join unnest(p_seats) as s on s.buyer_offer_id = c.buyer_offer_id
    cross join lateral (select case when s.changes is null then c else jsonb_populate_record(c, s.changes) end as r offset 0) n
    where s.is_gone is not true
    order by c.buyer_offer_id
  );
end;
$$;
comment on function leadgen.rehearse_candidates(leadgen.candidate[], leadgen.seat[], boolean, timestamptz, jsonb, leadgen.adjustment[], bigint, boolean, integer, text) is
  'Recorded candidates as they would have been: what is changed laid over them, their counts shifted by the difference to history; once history is left, with the turns of the rehearsal.';
