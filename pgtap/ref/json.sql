-- has_huge_number, read_word: JSON that strangers write.
begin;
select plan(26);

select is(ref.has_huge_number(document), huge, format('has_huge_number: %s', what))
from (values
  ('{"a": 1}', false, 'an ordinary document'),
  ('{"a": 1e99}', false, 'an exponent of two digits'),
  ('{"a": 1E-99}', false, 'a negative one'),
  ('{"a": 1e100}', true, 'an exponent of three digits'),
  ('{"a": 1E+131071}', true, 'what jsonb keeps as 131,072 digits'),
  ('{"a": 1e-16383}', true, 'a fraction of 16,383 digits'),
  ('1e000', true, 'leading zeros count'),
  (repeat('1', 40), false, 'forty digits'),
  (repeat('1', 41), true, 'forty-one digits'),
  (format('[0.%s]', repeat('0', 40)), true, 'a long fraction'),
  ('{"token": "a1e123"}', false, 'inside of a string'),
  ('{"a": "\"1e999"}', false, 'after an escaped quote'),
  ('{"a": "x\\", "b": 1e999}', true, 'after a string that ends with a backslash'),
  (format('{"a": 1e999, "b": "%s', repeat('\"', 30000)), true, 'before a string that never ends'),
  (format('{"a": "%s1e999', repeat('\"', 30000)), false, 'inside of a string that never ends'),
  ('', false, 'nothing'),
  (null, null, 'null')
) as t (document, huge, what);

select is(ref.read_word(document, 'status'), word, format('read_word: %s', what))
from (values
  ('{"status": " Accepted\n"}'::jsonb, 'Accepted', 'trimmed'),
  ('{"status": ""}', null, 'an empty string'),
  ('{"status": 7}', null, 'a number is no word'),
  ('{"status": ["accepted"]}', null, 'a list is no word'),
  ('{"status": {"a": 1}}', null, 'an object is no word'),
  ('{"status": null}', null, 'null'),
  ('["accepted"]', null, 'no object'),
  (null, null, 'no document'),
  (jsonb_build_object('status', repeat('x', 501)), repeat('x', 500), 'cut to 500 characters')
) as t (document, word, what);

select * from finish();
rollback;
