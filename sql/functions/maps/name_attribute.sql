create or replace function leadgen.name_attribute(p_name text, p_attributes jsonb)
returns text
language plpgsql
immutable
as $$
declare
  v_slug constant text := replace(leadgen.slugify(p_name), '-', '_');
  -- A name in another script has no ASCII; it keeps its own letters.
  v_base constant text := left(case when v_slug = 'x' then regexp_replace(btrim(p_name), '\s+', '_', 'g') else v_slug end, 60);
  v_name text := v_base;
  v_number integer := 1;
begin
  while p_attributes ? v_name loop
    v_number := v_number + 1;
    v_name := v_base || '_' || v_number;
  end loop;
  return v_name;
end;
$$;
comment on function leadgen.name_attribute(text, jsonb) is
  'The name of an attribute for something that no map names: "What kind of roof?" is what_kind_of_roof, or what_kind_of_roof_2 where that is taken.';
