create or replace function leadgen.compose_notice(p_notice leadgen.notices)
returns text
language plpgsql
stable
as $$
begin
  return json_build_object(
    'type', p_notice.kind,
    'version', 1,
    'timestamp', to_char(p_notice.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'data', jsonb_build_object('buyer_id', p_notice.buyer_id) || p_notice.facts)::text;
end;
$$;
comment on function leadgen.compose_notice(leadgen.notices) is
  'The body that tells a buyer of something that is no lead: the notice''s kind and facts.';
