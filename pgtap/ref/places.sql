-- normalize_postal_code, is_postal_code, restore_zip, match_postal_codes, normalize_city, list_city_keys, read_country, read_region,
-- collapse_space, fold_words.
begin;
select plan(170);

select is(ref.normalize_postal_code(code, country), normal, format('normalize_postal_code: %s in %s', to_jsonb(code), country))
from (values
  (' 78701 ', 'US', '78701'), ('78701-1234', 'US', '78701'), ('787011234', 'US', '78701'), ('00901-1234', 'PR', '00901'),
  ('78701 - 1234', 'US', '78701'),
  ('7870', 'US', '7870'), ('', 'US', null), ('   ', 'US', null),
  ('k1a0b1', 'CA', 'K1A 0B1'), ('K1A-0B1', 'CA', 'K1A 0B1'), ('K1A  0B1', 'CA', 'K1A 0B1'),
  ('sw1a1aa', 'GB', 'SW1A 1AA'), ('m1 1ae', 'GB', 'M1 1AE'), ('EC1A 1BB', 'GB', 'EC1A 1BB'),
  ('1011ab', 'NL', '1011 AB'), ('10115', 'DE', '10115'), (' d-10115 ', 'DE', 'D-10115'), (E'10\t115', 'FR', '10 115')
) as t (code, country, normal);
select is(ref.normalize_postal_code(null, 'US'), null, 'normalize_postal_code: nothing of nothing');

select is(ref.is_postal_code(code, country), good, format('is_postal_code: "%s" in %s', code, country))
from (values
  ('78701', 'US', true), ('00901', 'PR', true), ('0090', 'PR', false), ('7870', 'US', false),
  ('787011', 'US', false), ('7870A', 'US', false), ('78701-1234', 'US', false),
  ('K1A 0B1', 'CA', true), ('K1A0B1', 'CA', false), ('SW1A 1AA', 'GB', true), ('M1 1AE', 'GB', true), ('SW1A', 'GB', false),
  ('10115', 'DE', true), ('1', 'DE', false), ('ABCDEFGHIJKLMNOP', 'DE', false), ('1011 AB', 'NL', true), ('10!15', 'DE', false)
) as t (code, country, good);

select is(ref.match_postal_codes('78701'), '{78701,78701*,7870*,787*,78*,7*,*}', 'match_postal_codes: the longest first');
select is(ref.match_postal_codes('K1A 0B1'), '{K1A 0B1,K1A 0B1*,K1A 0B*,K1A 0*,K1A *,K1A*,K1*,K*,*}',
  'match_postal_codes: with a blank');
select is(ref.match_postal_codes(null), null, 'match_postal_codes: nothing of nothing');

select is(ref.normalize_city(city), key, format('normalize_city: %s', city))
from (values
  ('Austin', 'austin'), ('  AUS TIN ', 'austin'), ('San José', 'sanjose'), (U&'San Jose\0301', 'sanjose'), ('SAN  JOSÉ', 'sanjose'),
  ('St. Louis', 'saintlouis'), ('Saint Louis', 'saintlouis'), ('ST LOUIS', 'saintlouis'), ('St.Louis, MO', 'saintlouis'),
  ('Winston-Salem', 'winstonsalem'), ('Winston – Salem', 'winstonsalem'), ('Coeur d''Alene', 'coeurdalene'),
  ('COEUR D’ALENE', 'coeurdalene'), ('Coeur D Alene', 'coeurdalene'), ('O''Fallon', 'ofallon'), ('O Fallon', 'ofallon'),
  ('Ft. Worth', 'fortworth'), ('Mt. Pleasant', 'mountpleasant'), ('Mt. St. Helens', 'mountsainthelens'), ('Austin, TX', 'austin'),
  ('Austin, Texas, USA', 'austin'), ('N. Las Vegas', 'northlasvegas'), ('E St Louis', 'eastsaintlouis'), ('Sault Ste. Marie',
  'saultsaintemarie'), ('Stow', 'stow'), ('West Point', 'westpoint'), ('Land O'' Lakes', 'landolakes'), ('Avenue N', 'avenuen'),
  (', TX', 'tx'), ('...', null), ('Québec', 'quebec'), ('MÜNCHEN', 'munchen'), ('São Paulo', 'saopaulo'),
  ('Łódź', 'łodz'), ('東京', '東京'), (' ', null)
) as t (city, key);
select is(ref.normalize_city(null), null, 'normalize_city: nothing of nothing');

select is(ref.collapse_space(text), clean, format('collapse_space: %s', to_jsonb(text)))
from (values
  ('  a   b ', 'a b'), (E'a\r\nBcc: b', 'a Bcc: b'), (E'a\u0001b', 'a b'), (U&'a\00A0b', 'a b'), ('', null), (E' \t\n ', null)
) as t (text, clean);
select is(ref.collapse_space(text), clean, format('collapse_space, what nobody sees: %s', to_jsonb(text)))
from (values (U&'Jo\200bhn\feff Smi\00adth', 'John Smith'), (U&'\200b\2060', null),
  (U&'\0645\06cc\200c\062e', U&'\0645\06cc\200c\062e')) as t (text, clean);
select is(ref.fold_words(text), words, format('fold_words: %s', to_jsonb(text)))
from (values ('  Do NOT-call!', 'do not call'), (U&'vi\200dag\00adra', 'viagra'),
  (U&'\ff26\ff32\ff25\ff25 cafe\0301', 'free café')) as t (text, words);
