create or replace function leadgen.record_endpoint_check(p_id bigint, p_fault text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
-- What is disabled here is announced by settle_endpoints, as after failed attempts.
declare
  v_now constant timestamptz := leadgen.clock();
  v_fault constant text := left(nullif(leadgen.collapse_space(p_fault), ''), 200);
begin
  perform leadgen.lock_endpoint(p_id);
  update leadgen.endpoints e
  set
    checked_at = v_now,
    updated_at = v_now,
    disabled_at = case when v_fault is null then e.disabled_at else coalesce(e.disabled_at, v_now) end,
    disabled_reason = case when v_fault is null then e.disabled_reason else coalesce(e.disabled_reason, v_fault) end
  where e.id = p_id;
end;
$$;
comment on function leadgen.record_endpoint_check(bigint, text) is
  'Records that the name in an endpoint''s URL was looked up. A fault (it leads to an address that is not public) disables the endpoint; null: none.';
