-- What must hold of erased leads at every moment. The query looks for the contrary.

create or replace function privacy.list_broken_erasures()
returns table (rule text, detail text)
language plpgsql
stable
as $$
begin
  return query
  select 'nothing_of_an_erased_lead_is_sent', format('lead %s, delivery %s: %s', l.id, d.id, d.status)
  from leadgen.leads l
  left join leadgen.deliveries d on d.lead_id = l.id and d.market_id = l.market_id and d.next_attempt_at is not null
  where l.erased_at is not null
    and (d.id is not null or l.hold_until is not null
      or concat(l.name, l.email, l.phone, l.phone_extension, l.submitted, l.sealed) <> '');
end;
$$;
comment on function privacy.list_broken_erasures() is
  'What is wrong with erased leads: nothing of them is due or held, and nobody is named.';
