-- find_line_types: of which types a number may be, by the numbering plan of its country.
begin;
select plan(13);
select is(ref.find_line_types(phone, country), types, what)
from (values
  ('+15125550123', 'US', '{fixed_line,mobile}'::text[], 'the US: landlines and mobiles look alike'),
  ('+18005550123', 'US', '{toll_free}', 'the US: toll-free'),
  ('+19005550123', 'US', '{premium_rate}', 'the US: premium rate'),
  ('+491701234567', 'DE', '{mobile}', 'Germany: a mobile'),
  ('+4930123456', 'DE', '{fixed_line}', 'Germany: Berlin'),
  ('+498001234567', 'DE', '{toll_free}', 'Germany: toll-free'),
  ('+447400123456', 'GB', '{mobile}', 'Britain: a mobile'),
  ('+442079460123', 'GB', '{fixed_line}', 'Britain: London'),
  ('+445600123456', 'GB', '{voip}', 'Britain: voice over IP'),
  ('+1512', 'US', '{}', 'digits that are no number'),
  ('not a number', 'US', null, 'no number at all'),
  ('+15125550123', 'DE', null, 'a number of another country'),
  ('+15125550123', 'QQ', null, 'a country that there is not')
) as t (phone, country, types, what);
select * from finish();
rollback;
