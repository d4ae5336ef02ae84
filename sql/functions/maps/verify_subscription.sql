create or replace function leadgen.verify_subscription(p_source_key text, p_verify_token text)
returns boolean
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return exists (
    select
    from leadgen.sources s
    join leadgen.source_maps m on m.source_id = s.id
    where s.source_key = p_source_key
      and sha256(convert_to(m.verify_token, 'UTF8')) = sha256(convert_to(p_verify_token, 'UTF8'))
  );
end;
$$;
comment on function leadgen.verify_subscription(text, text) is 'Whether a network that asks for a source''s address knows the source''s verify token.';
