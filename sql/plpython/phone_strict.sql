create or replace function rules.phone_strict(p_facts kernel.lead_facts, p_value jsonb, p_rules jsonb)
returns kernel.failure[]
language plpython3u
immutable
as $$
# A rule in Python: by the phonenumbers library itself, the server's copy of it. A number that cannot be read at all
# has failed core_fields.
import phonenumbers

if p_value != "true" or p_facts["phone_country"] is None:
    return []
try:
    is_valid = phonenumbers.is_valid_number(phonenumbers.parse(p_facts["phone"], p_facts["country_code"]))
except phonenumbers.NumberParseException:
    is_valid = False
if is_valid:
    return []
return [{"code": "phone_invalid", "field": "phone", "reason": "phone is not a number that is in use"}]
$$;
comment on function rules.phone_strict(kernel.lead_facts, jsonb, jsonb) is
  'With true: the phonenumbers library holds the number for valid; one without a country code is read in the lead''s country.';
