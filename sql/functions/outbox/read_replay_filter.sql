create or replace function leadgen.read_replay_filter(p_filter jsonb)
returns leadgen.replays
language plpgsql
stable
as $$
declare
  c_keys constant text[] := '{buyer_id,from,to,statuses,per_minute}';
  c_statuses constant text[] := '{dead,unknown,delivered}';
  v_key text;
  v_replay leadgen.replays;
begin
  if jsonb_typeof(p_filter) is distinct from 'object' then
    perform leadgen.refuse('LG400', 'A filter is an object', 'filter', coalesce(jsonb_typeof(p_filter), 'nothing'),
      'an object with any of ' || array_to_string(c_keys, ', '));
  end if;
  select k into v_key from jsonb_object_keys(p_filter) k where k <> all (c_keys) order by k limit 1;
  if found then
    perform leadgen.refuse('LG400', format('A filter has no key %s', left(v_key, 50)), 'filter.' || left(v_key, 50), 'an unknown key',
      'one of ' || array_to_string(c_keys, ', '), 'Did you mean ' || leadgen.suggest(v_key, c_keys) || '?');
  end if;

  if coalesce(p_filter -> 'buyer_id', 'null') <> 'null' then
    select b.id into v_replay.buyer_id from leadgen.buyers b where b.id::text = p_filter ->> 'buyer_id';
    if not found then
      perform leadgen.refuse('LG400', 'There is no such buyer', 'filter.buyer_id', left(p_filter ->> 'buyer_id', 50), 'the id of a buyer');
    end if;
  end if;
  v_replay.created_from := leadgen.read_timestamp(p_filter ->> 'from', 'filter.from');
  v_replay.created_to := leadgen.read_timestamp(p_filter ->> 'to', 'filter.to');
  if v_replay.created_from >= v_replay.created_to then
    perform leadgen.refuse('LG400', 'A period ends after it begins', 'filter.to', p_filter ->> 'to', 'a time after ' || (p_filter ->> 'from'));
  end if;

  if jsonb_typeof(coalesce(p_filter -> 'statuses', '["dead"]')) <> 'array' or coalesce(p_filter -> 'statuses', '["dead"]') = '[]'
    or exists (select from jsonb_array_elements(p_filter -> 'statuses') s where s #>> '{}' = any (c_statuses) is not true) then
    perform leadgen.refuse('LG400', 'A replay is of deliveries that have ended', 'filter.statuses', left(p_filter ->> 'statuses', 50),
      'a list of ' || array_to_string(c_statuses, ', '));
  end if;
  v_replay.statuses := array(
    select distinct s::leadgen.delivery_status from jsonb_array_elements_text(coalesce(p_filter -> 'statuses', '["dead"]')) s order by 1);
  if 'delivered' = any (v_replay.statuses)
    and num_nulls(v_replay.buyer_id, v_replay.created_from, v_replay.created_to) > 0 then
    perform leadgen.refuse('LG400', 'What was delivered is sent again only to one buyer and for a period', 'filter.statuses', 'delivered',
      'delivered with buyer_id, from and to');
  end if;

  if coalesce(p_filter ->> 'per_minute', '600') !~ '^[0-9]{1,5}$'
    or coalesce(p_filter ->> 'per_minute', '600')::integer not between 1 and 60000 then
    perform leadgen.refuse('LG400', 'per_minute is out of bounds', 'filter.per_minute', left(p_filter ->> 'per_minute', 50), '1 to 60000');
  end if;
  v_replay.per_minute := coalesce(p_filter ->> 'per_minute', '600');
  return v_replay;
end;
$$;
comment on function leadgen.read_replay_filter(jsonb) is
  'Which deliveries a replay is of, and how fast: buyer_id, from, to (when they were made, half open), statuses (dead unless told otherwise), per_minute (600). LG400 names what is wrong.';
