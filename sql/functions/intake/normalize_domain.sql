create or replace function leadgen.normalize_domain(p_domain text)
returns text
language plpgsql
immutable strict parallel safe
as $$
begin
  if octet_length(p_domain) = length(p_domain) or p_domain ~ '[^.]{64}' or length(p_domain) > 253 then
    return lower(p_domain);
  end if;
  return (
    select string_agg(
      case when octet_length(label) = length(label) or length(label) > 63 then label else 'xn--' || leadgen.encode_punycode(label) end,
      '.' order by position)
    from regexp_split_to_table(lower(normalize(p_domain, nfkc)), '\.') with ordinality as labels (label, position)
  );
end;
$$;
comment on function leadgen.normalize_domain(text) is
  'A domain in lower case and ASCII (IDNA): "Bücher.example" is xn--bcher-kva.example. What is too long to be a domain (label 63, all 253) is only put into lower case.';
