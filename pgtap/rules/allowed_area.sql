-- allowed_area, compile_area and find_distance.
begin;
select plan(65);

create function pg_temp.judge_at(p_area jsonb, p_longitude float8, p_latitude float8) returns text[]
language sql
as $$
  select testkit.judge(jsonb_build_object('allowed_area', p_area), jsonb_build_object('longitude', p_longitude, 'latitude', p_latitude));
$$;

create temp table areas (name text primary key, area jsonb);
insert into areas values
  ('square', '{"type": "Polygon", "coordinates": [[[-98, 30], [-97, 30], [-97, 31], [-98, 31], [-98, 30]]]}'),
  ('clockwise', '{"type": "Polygon", "coordinates": [[[-98, 30], [-98, 31], [-97, 31], [-97, 30], [-98, 30]]]}'),
  ('holed', '{"type": "Polygon", "coordinates": [[[-98, 30], [-97, 30], [-97, 31], [-98, 31], [-98, 30]],
    [[-97.8, 30.2], [-97.8, 30.4], [-97.6, 30.4], [-97.6, 30.2], [-97.8, 30.2]],
    [[-97.4, 30.2], [-97.4, 30.4], [-97.2, 30.4], [-97.2, 30.2], [-97.4, 30.2]]]}'),
  ('horseshoe', '{"type": "Polygon", "coordinates": [[[0, 0], [3, 0], [3, 3], [2, 3], [2, 1], [1, 1], [1, 3], [0, 3], [0, 0]]]}'),
  ('islands', '{"type": "MultiPolygon", "coordinates": [[[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]],
    [[[10, 10], [14, 10], [14, 14], [10, 14], [10, 10]], [[11, 11], [11, 13], [13, 13], [13, 11], [11, 11]]],
    [[[11.5, 11.5], [12.5, 11.5], [12.5, 12.5], [11.5, 12.5], [11.5, 11.5]]]]}'),
  ('circle', '{"center": [-97.7437, 30.2711], "radius_miles": 10}'),
  ('wide', '{"center": [0, 0], "radius_miles": 69.0935}'),
  ('narrow', '{"center": [0, 0], "radius_miles": 69.0934}'),
  ('dateline', '{"center": [179.9, 0], "radius_miles": 20}'),
  ('pole', '{"center": [0, 89.9], "radius_miles": 20}');

select is(pg_temp.judge_at(a.area, t.longitude, t.latitude) = '{}', t.inside, format('%s: %s, %s', t.name, t.longitude, t.latitude))
from (values
  ('square', -97.5, 30.5, true), ('square', -98.001, 30.5, false), ('square', -96.999, 30.5, false), ('square', -97.5, 31.001, false),
  ('square', -97.5, 29.999, false), ('square', -98, 30.5, true), ('square', -97.5, 30, true), ('square', -98, 30, true),
  ('square', -97, 31, true), ('square', 97.5, 30.5, false),
  ('clockwise', -97.5, 30.5, true), ('clockwise', -98, 30.5, true), ('clockwise', -99, 30.5, false),
  ('holed', -97.9, 30.3, true), ('holed', -97.7, 30.3, false), ('holed', -97.3, 30.3, false), ('holed', -97.8, 30.3, false),
  ('holed', -97.801, 30.3, true), ('holed', -97.5, 30.3, true), ('holed', -96, 30.3, false),
  ('horseshoe', 1.5, 2, false), ('horseshoe', 0.5, 2, true), ('horseshoe', 2.5, 2, true), ('horseshoe', 1.5, 0.5, true),
  ('horseshoe', 1, 2, true), ('horseshoe', 1.5, 1, true),
  ('islands', 0.5, 0.5, true), ('islands', 10.5, 10.5, true), ('islands', 11.2, 11.2, false), ('islands', 12, 12, true),
  ('islands', 5, 5, false),
  ('circle', -97.7437, 30.2711, true), ('circle', -97.6, 30.2711, true), ('circle', -97.5, 30.2711, false),
  ('wide', 1, 0, true), ('narrow', 1, 0, false), ('wide', 0, -1, true), ('narrow', 0, -1, false),
  ('dateline', -179.9, 0, true), ('dateline', 0, 0, false), ('pole', 180, 89.9, true), ('pole', 180, 89, false)
) as t (name, longitude, latitude, inside)
join areas a using (name);

