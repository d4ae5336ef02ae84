-- Sealing: what of a lead is stored sealed, and how the caller is asked to seal it.
--
-- SQL judges the clear text in memory and cannot encrypt. Whoever hands a lead in with a digest key has it sealed: the
-- answer "seal" is the text, nothing is stored, and the same call comes again with the sealed text under its digest.
-- The API guesses the text of most leads and seals it beforehand; a wrong guess costs a second call.

create or replace function intake.read_hash_key(p_key text)
returns bytea
language plpgsql
immutable
as $$
begin
  if (p_key ~ '^[0-9a-f]+$' and length(p_key) = 256) is not true then
    perform kernel.refuse('LG400', 'The digest key is not acceptable', 'hash_key', 'another value',
      '128 bytes in hex');
  end if;
  return decode(p_key, 'hex');
end;
$$;
comment on function intake.read_hash_key(text) is
  'The digest key that a call brings, as the two blocks of its HMAC. LG400 for anything else.';

create or replace function intake.read_sealing(p_context jsonb)
returns bytea
language plpgsql
immutable
as $$
begin
  if not p_context ? 'sealing' then
    return null;
  elsif ((p_context -> 'sealing') - '{hash_key,blobs}'::text[] = '{}'
    and coalesce(jsonb_typeof(p_context #> '{sealing,blobs}'), 'object') = 'object') is not true then
    perform kernel.refuse('LG400', 'The sealing of the context is not acceptable', 'sealing', 'another value',
      'an object: hash_key, 128 bytes in hex, and blobs, an object of sealed texts in base64');
  end if;
  return intake.read_hash_key(p_context #>> '{sealing,hash_key}');
end;
$$;
comment on function intake.read_sealing(jsonb) is
  'The digest key in the context of a call; null: the call stores clear text. LG400 for one that cannot be meant.';

create or replace function intake.list_contact(p_facts kernel.lead_facts)
returns jsonb
language plpgsql
immutable
as $$
-- As the columns of a clear lead would hold them.
begin
  return jsonb_build_array(
    coalesce(p_facts.name, ''), left(coalesce(p_facts.email, ''), 200), coalesce(p_facts.phone, ''),
    p_facts.phone_extension, p_facts.message);
end;
$$;
comment on function intake.list_contact(kernel.lead_facts) is
  'What of a lead is sealed beside what was sent: name, e-mail, phone, phone extension, message.';

create or replace function intake.digest_text(p_text jsonb)
returns text
language plpgsql
immutable strict parallel safe
as $$
begin
  return encode(sha256(convert_to(p_text::text, 'UTF8')), 'hex');
end;
$$;
comment on function intake.digest_text(jsonb) is
  'By what a text to be sealed and its sealed form are told to belong together; it is not stored.';

create or replace function intake.ask_to_seal(p_kind text, p_digest text, p_document jsonb)
returns jsonb
language plpgsql
immutable
as $$
begin
  return jsonb_build_object('status', 'seal', 'kind', p_kind, 'digest', p_digest, 'document', p_document);
end;
$$;
comment on function intake.ask_to_seal(text, text, jsonb) is
  'The answer to a caller that is to seal a document and to call again.';

create or replace function intake.ask_caller(
  p_request intake.lead_request,
  p_facts kernel.lead_facts,
  p_route catalog.route,
  p_payload jsonb,
  p_context jsonb
)
returns jsonb
language plpgsql
volatile
as $$
-- Before the offer's lock. What the contact is normalised to now counts: reference data may have changed since the
-- caller had it sealed.
declare
  v_domain text;
  v_contact jsonb;
begin
  if (p_route.validation_rules -> 'mx_lookup_enabled' = 'true') is true then
    v_domain := intake.find_domain_to_look_up(p_facts, p_route, p_context);
    if v_domain is not null then
      return jsonb_build_object('status', 'lookup', 'domain', v_domain);
    end if;
  end if;
  if p_request.hash_key is null or intake.find_blob(p_request, p_facts) is not null then
    return null;
  end if;
  v_contact := intake.list_contact(p_facts);
  return intake.ask_to_seal(
    'lead', intake.digest_text(v_contact), jsonb_build_object('contact', v_contact, 'submitted', p_payload));
end;
$$;
comment on function intake.ask_caller(
  intake.lead_request, kernel.lead_facts, catalog.route, jsonb, jsonb) is
  'What a caller is to do before its lead can be taken: look a mail domain up, or seal the contact and what was sent. '
  'Null: nothing.';

create or replace function intake.find_blob(p_request intake.lead_request, p_facts kernel.lead_facts)
returns bytea
language plpgsql
immutable
as $$
begin
  return intake.take_blob(p_request.blobs, intake.digest_text(intake.list_contact(p_facts)));
end;
$$;
comment on function intake.find_blob(intake.lead_request, kernel.lead_facts) is
  'The sealed text that a call brings for its lead; null: it has still to be sealed.';

create or replace function intake.take_blob(p_blobs jsonb, p_digest text)
returns bytea
language plpgsql
immutable strict
as $$
begin
  return decode(p_blobs ->> p_digest, 'base64');
end;
$$;
comment on function intake.take_blob(jsonb, text) is
  'The sealed text of a digest; null: the caller has not brought it.';

create or replace function intake.hide_contact(p_facts kernel.lead_facts)
returns kernel.lead_facts
language plpgsql
stable
as $$
declare
  v_facts kernel.lead_facts := p_facts;
begin
  v_facts.line_types := ref.find_line_types(p_facts.phone, coalesce(p_facts.phone_country, p_facts.country_code));
  v_facts.name := ref.mask_name(p_facts.name);
  v_facts.email := p_facts.sealed_email;
  v_facts.phone := p_facts.sealed_phone;
  v_facts.phone_extension := left(repeat('*', length(p_facts.phone_extension)), 1);
  v_facts.message := null;
  return v_facts;
end;
$$;
comment on function intake.hide_contact(kernel.lead_facts) is
  'The facts of a lead as its sealed row has them: digests and masks in the place of the contact.';

create or replace function intake.digest_request(p_hash bytea, p_key bytea)
returns bytea
language plpgsql
immutable
as $$
-- Without a key it would be a guess away from the person: name, phone and e-mail are in it.
begin
  return case when p_key is null then p_hash
    else decode(ref.digest_contact('request:' || encode(p_hash, 'hex'), p_key), 'base64') end;
end;
$$;
comment on function intake.digest_request(bytea, bytea) is
  'The hash of a submission as a lead keeps it: under the digest key, if there is one.';

create or replace function intake.hide_payload(p_payload jsonb)
returns jsonb
language plpgsql
immutable
as $$
begin
  return jsonb_strip_nulls(jsonb_build_object('sealed', true, 'source_key', p_payload -> 'source_key'));
end;
$$;
comment on function intake.hide_payload(jsonb) is
  'What stands in the place of a submission that is sealed: whose it is, and nothing of the person.';

create or replace function intake.hide_traces(p_traces bytea[], p_key bytea)
returns bytea[]
language plpgsql
immutable
as $$
begin
  if p_key is null then
    return p_traces;
  end if;
  return array(
    select substring(decode(ref.digest_contact('trace:' || encode(t, 'hex'), p_key), 'base64') from 1 for 8)
    from unnest(p_traces) t);
end;
$$;
comment on function intake.hide_traces(bytea[], bytea) is
  'Traces as a sealed submission has them: under the digest key, if there is one.';

create or replace function intake.is_seal_due(p_sealed bytea)
returns boolean
language plpgsql
stable
as $$
begin
  return case when p_sealed is null and (select s.seals from leadgen.settings s) then true end;
end;
$$;
comment on function intake.is_seal_due(bytea) is
  'True for what is stored clear in a database that seals: a worker seals it. Else null.';

create or replace function intake.read_sealed(p_document jsonb)
returns jsonb
language plpgsql
stable
as $$
-- One that the API refused was sealed as the text that came, before anybody read it.
begin
  return case
    when p_document ? 'payload' then p_document -> 'payload'
    when p_document ? 'text' then
      intake.read_refused(
        p_document ->> 'source_key', p_document ->> 'text', (p_document ->> 'position')::integer)
      || case when p_document ->> 'source_key' is null then '{}'
        else jsonb_build_object('source_key', p_document -> 'source_key') end
  end;
end;
$$;
comment on function intake.read_sealed(jsonb) is
  'The payload of a sealed submission by the text that was opened; null where that is none.';

create or replace function intake.open_submission(p_row leadgen.intake_quarantine, p_opened jsonb)
returns leadgen.intake_quarantine
language plpgsql
stable
as $$
declare
  v_row leadgen.intake_quarantine := p_row;
  v_document constant jsonb := p_opened -> 'document';
begin
  if p_opened ? 'sealing' then
    v_row.context := v_row.context || jsonb_build_object('sealing', p_opened -> 'sealing');
  end if;
  if v_row.sealed is null then
    return v_row;
  end if;
  v_row.payload := intake.read_sealed(v_document);
  if v_row.payload is null then
    perform kernel.refuse('LG409', format('Submission %s is sealed', v_row.id), 'quarantine_id',
      'a submission that was not opened', 'one that is clear, or was opened',
      format('leadgen quarantine resubmit %s, with PII_KEYS, opens it.', v_row.id));
  end if;
  if not intake.is_of_row(
    v_row.digests, intake.digest_payload(v_row.payload, intake.read_sealing(v_row.context))) then
    perform kernel.refuse('LG409', format('What is sealed in submission %s is not its own', v_row.id), 'quarantine_id',
      'the text of another row', 'the text that was sealed for it',
      'Somebody has written to leadgen.intake_quarantine. Take the row from a backup.');
  end if;
  return v_row;
end;
$$;
comment on function intake.open_submission(leadgen.intake_quarantine, jsonb) is
  'A submission in quarantine as it came, by what its caller has opened. LG409 where it is sealed and nobody has.';

create or replace function intake.is_of_row(p_row bytea[], p_opened bytea[])
returns boolean
language plpgsql
immutable
as $$
-- What is read as a phone may have changed since, so one in common is enough. Null: nobody knows.
begin
  return p_row is null or p_opened is null or p_row = p_opened or p_row && p_opened;
end;
$$;
comment on function intake.is_of_row(bytea[], bytea[]) is
  'Whether a text that was opened is its row''s: its digests and those of the row have one in common, or both have '
  'none.';

create or replace function intake.list_unsealed_posts(p_map jsonb, p_leads jsonb, p_context jsonb)
returns jsonb
language plpgsql
stable
as $$
-- Of a post that is submitted at once nothing is stored but the lead. Which leads are stored, store_leads decides: a
-- text that is sealed in vain does no harm.
begin
  if intake.read_sealing(p_context) is null then
    return null;
  end if;
  return (
    select jsonb_object_agg(d.digest, jsonb_build_object('lead', d.value))
    from (
      select e.value, intake.digest_text(e.value) as digest
      from jsonb_array_elements(p_leads) e
      where p_map ->> 'answer' = 'empty'
    ) d
    where not coalesce(p_context #> '{sealing,blobs}', '{}') ? d.digest);
end;
$$;
comment on function intake.list_unsealed_posts(jsonb, jsonb, jsonb) is
  'What a caller with a digest key is to seal of a network''s post before its leads can be stored, by digest; null: '
  'nothing.';
