-- State machines: the allowed moves are rows of leadgen.state_transitions.

create or replace function catalog.enforce_transition()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  c_column constant text := tg_argv[0];
  c_entity constant text := coalesce(tg_argv[1], tg_table_name);
  v_from constant text := to_jsonb(old) ->> c_column;
  v_to constant text := to_jsonb(new) ->> c_column;
begin
  if not exists (
    select from leadgen.state_transitions t
    where t.entity = c_entity and t.from_state = v_from and t.to_state = v_to
  ) then
    perform kernel.refuse(
      'LG409',
      format('%s %s cannot go from %s to %s', c_entity, old.id, v_from, v_to),
      c_column,
      v_to,
      coalesce(
        (select string_agg(t.to_state, ', ' order by t.to_state) from leadgen.state_transitions t
          where t.entity = c_entity and t.from_state = v_from),
        'nothing: ' || v_from || ' is final'),
      'Allowed moves are rows of leadgen.state_transitions.'
    );
  end if;
  return new;
end;
$$;
comment on function catalog.enforce_transition() is
  'Trigger: holds the column that is its first argument to the moves that leadgen.state_transitions has for its table, '
  'or for the entity that is its second.';
