create or replace function leadgen.list_fields()
returns text[]
language sql
immutable parallel safe
as $$
  select array[
    'name', 'email', 'phone', 'country_code', 'region_code', 'postal_code', 'city', 'message', 'consent', 'gdpr_consent', 'consent_at',
    'consent_certificate_url'
  ];
$$;
comment on function leadgen.list_fields() is 'The core fields of a lead that a policy can name; beside them attributes.x.';
