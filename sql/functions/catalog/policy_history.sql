create or replace function leadgen.policy_history(p_kind text, p_id bigint)
returns table (version integer, changed_at timestamptz, changed_by text, changes text)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform leadgen.check_policy_kind(p_kind);
  return query
    select v.version, v.changed_at, v.changed_by,
      case when v.previous is null then 'created' else (
        select string_agg(leadgen.describe_change(d.path, d.before, d.after), E'\n' order by d.ordinality)
        from leadgen.diff_json(v.previous, v.body) with ordinality as d
      ) end
    from (
      select p.*, lag(p.body) over (order by p.version) as previous
      from leadgen.policy_versions p
      where p.kind = p_kind and p.policy_id = p_id
    ) v
    order by v.version desc;
end;
$$;
comment on function leadgen.policy_history(text, bigint) is
  'The versions of a policy (kind validation, routing or pricing), newest first: when, by whom, and what changed, one line a path.';
