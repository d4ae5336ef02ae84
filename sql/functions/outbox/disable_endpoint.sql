create or replace function leadgen.disable_endpoint(p_id bigint, p_reason text)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_reason constant text := coalesce(leadgen.collapse_space(p_reason), '');
  v_endpoint leadgen.endpoints;
begin
  if v_reason = '' or length(v_reason) > 200 then
    perform leadgen.refuse('LG400', 'An endpoint is disabled for a reason of at most 200 characters', 'reason',
      case v_reason when '' then 'none' else length(v_reason) || ' characters' end, '1 to 200 characters',
      'The buyer reads it, too.');
  end if;
  v_endpoint := leadgen.lock_endpoint(p_id);
  if v_endpoint.disabled_at is not null then
    return false;
  end if;
  update leadgen.endpoints e
  set disabled_at = leadgen.clock(), disabled_reason = v_reason, announced_at = null, updated_at = leadgen.clock()
  where e.id = p_id
  returning e.* into v_endpoint;
  perform leadgen.announce_endpoint(v_endpoint);
  return true;
end;
$$;
comment on function leadgen.disable_endpoint(bigint, text) is
  'Sends nothing more to an endpoint: what is due waits until leadgen.enable_endpoint. The reason is told to the buyer. False when it was disabled before; LG404 when there is none.';
