-- Line types: what kind of connection a telephone number may be, by tables made from the package phonenumbers.

create or replace function ref.find_line_types(p_phone text, p_country_code text)
returns text[]
language plpgsql
stable
as $$
-- Several may fit: where numbers of mobiles and landlines look alike, as in North America, both do.
declare
  v_type record;
  v_types text[];
begin
  for v_type in
    select t.line_type, t.pattern, substr(p_phone, length(t.calling_code) + 2) as national
    from leadgen.phone_line_types t
    where t.country_code = p_country_code and starts_with(p_phone, '+' || t.calling_code)
    order by t.line_type
  loop
    v_types := coalesce(v_types, '{}');
    if length(v_type.national) <= 17 and ref.matches_whole(v_type.national, v_type.pattern) then
      v_types := v_types || v_type.line_type;
    end if;
  end loop;
  return v_types;
end;
$$;
comment on function ref.find_line_types(text, text) is
  'The types that an E.164 number of a country may be of: fixed_line, mobile, voip, toll_free and so on; none: it fits '
  'none that are known. Null: the types of this country''s numbers are not known.';
