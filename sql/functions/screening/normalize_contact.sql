create or replace function leadgen.normalize_contact(p_kind text, p_value text)
returns text
language plpgsql
stable
as $$
-- What is not acceptable is described, not repeated: it may be personal, and the server logs it.
declare
  v_value text;
  v_allowed text;
begin
  case p_kind
    when 'phone' then
      v_value := case when ltrim(p_value, ' (') like '+%' then (leadgen.read_phone(p_value, null)).e164 end;
      v_allowed := 'a valid number with + and the country''s code, such as +15125550123';
    when 'email' then
      v_value := leadgen.normalize_email(leadgen.collapse_space(p_value));
      v_value := case when leadgen.is_email(v_value) then v_value end;
      v_allowed := 'an address such as name@example.com';
    when 'email_domain' then
      v_value := leadgen.normalize_domain(leadgen.collapse_space(p_value));
      v_value := case when leadgen.is_email('a@' || v_value) then v_value end;
      v_allowed := 'a domain such as example.com';
    else
      perform leadgen.refuse('LG400', 'Not a kind of contact', 'kind', 'something else', 'phone, email, email_domain');
  end case;
  if v_value is null then
    perform leadgen.refuse('LG400', 'Not a contact of kind ' || p_kind, 'value', 'something else', v_allowed);
  end if;
  return v_value;
end;
$$;
comment on function leadgen.normalize_contact(text, text) is
  'A phone, email or email_domain as a lead carries it. Raises LG400 for one that no lead can carry.';
