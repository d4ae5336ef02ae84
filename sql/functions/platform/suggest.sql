create or replace function leadgen.suggest(p_word text, p_options text[])
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
    cross join lateral leadgen.edit_distance(v_word, left(lower(o.option), c_length)) as mistakes
    where mistakes <= greatest(1, length(o.option) / 3) and mistakes < length(o.option)
    order by mistakes, o.place
    limit 1
  );
end;
$$;
comment on function leadgen.suggest(text, text[]) is
  'The option that a misspelt word most likely meant; null when none is near: more than a third of its letters would be wrong.';
