create or replace function leadgen.cut_texts(p_attributes jsonb)
returns jsonb
language plpgsql
immutable
as $$
-- A pattern was tried on 2,000 characters when its policy was written; what is longer could hold up the offer's leads.
begin
  if length(p_attributes::text) <= 2000 then
    return p_attributes;
  end if;
  return (
    select jsonb_object_agg(a.key, case
      when length(a.value::text) <= 2000 then a.value
      when jsonb_typeof(a.value) = 'string' then to_jsonb(left(a.value #>> '{}', 2000))
    end)
    from jsonb_each(p_attributes) a
  );
end;
$$;
comment on function leadgen.cut_texts(jsonb) is
  'Attributes with each text cut to 2,000 characters; a longer list or object is left out.';
