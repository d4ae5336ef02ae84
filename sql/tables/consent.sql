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
