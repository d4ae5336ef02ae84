create or replace function leadgen.describe_policy_keys()
returns text
language plpgsql
stable
as $$
-- The head and the vocabularies are text; all between them is the registry. A rule whose language is not everywhere tells no
-- code, so that the page is the same on every server.
declare
  c_head constant text := $md$# Policy keys

Made by `leadgen docs` from the registry, `leadgen.policy_keys`; a change belongs in `sql/seeds/policy_keys.sql`.

Every key is optional. A body with an unknown key, a value that is not as described, or keys that contradict each other is refused
when the row is written, with the path, what was found, what is allowed and, for a misspelt word, the one that was probably meant;
the last good version rules on.
$md$;
  c_vocabularies constant text := $md$
## Vocabularies

### Hours

`{"mon": [["08:00", "18:00"]], "sat": [["22:00", "02:00"]]}`: for each day (`mon` to `sun`) a list of pairs of times, by the wall
clock. A pair whose end is before its start passes midnight into the next day; `"24:00"` may be an end. A day that is left out is
closed; ranges may overlap; hours that are never open are refused.

### Conditions

`{"attributes.roof_age": {"minimum": 10}, "attributes.job_type": {"not": {"enum": ["repair"]}}}`: for each field (a core field, or
`attributes.x`) an object with one or more of `enum` (a list of values), `minimum`, `maximum`, `pattern` (a regular expression) and
`not` (an object of the same words, once). All must hold. A field that is missing holds only under `not`.

### Areas

A circle, `{"center": [longitude, latitude], "radius_miles": 25}` of at most 500 miles, or a GeoJSON polygon,
`{"type": "Polygon", "coordinates": [[[longitude, latitude], ...], ...]}`, or a `MultiPolygon`. Each ring is closed and has at
least 4 positions; rings after the first are holes.

### Regular expressions

PostgreSQL's, at most 500 characters. Refused are back-references, look-arounds inside of look-arounds, many assertions, repetition
counts that make the pattern huge, and a pattern that needs more than 100 ms for a few texts of 2,000 characters.
$md$;
begin
  return c_head || (
    select string_agg(k.section, '' order by k.place)
    from (
      select s.place, s.head || string_agg(
        format(E'\n### `%s`\n\n%s\n', p.key, p.description)
        || case p.value_schema when '{}' then '' else format(E'\nValue: %s.\n', leadgen.describe_schema(p.value_schema)) end
        || coalesce(E'\nFails with `' || array_to_string(nullif(c.codes, '{}'), '`, `') || E'`.\n', '')
        || coalesce(E'\nNeeds `' || p.required_language || E'` on the server.\n', ''), '' order by p.position) as section
      from (values
        (1, 'validation', E'\n## Validation (`validation_policies.rules`)\n\nAll rules run, in this order; a lead gets every failure.\n'),
        (2, 'routing', E'\n## Routing (`routing_policies.config`)\n'),
        (3, 'pricing', E'\n## Pricing (`pricing_policies.rules`)\n\nSteps are taken in this order and rounded once, at the end.\n')
      ) as s (place, kind, head)
      join leadgen.policy_keys p using (kind)
      cross join lateral (
        select case when p.required_language is null then leadgen.find_failure_codes(p.rule_function) end as codes
      ) c
      group by s.place, s.head
    ) k
  ) || c_vocabularies;
end;
$$;
comment on function leadgen.describe_policy_keys() is 'The reference page of all policy keys, docs/policy-keys.md, from the registry.';
