create or replace function leadgen.release_deliveries(p_tokens uuid[])
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_count integer;
begin
  update leadgen.deliveries d
  set status = 'pending', lease_token = null, worker = null, attempts = d.attempts - 1, next_attempt_at = leadgen.clock()
  where d.id in (
    select h.id from leadgen.deliveries h where h.lease_token = any (p_tokens) order by h.id for no key update
  );
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function leadgen.release_deliveries(uuid[]) is
  'Gives unfinished claims back at once, uncounted; for a worker that stops cleanly. Returns how many.';
