-- Texts to which people agree, by version.

create or replace function catalog.add_consent_text(p_version text, p_text text)
returns text
language plpgsql
volatile
as $$
-- What was added stays: another text is another version.
declare
  v_version constant text := btrim(p_version);
  v_digest constant bytea := sha256(convert_to(p_text, 'UTF8'));
  v_there bytea;
begin
  if (v_version ~ '^[A-Za-z0-9][A-Za-z0-9 ._:/-]*$' and length(v_version) <= 200) is not true then
    perform kernel.refuse('LG400', 'This cannot be a version', 'version', coalesce(left(v_version, 40), 'nothing'),
      '1 to 200 letters, digits and . _ : / -, of which the first is a letter or digit');
  elsif (length(p_text) between 1 and 10000 and p_text ~ E'\\S') is not true then
    perform kernel.refuse('LG400', 'This cannot be a text of consent', 'text',
      case when p_text is null then 'nothing' else kernel.count_of(length(p_text), 'character') end,
      '1 to 10,000 characters');
  end if;
  insert into leadgen.consent_texts (version, text, digest, created_at)
  values (v_version, p_text, v_digest, leadgen.clock())
  on conflict (version) do nothing;
  if not found then
    select c.digest into v_there from leadgen.consent_texts c where c.version = v_version;
    if v_there <> v_digest then
      perform kernel.refuse('LG409', format('The version %s has another text', v_version), 'version', v_version,
        'a new version: people have agreed to the text of this one');
    end if;
  end if;
  return encode(v_digest, 'hex');
end;
$$;
comment on function catalog.add_consent_text(text, text) is 'The work of leadgen.add_consent_text.';

create or replace function catalog.find_consent_text(p_tracking jsonb)
returns text
language plpgsql
stable
as $$
begin
  return coalesce(
    p_tracking ->> 'consent_text',
    (select c.text from leadgen.consent_texts c where c.version = p_tracking ->> 'consent_text_version'));
end;
$$;
comment on function catalog.find_consent_text(jsonb) is
  'The text to which the person of a lead agreed, by leads.tracking: as it was sent, else as its version says; null: '
  'nobody knows.';

create or replace function catalog.describe_consent_text(p_tracking jsonb)
returns jsonb
language plpgsql
stable
as $$
declare
  v_sent constant text := p_tracking ->> 'consent_text';
  v_version constant text := p_tracking ->> 'consent_text_version';
  v_digest constant bytea := (select c.digest from leadgen.consent_texts c where c.version = v_version);
begin
  return jsonb_build_object(
    'text_version', v_version,
    'version_is_known', v_digest is not null,
    'text_was_sent', v_sent is not null,
    'texts_are_the_same', sha256(convert_to(v_sent, 'UTF8')) = v_digest,
    'sha256', encode(coalesce(sha256(convert_to(v_sent, 'UTF8')), v_digest), 'hex'));
end;
$$;
comment on function catalog.describe_consent_text(jsonb) is
  'What can be shown of the text of a consent, by leads.tracking: its version, whether that is known, whether the text '
  'itself came with the lead and is the version''s (null: one of them is missing), and its digest.';
