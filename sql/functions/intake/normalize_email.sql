create or replace function leadgen.normalize_email(p_email text)
returns text
language plpgsql
immutable strict parallel safe
as $$
begin
  return case
    when position('@' in p_email) = 0 then lower(p_email)
    else lower(left(p_email, length(p_email) - length(split_part(p_email, '@', -1)))) || leadgen.normalize_domain(split_part(p_email, '@', -1))
  end;
end;
$$;
comment on function leadgen.normalize_email(text) is 'An address in lower case, its domain in ASCII (IDNA).';
