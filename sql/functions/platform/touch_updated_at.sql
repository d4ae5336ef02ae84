create or replace function leadgen.touch_updated_at()
returns trigger
language plpgsql
as $$
begin
  new.updated_at := current_timestamp;
  return new;
end;
$$;
comment on function leadgen.touch_updated_at() is 'Trigger: sets updated_at when a row of configuration changes.';

create or replace trigger touch_updated_at before update on leadgen.settings
  for each row execute function leadgen.touch_updated_at();
create or replace trigger touch_updated_at before update on leadgen.markets
  for each row execute function leadgen.touch_updated_at();
create or replace trigger touch_updated_at before update on leadgen.verticals
  for each row execute function leadgen.touch_updated_at();
create or replace trigger touch_updated_at before update on leadgen.validation_policies
  for each row execute function leadgen.touch_updated_at();
create or replace trigger touch_updated_at before update on leadgen.routing_policies
  for each row execute function leadgen.touch_updated_at();
create or replace trigger touch_updated_at before update on leadgen.pricing_policies
  for each row execute function leadgen.touch_updated_at();
create or replace trigger touch_updated_at before update on leadgen.offers
  for each row execute function leadgen.touch_updated_at();
create or replace trigger touch_updated_at before update on leadgen.sources
  for each row execute function leadgen.touch_updated_at();
create or replace trigger touch_updated_at before update on leadgen.field_maps
  for each row execute function leadgen.touch_updated_at();
create or replace trigger touch_updated_at before update on leadgen.source_maps
  for each row execute function leadgen.touch_updated_at();
create or replace trigger touch_updated_at before update on leadgen.buyers
  for each row execute function leadgen.touch_updated_at();
create or replace trigger touch_updated_at before update on leadgen.buyer_offers
  for each row execute function leadgen.touch_updated_at();
create or replace trigger touch_updated_at before update on leadgen.buyer_service_areas
  for each row execute function leadgen.touch_updated_at();
create or replace trigger touch_updated_at before update on leadgen.offer_exclusivities
  for each row execute function leadgen.touch_updated_at();
create or replace trigger touch_updated_at before update on leadgen.invoices
  for each row execute function leadgen.touch_updated_at();
create or replace trigger touch_updated_at before update of max_in_flight, disable_after on leadgen.endpoints
  for each row execute function leadgen.touch_updated_at();
