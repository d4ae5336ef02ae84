-- Guards: trigger functions that any table may use. Tables name them beside their columns (sql/tables).

create or replace function kernel.refuse_change()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform kernel.refuse(
    'LG409',
    format('%s is append-only: %s refused', tg_table_name, lower(tg_op)),
    p_found => lower(tg_op),
    p_allowed => 'insert',
    p_hint => 'Records of decisions and sales never change; a correction is a new row.'
  );
  return null;
end;
$$;
comment on function kernel.refuse_change() is 'Trigger: keeps records as they were written, for every role, the owner included.';

create or replace function kernel.touch_updated_at()
returns trigger
language plpgsql
as $$
begin
  new.updated_at := current_timestamp;
  return new;
end;
$$;
comment on function kernel.touch_updated_at() is 'Trigger: sets updated_at when a row of configuration changes.';
