-- Contacts that people put on a suppression list by hand, kept as hashes.

create or replace function privacy.suppress(
  p_kind text,
  p_value text,
  p_reason text,
  p_expires_at timestamptz,
  p_country_code text,
  p_list text
)
returns void
language plpgsql
volatile
as $$
declare
  v_hash constant bytea := ref.hash_contact(p_kind, privacy.normalize_contact(p_kind, p_value, p_country_code));
  v_part_id constant integer := privacy.find_part_by_hand(p_list);
begin
  if p_expires_at <= leadgen.clock() then
    perform kernel.refuse(
      'LG400', 'The suppression would end before it begins', 'expires_at', 'a time that has passed',
      'a time to come, or null: for ever');
  end if;
  update leadgen.suppressions s
  set created_at = leadgen.clock(), created_by = session_user, reason = p_reason, expires_at = p_expires_at
  where s.value_hash = v_hash and s.part_id = v_part_id;
  if not found then
    insert into leadgen.suppressions (kind, value_hash, created_at, reason, expires_at, part_id)
    values (p_kind, v_hash, leadgen.clock(), p_reason, p_expires_at, v_part_id);
    update leadgen.suppression_parts p set contacts = p.contacts + 1 where p.id = v_part_id;
  end if;
end;
$$;
comment on function privacy.suppress(text, text, text, timestamptz, text, text) is 'The work of leadgen.suppress.';

create or replace function privacy.unsuppress(p_kind text, p_value text, p_country_code text, p_list text)
returns boolean
language plpgsql
volatile
as $$
-- A contact that a file put on the list stays there: the next file of the list says whether it still is on it.
declare
  v_hash constant bytea := ref.hash_contact(p_kind, privacy.normalize_contact(p_kind, p_value, p_country_code));
  v_part_id constant integer := privacy.find_part_by_hand(p_list);
begin
  delete from leadgen.suppressions s where s.value_hash = v_hash and s.part_id = v_part_id;
  if not found then
    return false;
  end if;
  update leadgen.suppression_parts p set contacts = p.contacts - 1 where p.id = v_part_id;
  return true;
end;
$$;
comment on function privacy.unsuppress(text, text, text, text) is 'The work of leadgen.unsuppress.';

create or replace function privacy.find_part_by_hand(p_list text)
returns integer
language plpgsql
volatile
as $$
-- The part is locked: of two who put one contact on a list, the second finds it there.
declare
  v_part_id integer;
begin
  select p.id into v_part_id
  from leadgen.suppression_lists l
  join leadgen.suppression_parts p on p.list_id = l.id and p.kind is null and p.status = 'live'
  where l.name = p_list
  for no key update of p;
  if v_part_id is null then
    perform privacy.refuse_list(p_list);
  end if;
  return v_part_id;
end;
$$;
comment on function privacy.find_part_by_hand(text) is
  'The part of a list that people write by hand, locked; LG404 for no such list.';

create or replace function privacy.read_contact(p_kind text, p_value text, p_country_code text)
returns text
language plpgsql
stable
as $$
declare
  v_code constant text := ref.read_code(p_value);
  v_value text;
begin
  case p_kind
    when 'phone' then
      v_value := (ref.read_phone(v_code, p_country_code)).e164;
    when 'email' then
      v_value := ref.normalize_email(v_code);
      v_value := case when ref.is_email(v_value) then v_value end;
    when 'email_domain' then
      v_value := ref.normalize_domain(v_code);
      v_value := case when ref.is_email('a@' || v_value) then v_value end;
    else
      perform kernel.refuse('LG400', 'There is no such kind of contact', 'kind', 'another value',
        'phone, email, email_domain');
  end case;
  return v_value;
end;
$$;
comment on function privacy.read_contact(text, text, text) is
  'A phone, email or email_domain as a lead carries it; null: no lead can carry it. LG400 for another kind.';

create or replace function privacy.check_country(p_country_code text)
returns void
language plpgsql
stable
as $$
begin
  if p_country_code is not null
    and not exists (select from leadgen.phone_regions r where r.country_code = p_country_code) then
    perform kernel.refuse('LG400', 'There is no such country', 'country_code', left(p_country_code, 20),
      'an ISO 3166-1 code of two letters, such as US');
  end if;
end;
$$;
comment on function privacy.check_country(text) is 'Raises LG400 for a country that has no phone numbers; null: none.';

create or replace function privacy.normalize_contact(p_kind text, p_value text, p_country_code text default null)
returns text
language plpgsql
stable
as $$
-- What is not acceptable is described, not repeated: it may be personal, and the server logs it.
declare
  v_country_code constant text := upper(p_country_code);
  v_value text;
begin
  perform privacy.check_country(v_country_code);
  v_value := privacy.read_contact(p_kind, p_value, v_country_code);
  if v_value is null then
    perform kernel.refuse('LG400', 'The value is not a contact of kind ' || p_kind, 'value', 'another value',
      privacy.describe_contact(p_kind, v_country_code));
  end if;
  return v_value;
end;
$$;
comment on function privacy.normalize_contact(text, text, text) is
  'A phone, email or email_domain as a lead carries it; a phone as it is dialled in a country, if one is given, and '
  'without its extension. Raises LG400 for one that no lead can carry.';

create or replace function privacy.describe_contact(p_kind text, p_country_code text)
returns text
language plpgsql
immutable
as $$
begin
  return case p_kind
    when 'email' then 'an address such as name@example.com'
    when 'email_domain' then 'a domain such as example.com'
    else case
      when p_country_code is null then
        'a valid number with + and the country''s code, such as +15125550123, or a country_code with it'
      else 'a valid number as it is dialled in ' || p_country_code || ', or with + and the country''s code'
    end
  end;
end;
$$;
comment on function privacy.describe_contact(text, text) is 'What a contact of a kind may be, in words.';

create or replace function privacy.list_suppressions_of(p_kind text, p_value text)
returns table (part_id integer, created_at timestamptz)
language plpgsql
stable
as $$
begin
  return query
  select s.part_id, s.created_at
  from leadgen.suppressions s
  join leadgen.suppression_parts p on p.id = s.part_id and p.status = 'live'
  where s.value_hash = any (array_remove(ref.list_contact_hashes(
      case p_kind when 'phone' then p_value end, case p_kind when 'email' then p_value end,
      case p_kind when 'email' then split_part(p_value, '@', -1) end), null))
  order by s.part_id;
end;
$$;
comment on function privacy.list_suppressions_of(text, text) is
  'The parts of suppression lists that have a contact, as a lead carries it, or its domain.';

create or replace function privacy.export_part(p_part_id bigint)
returns jsonb
language plpgsql
stable
as $$
begin
  return (
    select jsonb_build_object(
      'list', l.name, 'of_buyer', l.buyer_id, 'of_vertical', l.vertical_id, 'by', case when p.kind is null then 'hand'
        else 'a file' end, 'since', p.live_at, 'until', p.expires_at)
    from leadgen.suppression_parts p
    join leadgen.suppression_lists l on l.id = p.list_id
    where p.id = p_part_id);
end;
$$;
comment on function privacy.export_part(bigint) is
  'The list of which a part is, for a person who is on it; null: none.';
