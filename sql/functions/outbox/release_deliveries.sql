create or replace function leadgen.release_deliveries(p_delivery_ids bigint[], p_tokens uuid[])
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := leadgen.clock();
  v_count integer;
begin
  if cardinality(p_delivery_ids) <> cardinality(p_tokens) then
    perform leadgen.refuse('LG400', 'Each delivery has its token', 'p_tokens', cardinality(p_tokens) || ' tokens',
      cardinality(p_delivery_ids) || ' tokens');
  end if;
  with held as materialized (
    select d.id
    from unnest(p_delivery_ids, p_tokens) as claim (id, token)
    join leadgen.deliveries d on d.id = claim.id and d.lease_token = claim.token
    order by d.id
    for no key update of d
  )
  update leadgen.deliveries d
  set status = 'pending', lease_token = null, worker = null, attempts = d.attempts - 1, next_attempt_at = v_now
  from held
  where d.id = held.id;
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function leadgen.release_deliveries(bigint[], uuid[]) is
  'Gives claims back at once, uncounted: each delivery with its token. Returns how many were still held.';
