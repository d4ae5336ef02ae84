-- Errors: how a call is refused. MESSAGE is for people, DETAIL is JSON (field, found, allowed), HINT is the way out.

create or replace function kernel.refuse(
  p_code text,
  p_message text,
  p_field text default null,
  p_found text default null,
  p_allowed text default null,
  p_hint text default null
)
returns void
language plpgsql
immutable
as $$
begin
  raise exception using
    errcode = p_code,
    message = p_message,
    detail = jsonb_strip_nulls(jsonb_build_object('field', p_field, 'found', p_found, 'allowed', p_allowed))::text,
    hint = coalesce(p_hint, ''),
    column = coalesce(p_field, '');
end;
$$;
comment on function kernel.refuse(text, text, text, text, text, text) is
  'Raises an error of class LG: MESSAGE for people, DETAIL as JSON (field, found, allowed), HINT with the way out. '
  'Never put personal data into it: the server logs it.';

create or replace function kernel.refuse_value(p_path text, p_found text, p_allowed text)
returns void
language sql
immutable
as $$
  select kernel.refuse(
    'LG423',
    format('%s: found %s; allowed: %s', p_path, left(p_found, 200), p_allowed),
    p_path, left(p_found, 200), p_allowed,
    'The row was not written. The last valid version stays in force.'
  );
$$;
comment on function kernel.refuse_value(text, text, text) is 'Refuses one value of the configuration: LG423.';

create or replace function kernel.refuse_choice(p_path text, p_found text, p_word text, p_options text[])
returns void
language plpgsql
immutable
as $$
declare
  v_allowed constant text := coalesce('one of ' || array_to_string(nullif(p_options, '{}'), ', '), 'nothing here');
  v_meant constant text := 'Did you mean ' || kernel.suggest(p_word, p_options) || '?';
begin
  perform kernel.refuse(
    'LG423',
    format('%s: found %s; allowed: %s', p_path, left(p_found, 200), v_allowed) || coalesce('. ' || v_meant, ''),
    p_path, left(p_found, 200), v_allowed, 'The row was not written. The last valid version stays in force.'
  );
end;
$$;
comment on function kernel.refuse_choice(text, text, text, text[]) is
  'Refuses a word of the configuration that is none of the options (LG423), with the one that was probably meant.';

create or replace function kernel.count_of(p_number numeric, p_noun text)
returns text
language plpgsql
immutable strict parallel safe
as $$
begin
  return format('%s %s%s', trim_scale(p_number), p_noun, case when p_number = 1 then '' else 's' end);
end;
$$;
comment on function kernel.count_of(numeric, text) is
  'A number and its noun, in the plural but for 1: 1 minute, 2 minutes, 1.5 hours.';

create or replace function kernel.show_age(p_seconds numeric)
returns text
language plpgsql
immutable strict parallel safe
as $$
begin
  return case
    when p_seconds < 60 then kernel.count_of(greatest(round(p_seconds), 1), 'second')
    when p_seconds < 2 * 3600 then kernel.count_of(round(p_seconds / 60), 'minute')
    when p_seconds < 2 * 86400 then kernel.count_of(round(p_seconds / 3600), 'hour')
    else kernel.count_of(round(p_seconds / 86400), 'day')
  end;
end;
$$;
comment on function kernel.show_age(numeric) is
  'A number of seconds in the unit that fits: 30 seconds, 90 minutes, 36 hours, 3 days.';

create or replace function kernel.suggest(p_word text, p_options text[])
returns text
language plpgsql
immutable strict
as $$
-- Cut short, because the work grows with the product of the lengths.
declare
  c_length constant integer := 64;
  v_word constant text := left(lower(p_word), c_length);
begin
  return (
    select o.option
    from unnest(p_options) with ordinality as o (option, place)
    cross join lateral kernel.edit_distance(v_word, left(lower(o.option), c_length)) as mistakes
    where mistakes <= greatest(1, length(o.option) / 3) and mistakes < length(o.option)
    order by mistakes, o.place
    limit 1
  );
