create or replace function leadgen.find_policy_body(p_kind text, p_policy_id bigint, p_version integer)
returns jsonb
language plpgsql
stable
as $$
begin
  return (
    select p.body from leadgen.policy_versions p where p.kind = p_kind and p.policy_id = p_policy_id and p.version = p_version
  );
end;
$$;
comment on function leadgen.find_policy_body(text, bigint, integer) is 'A policy''s body as it was in one version.';
