-- When people may be called for sales, as far as we are sure. Rows are added where they lack; what an installation made of
-- them stays. This is no legal advice: read the law of each state that you sell in, and add its rows.
insert into leadgen.calling_rules (country_code, region_code, hours, law)
select
  'US' as country_code,
  r.region_code,
  jsonb_object_agg(d.day, jsonb_build_array(jsonb_build_array(
    case d.day when 'sun' then coalesce(r.opens_on_sunday, r.opens) else r.opens end, r.closes))) as hours,
  r.law
from (values
  (null::text, '08:00', null, '21:00', '47 CFR 64.1200(c)(1): 8 a.m. to 9 p.m., local time at the called party''s location'),
  ('US-FL', '08:00', null, '20:00', 'Fla. Stat. 501.616(6): 8 a.m. to 8 p.m. in the called person''s time zone'),
  ('US-TX', '09:00', '12:00', '21:00', 'Tex. Bus. & Com. Code 301.051: 9 a.m. to 9 p.m., on Sundays from noon'),
  ('US-WA', '08:00', null, '20:00', 'RCW 80.36.390: 8 a.m. to 8 p.m. at the called person''s place')
) as r (region_code, opens, opens_on_sunday, closes, law)
cross join unnest('{mon,tue,wed,thu,fri,sat,sun}'::text[]) as d (day)
group by r.region_code, r.law
on conflict (country_code, region_code) do nothing;
