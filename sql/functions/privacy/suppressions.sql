-- People who are not to be contacted, kept as hashes.

create or replace function privacy.suppress(
  p_kind text,
  p_value text,
  p_reason text default null,
  p_expires_at timestamptz default null,
  p_country_code text default null
)
returns void
language plpgsql
volatile
as $$
begin
  if p_expires_at <= leadgen.clock() then
    perform kernel.refuse(
      'LG400', 'The suppression would end before it begins', 'expires_at', 'a time that has passed',
      'a time to come, or null: for ever');
  end if;
  insert into leadgen.suppressions (kind, value_hash, created_at, reason, expires_at)
  values (
    p_kind, privacy.hash_contact(p_kind, privacy.normalize_contact(p_kind, p_value, p_country_code)),
    leadgen.clock(), p_reason, p_expires_at
  )
  on conflict (kind, value_hash) do update set
    created_at = excluded.created_at,
    created_by = excluded.created_by,
    reason = excluded.reason,
    expires_at = excluded.expires_at;
end;
$$;
comment on function privacy.suppress(text, text, text, timestamptz, text) is 'The work of leadgen.suppress.';

create or replace function privacy.is_suppressed(p_phone text, p_email text, p_at timestamptz)
returns boolean
language plpgsql
stable
as $$
begin
  return exists (
    select
    from leadgen.suppressions s
    where (s.kind, s.value_hash) in (
      ('phone', privacy.hash_contact('phone', p_phone)), ('email', privacy.hash_contact('email', p_email)),
      ('email_domain', privacy.hash_contact('email_domain', split_part(p_email, '@', 2))))
      and (s.expires_at is null or s.expires_at > p_at));
end;
$$;
comment on function privacy.is_suppressed(text, text, timestamptz) is
  'Whether a contact, as a lead carries it, is not to be contacted at a time.';

create or replace function privacy.unsuppress(p_kind text, p_value text, p_country_code text default null)
returns boolean
language plpgsql
volatile
as $$
begin
  delete from leadgen.suppressions s
  where s.kind = p_kind
    and s.value_hash = privacy.hash_contact(p_kind, privacy.normalize_contact(p_kind, p_value, p_country_code));
  return found;
end;
$$;
comment on function privacy.unsuppress(text, text, text) is 'The work of leadgen.unsuppress.';

create or replace function privacy.hash_contact(p_kind text, p_value text)
returns bytea
language plpgsql
immutable strict parallel safe
as $$
begin
  return sha256(convert_to(p_kind || ':' || p_value, 'UTF8'));
end;
$$;
comment on function privacy.hash_contact(text, text) is
  'What leadgen.suppressions keeps of a contact: kind phone, email or email_domain, and the value as '
  'normalize_request writes it. Null of nothing.';

create or replace function privacy.normalize_contact(p_kind text, p_value text, p_country_code text default null)
returns text
language plpgsql
stable
as $$
-- What is not acceptable is described, not repeated: it may be personal, and the server logs it.
declare
  v_country_code constant text := upper(p_country_code);
  v_code constant text := ref.read_code(p_value);
  v_value text;
  v_allowed text;
begin
  if v_country_code is not null
    and not exists (select from leadgen.phone_regions r where r.country_code = v_country_code) then
    perform kernel.refuse('LG400', 'There is no such country', 'country_code', left(p_country_code, 20),
      'an ISO 3166-1 code of two letters, such as US');
  end if;
  case p_kind
    when 'phone' then
      v_value := (ref.read_phone(v_code, v_country_code)).e164;
      v_allowed := case
        when v_country_code is null then
          'a valid number with + and the country''s code, such as +15125550123, or a country_code with it'
        else 'a valid number as it is dialled in ' || v_country_code || ', or with + and the country''s code'
      end;
    when 'email' then
      v_value := ref.normalize_email(v_code);
      v_value := case when ref.is_email(v_value) then v_value end;
      v_allowed := 'an address such as name@example.com';
    when 'email_domain' then
      v_value := ref.normalize_domain(v_code);
      v_value := case when ref.is_email('a@' || v_value) then v_value end;
      v_allowed := 'a domain such as example.com';
    else
      perform kernel.refuse('LG400', 'There is no such kind of contact', 'kind', 'another value',
        'phone, email, email_domain');
  end case;
  if v_value is null then
    perform kernel.refuse('LG400', 'The value is not a contact of kind ' || p_kind, 'value', 'another value',
      v_allowed);
  end if;
  return v_value;
end;
$$;
comment on function privacy.normalize_contact(text, text, text) is
  'A phone, email or email_domain as a lead carries it; a phone as it is dialled in a country, if one is given, and '
  'without its extension. Raises LG400 for one that no lead can carry.';
