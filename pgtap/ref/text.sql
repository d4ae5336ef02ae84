-- read_lines, list_invisible, strip_invisible, fold_marks, read_code, read_ip_address, mend_escapes, read_email.
begin;
select plan(93);

select is(ref.read_lines(sent), kept, format('read_lines: %s', to_json(sent)))
from (values
  ('one line ', 'one line'), (E'one\r\ntwo', E'one\ntwo'), (E'one\rtwo', E'one\ntwo'), (E'one\n\n\n\n\ntwo', E'one\n\ntwo'),
  (E'one\n \t \n\n two  words ', E'one\n\ntwo words'), (E'\n\none\n\n', 'one'), (E'\r\n \n', null), ('', null), (null, null),
  (E'one\u2028two\u2029three\u0085four\u000bfive\u000csix', E'one\ntwo\nthree\nfour\nfive\nsix'), (E'a\tb\u00a0c', 'a b c')
) as t (sent, kept);

-- One of each range of Default_Ignorable_Code_Point, its ends included; beside them, what people see.
select is(ref.strip_invisible(format('a%sb', chr(code))), 'ab', format('U+%s is not seen', upper(to_hex(code))))
from unnest(array[173, 847, 1564, 4447, 4448, 6068, 6069, 6155, 6158, 6159, 8203, 8205, 8206, 8207, 8234, 8238, 8288, 8293, 8294, 8303,
  12644,
  65024, 65039, 65279, 65440, 65520, 65528, 113824, 113827, 119155, 119162, 917504, 917505, 917631, 917760, 917999, 921599]) code;
select is(ref.strip_invisible(chr(code)), chr(code), format('U+%s is seen', upper(to_hex(code))))
from unnest(array[172, 174, 8202, 8208, 12643, 12645, 65040, 65533, 128512]) code;

select is(ref.read_code(sent), kept, format('read_code: %s', kept))
from (values
  (E' \u200e78701\u200f ', '78701'), (E'\uff37\uff11\u3000\uff11\uff21\uff21', 'W1 1AA'), (E'\u2212\u2010\u2013\uff0d', '----'),
  (E'\u201cx\u201d \u2018y\u2019', '"x" ''y'''), (E'\u200b\u2060', null)
) as t (sent, kept);
select is(ref.read_code(E'Sa\u0303o'), 'São', 'read_code: an accent is one letter with its base');
select is(ref.read_code(repeat(E'a\u0303\u200b', count)), repeat(kept, count), format('read_code: %s letters', count))
from (values (500, 'ã'), (501, E'a\u0303')) as t (count, kept);
select is(ref.read_email(sent), kept, format('read_email: %s', kept))
from (values
  (E'JOHN\u200b@EXAMPLE.com', 'john@example.com'), (E'john@ex\u00adample\uff0ecom', 'john@example.com'), (E'john@example\u3002com',
  'john@example.com'),
  (E'john@bu\u0308cher.example', 'john@xn--bcher-kva.example'), (E'john@\ufffd.example', E'john@\ufffd.example')
) as t (sent, kept);
select is(ref.is_email(address), false, format('is_email: %s', to_json(address)))
from unnest(array[E'jo\ufffdhn@example.com', E'john@\ufffd.example']) address;

select is(host(ref.read_ip_address(sent)), kept, format('read_ip_address: %s', left(sent, 40)))
from (values
  ('192.0.2.1', '192.0.2.1'), ('0.0.0.0', '0.0.0.0'), ('255.255.255.255', '255.255.255.255'), ('::', '::'), ('::1', '::1'),
  ('2001:db8::8:1', '2001:db8::8:1'), ('1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'), ('1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'), ('1::2::3', null),
  ('1:2:3:4:5:6:7:8:9', null),
  ('1:2:3', null), (':::', null), ('192.0.2', null), ('192.0.2.1.5', null), ('192.0.2.01', null), ('192.0.2.1/24', null), ('12345::', null),
  ('', null),
  (repeat('1:', 9000), null)
) as t (sent, kept);

select is(ref.mend_escapes(E'{"a": "\\u0000\\\\u0000\\ud83d\\ude00\\ud83d\\n"}'), E'{"a": "\\ufffd\\\\u0000\\ud83d\\ude00\\ufffd\\n"}',
  'mend_escapes: NUL and halves, and nothing else');
select is(ref.mend_escapes('{"a": "\u00e9"}'), '{"a": "\u00e9"}', 'mend_escapes: what is fine stays as it is');

select * from finish();
rollback;
