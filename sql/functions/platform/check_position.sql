create or replace function leadgen.check_position(p_position jsonb, p_path text)
returns void
language plpgsql
immutable
as $$
declare
  c_position constant text := 'a pair of numbers: [longitude, latitude]';
  v_longitude numeric;
  v_latitude numeric;
begin
  if jsonb_typeof(p_position) is distinct from 'array' then
    perform leadgen.refuse_value(p_path, coalesce(p_position::text, 'nothing'), c_position);
  elsif jsonb_array_length(p_position) <> 2
    or jsonb_typeof(p_position -> 0) <> 'number' or jsonb_typeof(p_position -> 1) <> 'number' then
    perform leadgen.refuse_value(p_path, p_position::text, c_position);
  end if;
  perform leadgen.check_plain_number(p_position -> 0, p_path || '[0]');
  perform leadgen.check_plain_number(p_position -> 1, p_path || '[1]');
  v_longitude := p_position ->> 0;
  v_latitude := p_position ->> 1;
  if abs(v_longitude) > 180 or abs(v_latitude) > 90 then
    perform leadgen.refuse_value(p_path, p_position::text, 'a longitude from -180 to 180, a latitude from -90 to 90, in this order'
      || case when abs(v_longitude) <= 90 and abs(v_latitude) <= 180 then '; these two look swapped' else '' end);
  end if;
end;
$$;
comment on function leadgen.check_position(jsonb, text) is
  'Raises LG423 for what is no [longitude, latitude]; says so when the two look swapped.';
