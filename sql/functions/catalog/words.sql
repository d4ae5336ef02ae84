-- Columns that take one of some words: what they are is said once, by the check constraint of the table.

create or replace function catalog.list_words(p_table regclass)
returns table (name text, words text[])
language sql
stable
as $$
  select
    a.attname::text,
    array(
      select replace(w.word[1], '''''', '''')
      from regexp_matches(d.definition, '''((?:[^'']|'''')*)''::', 'g') with ordinality as w (word, place)
      order by w.place)
  from pg_catalog.pg_constraint k
  join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
  cross join lateral (select pg_catalog.pg_get_constraintdef(k.oid) as definition offset 0) d
  where k.conrelid = p_table and k.contype = 'c' and cardinality(k.conkey) = 1
    and d.definition ~ (E'^CHECK \\(\\(+\\w+\\)?(::text)? = ANY \\(+ARRAY\\[(''([^'']|'''')*''::[a-z ]+(, )?)+\\]'
      || E'\\)?(::text\\[\\])?\\)+( NOT VALID)?$')
  order by a.attnum;
$$;
comment on function catalog.list_words(regclass) is
  'The columns of a table of which a check constraint allows some words only, and these words.';

create or replace function catalog.check_words()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- Before the constraint, which would name itself and not what is allowed. To read the catalogue costs more than the
-- row, so the declaration of each trigger says when: for another word than those of the constraint.
declare
  v_row constant jsonb := to_jsonb(new);
begin
  perform kernel.refuse_choice(w.name, v_row ->> w.name, v_row ->> w.name, w.words)
  from catalog.list_words(tg_relid) w
  where v_row ->> w.name <> all (w.words);
  return new;
end;
$$;
comment on function catalog.check_words() is
  'Trigger: a word that a check constraint does not allow is refused (LG423) with those that it allows.';