select is(ref.collapse_space(null), null, 'collapse_space: nothing of nothing');

-- normalize_request puts them together; the market's country stands in for one that was not sent.
create temp table ids as select testkit.make_offer(p_market => '{"country_code": "CA", "timezone": "America/Toronto"}') as offer_id;
create temp table facts as
select (intake.normalize_request(r, intake.find_route(r))).*
from ids, intake.read_request(testkit.given_lead(offer_id, '{"phone": "416 555 0123", "postal_code": "k1a0b1", "city": " Québec "}'),
  '{}') r;
select is(phone, '+14165550123', 'normalize_request: phone') from facts;
select is(country_code, 'CA', 'normalize_request: country of the market') from facts;
select is(postal_code, 'K1A 0B1', 'normalize_request: postal code') from facts;
select is(postal_patterns[1:3], '{K1A 0B1,K1A 0B1*,K1A 0B*}', 'normalize_request: its patterns') from facts;
select is(city, 'Québec', 'normalize_request: the city as it was sent') from facts;
select is(email_domain, 'example.com', 'normalize_request: domain of the e-mail') from facts;

select is(ref.squeeze_city(city), key, format('squeeze_city: %s', city))
from (values ('St. Louis', 'st.louis'), ('San  José', 'sanjose'), (' ', null)) as t (city, key);
select is(ref.list_city_keys(city, towns), keys, format('list_city_keys: %s with %s', city, towns))
from (values
  ('Saint Louis', '{University City,Univ. City}'::text[], '{saintlouis,univcity,universitycity}'::text[]), ('Austin', '{}', '{austin}'),
  ('Austin', null, '{austin}'), (null, '{x}', null)
) as t (city, towns, keys);

select is(ref.read_country(sent), code, format('read_country: %s', sent))
from (values
  ('US', 'US'), ('us', 'US'), ('USA', 'US'), ('U.S.', 'US'), ('U.S.A.', 'US'), ('United States', 'US'),
  ('united states of america', 'US'), ('UK', 'GB'), ('U.K.', 'GB'), ('Great Britain', 'GB'), ('Deutschland', 'DE'), ('España', 'ES'),
  ('Canada', 'CA'), ('México', 'MX'), ('Puerto Rico', 'PR'), ('de', 'DE'), ('Atlantis', 'ATLANTIS'), ('U5', 'U5'), (null, null)
) as t (sent, code);
select is(ref.read_region(sent, country), code, format('read_region: %s in %s', sent, country))
from (values
  ('TX', 'US', 'US-TX'), ('tx', 'US', 'US-TX'), ('Texas', 'US', 'US-TX'), ('US-TX', 'US', 'US-TX'), ('us-tx', 'US', 'US-TX'),
  ('New York', 'US', 'US-NY'), ('D.C.', 'US', 'US-DC'), ('Puerto Rico', 'US', 'US-PR'), ('Québec', 'CA', 'CA-QC'), ('ON', 'CA', 'CA-ON'),
  ('Ontario', 'US', 'ONTARIO'), ('TX', 'DE', 'TX'), (repeat('x', 30), 'US', repeat('X', 20)), (null, 'US', null)
) as t (sent, country, code);
select is(ref.find_postal_country(country), postal, format('find_postal_country: %s', country))
from (values ('US', 'US'), ('PR', 'US'), ('VI', 'US'), ('GU', 'US'), ('AS', 'US'), ('MP', 'US'), ('DE', 'DE'), (null, null))
  as t (country, postal);
select is(ref.settle_country(sent, market, postal_code), country,
  format('settle_country: %s in a market of %s, %s', sent, market, postal_code))
from (values
  ('US', 'US', '78701', 'US'), ('PR', 'US', '00901', 'US'), ('US', 'PR', '00901', 'PR'), ('PR', 'PR', '00901', 'PR'),
  ('PR', 'PR', '78701', 'US'), ('PR', 'PR', null, 'PR'), ('VI', 'PR', '00802', 'VI'), ('US', 'GU', '96910', 'GU'),
  ('US', 'MP', '96950', 'MP'), ('US', 'GU', '96939', 'US'), ('US', 'AS', '96799', 'AS'), ('DE', 'US', '10115', 'DE'),
  ('US', 'DE', '78701', 'US'), ('PR', 'DE', '00901', 'PR'), ('DE', 'DE', '10115', 'DE')
) as t (sent, market, postal_code, country);

select is(ref.restore_zip(sent), kept, format('restore_zip: %s', sent))
from (values ('2108', '02108'), ('2108-1234', '02108'), ('78701.0', '78701'), ('2108.00', '02108'), ('210', '210'), ('78701', '78701'),
  ('78701-1234', '78701-1234'), ('7870A', '7870A'), ('21081', '21081')) as t (sent, kept);

select is(ref.fold_words(format(E'%s cafe\u0301 \uff26\uff32\uff25\uff25', repeat('x', 1000))),
  format(E'%s caf\u00e9 free', repeat('x', 1000)), 'fold_words: a long text, word by word');
select is(ref.fold_words(format('%s %s', repeat(E'\uff58', 250), repeat('a ', 400))), format('%s%s', repeat('x', 250), repeat(' a', 400)),
  'fold_words: the longest word of a long text that is read');
select is(ref.fold_words(format('%s %s', repeat(E'\uff58', 251), repeat('a ', 400))),
  format('%s%s', repeat(E'\uff58', 251), repeat(' a', 400)), 'fold_words: a longer one stays as it is');

select * from finish();
rollback;
