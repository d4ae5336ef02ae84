-- read_phone and dial_abroad: numbers as people of several countries write them.
begin;
select plan(64);

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
  ('1-800-FLOWERS', 'US', null),
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

select is(ref.dial_abroad(digits, r), abroad, format('dial_abroad: %s from %s', digits, r.country_code))
from (values
  ('US', '5125550123', '15125550123'), ('US', '15125550123', '15125550123'), ('US', '011442079460958', '442079460958'),
  ('GB', '02079460958', '442079460958'), ('GB', '0012125550123', '12125550123'), ('IT', '0212345678', '390212345678')
) as t (country, digits, abroad)
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