end;
$$;
comment on function kernel.suggest(text, text[]) is
  'The option that a misspelt word most likely meant; null when none is '
  'near: more than a third of its letters would be wrong.';

create or replace function kernel.edit_distance(p_a text, p_b text)
returns integer
language plpgsql
immutable strict
as $$
-- Optimal string alignment, a row at a time: swapped neighbours are one mistake, as they are for a person who types.
declare
  v_before integer[];
  v_above integer[] := array(select generate_series(0, length(p_b)));
  v_row integer[];
  v_cost integer;
begin
  for i in 1 .. length(p_a) loop
    v_row := array[i];
    for j in 1 .. length(p_b) loop
      v_cost := (substr(p_a, i, 1) <> substr(p_b, j, 1))::integer;
      v_row[j + 1] := least(v_above[j + 1] + 1, v_row[j] + 1, v_above[j] + v_cost);
      if i > 1 and j > 1
        and substr(p_a, i, 1) = substr(p_b, j - 1, 1)
        and substr(p_a, i - 1, 1) = substr(p_b, j, 1) then
        v_row[j + 1] := least(v_row[j + 1], v_before[j - 1] + 1);
      end if;
    end loop;
    v_before := v_above;
    v_above := v_row;
  end loop;
  return v_above[length(p_b) + 1];
end;
$$;
comment on function kernel.edit_distance(text, text) is
  'How many letters have to be added, dropped, replaced or swapped with '
  'their neighbour to make one word of the other.';

create or replace function kernel.is_one_of(p_value jsonb, p_list jsonb)
returns boolean
language plpgsql
immutable strict parallel safe
as $$
-- jsonb's @> would take ["a"] for a member of ["a", "b"].
begin
  for v_index in 0 .. jsonb_array_length(p_list) - 1 loop
    if p_list -> v_index = p_value then
      return true;
    end if;
  end loop;
  return false;
end;
$$;
comment on function kernel.is_one_of(jsonb, jsonb) is 'Whether a value equals an entry of a JSON list.';

create or replace function kernel.is_passing_fault(p_sqlstate text)
returns boolean
language plpgsql
immutable strict parallel safe
as $$
-- 08 connection, 25 transaction state, 40 rollback, 53 resources, 55P03 lock not available, 57 operator intervention,
-- 58 system, 72 snapshot too old, F0 configuration file, XX internal error.
begin
  return left(p_sqlstate, 2) in ('08', '25', '40', '53', '57', '58', '72', 'F0', 'XX') or p_sqlstate = '55P03';
end;
$$;
comment on function kernel.is_passing_fault(text) is
  'Whether an error is of the moment or the server (a deadlock, a cancelled query, a full disk), not of the row at '
  'hand. Who handles errors raises such a one again: the work is done anew, and no row is blamed for it.';

create or replace function kernel.is_fault_of_row(p_sqlstate text)
returns boolean
language plpgsql
volatile strict
as $$
begin
  return not kernel.is_passing_fault(p_sqlstate) or kernel.is_out_of_time(p_sqlstate);
end;
$$;
comment on function kernel.is_fault_of_row(text) is
  'Whether a chore that meets an error over a row sets the row aside, so that the others flow; any other error it '
  'raises again.';

create or replace function kernel.is_out_of_time(p_sqlstate text)
returns boolean
language plpgsql
volatile strict
as $$
-- A statement that ran out of time and one that somebody cancelled (an operator, a worker that stops) have the same
-- SQLSTATE, and the words depend on the server's language; so the clock tells. A time-out runs from a little before
-- statement_timestamp.
declare
  v_timeout constant interval := current_setting('statement_timeout')::interval;
begin
  return p_sqlstate = '57014' and v_timeout > '0' and clock_timestamp() - statement_timestamp() > 0.9 * v_timeout;
end;
$$;
comment on function kernel.is_out_of_time(text) is
  'Whether an error is statement_timeout''s. A chore that meets it over a row sets the row aside, as for an error of '
  'the row: done anew at once, it would run out of time again and keep the others waiting.';
