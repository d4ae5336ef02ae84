create or replace function leadgen.refuse(
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
comment on function leadgen.refuse(text, text, text, text, text, text) is
  'Raises an error of class LG: MESSAGE for people, DETAIL as JSON (field, found, allowed), HINT with the way out. Never put personal data into it: the server logs it.';
