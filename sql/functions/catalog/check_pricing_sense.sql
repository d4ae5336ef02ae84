create or replace function leadgen.check_pricing_sense(p_rules jsonb)
returns void
language plpgsql
immutable
as $$
declare
  v_blank record;
begin
  select s.key || '[' || s.place || '].name' as path, s.name into v_blank
  from (
    select k.key, e.ordinality - 1 as place, e.value ->> 'name' as name
    from unnest('{time_of_day,adjustments}'::text[]) k (key), jsonb_array_elements(p_rules -> k.key) with ordinality e
  ) s
  where s.name !~ '\S'
  limit 1;
  if found then
    perform leadgen.refuse_value('rules.' || v_blank.path, to_json(v_blank.name)::text, 'a name that can be read');
  end if;
end;
$$;
comment on function leadgen.check_pricing_sense(jsonb) is 'Raises LG423 when a step of the price has a blank name.';
