create or replace function leadgen.find_distance(
  p_longitude double precision,
  p_latitude double precision,
  p_other_longitude double precision,
  p_other_latitude double precision
)
returns double precision
language plpgsql
immutable strict parallel safe
as $$
-- Haversine on a sphere of the earth's mean radius (6371.0088 km): within half a percent of the ellipsoid.
begin
  return 2 * 3958.7613 * asin(sqrt(least(1,
    sind((p_other_latitude - p_latitude) / 2) ^ 2
    + cosd(p_latitude) * cosd(p_other_latitude) * sind((p_other_longitude - p_longitude) / 2) ^ 2)));
end;
$$;
comment on function leadgen.find_distance(double precision, double precision, double precision, double precision) is
  'Miles between two places, each longitude and latitude in degrees.';
