-- Rows that a form edits: read, saved and added. Two who edit one row: the second is told.

create or replace function catalog.read_form_row(p_form text, p_key text[])
returns jsonb
language plpgsql
stable
as $$
declare
  v_form constant record := catalog.find_form(p_form);
  v_row jsonb;
begin
  execute format('select to_jsonb(r) from leadgen.%I r where %s', v_form.table_name,
    catalog.match_form_row(p_form, '$1')) into v_row using p_key;
  if v_row is null then
    perform kernel.refuse('LG404', format('There is no such %s', replace(p_form, '_', ' ')),
      array_to_string(v_form.key_columns, ', '), coalesce(left(array_to_string(p_key, ', '), 50), 'nothing'),
      format('the %s of a row of leadgen.%s', array_to_string(v_form.key_columns, ' and '), v_form.table_name));
  end if;
  return (select jsonb_object_agg(c.name, v_row -> c.name) from unnest(v_form.columns) as c (name));
end;
$$;
comment on function catalog.read_form_row(text, text[]) is
  'The columns of a row that its form edits, {column: value}; of the row with this key, a text for each of its '
  'columns. LG404 for no such row.';

create or replace function catalog.stamp_form_row(p_row jsonb)
returns text
language plpgsql
immutable
as $$
-- Of what the form shows and nothing else: a sale that changes the balance meanwhile is no other edit.
begin
  return md5(p_row::text);
end;
$$;
comment on function catalog.stamp_form_row(jsonb) is
  'What stands for a state of a row in its form: a form is saved only while the row is in the state that it showed.';

create or replace function catalog.check_stamp(p_stamp text, p_now text)
returns void
language plpgsql
immutable
as $$
begin
  if p_stamp is distinct from p_now then
    perform kernel.refuse('LG409', 'Somebody else has changed it meanwhile', 'stamp', 'another state',
      'the state that you edit', 'What is there now stands beside each field. Save again to have yours.');
  end if;
end;
$$;
comment on function catalog.check_stamp(text, text) is
  'Raises LG409 unless the state that somebody edited is still the state.';

create or replace function catalog.save_form_row(p_form text, p_key text[], p_fields jsonb, p_stamp text)
returns boolean
language plpgsql
volatile
as $$
-- Only what differs is written: triggers judge what changes, and the audit has what changed.
declare
  v_form constant record := catalog.find_form(p_form);
  v_now jsonb;
  v_new jsonb;
  v_columns text;
begin
  execute format('select from leadgen.%I r where %s for no key update', v_form.table_name,
    catalog.match_form_row(p_form, '$1')) using p_key;
  v_now := catalog.read_form_row(p_form, p_key);
  perform catalog.check_stamp(p_stamp, catalog.stamp_form_row(v_now));
  v_new := catalog.read_form_fields(p_form, p_fields, false);
  select string_agg(format('%1$I = w.%1$I', n.key), ', ' order by n.key) into v_columns
  from jsonb_each(v_new) n
  where n.value is distinct from v_now -> n.key;
  if v_columns is null then
    return false;
  end if;
  perform catalog.write_form_row(p_form, v_form.table_name, format(
    'update leadgen.%1$I r set %2$s from jsonb_populate_record(null::leadgen.%1$I, $1) w where %3$s '
    'returning null::bigint',
    v_form.table_name, v_columns, catalog.match_form_row(p_form, '$2')), v_new, p_key);
  return true;
end;
$$;
comment on function catalog.save_form_row(text, text[], jsonb, text) is
  'Writes what was typed into a form of a row, {column: text}, if the row is still as its form showed it (p_stamp); '
  'false when nothing differs. LG409 if it is not, LG423 with the field for what is refused, LG404 for no such row.';

create or replace function catalog.moves_address(p_form text, p_key text[], p_fields jsonb)
returns boolean
language plpgsql
stable
as $$
-- All leads of a buyer, and the headers of its webhooks, go where its addresses point.
declare
  v_row constant jsonb := case when p_key is not null then catalog.read_form_row(p_form, p_key) end;
begin
  return jsonb_typeof(p_fields) = 'object' and p_form in ('buyer', 'enrollment') and exists (
    select
    from unnest('{email,phone,webhook_url,webhook_url_override,email_override,sms_override}'::text[]) c (name)
    where btrim(coalesce(p_fields ->> c.name, '')) <> coalesce(v_row ->> c.name, '') and p_fields ? c.name);
end;
$$;
comment on function catalog.moves_address(text, text[], jsonb) is
  'Whether what was typed into a form, of a row or (p_key null) of a new one, says where leads of a buyer or an '
  'enrollment are sent from now on.';

create or replace function catalog.add_form_row(p_form text, p_fields jsonb)
returns bigint
language plpgsql
volatile
as $$
-- A column that is left empty has what the table gives it.
declare
  v_form constant record := catalog.find_form(p_form);
  v_new constant jsonb := jsonb_strip_nulls(catalog.read_form_fields(p_form, p_fields, true));
  v_missing text;
begin
  if not v_form.takes_rows then
    perform kernel.refuse('LG400', 'Rows of this form are not added', 'form', p_form, 'to change those that are there');
  end if;
  select f.name into v_missing
  from catalog.list_form_fields(p_form, true) f
  where f.is_required and f.usual is null and not v_new ? f.name
  order by f.place
  limit 1;
  if found then
    perform kernel.refuse_value(v_missing, 'nothing', 'a value');
  end if;
  return catalog.write_form_row(p_form, v_form.table_name, format(
    'insert into leadgen.%1$I (%2$s) select %2$s from jsonb_populate_record(null::leadgen.%1$I, $1) returning %3$s',
    v_form.table_name,
    (select string_agg(format('%I', k.key), ', ' order by k.key) from jsonb_object_keys(v_new) k (key)),
    case when v_form.key_columns = '{id}' then 'id' else 'null::bigint' end), v_new, null);
