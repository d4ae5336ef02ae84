create or replace function leadgen.settle_endpoints()
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
-- A call of its own, because whoever records attempts writes no catalogue; one endpoint a call, because its buyer and
-- enrollments are locked after it, and of several endpoints two workers would lock the buyers crosswise. Endpoints that
-- somebody holds are left for the next round.
declare
  v_endpoint leadgen.endpoints;
begin
  select e.* into v_endpoint
  from leadgen.endpoints e
  where e.disabled_at is not null and e.announced_at is null
  order by e.id
  limit 1
  for no key update skip locked;
  if not found then
    return 0;
  end if;
  perform leadgen.announce_endpoint(v_endpoint);
  return 1;
end;
$$;
comment on function leadgen.settle_endpoints() is
  'Does what follows for an endpoint that was disabled (see leadgen.announce_endpoint). Returns how many there were, 1 or 0.';
