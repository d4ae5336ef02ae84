create or replace function leadgen.check_places_sense(p_rules jsonb)
returns void
language plpgsql
stable
as $$
declare
  v_countries constant jsonb := p_rules -> 'allowed_country_codes';
  v_allowed constant text := 'a place in one of allowed_country_codes: ' || (p_rules ->> 'allowed_country_codes');
  v_region record;
  v_unknown record;
begin
  if exists (select from leadgen.phone_regions) then
    select c.path, c.value into v_unknown
    from (
      select 'allowed_country_codes[' || a.ordinality - 1 || ']' as path, a.value
      from jsonb_array_elements_text(v_countries) with ordinality a
      union all
      select 'phone_region', p_rules ->> 'phone_region'
    ) c
    where left(c.value, 2) not in (select r.country_code from leadgen.phone_regions r)
    limit 1;
    if found then
      perform leadgen.refuse_value('rules.' || v_unknown.path, v_unknown.value, 'a country that has telephone numbers (leadgen.phone_regions)');
    end if;
  end if;
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
  'Raises LG423 when a region or the phone''s region lies in no country that the policy allows, or a country is none.';
