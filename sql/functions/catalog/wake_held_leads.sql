create or replace function leadgen.wake_held_leads()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- Marks offers; the worker's next route_held_lead turns the marks into work. Touching the leads here would take their rows
-- while others hold the offer's lock; one mark for all changes would lose a change that commits after the mark was taken.
declare
  v_row constant jsonb := to_jsonb(coalesce(new, old));
begin
  if tg_table_name in ('buyer_offers', 'offer_exclusivities') then
    insert into leadgen.hold_wakes (offer_id, created_at) values ((v_row ->> 'offer_id')::bigint, leadgen.clock());
  elsif tg_table_name = 'offers' then
    insert into leadgen.hold_wakes (offer_id, created_at) values ((v_row ->> 'id')::bigint, leadgen.clock());
  elsif tg_table_name in ('buyers', 'buyer_service_areas') then
    insert into leadgen.hold_wakes (offer_id, created_at)
    select bo.offer_id, leadgen.clock()
    from leadgen.buyer_offers bo
    where bo.buyer_id = coalesce(v_row ->> 'buyer_id', v_row ->> 'id')::bigint;
  else
    insert into leadgen.hold_wakes (offer_id, created_at)
    select o.id, leadgen.clock()
    from leadgen.offers o
    where (v_row ->> 'id')::bigint = case tg_table_name
      when 'routing_policies' then o.routing_policy_id
      when 'pricing_policies' then o.pricing_policy_id
      else o.market_id end;
  end if;
  return null;
end;
$$;
comment on function leadgen.wake_held_leads() is
  'Trigger: a change that may let a held lead be sold (funds, caps, hours, areas, a buyer, a policy) has the offer''s held leads offered again.';

create or replace trigger wake_held_leads after update on leadgen.buyers
  for each row when (
    new.balance > old.balance
    or new.is_active is distinct from old.is_active)
  execute function leadgen.wake_held_leads();
create or replace trigger wake_held_leads after insert on leadgen.buyer_offers
  for each row execute function leadgen.wake_held_leads();
create or replace trigger wake_held_leads_again after update of
  is_active, capacity_per_hour, capacity_per_day, capacity_per_week, capacity_per_month, budget_per_day, budget_per_month, price_per_lead,
  pause_until, schedule, filters, timezone, min_balance_required, is_reachable on leadgen.buyer_offers
  for each row execute function leadgen.wake_held_leads();
create or replace trigger wake_held_leads after insert or update on leadgen.buyer_service_areas
  for each row execute function leadgen.wake_held_leads();
create or replace trigger wake_held_leads after insert or update or delete on leadgen.offer_exclusivities
  for each row execute function leadgen.wake_held_leads();
create or replace trigger wake_held_leads after update of config, is_active on leadgen.routing_policies
  for each row execute function leadgen.wake_held_leads();
create or replace trigger wake_held_leads
  after update of is_active, default_price_per_lead, routing_policy_id, pricing_policy_id on leadgen.offers
  for each row execute function leadgen.wake_held_leads();
create or replace trigger wake_held_leads after update of rules, is_active on leadgen.pricing_policies
  for each row execute function leadgen.wake_held_leads();
create or replace trigger wake_held_leads after update of is_active, timezone on leadgen.markets
  for each row execute function leadgen.wake_held_leads();
