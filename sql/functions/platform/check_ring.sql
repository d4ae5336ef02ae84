create or replace function leadgen.check_ring(p_ring jsonb, p_path text)
returns void
language plpgsql
immutable
as $$
declare
  v_last constant integer := case jsonb_typeof(p_ring) when 'array' then jsonb_array_length(p_ring) else 0 end - 1;
  v_twice_area numeric := 0;
begin
  if v_last < 3 then
    perform leadgen.refuse_value(p_path, p_ring::text, 'a ring of at least 4 positions [longitude, latitude], the last equal to the first');
  end if;
  for v_index in 0 .. v_last loop
    perform leadgen.check_position(p_ring -> v_index, p_path || '[' || v_index || ']');
  end loop;
  if p_ring -> 0 <> p_ring -> v_last then
    perform leadgen.refuse_value(p_path || '[' || v_last || ']', (p_ring -> v_last)::text,
      format('the ring''s first position %s: a ring is closed', p_ring -> 0));
  end if;
  for v_index in 1 .. v_last loop
    v_twice_area := v_twice_area
      + (p_ring -> (v_index - 1) ->> 0)::numeric * (p_ring -> v_index ->> 1)::numeric
      - (p_ring -> v_index ->> 0)::numeric * (p_ring -> (v_index - 1) ->> 1)::numeric;
  end loop;
  if v_twice_area = 0 then
    perform leadgen.refuse_value(p_path, p_ring::text, 'a ring that encloses something: this one has no area');
  end if;
end;
$$;
comment on function leadgen.check_ring(jsonb, text) is
  'Raises LG423 for a ring of a polygon that is not closed, too short or without area.';
