create or replace function leadgen.check_places_sense(p_rules jsonb)
returns void
language plpgsql
immutable
as $$
declare
  v_countries constant jsonb := p_rules -> 'allowed_country_codes';
  v_allowed constant text := 'a place in one of allowed_country_codes: ' || (p_rules ->> 'allowed_country_codes');
  v_region record;
begin
  for v_region in
    select r.value, r.ordinality - 1 as place
    from jsonb_array_elements_text(p_rules -> 'allowed_region_codes') with ordinality r
  loop
    if not v_countries ? left(v_region.value, 2) then
      perform leadgen.refuse_value('rules.allowed_region_codes[' || v_region.place || ']', v_region.value, v_allowed);
    end if;
  end loop;
  if not v_countries ? left(p_rules ->> 'phone_region', 2) then
    perform leadgen.refuse_value('rules.phone_region', p_rules ->> 'phone_region', v_allowed);
  end if;
end;
$$;
comment on function leadgen.check_places_sense(jsonb) is
  'Raises LG423 when a region or the phone''s region lies in no country that the policy allows.';
