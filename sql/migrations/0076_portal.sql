-- Buyers answer on the portal, and read there what is used of their limits. Sources have public forms.
-- squawk-ignore-file ban-drop-constraint, constraint-missing-not-valid
alter table leadgen.sale_returns drop constraint sale_returns_via_valid;
alter table leadgen.sale_returns
  add constraint sale_returns_via_valid check (via in ('api', 'link', 'reply', 'operator', 'portal'));

drop policy if exists own_buyer on leadgen.enrollment_usage;
create policy own_buyer on leadgen.enrollment_usage for select to leadgen_reader
  using (exists (
    select from leadgen.buyer_offers e
    where e.id = enrollment_usage.buyer_offer_id and e.buyer_id = (select identity.acting_buyer())));

create table leadgen.lead_forms (
  source_id bigint primary key references leadgen.sources (id) on delete cascade,
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz,
  is_active boolean not null default true,
  title text not null,
  intro text,
  button text not null default 'Send',
  thanks text not null default 'Thank you. Your request was received.',
  labels jsonb not null default '{}',
  consent_text_version varchar(200) references leadgen.consent_texts (version) on delete restrict,
  frame_origins text[] not null default '{}',

  constraint lead_forms_title_says_something check (length(title) between 1 and 200 and title ~ '\S'),
  constraint lead_forms_intro_bounded check (length(intro) <= 2000),
  constraint lead_forms_button_says_something check (length(button) between 1 and 100 and button ~ '\S'),
  constraint lead_forms_thanks_says_something check (length(thanks) between 1 and 2000 and thanks ~ '\S'),
  constraint lead_forms_labels_are_an_object check (jsonb_typeof(labels) = 'object' and length(labels::text) <= 20000),
  constraint lead_forms_labels_are_text check (not jsonb_path_exists(labels, '$.* ? (@.type() != "string")')),
  constraint lead_forms_frame_origins_bounded check (cardinality(frame_origins) <= 20),
  constraint lead_forms_frame_origins_shape
    check (array_to_string(frame_origins, ' ', '?') ~ '^((^| )https?://[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?(:[0-9]{1,5})?)*$')
);
alter table leadgen.lead_forms enable row level security;
create policy staff on leadgen.lead_forms to leadgen_dba using (true);
