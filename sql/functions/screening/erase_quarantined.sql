create or replace function leadgen.erase_quarantined(p_lead leadgen.leads, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
-- By what the lead was, so before it is struck out; rows by id. A read of the whole quarantine, which is short. A network's post has its
-- answers anywhere, so the contact is looked for in the text.
declare
  v_email constant text := '(^|[^a-z0-9._%+-])'
    || regexp_replace(nullif(p_lead.email, ''), '([^a-zA-Z0-9@])', '\\\1', 'g') || '($|[^a-z0-9.-])';
  v_digits constant text := right(regexp_replace(p_lead.phone, '\D', '', 'g'), 10);
begin
  update leadgen.intake_quarantine q
  set payload = '{}', context = '{}', request_hash = sha256(convert_to('erased:' || q.id, 'UTF8')),
    replayed_at = coalesce(q.replayed_at, p_now)
  where q.id in (
    select c.id
    from leadgen.intake_quarantine c
    where c.payload <> '{}'
      and (c.lead_id = p_lead.id
        or case when jsonb_typeof(c.payload) = 'object' then leadgen.hash_submission(c.payload) = p_lead.request_hash end
        or c.payload::text ~* v_email
        or leadgen.normalize_email(leadgen.collapse_space(c.payload ->> 'email')) = nullif(p_lead.email, '')
        or (length(v_digits) = 10 and translate(c.payload::text, ' ()-./+', '') like '%' || v_digits || '%')
        or (p_lead.phone <> '' and (leadgen.read_phone(c.payload ->> 'phone', p_lead.country_code)).e164 = p_lead.phone))
    order by c.id
    for update);
end;
$$;
comment on function leadgen.erase_quarantined(leadgen.leads, timestamptz) is
  'Empties quarantined submissions of the same request, e-mail or phone as a lead; they are not replayed any more.';
