-- list_form_fields: the fields of a public form, by a validation policy.
begin;
select plan(9);

create function pg_temp.names(p_rules jsonb, p_labels jsonb default '{}') returns text language sql as $$
  select string_agg(concat(f ->> 'name', case when (f ->> 'is_required')::boolean then '!' end), ' ' order by n)
  from jsonb_array_elements(intake.list_form_fields(p_rules, p_labels)) with ordinality as t (f, n);
$$;
create function pg_temp.kind(p_rule jsonb) returns text language sql as $$
  select f ->> 'type'
  from jsonb_array_elements(intake.list_form_fields(
    jsonb_build_object('field_rules', jsonb_build_object('attributes.x', p_rule)), '{}')) f
  where f ->> 'name' = 'attributes.x';
$$;

select is(pg_temp.names('{}'), 'name! email! phone! postal_code! message', 'a policy without rules asks for a contact and a message');
select is(pg_temp.names('{"min_message_length": 5}'), 'name! email! phone! postal_code! message!',
  'a message of some length must be there');
select is(pg_temp.names('{"required_fields": ["city", "attributes.job"], "field_rules": {"attributes.age": {"minimum": 1}}}'),
  'name! email! phone! postal_code! city! attributes.age attributes.job! message', 'fields of the policy are asked for');
select is(pg_temp.names('{"required_fields": ["utm_source", "landing_url"]}'), pg_temp.names('{}'),
  'where a lead comes from is not asked');
select is(pg_temp.names('{"required_fields": ["attributes.fax"], "honeypot": "fax"}'), pg_temp.names('{}'),
  'the honeypot is no field for people');
select is(intake.list_form_fields('{}', '{"phone": "Mobile"}') #>> '{2,label}', 'Mobile', 'a label of the form is used');
select is(pg_temp.kind(rule::jsonb), kind, format('%s makes %s', rule, kind))
from (values ('{"enum": ["a"]}', 'choice'), ('{"type": "boolean"}', 'yes_no'), ('{"type": "string"}', 'line')) as t (rule, kind);

select * from finish();
rollback;
