-- What a network's error means for a lead that is to be fetched.

create or replace function intake.is_permanent_fault(p_fault jsonb)
returns boolean
language plpgsql
immutable
as $$
-- https://developers.facebook.com/docs/graph-api/guides/error-handling: 1 and 2 are outages, 4, 17, 32, 341, 368, 613
-- and 80000 to 80014 limits.
declare
  v_code constant integer := p_fault ->> 'code';
begin
  return coalesce(
    (p_fault ->> 'is_permanent')::boolean
      or v_code is not null and p_fault -> 'is_transient' is distinct from 'true'
        and v_code not in (1, 2, 4, 17, 32, 341, 368, 613) and v_code not between 80000 and 80014,
    false);
end;
$$;
comment on function intake.is_permanent_fault(jsonb) is
  'Whether a network refuses a lead until somebody acts; else it may give it out the next time.';

create or replace function intake.advise_on_fault(p_code integer, p_source_key text)
returns text
language plpgsql
immutable
as $$
begin
  return case
    when p_code is null then format(
      'write an access token for the source %s (leadgen.set_network_secrets)', p_source_key)
    when p_code in (102, 190) then format(
      'the access token of the source %s is not valid any more: make a new page token and write it with '
      'leadgen.set_network_secrets', p_source_key)
    when p_code = 104 then format(
      'app secret and access token of the source %s are not of one app: write both with leadgen.set_network_secrets',
      p_source_key)
    when p_code in (3, 10) or p_code between 200 and 299 then format(
      'the access token of the source %s lacks a permission (leads_retrieval, pages_read_engagement, ads_management): '
      'grant it and write a new token with leadgen.set_network_secrets', p_source_key)
    when p_code = 100 then format(
      'there is no such lead, or the access token of the source %s may not see it: give the app access in the page''s '
      'Leads Access Manager', p_source_key)
    else format(
      'look the error up, and renew the access token of the source %s if that is what it asks for', p_source_key)
  end;
end;
$$;
comment on function intake.advise_on_fault(integer, text) is
  'What an operator should do about an error of Meta''s Graph API; code null: there is no access token.';
