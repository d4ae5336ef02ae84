-- State machines: the allowed moves are rows of leadgen.state_transitions.

create or replace function catalog.enforce_transition()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_from text;
  v_to text;
begin
  if tg_table_name = 'lead_assignments' then
    v_from := old.outcome;
    v_to := new.outcome;
  else
    v_from := old.status;
    v_to := new.status;
  end if;
  if not exists (
    select from leadgen.state_transitions t
    where t.entity = tg_table_name and t.from_state = v_from and t.to_state = v_to
  ) then
    perform kernel.refuse(
      'LG409',
      format('%s %s cannot go from %s to %s', tg_table_name, old.id, v_from, v_to),
      case tg_table_name when 'lead_assignments' then 'outcome' else 'status' end,
      v_to,
      coalesce(
        (select string_agg(t.to_state, ', ' order by t.to_state) from leadgen.state_transitions t
          where t.entity = tg_table_name and t.from_state = v_from),
        'nothing: ' || v_from || ' is final'),
      'Allowed moves are rows of leadgen.state_transitions.'
    );
  end if;
  return new;
end;
$$;
comment on function catalog.enforce_transition() is
  'Trigger: holds leads, lead_assignments, deliveries and invoices to the moves in leadgen.state_transitions.';
