-- normalize_email, normalize_domain, encode_punycode, is_email.
begin;
select plan(87);

select is(ref.encode_punycode(label), encoded, format('encode_punycode: %s', label))
from (values
  ('bücher', 'bcher-kva'), ('münchen', 'mnchen-3ya'), ('例え', 'r8jz45g'), ('テスト', 'zckzah'), ('испытание', '80akhbyknj4f'),
  ('παράδειγμα', 'hxajbheg2az3al'), ('他们为什么不说中文', 'ihqwcrb4cv8a8dqg056pqjye'), ('мойдомен', 'd1acklchcc'), ('ü', 'tda'),
  ('ñandú', 'and-6ma2c'), ('𐀀', '2n7c')
) as t (label, encoded);

select is(ref.normalize_domain(domain), ascii, format('normalize_domain: %s', domain))
from (values
  ('Example.COM', 'example.com'), ('Bücher.Example', 'xn--bcher-kva.example'), ('MÜNCHEN.de', 'xn--mnchen-3ya.de'),
  ('例え.テスト', 'xn--r8jz45g.xn--zckzah'), ('mail.bücher.example', 'mail.xn--bcher-kva.example'),
  ('xn--bcher-kva.example', 'xn--bcher-kva.example'), (U&'bu\0308cher.example', 'xn--bcher-kva.example'),
  (U&'\FF45xample\FF0Ecom', 'example.com')
) as t (domain, ascii);
select is(ref.normalize_domain(null), null, 'normalize_domain: nothing of nothing');

select is(ref.normalize_email(email), normal, format('normalize_email: %s', email))
from (values
  ('John.Smith+Leads@Example.COM', 'john.smith+leads@example.com'), ('Jürgen@Bücher.Example', 'jürgen@xn--bcher-kva.example'),
  ('Nobody', 'nobody'), ('User@', 'user@'), ('@Example.com', '@example.com'), ('A@B@Example.com', 'a@b@example.com')
) as t (email, normal);
select is(ref.normalize_email(null), null, 'normalize_email: nothing of nothing');

select is(ref.is_email(email), good, format('is_email: %s', to_jsonb(left(email, 60))))
from (values
  ('john@example.com', true), ('john.smith+leads@mail.example.co.uk', true), ('o''brien@example.com', true),
  ('jürgen@xn--bcher-kva.example', true), ('x@xn--r8jz45g.xn--zckzah', true), ('1@2.example', true),
  (format('%s@example.com', repeat('a', 64)), true), (format('%s@example.com', repeat('a', 65)), false),
  ('', false), ('john', false), ('john@', false), ('@example.com', false), ('john@example', false), ('john@@example.com', false),
  ('john smith@example.com', false), ('.john@example.com', false), ('john.@example.com', false), ('jo..hn@example.com', false),
  ('john@-example.com', false), ('john@example-.com', false), ('john@example..com', false), ('john@127.0.0.1', false),
  ('john@[127.0.0.1]', false), (E'john@example.com\r\nBcc: x@y.example', false), ('a@b.example,c@d.example', false),
  ('"a b"@example.com', false), (format('%s@%scom', repeat('a', 60), repeat(format('%s.', repeat('b', 60)), 3)), false)
) as t (email, good);

-- Characters that nobody sees, blanks that are symbols, private and unused ones, wherever they stand.
select is(array[ref.is_email(format('jo%shn@example.com', odd)), ref.is_email(ref.normalize_email(format('john@exa%smple.com', odd)))],
  '{false,false}', format('is_email: %s', to_json(ascii(odd))))
from unnest(array[E'\ufff9', E'\ufffa', E'\ufffb', E'\ufffc', E'\u2800', E'\u0600', E'\u0605', E'\u06dd', E'\u070f', E'\u0890',
  E'\u08e2', E'\u1680', E'\u2028', E'\u200b', E'\ufe0f', E'\u0085', E'\ue000', E'\ufdd0', E'\U000110bd', E'\U00013430', E'\U0001343f',
  E'\U00016fe4', E'\U0001d159', E'\U000e0041', E'\U0001ffff', E'\U000f0000', E'\U0010fffd']) odd;
select is(ref.is_email(E'jo\u2800hn@example.com', reading), reading is null or reading < 3, format('is_email: reading %s', reading))
from unnest('{null,2,3}'::integer[]) reading;

-- Through the front door: a domain that grows in ASCII is judged, not an error of the database.
create temp table ids as select testkit.make_offer() as offer_id;
select is(testkit.codes_of(testkit.submit(offer_id, jsonb_build_object('email', ' Jürgen@BÜCHER.example '))), '{}',
  'an international address') from ids;
select is((select format('%s %s', l.email, l.submitted ->> 'email') from leadgen.leads l where l.offer_id = ids.offer_id),
  'jürgen@xn--bcher-kva.example  Jürgen@BÜCHER.example ', 'the lead has the normal form beside what was sent') from ids;
select is(testkit.fault_of(format('select testkit.submit(%s, %L, 2)', offer_id,
  jsonb_build_object('email', format('a@%sde', repeat('ü.', 90))))),
  'none', 'a domain that grows past the column in ASCII is no error') from ids;

select * from finish();
rollback;
