-- What an offer's price and policies were is kept, as an enrollment's terms are; offers that are there begin with what
-- they say now.
create table leadgen.offer_versions (
  offer_id bigint not null,
  version integer not null,
  changed_at timestamptz not null default current_timestamp,
  changed_by text not null default session_user,
  is_active boolean not null,
  default_price_per_lead numeric(10,2) not null,
  validation_policy_id bigint not null,
  routing_policy_id bigint not null,
  pricing_policy_id bigint,

  primary key (offer_id, version)
);
insert into leadgen.offer_versions (
  offer_id, version, changed_at, is_active, default_price_per_lead, validation_policy_id, routing_policy_id, pricing_policy_id
)
select
  o.id, 1 as version, coalesce(o.updated_at, o.created_at) as changed_at, o.is_active, o.default_price_per_lead,
  o.validation_policy_id, o.routing_policy_id, o.pricing_policy_id
from leadgen.offers o;
