create or replace function leadgen.unsuppress(p_kind text, p_value text)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  delete from leadgen.suppressions s
  where s.kind = p_kind
    and s.value_hash = leadgen.hash_contact(p_kind, leadgen.normalize_contact(p_kind, p_value));
  return found;
end;
$$;
comment on function leadgen.unsuppress(text, text) is 'Lets leads carry a contact again; false when it was not suppressed.';
