create or replace function leadgen.find_own_sale(p_buyer_id bigint, p_assignment_id bigint)
returns leadgen.lead_assignments
language plpgsql
stable
as $$
-- Another buyer's sale is as good as none, in the same words.
declare
  v_sale leadgen.lead_assignments;
begin
  select a.* into v_sale from leadgen.lead_assignments a where a.id = p_assignment_id and a.buyer_id = p_buyer_id;
  if not found then
    perform leadgen.refuse('LG404', 'There is no such sale', 'assignment_id', p_assignment_id::text, 'the id of a sale');
  end if;
  return v_sale;
end;
$$;
comment on function leadgen.find_own_sale(bigint, bigint) is 'A sale to this buyer; LG404 when there is none, or it is another''s.';
