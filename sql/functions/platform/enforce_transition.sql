create or replace function leadgen.enforce_transition()
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
    perform leadgen.refuse(
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
comment on function leadgen.enforce_transition() is
  'Trigger: holds leads, lead_assignments, deliveries and invoices to the moves in leadgen.state_transitions.';

-- The moves that every sale makes are let through by the triggers' own conditions, which cost a hundredth of a look-up;
-- pgtap/platform/transitions.sql holds them to the declared rows.
create or replace trigger enforce_transition before update of status on leadgen.leads
  for each row when (old.status is distinct from new.status and not (old.status = 'validated' and new.status = 'accepted'))
  execute function leadgen.enforce_transition();
create or replace trigger enforce_transition before update of outcome on leadgen.lead_assignments
  for each row when (old.outcome is distinct from new.outcome and not (old.outcome = 'pending' and new.outcome = 'accepted'))
  execute function leadgen.enforce_transition();
create or replace trigger enforce_transition before update of status on leadgen.deliveries
  for each row when (
    old.status is distinct from new.status
    and not (old.status = 'pending' and new.status = 'sending')
    and not (old.status = 'sending' and new.status = 'delivered'))
  execute function leadgen.enforce_transition();
create or replace trigger enforce_transition before update of status on leadgen.invoices
  for each row when (old.status is distinct from new.status) execute function leadgen.enforce_transition();
