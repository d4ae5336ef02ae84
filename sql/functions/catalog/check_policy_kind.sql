create or replace function leadgen.check_policy_kind(p_kind text)
returns void
language plpgsql
immutable
as $$
begin
  if p_kind is null or p_kind not in ('validation', 'routing', 'pricing') then
    perform leadgen.refuse('LG400', 'There is no such kind of policy', 'kind', coalesce(p_kind, 'nothing'),
      'one of validation, routing, pricing');
  end if;
end;
$$;
comment on function leadgen.check_policy_kind(text) is 'Raises LG400 when there is no such kind of policy.';
