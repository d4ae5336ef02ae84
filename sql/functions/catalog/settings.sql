-- The settings that hold for the whole installation.

create or replace function catalog.write_settings()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform catalog.check_pauses(new.slow_retry_seconds, 'slow_retry_seconds');
  return new;
end;
$$;
comment on function catalog.write_settings() is 'Trigger: refuses a list of pauses that retries could not follow.';

create or replace function catalog.check_pauses(p_seconds numeric[], p_field text)
returns void
language plpgsql
immutable
as $$
-- A retry takes its pause by number. Where the list is nested, begins elsewhere or has a gap, there is none, and the
-- delivery would be a dead letter. A constraint cannot tell: with a null among them, every comparison is unknown.
declare
  c_allowed constant text := 'at most 50 numbers above 0 and up to 604800 (a week), as in {60,300,1800}; {} for none';
  v_seconds numeric;
begin
  if p_seconds is null then
    perform kernel.refuse_value(p_field, 'null', c_allowed);
  elsif array_ndims(p_seconds) > 1 then
    perform kernel.refuse_value(p_field, format('a list of %s dimensions', array_ndims(p_seconds)), c_allowed);
  elsif array_lower(p_seconds, 1) <> 1 then
    perform kernel.refuse_value(p_field, 'a list that begins at ' || array_lower(p_seconds, 1), c_allowed);
  elsif cardinality(p_seconds) > 50 then
    perform kernel.refuse_value(p_field, cardinality(p_seconds) || ' numbers', c_allowed);
  end if;
  foreach v_seconds in array p_seconds loop
    if v_seconds > 0 and v_seconds <= 604800 then
      continue;
    end if;
    perform kernel.refuse_value(p_field, coalesce(v_seconds::text, 'null'), c_allowed);
  end loop;
end;
$$;
comment on function catalog.check_pauses(numeric[], text) is
  'Raises LG423 unless the pauses before retries are a plain list of numbers of seconds.';
