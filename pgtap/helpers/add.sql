-- One row of any table.
create or replace function testkit.add(p_table text, p_row jsonb)
returns bigint
language plpgsql
as $$
-- Writes only the named columns, so defaults and triggers do what they do for a person.
declare
  v_columns constant text := (select string_agg(quote_ident(k), ', ') from jsonb_object_keys(p_row) k);
  v_id bigint;
begin
  execute format('insert into leadgen.%1$I (%2$s) select %2$s from jsonb_populate_record(null::leadgen.%1$I, $1) returning id',
    p_table, v_columns)
  into v_id using p_row;
  return v_id;
end;
$$;
comment on function testkit.add(text, jsonb) is 'Inserts a row of a table of schema leadgen, given as {column: value}; returns its id.';
