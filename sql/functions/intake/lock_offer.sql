create or replace function leadgen.lock_offer(p_facts leadgen.lead_facts, p_route leadgen.route)
returns void
language plpgsql
volatile
as $$
-- Everything that must be seen as it is, not as it was, is read in statements after this one.
-- Lock order: contacts (class 1, sorted), then the offer (class 2). Routing for one offer is serial.
declare
  v_contact integer;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    perform leadgen.refuse('LG400', 'A lead is taken under read committed', p_found => current_setting('transaction_isolation'),
      p_allowed => 'read committed', p_hint => 'An older snapshot would not see what the leads before this one left behind.');
  end if;
  if p_route.validation_rules ->> 'duplicate_scope' in ('vertical', 'market', 'global') then
    foreach v_contact in array leadgen.list_contact_keys(p_facts) loop
      perform pg_advisory_xact_lock(1, v_contact);
    end loop;
  end if;
  perform pg_advisory_xact_lock(2, leadgen.offer_lock_key(p_route.offer_id));
end;
$$;
comment on function leadgen.lock_offer(leadgen.lead_facts, leadgen.route) is
  'Takes the offer''s turn until the transaction ends; where duplicates count beyond the offer, the contact''s too.';
