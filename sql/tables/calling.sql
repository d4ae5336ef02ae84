-- Calling rules: when people may be called, by the wall clock of where they are.
--
-- A routing policy with calling_rules sells a lead only while its person may be called. Rules of the country and of the
-- region both hold: what is sold is within the hours of both.

create table leadgen.calling_rules (
  id integer generated always as identity primary key,
  country_code text not null,
  region_code text,
  hours jsonb not null,
  compiled_hours int4multirange not null,
  consent_required boolean not null default false,
  law text,
  is_active boolean not null default true,

  constraint calling_rules_place_unique unique nulls not distinct (country_code, region_code),
  constraint calling_rules_country_shape check (country_code ~ '^[A-Z]{2}$'),
  constraint calling_rules_region_of_country check (starts_with(region_code, country_code || '-'))
);
comment on table leadgen.calling_rules is
  'When people of a country or a region of it may be called. Rows that a release knows are added where they lack; what an '
  'installation makes of them stays.';
comment on column leadgen.calling_rules.region_code is 'ISO 3166-2, US-FL; null: the whole country.';
comment on column leadgen.calling_rules.hours is
  'By the person''s wall clock: {"mon": [["08:00", "21:00"]], ...}; a day that is not there: never.';
comment on column leadgen.calling_rules.compiled_hours is 'hours as minutes of the week; written by trigger.';
comment on column leadgen.calling_rules.consent_required is 'Only people who consented (leads.consent) may be called.';
comment on column leadgen.calling_rules.law is 'Which law says so.';

create or replace trigger fill_calling_rule before insert or update on leadgen.calling_rules
  for each row execute function catalog.fill_calling_rule();

create table leadgen.calling_holidays (
  country_code text not null,
  region_code text not null default '',
  day date not null,

  primary key (country_code, region_code, day),
  constraint calling_holidays_country_shape check (country_code ~ '^[A-Z]{2}$'),
  constraint calling_holidays_region_of_country check (region_code = '' or starts_with(region_code, country_code || '-'))
);
comment on table leadgen.calling_holidays is
  'Days on which people of a country (region_code empty) or of a region may not be called, by their own calendar.';
