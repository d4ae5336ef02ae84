create or replace function leadgen.explain_lead_for(p_key_hash text, p_lead_id bigint)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform leadgen.check_operator(p_key_hash);
  return leadgen.explain_lead(p_lead_id);
end;
$$;
comment on function leadgen.explain_lead_for(text, bigint) is
  'explain_lead for the holder of an operator''s key. LG401 without one, LG404 when there is no such lead.';
