-- Contacts of sealed leads: a keyed digest to compare by, and a mask to show.
--
-- The row of a sealed lead has no phone and no e-mail, but texts in their place that say as much as is needed: the same
-- contact is the same text. Nobody makes them, or tries numbers out, without the digest key, which no dump contains.

create or replace function ref.digest_contact(p_text text, p_key bytea)
returns text
language plpgsql
immutable strict parallel safe
as $$
begin
  return encode(kernel.compute_padded_hmac(p_key, convert_to(p_text, 'UTF8')), 'base64');
end;
$$;
comment on function ref.digest_contact(text, bytea) is
  'The keyed digest of a text in base64. p_key: the inner and the outer block of HMAC-SHA-256, 128 bytes.';

create or replace function ref.seal_phone(p_phone text, p_key bytea)
returns text
language plpgsql
immutable strict parallel safe
as $$
-- 20 characters, as many as leads.phone holds: 96 bits of the digest, and the last two digits.
begin
  return case when p_phone = '' then '' else '#' || left(ref.digest_contact('phone:' || p_phone, p_key), 16) || '*'
    || right(regexp_replace(p_phone, E'\\D', '', 'g'), 2) end;
end;
$$;
comment on function ref.seal_phone(text, bytea) is
  'What a sealed lead has in the place of its phone: digest and mask, such as #Yk0aX9mEo7hJ2tQw*23.';

create or replace function ref.seal_email(p_email text, p_key bytea)
returns text
language plpgsql
immutable strict parallel safe
as $$
-- The mailbox follows where it is another address, so that ref.fold_mailbox finds it.
declare
  v_mailbox constant text := ref.fold_mailbox(p_email);
begin
  return case
    when p_email = '' then ''
    when v_mailbox = p_email then ref.seal_address(p_email, p_key)
    else ref.seal_address(p_email, p_key) || '|' || ref.seal_address(v_mailbox, p_key)
  end;
end;
$$;
comment on function ref.seal_email(text, bytea) is
  'What a sealed lead has in the place of its e-mail: digest and mask of the address and, if it is another, of its '
  'mailbox.';

create or replace function ref.seal_address(p_address text, p_key bytea)
returns text
language plpgsql
immutable strict parallel safe
as $$
begin
  return '#' || left(ref.digest_contact('email:' || p_address, p_key), 24) || ' ' || case
    when p_address like '%@%' then format('%s***@%s***%s', left(p_address, 1), left(split_part(p_address, '@', -1), 1),
      coalesce(substring(split_part(p_address, '@', -1) from E'[.][a-z]{2,10}$'), ''))
    else '***' end;
end;
$$;
comment on function ref.seal_address(text, bytea) is
  'Digest and mask of one address, such as #h7…Q2 j***@e***.com.';

create or replace function ref.mask_name(p_name text)
returns text
language plpgsql
immutable strict parallel safe
as $$
begin
  return left(regexp_replace(p_name, E'(\\S)\\S*', E'\\1***', 'g'), 40);
end;
$$;
comment on function ref.mask_name(text) is 'The initials of a name: "J*** D***".';
