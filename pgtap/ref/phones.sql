-- read_phone and its parts: numbers as people of several countries write them. tests/db/test_phones.py holds them against the
-- package.
begin;
select plan(104);

select is((ref.read_phone(phone, country)).e164, e164, format('%s in %s', phone, country))
from (values
  ('(512) 555-0123', 'US', '+15125550123'),
  ('512.555.0123', 'US', '+15125550123'),
  ('5125550123', 'US', '+15125550123'),
  ('1-512-555-0123', 'US', '+15125550123'),
  ('+1 (512) 555-0123', 'US', '+15125550123'),
  ('+15125550123', 'GB', '+15125550123'),
  ('512 555 0123 x12', 'US', '+15125550123'),
  ('512 555 0123 ext. 4567', 'US', '+15125550123'),
  ('512 555 0123EXT4', 'US', '+15125550123'),
  ('512 555 0123 extension 12', 'US', '+15125550123'),
  ('512 555 0123 #9', 'US', '+15125550123'),
  ('800 555 0123', 'US', '+18005550123'),
  ('011 44 20 7946 0958', 'US', '+442079460958'),
  ('555-0123', 'US', null),
  ('512 155 0123', 'US', null),
  ('112 555 0123', 'US', null),
  ('512 555 012', 'US', null),
  ('512 555 01234', 'US', null),
  ('2 512 555 0123', 'US', null),
  ('1-800-FLOWERS', 'US', '+18003569377'),
  ('call me', 'US', null),
  ('+', 'US', null),
  ('x12', 'US', null),
  ('416-555-0123', 'CA', '+14165550123'),
  ('1 416 555 0123', 'CA', '+14165550123'),
  ('020 7946 0958', 'GB', '+442079460958'),
  ('(020) 7946 0958', 'GB', '+442079460958'),
  ('+44 20 7946 0958', 'GB', '+442079460958'),
  ('+44 (0)20 7946 0958', 'GB', '+442079460958'),
  ('0044 20 7946 0958', 'GB', '+442079460958'),
  ('07400 123456', 'GB', '+447400123456'),
  ('7400 123456', 'GB', '+447400123456'),
  ('020 7946', 'GB', null),
  ('030 123456', 'DE', '+4930123456'),
  ('030/123456', 'DE', '+4930123456'),
  ('+49 (0)30 123456', 'DE', '+4930123456'),
  ('0049 30 123456', 'DE', '+4930123456'),
  ('0151 12345678', 'DE', '+4915112345678'),
  ('001 512 555 0123', 'DE', '+15125550123'),
  ('01 23 45 67 89', 'FR', '+33123456789'),
  ('06 12345678', 'NL', '+31612345678'),
  ('02 1234 5678', 'IT', '+390212345678'),
  ('8 (495) 123-45-67', 'RU', '+74951234567'),
  ('03-1234-5678', 'JP', '+81312345678'),
  ('512 555 0123', 'XX', null)
) as t (phone, country, e164);

select is(concat_ws(' ', (ref.read_phone(phone, country)).country_code, (ref.read_phone(phone, country)).region_code), place,
  format('%s in %s is of %s', phone, country, place))
from (values
  ('512 555 0123', 'US', 'US US-TX'), ('416 555 0123', 'US', 'CA CA-ON'), ('212 555 0123', 'CA', 'US US-NY'),
  ('202 555 0123', 'US', 'US US-DC'), ('813 555 0123', 'US', 'US US-FL'), ('303 555 0123', 'US', 'US US-CO'),
  ('800 555 0123', 'US', 'US'), ('800 555 0123', 'CA', 'CA'), ('876 555 0123', 'US', 'JM'),
  ('020 7946 0958', 'GB', 'GB'), ('030 123456', 'DE', 'DE')
) as t (phone, country, place);

