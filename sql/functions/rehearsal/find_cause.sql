create or replace function leadgen.find_cause(
  p_candidates leadgen.candidate[],
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
comment on function leadgen.find_cause(leadgen.candidate[], text[]) is
  'Why a lead went unsold, in one word: the reason of the candidate that came nearest to taking it, the price that was lost with it and its place among the candidates.';
