create or replace function leadgen.read_map_flag(p_value jsonb)
returns boolean
language plpgsql
immutable
as $$
begin
  return case
    when lower(btrim(p_value #>> '{}')) in ('true', 'yes', 'y', 'on', '1') then true
    when lower(btrim(p_value #>> '{}')) in ('false', 'no', 'n', 'off', '0') then false
  end;
end;
$$;
comment on function leadgen.read_map_flag(jsonb) is 'A consent or a test''s mark as networks write it (true, "yes", 1, …); null: not to be read so.';
