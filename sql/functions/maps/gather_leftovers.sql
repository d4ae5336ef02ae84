create or replace function leadgen.gather_leftovers(p_document jsonb, p_paths text[], p_attributes jsonb)
returns jsonb
language plpgsql
immutable
as $$
-- Only what a plain path reads is taken out: of a filter or a wildcard nobody knows what it left behind.
declare
  v_rest jsonb := p_document;
  v_attributes jsonb := p_attributes;
  v_path text;
  v_name text;
  v_value jsonb;
begin
  foreach v_path in array p_paths loop
    if leadgen.read_plain_path(v_path) is not null then
      v_rest := v_rest #- leadgen.read_plain_path(v_path);
    end if;
  end loop;
  for v_name, v_value in select e.key, e.value from jsonb_each(v_rest) e order by e.key loop
    if not leadgen.is_blank(v_value) then
      v_attributes := v_attributes || jsonb_build_object(leadgen.name_attribute(v_name, v_attributes), v_value);
    end if;
  end loop;
  return v_attributes;
end;
$$;
comment on function leadgen.gather_leftovers(jsonb, text[], jsonb) is
  'Attributes, and behind them every member of a document that none of the paths reads.';
