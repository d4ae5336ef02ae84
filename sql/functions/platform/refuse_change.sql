create or replace function leadgen.refuse_change()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform leadgen.refuse(
    'LG409',
    format('%s is append-only: %s refused', tg_table_name, lower(tg_op)),
    p_found => lower(tg_op),
    p_allowed => 'insert',
    p_hint => 'Records of decisions and sales never change; a correction is a new row.'
  );
  return null;
end;
$$;
comment on function leadgen.refuse_change() is 'Trigger: keeps records as they were written, for every role, the owner included.';

create or replace trigger keep_record before delete or truncate on leadgen.lead_decisions
  for each statement execute function leadgen.refuse_change();
create or replace trigger keep_record before delete or truncate on leadgen.delivery_attempts
  for each statement execute function leadgen.refuse_change();
-- While leadgen.erase_lead strikes out, each row is looked at instead (leadgen.allow_erasure).
create or replace trigger keep_record_as_written before update on leadgen.lead_decisions
  for each statement when (current_setting('leadgen.is_erasing', true) is distinct from 'on')
  execute function leadgen.refuse_change();
create or replace trigger keep_record_as_written before update on leadgen.delivery_attempts
  for each statement when (current_setting('leadgen.is_erasing', true) is distinct from 'on')
  execute function leadgen.refuse_change();
create or replace trigger keep_record before update or delete or truncate on leadgen.policy_versions
  for each statement execute function leadgen.refuse_change();
create or replace trigger keep_record before delete or truncate on leadgen.lead_assignments
  for each statement execute function leadgen.refuse_change();
create or replace trigger keep_sale before update on leadgen.lead_assignments
  for each row
  when (
    (old.id, old.created_at, old.market_id, old.lead_id, old.decision_id, old.offer_id, old.buyer_id, old.buyer_offer_id,
      old.is_exclusive, old.price, old.currency, old.price_steps, old.pricing_policy_id, old.pricing_policy_version)
    is distinct from
    (new.id, new.created_at, new.market_id, new.lead_id, new.decision_id, new.offer_id, new.buyer_id, new.buyer_offer_id,
      new.is_exclusive, new.price, new.currency, new.price_steps, new.pricing_policy_id, new.pricing_policy_version)
  )
  execute function leadgen.refuse_change();
create or replace trigger keep_price before update on leadgen.leads
  for each row
  when (old.price is not null and (old.price, old.buyer_id) is distinct from (new.price, new.buyer_id))
  execute function leadgen.refuse_change();
create or replace trigger keep_price_of_sold before truncate on leadgen.leads
  for each statement execute function leadgen.refuse_change();
create or replace trigger keep_deliveries before delete or truncate on leadgen.deliveries
  for each statement execute function leadgen.refuse_change();
