-- The least that a sold lead can be: the seed's leads table with its keys and indexes, and one row each of a sale, a decision
-- of 20 entries and a delivery, and a counter. Nothing is judged, ranked or checked.
create table markets (id integer primary key);
create table verticals (id integer primary key);
create table offers (id integer primary key);
create table sources (id integer primary key);
create table buyers (id integer primary key);
insert into markets select generate_series(1, 20);
insert into verticals select 1;
insert into offers select generate_series(1, 20);
insert into sources select generate_series(1, 20);
insert into buyers select generate_series(1, 1000);

create type lead_status as enum ('received', 'validated', 'delivered', 'accepted', 'rejected');
create type billing_status as enum ('pending', 'billed', 'paid', 'disputed', 'refunded');
create table leads (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz,
  market_id integer not null references markets (id) on delete restrict,
  vertical_id integer not null references verticals (id) on delete restrict,
  offer_id integer not null references offers (id) on delete restrict,
  source_id integer not null references sources (id) on delete restrict,
  idempotency_key varchar(128),
  source varchar(100) not null default 'landing_page',
  name varchar(200) not null,
  email varchar(200) not null,
  phone varchar(20) not null,
  country_code char(2) not null default 'US',
  postal_code varchar(16) not null,
  city varchar(128),
  region_code varchar(20),
  message text,
  status lead_status not null default 'received',
  validation_reason varchar(500),
  buyer_id integer references buyers (id) on delete set null,
  delivered_at timestamptz,
  accepted_at timestamptz,
  rejected_at timestamptz,
  rejection_reason varchar(500),
  billing_status billing_status not null default 'pending',
  price decimal(10, 2),
  billed_at timestamptz,
  paid_at timestamptz,
  utm_source varchar(100),
  utm_medium varchar(100),
  utm_campaign varchar(100),
  ip_address inet,
  user_agent text,

  constraint leads_idempotency_unique_per_source unique (source_id, idempotency_key)
);
create table decisions (
  id bigint generated always as identity primary key,
  lead_id bigint not null references leads (id),
  decided_at timestamptz not null,
  entries jsonb not null
);
create table sales (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  lead_id bigint not null references leads (id),
  offer_id integer not null,
  buyer_id integer not null references buyers (id),
  price decimal(10, 2) not null,

  constraint sales_unique unique (lead_id, buyer_id)
);
create table deliveries (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  sale_id bigint not null references sales (id),
  target text not null,
  status text not null default 'pending',
  next_attempt_at timestamptz
);
create index deliveries_due on deliveries (next_attempt_at) where next_attempt_at is not null;
create table counters (buyer_id integer primary key, sold integer not null default 0) with (fillfactor = 40);
insert into counters select generate_series(1, 1000);

create index idx_leads_offer_created_at on leads (offer_id, created_at desc);
create index idx_leads_market_created_at on leads (market_id, created_at desc);
create index idx_leads_vertical_created_at on leads (vertical_id, created_at desc);
create index idx_leads_source_created_at on leads (source_id, created_at desc);
create index idx_leads_email on leads (email);
create index idx_leads_phone on leads (phone);
create index idx_leads_status on leads (status);
create index idx_leads_billing_status on leads (billing_status);
create index idx_leads_buyer_created_at on leads (buyer_id, created_at desc);
create index idx_leads_offer_phone_created on leads (offer_id, phone, created_at desc);
create index idx_leads_offer_email_created on leads (offer_id, email, created_at desc);
