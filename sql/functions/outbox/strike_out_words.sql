create or replace function leadgen.strike_out_words(p_text text, p_personal text[])
returns text
language plpgsql
immutable
as $$
-- Word by word, because a receiver that echoes a person's text escapes, cuts and wraps it. Of long texts only the longer
-- words count, and only where there is room for more than a remark; of an address what stands before the @.
declare
  c_long constant integer := 60;
  v_text text := p_text;
  v_escape text;
  v_words constant text[] := array(
    select distinct lower(w)
    from unnest(p_personal) as personal (text),
    regexp_split_to_table(left(regexp_replace(personal.text, '^(\S+)@\S+$', '\1'), 2000), '[^[:alnum:]]+') w
    where length(w) > case when length(personal.text) > c_long then 4 else 1 end
      and (length(personal.text) <= c_long or length(p_text) > c_long));
begin
  if v_words = '{}' or p_text = '' then
    return v_text;
  end if;
  if strpos(v_text, '\') > 0 then
    for v_escape in
      select distinct m[1] from regexp_matches(v_text, '\\u([0-9a-fA-F]{4})', 'g') m where m[1] !~* '^(0000|d[89a-f]..)$'
    loop
      v_text := replace(v_text, '\u' || v_escape, chr(('x' || v_escape)::bit(16)::integer));
    end loop;
    v_text := regexp_replace(v_text, '\\[nrt]', ' ', 'g');
  end if;
  v_text := (
    select string_agg(case when lower(t.part[1]) = any (v_words) then '[personal]' else t.part[1] end, '' order by t.place)
    from regexp_matches(v_text, '[[:alnum:]]+|[^[:alnum:]]+', 'g') with ordinality as t (part, place));
  return regexp_replace(v_text, '\[personal\](?:[ .,;+''-]{1,2}\[personal\])+', '[personal]', 'g');
end;
$$;
comment on function leadgen.strike_out_words(text, text[]) is
  'A text with [personal] in place of each word of these names, addresses and messages.';