select is(pg_temp.judge_at(area, null, null), '{area_not_allowed postal_code}', format('a place that is not known: %s', name))
from areas where name in ('square', 'circle');
select is(testkit.codes(rules.allowed_area(testkit.facts(), '[["((0,0),(1,0),(1,1))"]]', '{}')), '{area_not_allowed postal_code}',
  'allowed_area by itself');
select is((testkit.failures(jsonb_build_object('allowed_area', area), '{"longitude": -97, "latitude": 30.2711}'))[1].reason,
  'The postal code lies 44.4 miles from the center of the area; it reaches 10', 'a circle says how far it is') from areas
where name = 'circle';
select is((testkit.failures(jsonb_build_object('allowed_area', area), '{"longitude": null}'))[1].reason,
  'The place of this postal code is not known, so it lies in no area of this offer', 'a place without a position is named')
  from areas where name = 'circle';
select is(catalog.compile_area(area), '[["((-98,30),(-97,30),(-97,31),(-98,31))"]]', 'compile_area: a ring as a polygon')
from areas where name = 'square';
select is(catalog.compile_area(area), area, 'compile_area: a circle stays') from areas where name = 'circle';
select is(round(ref.find_distance(-97.7431, 30.2672, -95.3698, 29.7604)::numeric), 146::numeric,
  'find_distance: Austin to Houston');
select is(ref.find_distance(-97.7431, 30.2672, -97.7431, 30.2672), 0::float8, 'find_distance: nowhere');
select is(round(ref.find_distance(0, 0, 180, 0)::numeric, 1), 12436.8, 'find_distance: the other side of the world');

select is(testkit.policy_fault('validation', jsonb_build_object('allowed_area', value)) ~ expected, true,
  format('as a policy: %s', value))
from (values
  ('{"center": [-97.7, 30.2], "radius_miles": 0.5}'::jsonb, '^none$'),
  ('{"center": [-97.7, 30.2], "radius_miles": 0}', '^LG423 rules\.allowed_area\.radius_miles'),
  ('{"center": [-197.7, 30.2], "radius_miles": 5}', '^LG423 rules\.allowed_area\.center'),
  ('{"center": [30.2, -97.7], "radius_miles": 5}', '^LG423 rules\.allowed_area\.center'),
  ('{"center": [-97.7, 30.2]}', '^LG423 rules\.allowed_area'),
  ('{"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1]]]}', '^LG423 rules\.allowed_area\.coordinates\[0\]'),
  ('{"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [0, 0]]]}', '^LG423 rules\.allowed_area\.coordinates\[0\]'),
  ('{"type": "Polygon", "coordinates": []}', '^LG423 rules\.allowed_area\.coordinates'),
  ('{"type": "Point", "coordinates": [0, 0]}', '^LG423 rules\.allowed_area'),
  ('[]', '^LG423 rules\.allowed_area')
) as t (value, expected);

-- The position is the postal code's.
create temp table ids as select testkit.make_offer('{"allowed_area": {"center": [-97.7431, 30.2672], "radius_miles": 10}}') as offer_id;
select is(testkit.codes_of(testkit.submit(offer_id, '{"postal_code": "78701"}', 1)), '{}', 'a lead from downtown Austin passes') from ids;
select is(testkit.codes_of(testkit.submit(offer_id, '{"postal_code": "33602", "city": null}', 2)), '{area_not_allowed postal_code}',
  'a lead from Tampa fails') from ids;
select is(testkit.codes_of(testkit.submit(offer_id, '{"postal_code": "00000"}', 3)), '{area_not_allowed postal_code}',
  'a postal code that is nowhere') from ids;

select * from finish();
rollback;
