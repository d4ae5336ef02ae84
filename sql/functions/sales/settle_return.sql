create or replace function leadgen.settle_return()
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
-- One return a call, so one is one transaction. One that raises is left to the operator, so that the others flow.
declare
  v_return leadgen.sale_returns := leadgen.pick_received_return();
  v_now constant timestamptz := leadgen.clock();
  v_sale leadgen.lead_assignments;
begin
  if v_return.id is null then
    return null;
  end if;
  v_sale := leadgen.lock_sale(v_return.assignment_id, p_takes_offer => true);
  select r.* into v_return from leadgen.sale_returns r where r.id = v_return.id;
  if v_return.status <> 'received' then
    return v_return.id; -- another worker or an operator was first
  end if;
  begin
    perform leadgen.judge_return(v_return, v_sale, v_now);
  exception
    when serialization_failure or deadlock_detected or lock_not_available then
      raise;
    when others then
      raise warning 'return % was not settled: %', v_return.id, sqlstate;
      perform leadgen.await_decision(v_return, 'could not be settled: ' || sqlstate, v_now);
  end;
  return v_return.id;
end;
$$;
comment on function leadgen.settle_return() is
  'Decides the return that came with a webhook''s reply longest ago, as the policy says. Returns its id, null when there is none.';