select is((ref.read_phone(phone, country)).e164, e164, format('%s in %s', phone, coalesce(country, 'no country')))
from (values
  ('+44 07400 123456', 'US', '+447400123456'),
  ('447400123456', 'GB', '+447400123456'),
  ('447400123456', 'US', null),
  ('+1 1 512 555 0123', 'US', '+15125550123'),
  ('tel:+1-512-555-0123', 'GB', '+15125550123'),
  ('tel:512-555-0123;phone-context=+1', 'GB', '+15125550123'),
  (E'512\u2013555\u20130123', 'US', '+15125550123'),
  ('[512] 555-0123', 'US', '+15125550123'),
  ('512*555*0123', 'US', '+15125550123'),
  (E'\uff08\uff15\uff11\uff12\uff09\uff15\uff15\uff15\uff0d\uff10\uff11\uff12\uff13', 'US', '+15125550123'),
  (E'\u0665\u0661\u0662\u0665\u0665\u0665\u0660\u0661\u0662\u0663', 'US', '+15125550123'),
  (E'\u06f0\u06f9\u06f1\u06f2\u06f3\u06f4\u06f5\u06f6\u06f7\u06f8\u06f9', 'IR', '+989123456789'),
  ('cell: 512 555 0123', 'US', '+15125550123'),
  ('+800 1234 5678', 'US', '+80012345678'),
  ('464 1234', 'AG', '+12684641234'),
  ('011 15-2345-6789', 'AR', '+5491123456789'),
  ('+34 (0)912 345 678', 'ES', '+34912345678'),
  ('983 600 0123', 'US', null),
  ('512 555 0123', null, null),
  ('+1 512 555 0123', null, '+15125550123'),
  ('+999 512 555 0123', 'US', null),
  ('512 555 0123 call before 5', 'US', null),
  (repeat('5', 250), 'US', null),
  (repeat('1x', 5000), 'US', null),
  ('', 'US', null)
) as t (phone, country, e164);

select is((ref.read_phone(phone, 'US')).extension, extension, format('the extension of %s', phone))
from (values
  ('512 555 0123', null), ('512 555 0123 x12', '12'), ('512 555 0123 ext: 0012', '0012'), ('tel:+1-512-555-0123;ext=7', '7'),
  ('512 555 0123 extn 12#', '12'), (E'512 555 0123 x\u0661\u0662', '12'), ('555-0123 x12', null)
) as t (phone, extension);

select is(ref.dial_abroad(digits, r), abroad, format('dial_abroad: %s from %s', digits, r.country_code))
from (values
  ('US', '5125550123', null), ('US', '15125550123', '15125550123'), ('US', '011442079460958', '442079460958'),
  ('US', '0110442079460958', null), ('GB', '02079460958', null), ('GB', '0012125550123', '12125550123'),
  ('GB', '447400123456', '447400123456'), ('GB', '4407400123456', '447400123456'), ('IT', '0212345678', null)
) as t (country, digits, abroad)
join leadgen.phone_regions r on r.country_code = t.country;

select is(ref.strip_parsing_prefix(digits, r), national, format('strip_parsing_prefix: %s in %s', digits, r.country_code))
from (values
  ('GB', '02079460958', '2079460958'), ('GB', '2079460958', '2079460958'), ('IT', '0212345678', '0212345678'),
  ('AG', '4641234', '2684641234'), ('AR', '0111523456789', '91123456789')
) as t (country, digits, national)
join leadgen.phone_regions r on r.country_code = t.country;

create temp table ids as select testkit.make_offer('{"allowed_country_codes": ["GB", "US"]}') as offer_id;
select is(
  testkit.codes_of(testkit.submit(offer_id,
    '{"country_code": "gb", "phone": "020 7946 0958", "postal_code": "sw1a1aa", "city": "London"}')),
  '{}', 'the lead''s country decides how its number is read') from ids;
select is((select format('%s %s', l.phone, l.postal_code) from leadgen.leads l where l.offer_id = ids.offer_id), '+442079460958 SW1A 1AA',
  'stored in E.164') from ids;

select * from finish();
rollback;
