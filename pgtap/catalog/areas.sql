-- check_area, check_ring, check_position: circles and GeoJSON polygons.
begin;
select plan(58);

select is(testkit.fault_of(format('select catalog.check_area(%L, %L)', value, 'p')), testkit.fault_at('LG423 %s', path), format('%s',
  value))
from (values
  ('{"center": [-97.74, 30.27], "radius_miles": 25}'::jsonb, null), ('{"center": [180, -90], "radius_miles": 500}', null),
  ('{"center": [-180, 90], "radius_miles": 0.01}', null),
  ('{"type": "Polygon", "coordinates": [[[-98, 30], [-97, 30], [-97, 31], [-98, 30]]]}', null),
  ('{"type": "Polygon", "coordinates": [[[-98, 30], [-97, 31], [-97, 30], [-98, 30]]]}', null),
  ('{"type": "Polygon", "coordinates": [[[0, 0], [9, 0], [9, 9], [0, 0]], [[3, 1], [4, 1], [4, 2], [3, 1]]]}', null),
  ('{"type": "MultiPolygon", "coordinates": [[[[0, 0], [9, 0], [9, 9], [0, 0]]], [[[20, 0], [29, 0], [29, 9], [20, 0]]]]}', null),
  -- a circle
  ('{"center": [-97.74, 30.27], "radius_miles": 0}', 'p.radius_miles'),
  ('{"center": [-97.74, 30.27], "radius_miles": -1}', 'p.radius_miles'),
  ('{"center": [-97.74, 30.27], "radius_miles": 500.1}', 'p.radius_miles'),
  ('{"center": [-97.74, 30.27], "radius_miles": "25"}', 'p.radius_miles'),
  ('{"center": [-97.74, 30.27], "radius_miles": null}', 'p.radius_miles'), ('{"center": [-97.74, 30.27]}', 'p.radius_miles'),
  ('{"radius_miles": 25}', 'p.center'), ('{"center": [-97.74, 30.27], "radius": 25}', 'p.radius'),
  ('{"center": [30.27, -97.74], "radius_miles": 25}', 'p.center'), ('{"center": [-97.74], "radius_miles": 25}', 'p.center'),
  ('{"center": [-97.74, 30.27, 150], "radius_miles": 25}', 'p.center'), ('{"center": ["-97.74", "30.27"], "radius_miles": 25}', 'p.center'),
  ('{"center": {"lon": 1, "lat": 2}, "radius_miles": 25}', 'p.center'), ('{"center": null, "radius_miles": 25}', 'p.center'),
  ('{"center": [-180.1, 0], "radius_miles": 25}', 'p.center'), ('{"center": [0, 90.1], "radius_miles": 25}', 'p.center'),
  ('{"center": [0, 1e300], "radius_miles": 25}', 'p.center[1]'),
  ('{"center": [0, 0], "radius_miles": 25, "type": "Polygon", "coordinates": []}', 'p.type'),
  -- a polygon
  ('{"type": "Polygon", "coordinates": [[[-98, 30], [-97, 30], [-97, 31], [-98, 31]]]}', 'p.coordinates[0][3]'),
  ('{"type": "Polygon", "coordinates": [[[-98, 30], [-97, 30], [-98, 30]]]}', 'p.coordinates[0]'),
  ('{"type": "Polygon", "coordinates": [[]]}', 'p.coordinates[0]'),
  ('{"type": "Polygon", "coordinates": []}', 'p.coordinates'), ('{"type": "Polygon"}', 'p.coordinates'),
  ('{"coordinates": [[[0, 0]]]}', 'p.type'),
  ('{"type": "Polygon", "coordinates": {}}', 'p.coordinates'),
  ('{"type": "Polygon", "coordinates": [[-98, 30], [-97, 30], [-97, 31], [-98, 30]]}', 'p.coordinates[0]'),
  ('{"type": "Polygon", "coordinates": [[[30, -98], [30, -97], [31, -97], [30, -98]]]}', 'p.coordinates[0][0]'),
  ('{"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [2, 2], [0, 0]]]}', 'p.coordinates[0]'),
  ('{"type": "Polygon", "coordinates": [[[5, 5], [5, 5], [5, 5], [5, 5]]]}', 'p.coordinates[0]'),
  ('{"type": "Polygon", "coordinates": [[[0, 0], [9, 0], [9, 9], [0, 0]], [[3, 1], [4, 1], [4, 2]]]}', 'p.coordinates[1]'),
  ('{"type": "Polygon", "coordinates": [[[0, 0], [9, 0], [9, "9"], [0, 0]]]}', 'p.coordinates[0][2]'),
  ('{"type": "Polygon", "coordinates": [[[0, 0], [9, 0], null, [0, 0]]]}', 'p.coordinates[0][2]'),
  ('{"type": "Polygon", "coordinates": [[[0, 0], [9, 0], [9, 9], [0, 0]]], "crs": {}}', 'p.crs'),
  ('{"type": "polygon", "coordinates": []}', 'p.type'), ('{"type": "Point", "coordinates": [0, 0]}', 'p.type'),
  ('{"type": 5, "coordinates": []}', 'p.type'),
  ('{"type": null, "coordinates": []}', 'p.type'), ('{"type": "MultiPolygon", "coordinates": []}', 'p.coordinates'),
  ('{"type": "MultiPolygon", "coordinates": [[[[0, 0], [9, 0], [9, 9], [0, 0]]], [[[0, 0], [9, 0], [9, 9], [0, 1]]]]}',
  'p.coordinates[1][0][3]'),
  ('{"type": "MultiPolygon", "coordinates": [[]]}', 'p.coordinates[0]'), ('{"type": "Feature", "geometry": {}}', 'p.geometry'),
  ('{"centre": [0, 0], "radius": 1}', 'p.centre'), ('{}', 'p'), ('[]', 'p'), ('null', 'p'), ('"Austin"', 'p')
) as t (value, path);
select throws_like($$select catalog.check_area('{"center": [30.27, -97.74], "radius_miles": 25}', 'p')$$, '%these two look swapped%',
  'swapped: it says so');
select throws_like($$select catalog.check_area('{"center": [-197.74, 30.27], "radius_miles": 25}', 'p')$$, '%in this order',
  'off the globe: not swapped');
select throws_like($$select catalog.check_area('{"centre": [0, 0], "radius_miles": 1}', 'p')$$, '%Did you mean center?%',
  'a key is misspelt');
select throws_like($$select catalog.check_area('{"type": "polygon", "coordinates": []}', 'p')$$, '%Did you mean Polygon?%',
  'a type is misspelt');
select is(testkit.policy_fault('validation', '{"allowed_area": {"type": "Polygon", "coordinates": [[[0, 0], [9, 0], [9, 9], [0, 1]]]}}'),
  'LG423 rules.allowed_area.coordinates[0][3]', 'a policy with a bad area is refused');

select * from finish();
rollback;
