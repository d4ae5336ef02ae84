create or replace function leadgen.list_contact_keys(p_facts leadgen.lead_facts)
returns integer[]
language plpgsql
immutable
as $$
begin
  return array(select hashtext(c) from unnest(array[p_facts.email, p_facts.phone]) c where c is not null order by 1);
end;
$$;
comment on function leadgen.list_contact_keys(leadgen.lead_facts) is
  'The second keys of a contact''s advisory locks (class 1), sorted.';
