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
comment on function kernel.refuse_change() is
  'Trigger: keeps records as they were written, for every role, the owner included.';

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

create or replace function kernel.immutable_columns()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- The declaration names the columns twice, behind "update of" and as arguments, so that an update which does not name
-- them pays nothing; pgtap/kernel/guards.sql holds the two lists together.
declare
  v_old constant jsonb := to_jsonb(old);
  v_new constant jsonb := to_jsonb(new);
  v_column text;
begin
  foreach v_column in array tg_argv loop
    if v_old -> v_column is distinct from v_new -> v_column then
      perform kernel.refuse('LG409', format('%s.%s never changes', tg_table_name, v_column), v_column,
        'another value', 'the value that the row has',
        case
          when v_old ? 'is_active' then
            'Make a new row and end this one (is_active false): what was sold under it stays with it.'
          else 'Records of decisions and sales never change; a correction is a new row.'
        end);
    end if;
  end loop;
  return new;
end;
$$;
comment on function kernel.immutable_columns() is
  'Trigger: refuses another value (LG409) in the columns that are its arguments, for every role, the owner included.';

create or replace function kernel.keep_secrets()
returns trigger
language plpgsql
as $$
-- PostgreSQL refuses a row that breaks a constraint with the whole row, to the client and into the server's log. Here
-- the same constraints are asked first, and the refusal says which one, and nothing of the row. Columns and checks are
-- read from the catalogue: a new one needs no change here.
declare
  v_row constant jsonb := to_jsonb(new);
  v_column name;
  v_checks text;
  v_broken name;
begin
  select a.attname into v_column
  from pg_catalog.pg_attribute a
  where a.attrelid = tg_relid and a.attnum > 0 and a.attnotnull and v_row -> a.attname::text = 'null'
  order by a.attnum
  limit 1;
  if found then
    raise not_null_violation using
      message = format('%s.%s is null; allowed: a value', tg_table_name, v_column),
      schema = tg_table_schema, table = tg_table_name, column = v_column;
  end if;

  select string_agg(
    format('when not (%s) then %L', pg_get_expr(c.conbin, c.conrelid), c.conname), ' ' order by c.conname)
  into v_checks
  from pg_catalog.pg_constraint c
  where c.conrelid = tg_relid and c.contype = 'c';
  if v_checks is not null then
    execute format('select case %s end from (select ($1).*) as %I', v_checks, tg_table_name) into v_broken using new;
  end if;
  if v_broken is not null then
    raise check_violation using
      message = format('The row of %s breaks %s', tg_table_name, v_broken),
      hint = (
        select 'It has to hold: ' || pg_get_expr(c.conbin, c.conrelid, true)
        from pg_catalog.pg_constraint c where c.conrelid = tg_relid and c.conname = v_broken),
      schema = tg_table_schema, table = tg_table_name, constraint = v_broken;
  end if;
  return new;
end;
$$;
comment on function kernel.keep_secrets() is
  'Trigger: refuses a row that breaks a constraint, with PostgreSQL''s own '
  'SQLSTATE and without the row, which holds secrets.';
