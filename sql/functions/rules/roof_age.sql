-- An example of a rule for one vertical; docs/how-to/add-a-rule.md shows how it was added.

create or replace function rules.roof_age(p_facts kernel.lead_facts, p_value jsonb, p_rules jsonb)
returns kernel.failure[]
language plpgsql
immutable
as $$
-- Forms send numbers as text, so "12" is as good as 12. Earlier leads (reading null) replay as they were judged.
declare
  v_text constant text := btrim(p_facts.attributes ->> 'roof_age');
  v_years constant numeric := case
    when p_facts.reading is not null then kernel.read_number(p_facts.attributes -> 'roof_age')
    when v_text ~ E'^[0-9]{1,4}(\\.[0-9]{1,4})?$' then v_text::numeric
  end;
begin
  return case
    when v_years is null or v_years < 0
      then rules.fail('roof_age_not_allowed', 'attributes.roof_age', 'The age of the roof in years is missing')
    when v_years < (p_value ->> 'minimum')::numeric
      then rules.fail('roof_age_not_allowed', 'attributes.roof_age',
        format('The roof is %s old; allowed: at least %s', kernel.count_of(v_years, 'year'), p_value ->> 'minimum'))
    when v_years > (p_value ->> 'maximum')::numeric
      then rules.fail('roof_age_not_allowed', 'attributes.roof_age',
        format('The roof is %s old; allowed: at most %s', kernel.count_of(v_years, 'year'), p_value ->> 'maximum'))
    else '{}'
  end;
end;
$$;
comment on function rules.roof_age(kernel.lead_facts, jsonb, jsonb) is
  'attributes.roof_age, a number of years, lies between minimum and maximum.';
