-- Words for yes and no, as forms and people write them: small letters without accents. Phrases and unclear words are not
-- here, for a consent is never guessed.
create temp table declared_words (like leadgen.answer_words) on commit drop;
insert into declared_words (word, meaning)
values
  ('true', true), ('t', true), ('yes', true), ('y', true), ('on', true), ('1', true), ('checked', true),
  ('oui', true), ('si', true), ('sim', true), ('ja', true), ('tak', true), ('igen', true),
  ('false', false), ('f', false), ('no', false), ('n', false), ('off', false), ('0', false), ('unchecked', false),
  ('non', false), ('nao', false), ('nein', false), ('nee', false), ('nej', false), ('nie', false), ('nem', false);

delete from leadgen.answer_words w where not exists (select from declared_words d where d.word = w.word);
insert into leadgen.answer_words as w (word, meaning)
select d.word, d.meaning from declared_words d
on conflict (word) do update set meaning = excluded.meaning where w.meaning <> excluded.meaning;

select catalog.compile_answer_words();