end;
$$;
comment on function catalog.add_form_row(text, jsonb) is
  'Adds the row that was typed into a form, {column: text}; its id, where it has one. LG423 with the field for what is '
  'refused, LG409 for what another row has.';

create or replace function catalog.write_form_row(
  p_form text,
  p_table text,
  p_statement text,
  p_row jsonb,
  p_key text[]
)
returns bigint
language plpgsql
volatile
as $$
-- A constraint names itself; the page needs the field that it is of.
declare
  v_id bigint;
  v_constraint text;
begin
  execute p_statement into v_id using p_row, p_key;
  return v_id;
exception
  when check_violation or unique_violation or foreign_key_violation or not_null_violation
    or numeric_value_out_of_range then
    get stacked diagnostics v_constraint = constraint_name;
    perform catalog.refuse_constraint(p_form, p_table, v_constraint, sqlstate);
    return null;
end;
$$;
comment on function catalog.write_form_row(text, text, text, jsonb, text[]) is
  'Runs the statement that writes a row of a form; what a constraint refuses names its field.';

create or replace function catalog.refuse_constraint(p_form text, p_table text, p_constraint text, p_state text)
returns void
language plpgsql
stable
as $$
-- The value is not repeated: it may be an address. Of several columns the first in the form is named.
declare
  v_table constant regclass := format('leadgen.%I', p_table)::regclass;
  v_rule constant text := (
    select pg_get_expr(k.conbin, k.conrelid, true) from pg_catalog.pg_constraint k
    where k.conrelid = v_table and k.conname = p_constraint and k.contype = 'c');
  v_field constant text := (
    select f.name
    from (
      select unnest(k.conkey) as attnum from pg_catalog.pg_constraint k
      where k.conrelid = v_table and k.conname = p_constraint
      union
      select unnest(i.indkey::smallint[]) from pg_catalog.pg_index i
      where i.indrelid = v_table and i.indexrelid = to_regclass(format('leadgen.%I', p_constraint))
    ) c
    join pg_catalog.pg_attribute a on a.attrelid = v_table and a.attnum = c.attnum
    join catalog.list_form_fields(p_form, true) f on f.name = a.attname
    order by f.place desc
    limit 1);
begin
  if p_state = '23505' then
    perform kernel.refuse('LG409', format('There is a %s with this already', p_form), coalesce(v_field, p_form),
      'what another row has', 'a value of its own');
  end if;
  perform kernel.refuse('LG423', format('The %s is refused: %s', p_form,
      coalesce(replace(p_constraint, '_', ' '), 'a number is too large')),
    coalesce(v_field, p_form), 'a value that breaks this rule', coalesce(v_rule, 'a value that fits its column'),
    'The row was not written. The last valid version stays in force.');
end;
$$;
comment on function catalog.refuse_constraint(text, text, text, text) is
  'Raises what a constraint refuses with the field that it is of and the rule that it states: LG409 for a value that '
  'another row has, LG423 for others.';

create or replace function catalog.save_hours(p_enrollment_id bigint, p_hours text, p_stamp text)
returns boolean
language plpgsql
volatile
as $$
-- An hour that is open in part stays so: the grid has whole hours, and the schedule may have minutes.
declare
  v_enrollment constant leadgen.buyer_offers := catalog.lock_enrollment(p_enrollment_id);
  v_open int4multirange;
begin
  perform catalog.check_stamp(p_stamp, catalog.stamp_form_row(coalesce(v_enrollment.schedule, 'null')));
  if (p_hours ~ '^[012]{168}$') is not true then
    perform kernel.refuse('LG400', 'These are not the hours of a week', 'schedule',
      kernel.count_of(length(p_hours), 'character'), '168 of 0 (closed), 1 (open), 2 (open in part, as it was)');
  elsif p_hours !~ '[12]' then
    perform kernel.refuse_value('schedule', 'no hour', 'at least one hour of the week; a pause closes all of them');
  end if;
  select range_agg(case
    when substr(p_hours, h.hour + 1, 1) = '2' and not isempty(v_enrollment.compiled_schedule * h.span)
      then v_enrollment.compiled_schedule * h.span
    else h.span end) into v_open
  from (
    select n as hour, int4multirange(int4range(n * 60, n * 60 + 60)) as span from generate_series(0, 167) n
  ) h
  where substr(p_hours, h.hour + 1, 1) <> '0';
  if v_open is not distinct from coalesce(v_enrollment.compiled_schedule, int4multirange(int4range(0, 10080))) then
    return false;
  end if;
  update leadgen.buyer_offers bo
  set schedule = case when v_open <> int4multirange(int4range(0, 10080)) then catalog.list_hours(v_open) end
  where bo.id = p_enrollment_id;
  return true;
end;
$$;
comment on function catalog.save_hours(bigint, text, text) is
  'Gives an enrollment its hours of the week, a character an hour from Monday 00:00 in its zone: 0 closed, 1 open, 2 '
  'as much of it as was open. All open: no schedule. False when nothing differs. LG409 if somebody else changed them.';
