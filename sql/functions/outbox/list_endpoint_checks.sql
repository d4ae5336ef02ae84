create or replace function leadgen.list_endpoint_checks(p_limit integer)
returns table (endpoint_id bigint, target text)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query
  select e.id, e.target
  from leadgen.endpoints e
  where e.checked_at is null and e.channel = 'webhook' and e.disabled_at is null
  order by e.id
  limit least(greatest(coalesce(p_limit, 0), 0), 1000);
end;
$$;
comment on function leadgen.list_endpoint_checks(integer) is
  'URLs that are new: a worker looks up the name and records what it found with leadgen.record_endpoint_check.';
