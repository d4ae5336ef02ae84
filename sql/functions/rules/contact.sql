-- Rules about who a lead is: phone, e-mail, duplicates, velocity.

create or replace function rules.phone_region(p_facts kernel.lead_facts, p_value jsonb, p_rules jsonb)
returns kernel.failure[]
language plpgsql
immutable
as $$
-- A number that is not valid anywhere has failed core_fields.
begin
  return case
    when p_facts.phone_country is null
      or p_value #>> '{}' in (p_facts.phone_country, p_facts.phone_region) then '{}'
    else rules.fail('phone_region_mismatch', 'phone', 'The phone number is not of ' || (p_value #>> '{}'))
  end;
end;
$$;
comment on function rules.phone_region(kernel.lead_facts, jsonb, jsonb) is
  'The phone number is valid in a country (US) or in a region of it by its area code (US-TX).';

create or replace function rules.disposable_email(p_facts kernel.lead_facts, p_value jsonb, p_rules jsonb)
returns kernel.failure[]
language plpgsql
immutable
as $$
begin
  return case
    when p_value = 'true' and p_facts.email_is_disposable
      then rules.fail('email_disposable', 'email', 'The e-mail domain gives out disposable addresses')
    else '{}'
  end;
end;
$$;
comment on function rules.disposable_email(kernel.lead_facts, jsonb, jsonb) is
  'With true: the e-mail domain is not on the list of disposable ones.';

create or replace function rules.blocked_email_domains(p_facts kernel.lead_facts, p_value jsonb, p_rules jsonb)
returns kernel.failure[]
language plpgsql
immutable
as $$
-- p_value is compile_domains'.
declare
  v_domain text := p_facts.email_domain;
begin
  while v_domain <> '' loop
    if p_value ? v_domain then
      return rules.fail('email_blocked', 'email', 'The e-mail domain is blocked for this offer');
    end if;
    v_domain := substring(v_domain from E'\\.(.*)$');
  end loop;
  return '{}';
end;
$$;
comment on function rules.blocked_email_domains(kernel.lead_facts, jsonb, jsonb) is
  'The e-mail domain is neither on the list nor below a domain that is.';

create or replace function rules.mx_lookup(p_facts kernel.lead_facts, p_value jsonb, p_rules jsonb)
returns kernel.failure[]
language plpgsql
immutable
as $$
-- The resolver was asked before the transaction (find_domain_to_look_up). An address that is
-- not one has failed core_fields.
begin
  return case
    when p_value <> 'true' or p_facts.mail_status = 'has_mail' then '{}'
    when p_facts.mail_status = 'no_mail'
      then rules.fail('email_no_mx', 'email', 'The e-mail domain takes no mail')
    when p_rules ->> 'mx_unknown' = 'fail'
      and (ref.is_email(p_facts.email, p_facts.reading)
        or p_facts.reading is null and ref.was_email(p_facts.email))
      then rules.fail('email_no_mx', 'email', 'It could not be found out whether the e-mail domain takes mail')
    else '{}'
  end;
end;
$$;
comment on function rules.mx_lookup(kernel.lead_facts, jsonb, jsonb) is
  'With true: the e-mail domain takes mail; where that is not known, mx_unknown decides.';

create or replace function rules.suppressed(p_facts kernel.lead_facts, p_value jsonb, p_rules jsonb)
returns kernel.failure[]
language plpgsql
immutable
as $$
-- Which of phone, e-mail and domain it was is not told: a sender could find out who is on the list.
begin
  return case
    when p_facts.is_suppressed then rules.fail('suppressed', 'phone, email', 'This contact is on the suppression list')
    else '{}'
  end;
end;
$$;
comment on function rules.suppressed(kernel.lead_facts, jsonb, jsonb) is
  'Always on: neither the phone nor the e-mail nor its domain is on the suppression list.';

create or replace function rules.duplicate(p_facts kernel.lead_facts, p_value jsonb, p_rules jsonb)
returns kernel.failure[]
language plpgsql
immutable
as $$
-- The look-up, with the policy's window, scope and fields, was made by gather_facts; the verdict is made here. The
-- field at fault is one that was sent: of a mailbox the e-mail.
begin
  return case
    when p_facts.duplicate_lead_id is null then '{}'
    else rules.fail('duplicate', replace(p_facts.duplicate_field, 'mailbox', 'email'),
      format('The same %s came in %s earlier with another lead', p_facts.duplicate_field,
        kernel.show_age(extract(epoch from p_facts.decided_at - p_facts.duplicate_created_at))))
  end;
end;
$$;
comment on function rules.duplicate(kernel.lead_facts, jsonb, jsonb) is
  'No valid lead of the same contact within duplicate_window_hours (default from leadgen.settings, 0: off).';

create or replace function rules.max_per_ip(p_facts kernel.lead_facts, p_value jsonb, p_rules jsonb)
returns kernel.failure[]
language plpgsql
immutable
as $$
begin
  return case
    when p_facts.ip_count >= (p_value #>> '{}')::integer then
      rules.fail('velocity_exceeded', 'ip_address',
        format('%s came from this IP address within an hour, the most that is allowed',
          kernel.count_of((p_value #>> '{}')::numeric, 'lead')))
    else '{}'
  end;
end;
$$;
comment on function rules.max_per_ip(kernel.lead_facts, jsonb, jsonb) is
  'Fewer leads of this offer than that, valid or not, came from the same IP address in the last 60 minutes.';

create or replace function rules.max_per_phone(p_facts kernel.lead_facts, p_value jsonb, p_rules jsonb)
returns kernel.failure[]
language plpgsql
immutable
as $$
begin
  return case
    when p_facts.phone_count >= (p_value #>> '{}')::integer then
      rules.fail('velocity_exceeded', 'phone',
        format('%s came with this phone number within 24 hours, the most that is allowed',
          kernel.count_of((p_value #>> '{}')::numeric, 'lead')))
    else '{}'
  end;
end;
$$;
comment on function rules.max_per_phone(kernel.lead_facts, jsonb, jsonb) is
  'Fewer leads of this offer than that, valid or not, came with the same phone number in the last 24 hours.';
