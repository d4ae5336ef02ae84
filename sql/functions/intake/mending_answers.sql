-- The free answers of a submission as they were meant, and how a note names them.

create or replace function intake.mend_attributes(inout p_attributes jsonb, out notes text[])
language plpgsql
immutable
as $$
-- Of a list or an object in an attribute the characters stay as they came, but for those that were lost.
declare
  v_key text;
  v_value jsonb;
  v_name text;
  v_mended jsonb;
  v_fields text[] := '{}';
  v_lost text[] := '{}';
  v_attributes jsonb := '{}';
begin
  if p_attributes in ('null', '""', '[]') then
    p_attributes := '{}';
    return;
  elsif jsonb_typeof(p_attributes) <> 'object' or octet_length(p_attributes::text) = length(p_attributes::text) then
    return;
  end if;
  for v_key, v_value in select e.key, e.value from jsonb_each(p_attributes) e order by e.key loop
    v_name := btrim(ref.strip_invisible(v_key));
    v_name := case when p_attributes ? v_name or v_attributes ? v_name or v_name = '' then v_key else v_name end;
    v_mended := case when jsonb_typeof(v_value) = 'string' then to_jsonb(intake.mend_answer(v_value #>> '{}'))
      else v_value end;
    if v_name <> v_key or v_mended <> v_value then
      v_fields := v_fields || intake.name_in_note(v_name);
    end if;
    if position(E'\ufffd' in v_value::text) > 0 then
      v_lost := v_lost || intake.name_in_note(v_name);
    end if;
    v_attributes := v_attributes || jsonb_build_object(v_name, v_mended);
  end loop;
  p_attributes := v_attributes;
  notes := array_remove(array[
    intake.list_names(v_fields)
      || ': characters that nobody sees, or that look like others, were read as a person reads them',
    intake.list_names(v_lost) || ': a character that is no text was replaced'], null);
end;
$$;
comment on function intake.mend_attributes(jsonb) is
  'Attributes without characters that nobody sees, and what was mended; an empty list or text is no attributes.';

create or replace function intake.mend_answer(p_text text)
returns text
language plpgsql
immutable strict parallel safe
as $$
-- Joiners and selectors belong to scripts and emoji: they stay where there are other letters than ASCII's.
declare
  v_folded constant text := ref.fold_marks(p_text);
  v_bare constant text := ref.strip_invisible(p_text);
begin
  return case
    when octet_length(p_text) = length(p_text) then p_text
    when octet_length(v_bare) = length(v_bare) then v_bare
    when octet_length(v_folded) = length(v_folded) then v_folded
    else regexp_replace(p_text, E'[\\u00ad\\u180e\\u200b\\u2060\\ufeff]+', '', 'g')
  end;
end;
$$;
comment on function intake.mend_answer(text) is
  'A free answer without characters that nobody sees; one that is ASCII but for look-alikes is read as ASCII.';

create or replace function intake.name_in_note(p_name text)
returns text
language sql
immutable parallel safe
as $$
  select case when p_name ~ '^[A-Za-z_][A-Za-z0-9_]{0,59}$' then 'attributes.' || p_name else 'attributes' end;
$$;
comment on function intake.name_in_note(text) is
  'An attribute as a note names it; by its own name only if that is a plain one.';

create or replace function intake.list_names(p_names text[])
returns text
language sql
immutable parallel safe
as $$
  select string_agg(n.name, ', ' order by n.name) || case when cardinality(p_names) > 10 then ' and others' else '' end
  from (select distinct x.name from unnest(p_names) as x (name) order by x.name limit 10) n;
$$;
comment on function intake.list_names(text[]) is 'Names in a note: at most ten; null: there are none.';
