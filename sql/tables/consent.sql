-- Consent: the texts to which people agree, so that years later it can be shown what a version said.

create table leadgen.consent_texts (
  version varchar(200) primary key,
  text text not null,
  digest bytea not null,
  created_at timestamptz not null default current_timestamp,
  created_by text not null default session_user,

  constraint consent_texts_version_shape check (version ~ '^[A-Za-z0-9][A-Za-z0-9 ._:/-]*$'),
  constraint consent_texts_text_says_something check (length(text) between 1 and 10000 and text ~ '\S'),
  constraint consent_texts_digest_is_sha256 check (length(digest) = 32)
);
comment on table leadgen.consent_texts is
  'Append-only: what each version of a consent text says; leads name the version (consent_text_version).';
comment on column leadgen.consent_texts.digest is
  'SHA-256 of the text in UTF-8: whoever kept it elsewhere can show that the text is the one of that day.';

create or replace trigger keep_record before update or delete or truncate on leadgen.consent_texts
  for each statement execute function kernel.refuse_change();

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
comment on table leadgen.lead_forms is
  'The public form of a source: GET /forms/SOURCE_KEY. No row: it has none. Its fields are those of the offer''s '
  'validation policy (intake.list_form_fields).';
comment on column leadgen.lead_forms.labels is
  'What a field is called on the form: {"attributes.job_type": "What is it about?"}. Without one: its name.';
comment on column leadgen.lead_forms.consent_text_version is
  'The text to which the person agrees on the form, and its version, which the lead names. Null: the form asks for none.';
comment on column leadgen.lead_forms.frame_origins is
  'Sites that may show the form in a frame: {https://plumbing-austin.example}. Beside them the source''s own hostname may.';

create or replace trigger touch_updated_at before update on leadgen.lead_forms
  for each row execute function kernel.touch_updated_at();
