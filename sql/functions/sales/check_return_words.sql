create or replace function leadgen.check_return_words(p_reason text, p_note text)
returns text
language plpgsql
stable
as $$
-- What was sent is described, not repeated: a note is a buyer's words about a person.
declare
  v_note constant text := leadgen.collapse_space(p_note);
begin
  if not exists (select from leadgen.return_reasons r where r.code = p_reason and r.is_active) then
    perform leadgen.refuse('LG400', 'A return needs one of the reasons that there are', 'reason',
      case when coalesce(p_reason, '') = '' then 'nothing' when p_reason ~ '^[a-z][a-z0-9_]{1,49}$' then p_reason else 'something else' end,
      (select string_agg(r.code, ', ' order by r.position, r.code) from leadgen.return_reasons r where r.is_active));
  end if;
  if length(v_note) > 500 then
    perform leadgen.refuse('LG400', 'The note is too long', 'note', length(v_note) || ' characters', 'at most 500 characters');
  end if;
  return v_note;
end;
$$;
comment on function leadgen.check_return_words(text, text) is
  'The note of a return, on one line; LG400 for one that is too long, and unless the reason is an active row of return_reasons.';
