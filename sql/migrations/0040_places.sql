-- The postal code decides which city a lead is in. Postal codes get all their towns, spellings of places are rows, and
-- signals say by which city a lead was judged. Functions that make these rows are dropped: until those of this deploy are
-- loaded no lead is taken. The deploy makes the stored keys of cities anew (catalog.remake_city_keys).
-- squawk-ignore-file require-concurrent-index-creation, ban-drop-function
alter table leadgen.postal_places
  add column towns text[],
  add column city_keys text[];
create index postal_places_city_keys on leadgen.postal_places using gin (city_keys);

create table leadgen.city_words (
  word text primary key,
  meaning text not null,
  is_first boolean not null default false
);
create table leadgen.country_names (
  name text primary key,
  country_code text not null
);
create table leadgen.region_names (
  country_code text not null,
  name text not null,
  region_code text not null,

  primary key (country_code, name)
);
create table leadgen.postal_territories (
  postal_prefix text primary key,
  country_code text not null,
  part_of text not null
);

drop function if exists intake.normalize_request(intake.lead_request, catalog.route);
drop function if exists intake.recall_facts(leadgen.leads, text);
drop function if exists intake.insert_lead(
  bigint, intake.lead_request, kernel.lead_facts, catalog.route, text, bytea, jsonb, jsonb, kernel.failure[],
  kernel.decision);
alter type kernel.lead_facts add attribute postal_city text;
alter type kernel.lead_signals add attribute city_key text;
