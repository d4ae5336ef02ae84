create or replace function leadgen.list_return_reasons()
returns jsonb
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(jsonb_agg(jsonb_build_object('code', r.code, 'description', r.description) order by r.position, r.code), '[]')
  from leadgen.return_reasons r
  where r.is_active;
$$;
comment on function leadgen.list_return_reasons() is 'The reasons for which a buyer may return a sale: [{code, description}], in the order in which a person is shown them.';
