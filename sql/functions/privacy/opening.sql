-- Sealed leads for those who may open them: programs with PII_KEYS.

create or replace function privacy.read_opening(p_opened jsonb)
returns bytea
language plpgsql
immutable
as $$
begin
  return case when p_opened ? 'hash_key' then intake.read_hash_key(p_opened ->> 'hash_key') end;
end;
$$;
comment on function privacy.read_opening(jsonb) is
  'The digest key of a caller who can open what is sealed; null: it has none, and finds what is clear.';

create or replace function privacy.check_finds_sealed(p_key bytea)
returns void
language plpgsql
stable
as $$
begin
  if p_key is null and (select s.seals from leadgen.settings s) then
    perform kernel.refuse('LG409', 'This database seals personal data, and without its key no sealed person is found',
      'hash_key', 'nothing', 'the digest key of the database',
      'Run leadgen person or leadgen erase, with PII_KEYS, PII_KEYS_FILE or PII_KEY_COMMAND as the API and the workers '
      'have it. leadgen.erase_lead(id, reason) needs no key.');
  end if;
end;
$$;
comment on function privacy.check_finds_sealed(bytea) is
  'Raises LG409 for who looks for a person by contact in a database that seals and brings no digest key.';

create or replace function privacy.lay_contact(p_lead leadgen.leads, p_contact jsonb)
returns leadgen.leads
language plpgsql
immutable
as $$
declare
  v_lead leadgen.leads := p_lead;
begin
  if p_lead.sealed is not null then
    v_lead.name := coalesce(p_contact ->> 0, '');
    v_lead.email := coalesce(p_contact ->> 1, '');
    v_lead.phone := coalesce(p_contact ->> 2, '');
    v_lead.phone_extension := p_contact ->> 3;
    v_lead.message := p_contact ->> 4;
  end if;
  return v_lead;
end;
$$;
comment on function privacy.lay_contact(leadgen.leads, jsonb) is
  'A lead with its contact as it was opened; empty where it is sealed and was not.';

create or replace function privacy.open_leads(p_ids bigint[], p_purpose text, p_reason text)
returns table (lead_id bigint, sealed bytea, contact_digests text[])
language plpgsql
volatile
as $$
-- Who, why and of how many is an event, once a day for each login, purpose and reason; of one lead it names the lead.
declare
  v_now constant timestamptz := leadgen.clock();
  v_purpose constant text := ref.collapse_space(p_purpose);
  v_reason constant text := ref.collapse_space(p_reason);
  v_count integer;
begin
  if (length(v_purpose) <= 50) is not true or length(v_reason) > 500 then
    perform kernel.refuse('LG400', 'Opening leads needs a purpose', 'purpose',
      coalesce(length(v_purpose) || ' characters', 'nothing'),
      '1 to 50 characters, and a reason of at most 500 characters, without names');
  end if;
  v_count := (select count(*) from leadgen.leads l where l.id = any (p_ids) and l.sealed is not null);
  if v_count > 0 then
    insert into leadgen.events (created_at, kind, subject, message, facts)
    values (
      v_now, 'leads_opened', format('%s by %s on %s%s%s', v_purpose, session_user, (v_now at time zone 'UTC')::date,
        case when cardinality(p_ids) = 1 then ' of lead ' || p_ids[1] end, ': ' || v_reason),
      format('%s opened %s for %s%s', session_user, kernel.count_of(v_count, 'sealed lead'), v_purpose,
        ': ' || v_reason),
      jsonb_strip_nulls(jsonb_build_object('by', session_user, 'purpose', v_purpose, 'reason', v_reason,
        'leads', v_count, 'lead_id', case when cardinality(p_ids) = 1 then p_ids[1] end)))
    on conflict on constraint events_subject_unique do update
    set
      facts = events.facts || jsonb_build_object('leads', (events.facts ->> 'leads')::integer + v_count),
      message = format('%s opened %s for %s%s', session_user,
        kernel.count_of((events.facts ->> 'leads')::integer + v_count, 'sealed lead'), v_purpose, ': ' || v_reason);
  end if;
  return query
  select l.id, l.sealed, array[l.phone::text, l.email]
  from leadgen.leads l
  where l.id = any (p_ids) and l.sealed is not null
  order by l.id;
end;
$$;
comment on function privacy.open_leads(bigint[], text, text) is 'The work of leadgen.open_leads.';

create or replace function privacy.open_quarantined(p_quarantine_id bigint, p_reason text)
returns bytea
language plpgsql
volatile
as $$
declare
  v_now constant timestamptz := leadgen.clock();
  v_reason constant text := privacy.read_reason(p_reason);
  v_sealed bytea;
begin
  select q.sealed into v_sealed from leadgen.intake_quarantine q where q.id = p_quarantine_id;
  if v_sealed is not null then
    insert into leadgen.events (created_at, kind, subject, message, facts)
    values (v_now, 'submission_opened',
      format('submission %s by %s at %s', p_quarantine_id, session_user, clock_timestamp()),
      format('%s opened submission %s: %s', session_user, p_quarantine_id, v_reason),
      jsonb_build_object('quarantine_id', p_quarantine_id, 'by', session_user, 'reason', v_reason))
    on conflict on constraint events_subject_unique do nothing;
  end if;
  return v_sealed;
end;
$$;
comment on function privacy.open_quarantined(bigint, text) is 'The work of leadgen.open_quarantined.';

create or replace function privacy.open_fetch(p_fetch_id bigint, p_reason text)
returns bytea
language plpgsql
volatile
as $$
declare
  v_reason constant text := privacy.read_reason(p_reason);
  v_sealed bytea;
begin
  select f.sealed into v_sealed from leadgen.lead_fetches f where f.id = p_fetch_id;
  if v_sealed is not null then
    perform catalog.note_action('fetch_opened', format('fetch %s', p_fetch_id), null,
      format('%s opened fetch %s: %s', session_user, p_fetch_id, v_reason),
      jsonb_build_object('fetch_id', p_fetch_id, 'reason', v_reason));
  end if;
  return v_sealed;
end;
$$;
comment on function privacy.open_fetch(bigint, text) is 'The work of leadgen.open_fetch.';

create or replace function privacy.list_held_unchecked(p_limit integer)
returns table (lead_id bigint, sealed bytea, contact_digests text[])
language plpgsql
stable
as $$
begin
  return query
  select l.id, l.sealed, array[l.phone::text, l.email]
  from leadgen.leads l
  where not catalog.is_copy() and l.hold_until is not null and l.sealed is not null
    and l.next_route_at < leadgen.clock() + interval '1 minute'
    and exists (
      select from leadgen.suppression_parts p where p.status = 'live' and p.contacts > 0
        and (p.kind is null or coalesce(p.live_at, p.created_at) > l.created_at))
  order by l.next_route_at
  limit p_limit;
end;
$$;
comment on function privacy.list_held_unchecked(integer) is 'The work of leadgen.list_held_unchecked.';
