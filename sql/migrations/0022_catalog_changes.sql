-- One queue for what follows from a change of the catalogue; the offers that were to be woken move into it.
-- squawk-ignore-file require-concurrent-index-creation, ban-drop-table
create table leadgen.catalog_changes (
  id bigint generated always as identity primary key,
  changed_at timestamptz not null,
  table_name text not null,
  row_id bigint not null,
  offer_id bigint,
  before jsonb,
  after jsonb
);
create index idx_catalog_changes_offer on leadgen.catalog_changes (offer_id, id);

-- They wrote into the old queue, or are declared anew under other names: while the deploy is under way nothing may call them.
drop trigger if exists wake_held_leads on leadgen.markets;
drop trigger if exists wake_held_leads on leadgen.routing_policies;
drop trigger if exists wake_held_leads on leadgen.pricing_policies;
drop trigger if exists wake_held_leads on leadgen.offers;
drop trigger if exists wake_held_leads on leadgen.buyers;
drop trigger if exists wake_held_leads on leadgen.buyer_offers;
drop trigger if exists wake_held_leads_again on leadgen.buyer_offers;
drop trigger if exists wake_held_leads on leadgen.buyer_service_areas;
drop trigger if exists wake_held_leads on leadgen.offer_exclusivities;
drop trigger if exists warn_of_balance on leadgen.buyers;
drop trigger if exists keep_offer_market on leadgen.offers;

insert into leadgen.catalog_changes (changed_at, table_name, row_id, offer_id)
select w.created_at, 'offers' as table_name, w.offer_id as row_id, w.offer_id from leadgen.hold_wakes w order by w.id;
drop table leadgen.hold_wakes;
