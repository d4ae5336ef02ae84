create or replace function leadgen.settle_endpoints()
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
-- A call of its own, because whoever records attempts writes no catalogue. Endpoints that somebody holds are left for the
-- next round. A buyer and its enrollments come after its endpoints, as everywhere.
declare
  v_endpoint leadgen.endpoints;
  v_count integer := 0;
begin
  for v_endpoint in
    select e.*
    from leadgen.endpoints e
    where e.disabled_at is not null and e.announced_at is null
    order by e.id
    limit 100
    for no key update skip locked
  loop
    perform leadgen.announce_endpoint(v_endpoint);
    v_count := v_count + 1;
  end loop;
  return v_count;
end;
$$;
comment on function leadgen.settle_endpoints() is
  'Does what follows for endpoints that were disabled since the last call, at most 100 of them (see leadgen.announce_endpoint). Returns how many.';
