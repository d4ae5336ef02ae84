-- Contacts as suppression lists keep them: hashes.

create or replace function ref.hash_contact(p_kind text, p_value text)
returns bytea
language sql
stable strict
as $$
-- The one way in which we hash a contact. Part of the query that uses it: the planner puts it in place.
  select sha256(convert_to(p_kind || ':' || p_value, 'UTF8'));
$$;
comment on function ref.hash_contact(text, text) is
  'What leadgen.suppressions keeps of a contact: kind phone, email or email_domain, and the value as '
  'normalize_request writes it. Null of nothing.';

create or replace function ref.list_contact_hashes(p_phone text, p_email text, p_domain text)
returns bytea[]
language sql
stable
as $$
  select array[
    ref.hash_contact('phone', p_phone), ref.hash_contact('email', p_email), ref.hash_contact('email_domain', p_domain),
    sha256(convert_to(p_phone, 'UTF8')), sha256(convert_to(p_email, 'UTF8')), sha256(convert_to(p_domain, 'UTF8'))];
$$;
comment on function ref.list_contact_hashes(text, text, text) is
  'The hashes by which a contact may be on a suppression list: ours, and those that files of hashes have, which are '
  'SHA-256 of the value alone. Part of the query that uses it, as hash_contact is.';
