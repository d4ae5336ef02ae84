create or replace function leadgen.open_post(p_source_key text, p_body bytea, p_context jsonb default '{}')
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
-- The token is handed out only to who shows a post that the source's own network signed.
declare
  v_source constant leadgen.mapped_source := leadgen.authenticate_post(p_source_key, p_body, p_context);
  v_leads constant jsonb := leadgen.split_post(v_source.map, v_source.document);
  v_fetches jsonb;
begin
  select jsonb_agg(case
    when leadgen.is_test_lead(v_source.map, e.value) then null
    else leadgen.find_fetch_id(v_source.map, e.value)
  end order by e.ordinality)
  into v_fetches
  from jsonb_array_elements(v_leads) with ordinality e;
  return jsonb_build_object(
    'answer', coalesce(v_source.map ->> 'answer', 'lead'),
    'fetches', coalesce(v_fetches, '[]'),
    'access_token', v_source.access_token,
    'proof', encode(leadgen.compute_hmac(convert_to(v_source.app_secret, 'UTF8'), convert_to(v_source.access_token, 'UTF8')), 'hex')
  );
end;
$$;
comment on function leadgen.open_post(text, bytea, jsonb) is
  'What a source posted in its own shape: one entry of fetches for each lead, the id by which its answers are to be fetched or null; '
  'with which token and proof; and whether the sender wants the lead''s answer or an empty one. LG401, LG400.';
