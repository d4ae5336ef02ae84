create or replace function leadgen.find_filter_fault(p_tests leadgen.field_test[], p_document jsonb)
returns text
language plpgsql
immutable
as $$
-- Of what the lead says only numbers and yes or no are repeated: the record of a decision holds no personal data.
begin
  return (
    select format('%s%s, wanted %s', t.field, coalesce(' is ' || leadgen.show_number(p_document, t.field), ''), t.wanted)
    from unnest(p_tests) with ordinality as t
    where (p_document @@ t.path) is not true
    order by t.ordinality
    limit 1
  );
end;
$$;
comment on function leadgen.find_filter_fault(leadgen.field_test[], jsonb) is
  'The first filter of an enrollment that a lead does not meet, with its numbers: "attributes.roof_age is 7, wanted at least 10"; null: it meets all.';
