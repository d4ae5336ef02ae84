-- The public form of a source: rendered from what its offer's validation policy asks for.

create or replace function intake.show_lead_form(p_source_key text)
returns jsonb
language plpgsql
stable
as $$
declare
  v_form jsonb;
begin
  select jsonb_build_object(
    'source_key', s.source_key, 'title', f.title, 'intro', f.intro, 'button', f.button, 'thanks', f.thanks,
    'success_url', s.success_url, 'frame_origins', to_jsonb(f.frame_origins
      || case when catalog.is_host_name(s.hostname) then array['https://' || s.hostname] else '{}' end),
    'fields', intake.list_form_fields(v.rules, f.labels),
    'honeypot', v.rules ->> 'honeypot',
    'consent', case when c.version is not null then jsonb_build_object('version', c.version, 'text', c.text,
      'is_required', coalesce((v.rules ->> 'consent_required')::boolean, false)) end,
    'form_token', (intake.issue_form_token(s.source_key)).form_token)
  into v_form
  from leadgen.sources s
  join leadgen.lead_forms f on f.source_id = s.id and f.is_active
  join leadgen.offers o on o.id = s.offer_id and o.is_active
  join leadgen.validation_policies v on v.id = o.validation_policy_id
  left join leadgen.consent_texts c on c.version = f.consent_text_version
  where s.source_key = left(p_source_key, 100) and s.is_active;
  if v_form is null then
    perform kernel.refuse('LG404', 'There is no such form', 'source_key', 'another text',
      'the source_key of an active source with a form');
  end if;
  return v_form;
end;
$$;
comment on function intake.show_lead_form(text) is 'The work of leadgen.show_lead_form.';

create or replace function intake.list_form_fields(p_rules jsonb, p_labels jsonb)
returns jsonb
language plpgsql
immutable
as $$
-- The four core fields, then what the policy requires or has rules for: message, city, region, and attributes, in the
-- order of their labels, for a JSON object has no order of its own. What says where a lead comes from is no field, and
-- the honeypot is none for people.
begin
  return (
    with core (field, place, is_needed) as (
      values ('name', 1, true), ('email', 2, true), ('phone', 3, true), ('postal_code', 4, true), ('city', 5, false),
        ('region_code', 6, false), ('message', 1000, false)
    ),
    named as (
      select r.field, true as is_needed
      from jsonb_array_elements_text(coalesce(p_rules -> 'required_fields', '[]')) r (field)
      union all
      select k.field, false from jsonb_object_keys(coalesce(p_rules -> 'field_rules', '{}')) k (field)
      union all
      select 'message', true where p_rules ? 'min_message_length'
      union all
      select c.field, c.is_needed from core c where c.is_needed or c.field = 'message'
    ),
    listed as (
      select n.field, bool_or(n.is_needed) as is_needed, min(coalesce(c.place, 100)) as place,
        coalesce(p_labels ->> n.field, intake.label_field(n.field)) as label,
        coalesce(p_rules -> 'field_rules' -> n.field, '{}') as rule
      from named n
      left join core c on c.field = n.field
      where (c.field is not null or n.field ~ '^attributes[.][^.]{1,60}$')
        and n.field <> 'attributes.' || coalesce(p_rules ->> 'honeypot', '')
      group by n.field
    )
    select jsonb_agg(jsonb_build_object('name', l.field, 'label', l.label, 'is_required', l.is_needed,
      'type', case
        when l.rule ? 'enum' then 'choice'
        when l.rule ->> 'type' = 'boolean' then 'yes_no'
        when l.rule ->> 'type' in ('number', 'integer') then l.rule ->> 'type'
        when l.field = 'message' then 'text'
        else 'line'
      end,
      'options', l.rule -> 'enum', 'minimum', l.rule -> 'minimum', 'maximum', l.rule -> 'maximum',
      'max_length', l.rule -> 'maxLength') order by l.place, l.label, l.field)
    from listed l);
end;
$$;
comment on function intake.list_form_fields(jsonb, jsonb) is
  'The fields that a form asks for by a validation policy: [{name, label, is_required, type, options, minimum, '
  'maximum, max_length}]; types: line, text, number, integer, yes_no, choice.';

create or replace function intake.label_field(p_field text)
returns text
language plpgsql
immutable
as $$
begin
  return case p_field
    when 'name' then 'Name'
    when 'email' then 'E-mail address'
    when 'phone' then 'Phone number'
    when 'postal_code' then 'Postal code'
    when 'region_code' then 'State or region'
    when 'message' then 'What do you need?'
    else (
      select upper(left(w.words, 1)) || substr(w.words, 2)
      from (select replace(regexp_replace(p_field, '^attributes[.]', ''), '_', ' ') as words) w)
  end;
end;
$$;
comment on function intake.label_field(text) is 'What a field is called on a form that says nothing else.';
