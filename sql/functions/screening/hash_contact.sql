create or replace function leadgen.hash_contact(p_kind text, p_value text)
returns bytea
language plpgsql
immutable strict parallel safe
as $$
begin
  return sha256(convert_to(p_kind || ':' || p_value, 'UTF8'));
end;
$$;
comment on function leadgen.hash_contact(text, text) is
  'What leadgen.suppressions keeps of a contact: kind phone, email or email_domain, and the value as normalize_request writes it. Null of nothing.';
