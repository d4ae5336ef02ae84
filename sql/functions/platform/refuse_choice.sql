create or replace function leadgen.refuse_choice(p_path text, p_found text, p_word text, p_options text[])
returns void
language plpgsql
immutable
as $$
declare
  c_hint constant text := 'The row was not written; the last good version rules on.';
  v_allowed constant text := coalesce('one of ' || array_to_string(nullif(p_options, '{}'), ', '), 'nothing here');
  v_meant constant text := 'Did you mean ' || leadgen.suggest(p_word, p_options) || '?';
begin
  perform leadgen.refuse(
    'LG423',
    format('%s: found %s; allowed: %s', p_path, left(p_found, 200), v_allowed) || coalesce('. ' || v_meant, ''),
    p_path, left(p_found, 200), v_allowed, concat_ws(' ', v_meant, c_hint)
  );
end;
$$;
comment on function leadgen.refuse_choice(text, text, text, text[]) is
  'Refuses a word of the configuration that is none of the options (LG423), with the one that was probably meant.';
