create or replace function leadgen.find_duplicate(
  p_facts leadgen.lead_facts,
  p_route leadgen.route,
  p_since timestamptz,
  out lead_id bigint,
  out created_at timestamptz,
  out field text
)
language plpgsql
stable
as $$
-- An earlier lead that failed validation does not count; an empty phone or e-mail matches nothing.
declare
  v_match constant jsonb := coalesce(p_route.validation_rules -> 'duplicate_match', '["phone", "email"]');
  v_scope constant text := coalesce(p_route.validation_rules ->> 'duplicate_scope', 'offer');
  v_needs_both constant boolean :=
    p_route.validation_rules ->> 'duplicate_match_mode' = 'all' and v_match @> '["phone", "email"]';
begin
  select earlier.id, earlier.created_at, earlier.matched into lead_id, created_at, field
  from (
    select l.*, 'phone' as matched from leadgen.leads l where v_match ? 'phone' and l.phone = p_facts.phone
    union all
    select l.*, 'email' from leadgen.leads l where v_match ? 'email' and l.email = p_facts.email
  ) earlier
  where earlier.created_at > p_since
    and earlier.validation_reason is null
    and (v_needs_both is not true or (earlier.phone = p_facts.phone and earlier.email = p_facts.email))
    and case v_scope
      when 'offer' then earlier.market_id = p_route.market_id and earlier.offer_id = p_route.offer_id
      when 'market' then earlier.market_id = p_route.market_id
      when 'vertical' then earlier.vertical_id = p_route.vertical_id
      else true
    end
  order by earlier.created_at desc, earlier.id desc, earlier.matched desc
  limit 1;
end;
$$;
comment on function leadgen.find_duplicate(leadgen.lead_facts, leadgen.route, timestamptz) is
  'The latest valid lead since a time with the same contact, as the policy''s duplicate_match, duplicate_match_mode and duplicate_scope say.';
