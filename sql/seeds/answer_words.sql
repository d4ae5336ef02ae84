-- Words for yes and no, as forms and people write them: small letters without accents. Phrases and unclear words are not
-- here, for a consent is never guessed.
delete from leadgen.answer_words;
insert into leadgen.answer_words (word, meaning)
values
  ('true', true), ('t', true), ('yes', true), ('y', true), ('on', true), ('1', true), ('checked', true),
  ('oui', true), ('si', true), ('sim', true), ('ja', true), ('tak', true), ('igen', true),
  ('false', false), ('f', false), ('no', false), ('n', false), ('off', false), ('0', false), ('unchecked', false),
  ('non', false), ('nao', false), ('nein', false), ('nee', false), ('nej', false), ('nie', false), ('nem', false);

select catalog.compile_answer_words();
