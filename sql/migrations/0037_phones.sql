-- Numbering plans as the package phonenumbers reads them, and the extension of a lead's number. Until the reference data
-- is loaded, right after the reload, the rows that are there read as much as they did.
-- squawk-ignore-file renaming-column, ban-drop-constraint, adding-serial-primary-key-field, constraint-missing-not-valid
alter table leadgen.phone_regions rename column national_prefix to parsing_prefix;
alter table leadgen.phone_regions
  add column place integer not null default 1,
  add column prefix_rule text,
  add column leading_digits text,
  add column lengths integer[] not null default '{}',
  add column general_pattern text not null default '[0-9]+';
alter table leadgen.phone_regions drop constraint phone_regions_pkey;
alter table leadgen.phone_regions add constraint phone_regions_pkey primary key (country_code, calling_code);

alter table leadgen.phone_areas add column is_whole boolean not null default true;

alter type ref.phone_number add attribute extension text;
alter type kernel.lead_facts add attribute phone_extension text;
alter table leadgen.leads add column phone_extension varchar(20);
