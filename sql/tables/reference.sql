-- Reference: facts about the world, loaded from well-kept packages by `leadgen load reference`.
--
-- They are tables and not library calls because a rule must be SQL: the same lead gives the same
-- verdict inside the transaction, in a dry run and in a replay.

create table leadgen.phone_regions (
  country_code text not null,
  calling_code text not null,
  international_prefix text,
  parsing_prefix text,
  national_pattern text not null,
  place integer not null default 1,
  prefix_rule text,
  leading_digits text,
  lengths integer[] not null default '{}',
  general_pattern text not null default '[0-9]+',

  constraint phone_regions_pkey primary key (country_code, calling_code)
);
comment on table leadgen.phone_regions is
  'How a country writes its telephone numbers. Country 001: numbers of no country, such as +800. Source: the package '
  'phonenumbers (Google libphonenumber).';
comment on column leadgen.phone_regions.place is
  'Of several countries with one calling code, in what order they are asked; 1 is the main one (US of +1).';
comment on column leadgen.phone_regions.international_prefix is
  'Regular expression of the digits dialled before a foreign number (US: 011).';
comment on column leadgen.phone_regions.parsing_prefix is
  'Regular expression of what is dialled before a national number and dropped from it (GB: 0|180020).';
comment on column leadgen.phone_regions.prefix_rule is
  'What is written in place of parsing_prefix where its last group matched (AR: 9\1); null: nothing.';
comment on column leadgen.phone_regions.leading_digits is
  'Regular expression of how the numbers of one of several countries with a calling code begin (JM: 658|876).';
comment on column leadgen.phone_regions.lengths is
  'How many digits a national number may have, in order; none: not known, any.';
comment on column leadgen.phone_regions.general_pattern is
  'Regular expression that a national number matches whole, in use or not.';
comment on column leadgen.phone_regions.national_pattern is
  'Regular expression that a valid national number matches whole.';
create index phone_regions_calling_code on leadgen.phone_regions (calling_code);

create table leadgen.phone_areas (
  prefix text primary key,
  country_code text not null,
  region_code text not null,
  is_whole boolean not null default true
);
comment on table leadgen.phone_areas is
  'Which part of a country a number belongs to: E.164 digits without the plus, e.g. 1512 is US-TX.';
comment on column leadgen.phone_areas.is_whole is
  'Whether every number from 200-0000 on is valid, so that none needs to be held against national_pattern.';

create table leadgen.phone_line_types (
  country_code text not null,
  calling_code text not null,
  line_type text not null,
  pattern text not null,

  constraint phone_line_types_pkey primary key (country_code, calling_code, line_type)
);
comment on table leadgen.phone_line_types is
  'Of what type the numbers of a country are: which national numbers are mobile, fixed_line, toll_free and so on. Source: the package phonenumbers.';
comment on column leadgen.phone_line_types.pattern is
  'Regular expression that a national number of the type matches whole. Several may match: in the US every mobile number is fixed_line, too.';

create table leadgen.postal_places (
  country_code text not null,
  postal_code text not null,
  city text,
  city_key text,
  region_code text,
  timezone text,
  latitude double precision,
  longitude double precision,
  towns text[],
  city_keys text[],

  primary key (country_code, postal_code)
);
comment on table leadgen.postal_places is
  'Where a postal code is: city, ISO 3166-2 region, zone and position. Source: the package zipcodes.';
comment on column leadgen.postal_places.city_key is 'city as it is compared (ref.normalize_city).';
comment on column leadgen.postal_places.towns is
  'Other towns that share the postal code: what the postal service accepts beside the city.';
comment on column leadgen.postal_places.city_keys is
  'city and towns as they are compared. A lead may name any of them; every deploy makes the keys anew.';
create index postal_places_city_keys on leadgen.postal_places using gin (city_keys);

create table leadgen.city_words (
  word text primary key,
  meaning text not null,
  is_first boolean not null default false
);
comment on table leadgen.city_words is
  'Words of city names that mean the same: st is saint. Seed rows are kept by every deploy, which compiles all rows into '
  'ref.normalize_city and makes the stored keys anew; rows of your own stay.';
comment on column leadgen.city_words.is_first is 'Only as the first word: "N Las Vegas", not "Coeur d''Alene N".';

create table leadgen.country_names (
  name text primary key,
  country_code text not null
);
comment on table leadgen.country_names is
  'Names of countries as people write them, in letters a to z and digits without blanks. Compiled by every deploy into '
  'ref.read_country; rows of your own stay.';

create table leadgen.region_names (
  country_code text not null,
  name text not null,
  region_code text not null,

  primary key (country_code, name)
);
comment on table leadgen.region_names is
  'Names of states and provinces as people write them, in letters a to z and digits without blanks, and their ISO 3166-2 codes. '
  'Compiled by every deploy into ref.read_region; rows of your own stay.';

create table leadgen.postal_territories (
  postal_prefix text primary key,
  country_code text not null,
  part_of text not null
);
comment on table leadgen.postal_territories is
  'Territories with an ISO 3166-1 code of their own whose postal codes are another country''s: 009 is Puerto Rico (PR), '
  'part of the US. Compiled by every deploy into ref.find_postal_country and ref.settle_country.';

create table leadgen.mail_providers (
  domain text primary key,
  mailbox_domain text not null,
  ignored_marks text not null default '',
  base_mark text,
  has_subdomains boolean not null default false
);
comment on table leadgen.mail_providers is
  'Mail domains at which several addresses are one mailbox by more than a plus tag. Seed rows are kept by every deploy, which compiles all rows '
  'into ref.fold_mailbox and makes the index of mailboxes anew where they have changed; rows of your own stay.';
comment on column leadgen.mail_providers.mailbox_domain is
  'The domain by which its mailboxes are named: gmail.com for googlemail.com. A row of its own.';
comment on column leadgen.mail_providers.ignored_marks is 'Characters that do not count before the @: a dot for gmail.com.';
comment on column leadgen.mail_providers.base_mark is
  'The character behind a base name that is not the name of a mailbox: "-" for yahoo.com, where jd-roof and jd-car are one mailbox, and jd is '
  'another or none. Null: there is no such character.';
comment on column leadgen.mail_providers.has_subdomains is
  'Whether anything@jdoe.domain is the mailbox jdoe@domain, as for fastmail.com.';

create table leadgen.answer_words (
  word text primary key,
  meaning boolean not null
);
comment on table leadgen.answer_words is
  'Words for yes and no in consents, filters and rules, small letters without accents; written anew by every deploy, '
  'which compiles them into kernel.read_answer_word.';

create table leadgen.disposable_domains (
  domain text primary key
);
comment on table leadgen.disposable_domains is
  'Domains that hand out throw-away mailboxes. Source: the package disposable-email-domains.';

create table leadgen.reference_loads (
  name text primary key,
  fingerprint text not null,
  rows integer not null,
  loaded_at timestamptz not null
);
comment on table leadgen.reference_loads is
  'Which version of which reference data is loaded; a load with the same fingerprint is skipped.';
