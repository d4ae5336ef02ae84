-- Road: a deploy.

create or replace function roads.is_ready()
returns boolean
language sql
stable
as $$
  select
    not pg_is_in_recovery()
    and not current_setting('transaction_read_only')::boolean
    and exists (select from leadgen.schema_reloads);
$$;
comment on function roads.is_ready() is 'The work of leadgen.is_ready.';
