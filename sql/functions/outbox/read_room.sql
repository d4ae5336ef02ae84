create or replace function leadgen.read_room(p_room jsonb)
returns jsonb
language plpgsql
immutable
as $$
declare
  v_channel record;
begin
  if jsonb_typeof(p_room) is distinct from 'object' then
    perform leadgen.refuse('LG400', 'Room is an object', 'p_room', coalesce(jsonb_typeof(p_room), 'none'), '{"webhook": 100, "email": 8}');
  end if;
  for v_channel in select r.key, r.value from jsonb_each(p_room) r loop
    if v_channel.key <> all (enum_range(null::leadgen.delivery_channel)::text[]) then
      perform leadgen.refuse('LG400', 'There is no such channel', 'p_room', v_channel.key,
        array_to_string(enum_range(null::leadgen.delivery_channel), ', '));
    elsif jsonb_typeof(v_channel.value) <> 'number' or (v_channel.value)::numeric not between 0 and 1000
      or (v_channel.value)::numeric % 1 <> 0 then
      perform leadgen.refuse('LG400', 'Room is a number of deliveries', 'p_room.' || v_channel.key, v_channel.value::text,
        'a whole number from 0 to 1000');
    elsif v_channel.value = '0' then
      p_room := p_room - v_channel.key;
    end if;
  end loop;
  return p_room;
end;
$$;
comment on function leadgen.read_room(jsonb) is
  'How many deliveries of each channel a worker has room for; channels without room are left out. LG400 when it is malformed.';
