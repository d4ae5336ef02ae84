create or replace function leadgen.normalize_domain(p_domain text)
returns text
language plpgsql
immutable strict parallel safe
as $$
begin
  return (
    select case
      when lower(p_domain) ~ '^[\u0001-\u007f]*$' then lower(p_domain)
      else (
        select string_agg(
          case when label ~ '^[\u0001-\u007f]*$' then label else 'xn--' || leadgen.encode_punycode(label) end,
          '.' order by position)
        from regexp_split_to_table(lower(normalize(p_domain, nfkc)), '\.') with ordinality as labels (label, position)
      )
    end
  );
end;
$$;
comment on function leadgen.normalize_domain(text) is 'A domain in lower case and ASCII (IDNA): "Bücher.example" is xn--bcher-kva.example.';
