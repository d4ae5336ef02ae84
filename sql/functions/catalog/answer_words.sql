-- The words for yes and no compiled into functions of the kernel, once a deploy.

create or replace function catalog.compile_answer_words()
returns void
language plpgsql
volatile
as $$
declare
  v_fault text;
begin
  select w.word into v_fault from leadgen.answer_words w where w.word <> kernel.fold_answer(w.word) or w.word = ''
  order by w.word limit 1;
  if found then
    perform kernel.refuse('LG423', 'An answer word is not written as answers are compared', 'word', v_fault,
      'small letters without accents', 'Mend the row in sql/seeds/answer_words.sql and deploy again.');
  end if;
  perform catalog.replace_body('kernel.read_answer_word(text)', format($sql$
begin
  return case kernel.fold_answer(p_text)%s
  end;
end;
$sql$, (
    select string_agg(format(E'\n    when %L then %s', w.word, to_jsonb(w.meaning)), '' order by w.meaning, w.word)
    from leadgen.answer_words w)));
  perform catalog.replace_body('kernel.show_answer_pattern(boolean)', format($sql$
begin
  return case when p_meaning then %L else %L end;
end;
$sql$, catalog.make_answer_pattern(true), catalog.make_answer_pattern(false)));
end;
$$;
comment on function catalog.compile_answer_words() is
  'Writes the bodies of kernel.read_answer_word and show_answer_pattern from leadgen.answer_words; run by each deploy.';

create or replace function catalog.make_answer_pattern(p_meaning boolean)
returns text
language plpgsql
stable
as $$
-- A JSON path has no function that folds, so each letter is written with its common forms; any accent that stands as a
-- character of its own is taken, too. A rare letter such as ẏ or ẽ is not: kernel.read_answer_word folds it.
declare
  c_forms constant jsonb := '{"a": "àáâãäå", "c": "çćč", "e": "èéêëě", "i": "ìíîï", "n": "ñńň", "o": "òóôõöő",
    "s": "śš", "u": "ùúûüű", "y": "ýÿ", "z": "źżž"}';
begin
  return (
    select format('^[[:space:]]*(%s)[[:space:]]*$', string_agg(w.pattern, '|' order by w.pattern))
    from (
      select string_agg(case
        when l.letter ~ '[a-z]' then format(E'[%s%s%s][\u0300-\u036f]*', l.letter, upper(l.letter collate "C"),
          coalesce(c_forms ->> l.letter, '') || upper(coalesce(c_forms ->> l.letter, '')))
        else l.letter
      end, '' order by l.place) as pattern
      from leadgen.answer_words a
      cross join string_to_table(a.word, null) with ordinality as l (letter, place)
      where a.meaning = p_meaning
      group by a.word
    ) w
  );
end;
$$;
comment on function catalog.make_answer_pattern(boolean) is
  'The words for yes, or for no, as a regular expression in any case and with the accents that are common.';
