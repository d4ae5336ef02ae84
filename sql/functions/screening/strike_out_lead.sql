create or replace function leadgen.strike_out_lead(p_lead leadgen.leads, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
-- Place and consent stay for statistics, as does why it was rejected, without the numbers. So do key and hash of what was
-- sent: the same submission again gets its first answer and does not bring the person back. A key that spells the contact
-- out goes, for then it is the contact.
declare
  v_words constant text[] := array(
    select '\m' || w || '\M'
    from regexp_split_to_table(lower(p_lead.name || ' ' || split_part(p_lead.email, '@', 1)), '[^[:alnum:]]+') w
    where length(w) > 2);
  v_key_is_contact constant boolean := coalesce(
    (p_lead.idempotency_key not like 'auto:%' and lower(p_lead.idempotency_key) ~ any (v_words))
    or (p_lead.email <> '' and strpos(lower(p_lead.idempotency_key), lower(p_lead.email)) > 0)
    or (length(p_lead.phone) > 7 and strpos(regexp_replace(p_lead.idempotency_key, '\D', '', 'g'), right(p_lead.phone, 7)) > 0
      and p_lead.idempotency_key not like 'auto:%'), false);
  v_errors constant jsonb := (
    select jsonb_agg(e.value || jsonb_build_object('reason', e.value ->> 'code') order by e.ordinality)
    from jsonb_array_elements(p_lead.answer -> 'errors') with ordinality as e);
begin
  update leadgen.leads l
  set
    erased_at = coalesce(l.erased_at, p_now),
    updated_at = p_now,
    name = '', email = '', phone = '', city = null, message = null, attributes = '{}',
    postal_code = case when leadgen.is_postal_code(l.postal_code, l.country_code) then l.postal_code else '' end,
    region_code = case when l.region_code ~ '^[A-Z]{2}(-[A-Z0-9]{1,3})?$' then l.region_code end,
    consent_certificate_url = null, utm_source = null, utm_medium = null, utm_campaign = null,
    landing_url = null, ip_address = null, user_agent = null, submitted = null, signals = null,
    source = case when l.source ~ '^[A-Za-z0-9_ -]{1,40}$' and lower(l.source) ~ any (v_words) is not true then l.source else 'erased' end,
    idempotency_key = case when v_key_is_contact then 'erased:' || l.id else l.idempotency_key end,
    validation_reason = case when l.validation_reason is not null then coalesce(v_errors -> 0 ->> 'code', 'erased') end,
    answer = l.answer
      || case when v_errors is null then '{}' else jsonb_build_object('errors', v_errors, 'reason', v_errors -> 0 -> 'code') end
  where l.id = p_lead.id and l.market_id = p_lead.market_id;
end;
$$;
comment on function leadgen.strike_out_lead(leadgen.leads, timestamptz) is
  'Takes out of a lead''s row what says who it was, and writes when that was done.';
