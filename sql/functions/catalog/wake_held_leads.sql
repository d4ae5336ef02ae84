create or replace function leadgen.wake_held_leads()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- Marks offers; the worker's next route_held_lead turns the marks into work. Touching the leads here would take their rows
-- while others hold the offer's lock; one mark for all changes would lose a change that commits after the mark was taken.
begin
  insert into leadgen.hold_wakes (offer_id, created_at)
  select distinct o.id, leadgen.clock()
  from leadgen.offers o
  left join leadgen.buyer_offers bo on bo.offer_id = o.id
  where case tg_table_name
    when 'buyers' then bo.buyer_id = (to_jsonb(new) ->> 'id')::bigint
    when 'buyer_offers' then o.id = (to_jsonb(new) ->> 'offer_id')::bigint
    when 'buyer_service_areas' then
      bo.buyer_id = (to_jsonb(new) ->> 'buyer_id')::bigint and o.market_id = (to_jsonb(new) ->> 'market_id')::bigint
    when 'offer_exclusivities' then o.id = (to_jsonb(coalesce(new, old)) ->> 'offer_id')::bigint
    when 'routing_policies' then o.routing_policy_id = (to_jsonb(new) ->> 'id')::bigint
    when 'pricing_policies' then o.pricing_policy_id = (to_jsonb(new) ->> 'id')::bigint
    when 'offers' then o.id = (to_jsonb(new) ->> 'id')::bigint
    when 'markets' then o.market_id = (to_jsonb(new) ->> 'id')::bigint
  end
  order by 1;
  return null;
end;
$$;
comment on function leadgen.wake_held_leads() is
  'Trigger: a change that may let a held lead be sold (funds, caps, hours, areas, a buyer, a policy) has the offer''s held leads offered again.';

create or replace trigger wake_held_leads after update on leadgen.buyers
  for each row when (
    new.balance > old.balance
    or (new.is_active, new.webhook_url, new.email_notifications) is distinct from (old.is_active, old.webhook_url, old.email_notifications))
  execute function leadgen.wake_held_leads();
create or replace trigger wake_held_leads after insert or update on leadgen.buyer_offers
  for each row execute function leadgen.wake_held_leads();
create or replace trigger wake_held_leads after insert or update on leadgen.buyer_service_areas
  for each row execute function leadgen.wake_held_leads();
create or replace trigger wake_held_leads after insert or update or delete on leadgen.offer_exclusivities
  for each row execute function leadgen.wake_held_leads();
create or replace trigger wake_held_leads after update of config, is_active on leadgen.routing_policies
  for each row execute function leadgen.wake_held_leads();
create or replace trigger wake_held_leads after update on leadgen.offers
  for each row execute function leadgen.wake_held_leads();
create or replace trigger wake_held_leads after update of rules, is_active on leadgen.pricing_policies
  for each row execute function leadgen.wake_held_leads();
create or replace trigger wake_held_leads after update of is_active, timezone on leadgen.markets
  for each row execute function leadgen.wake_held_leads();
