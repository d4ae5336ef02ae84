create or replace function leadgen.lock_endpoint(p_id bigint)
returns leadgen.endpoints
language plpgsql
volatile
as $$
declare
  v_endpoint leadgen.endpoints;
begin
  select e.* into v_endpoint from leadgen.endpoints e where e.id = p_id for no key update;
  if not found then
    perform leadgen.refuse('LG404', 'There is no such endpoint', 'endpoint_id', p_id::text, 'an id in report.endpoints');
  end if;
  return v_endpoint;
end;
$$;
comment on function leadgen.lock_endpoint(bigint) is 'An endpoint, its row locked until the transaction ends; LG404 when there is none.';
