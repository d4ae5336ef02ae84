-- A person struck out of everything but the numbers.

create or replace function privacy.strike_out_lead(p_lead leadgen.leads, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
-- Place and consent stay for statistics, as does why it was rejected, without the numbers. So do key and hash of what
-- was sent: the same submission again gets its first answer and does not bring the person back. A key that spells the
-- contact out goes, for then it is the contact; of a sealed lead one that may.
declare
  v_words constant text[] := array(
    select E'\\m' || w || E'\\M'
    from regexp_split_to_table(lower(p_lead.name || ' ' || split_part(p_lead.email, '@', 1)), '[^[:alnum:]]+') w
    where length(w) > 2);
  v_key_is_contact constant boolean := coalesce(
    (p_lead.idempotency_key not like 'auto:%' and lower(p_lead.idempotency_key) ~ any (v_words))
    or (p_lead.email <> '' and strpos(lower(p_lead.idempotency_key), lower(p_lead.email)) > 0)
    or (p_lead.sealed is not null and p_lead.idempotency_key not like 'auto:%'
      and (p_lead.idempotency_key like '%@%' or p_lead.idempotency_key ~ '[0-9].*[0-9].*[0-9].*[0-9].*[0-9].*[0-9]'))
    or (length(p_lead.phone) > 7 and p_lead.idempotency_key not like 'auto:%'
      and strpos(regexp_replace(p_lead.idempotency_key, E'\\D', '', 'g'), right(p_lead.phone, 7)) > 0), false);
  v_errors constant jsonb := (
    select jsonb_agg(e.value || jsonb_build_object('reason', e.value ->> 'code') order by e.ordinality)
    from jsonb_array_elements(p_lead.answer -> 'errors') with ordinality as e);
begin
  update leadgen.leads l
  set
    erased_at = coalesce(l.erased_at, p_now),
    updated_at = p_now,
    name = '', email = '', phone = '', phone_extension = null, city = null, message = null, attributes = '{}',
    postal_code = case when ref.is_postal_code(l.postal_code, l.country_code) then l.postal_code else '' end,
    region_code = case when l.region_code ~ '^[A-Z]{2}(-[A-Z0-9]{1,3})?$' then l.region_code end,
    consent_certificate_url = null, utm_source = null, utm_medium = null, utm_campaign = null,
    landing_url = null, ip_address = null, user_agent = null, submitted = null, signals = null,
    tracking = null, intake_notes = null, sealed = null, seal_due = null,
    source = case
      when l.source ~ '^[A-Za-z0-9_ -]{1,40}$' and lower(l.source) ~ any (v_words) is not true then l.source
      else 'erased'
    end,
    idempotency_key = case when v_key_is_contact then 'erased:' || l.id else l.idempotency_key end,
    validation_reason = case when l.validation_reason is not null then coalesce(v_errors -> 0 ->> 'code', 'erased') end,
    answer = l.answer
      || case
        when v_errors is null then '{}'
        else jsonb_build_object('errors', v_errors, 'reason', v_errors -> 0 -> 'code')
      end
  where l.id = p_lead.id and l.market_id = p_lead.market_id;
end;
$$;
comment on function privacy.strike_out_lead(leadgen.leads, timestamptz) is
  'Takes out of a lead''s row what says who it was, and writes when that was done.';

create or replace function privacy.strike_out_numbers(p_candidates market.candidate_v1[])
returns market.candidate_v1[]
language plpgsql
immutable
as $$
declare
  v_candidates market.candidate_v1[] := p_candidates;
begin
  for v_index in 1 .. coalesce(cardinality(v_candidates), 0) loop
    v_candidates[v_index].filter_fault := (privacy.strike_out_faults(array[v_candidates[v_index].filter_fault]))[1];
  end loop;
  return v_candidates;
end;
$$;
comment on function privacy.strike_out_numbers(market.candidate_v1[]) is
  'Candidates whose filter faults no longer say what the lead had: "attributes.roof_age, wanted at least 10".';

create or replace function privacy.strike_out_faults(p_faults text[])
returns text[]
language plpgsql
immutable strict
as $$
begin
  return array(
    select regexp_replace(f.fault, ' is .*?, wanted ', ', wanted ')
    from unnest(p_faults) with ordinality as f (fault, place)
    order by f.place);
end;
$$;
comment on function privacy.strike_out_faults(text[]) is
  'Filter faults that no longer say what the lead had: "attributes.roof_age, wanted at least 10".';

create or replace function privacy.strike_out_traces(p_lead leadgen.leads)
returns void
language plpgsql
volatile
as $$
-- The logs that never change let this one change through (privacy.allow_erasure), and only while it is announced.
begin
  perform set_config('leadgen.is_erasing', 'on', true);
  update leadgen.delivery_attempts a
  set reply = null, error = null
  from leadgen.deliveries d
  where d.lead_id = p_lead.id and a.delivery_id = d.id and a.market_id = d.market_id
    and (a.reply is not null or a.error is not null);
  update leadgen.lead_decisions d
  set candidates = privacy.strike_out_numbers(d.candidates), filter_faults = privacy.strike_out_faults(d.filter_faults)
  where d.lead_id = p_lead.id and d.market_id = p_lead.market_id
    and (d.filter_faults is not null or exists (select from unnest(d.candidates) c where c.filter_fault is not null));
  perform set_config('leadgen.is_erasing', '', true);

  update leadgen.deliveries d
  set last_error = null
  where d.lead_id = p_lead.id and d.market_id = p_lead.market_id and d.last_error is not null;
  update leadgen.sale_returns r
  set note = null, decision_note = null
  from leadgen.lead_assignments a
  where a.lead_id = p_lead.id and a.market_id = p_lead.market_id and r.assignment_id = a.id
    and (r.note is not null or r.decision_note is not null);
  update leadgen.outcome_reports r
  set comment = null
  from leadgen.lead_assignments a
  where a.lead_id = p_lead.id and a.market_id = p_lead.market_id and r.assignment_id = a.id and r.comment is not null;
  update leadgen.return_evidence e
  set reference = null
  from leadgen.sale_returns r
  join leadgen.lead_assignments a on a.id = r.assignment_id
  where a.lead_id = p_lead.id and a.market_id = p_lead.market_id and e.return_id = r.id and e.reference is not null;
end;
$$;
comment on function privacy.strike_out_traces(leadgen.leads) is
  'Takes out of the record of an erased lead''s deliveries, returns, reports and decisions what people said of it.';

create or replace function privacy.allow_erasure()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- Who announces an erasure changes nothing else by it, and nothing of a lead that is not erased. What receivers
-- answered may go by the retention rule, too.
declare
  v_lead_id bigint;
  v_is_old boolean := false;
  v_rest jsonb := to_jsonb(new);
begin
  if tg_table_name = 'delivery_attempts' then
    select d.lead_id into v_lead_id from leadgen.deliveries d where d.id = new.delivery_id;
    v_rest := v_rest || jsonb_build_object('reply', old.reply, 'error', old.error);
    v_lead_id := case when new.reply is null and new.error is null then v_lead_id end;
    v_is_old := new.reply is null and new.error is null and exists (
      select from leadgen.retention_rules r
      where r.name = 'answers' and r.is_active and new.started_at < leadgen.clock() - r.keep);
  else
    v_lead_id := case when (new.candidates, new.filter_faults) is not distinct from
      (privacy.strike_out_numbers(old.candidates), privacy.strike_out_faults(old.filter_faults)) then new.lead_id end;
    v_rest := v_rest || jsonb_build_object('candidates', old.candidates, 'filter_faults', old.filter_faults);
  end if;
  if v_rest <> to_jsonb(old)
    or not (v_is_old
      or exists (select from leadgen.leads l where l.id = v_lead_id and l.erased_at is not null)) then
    perform kernel.refuse(
      'LG409', format('%s is append-only: update refused', tg_table_name), p_found => 'update', p_allowed => 'insert',
      p_hint => 'leadgen.erase_lead strikes out what an erased lead left behind; nothing else changes.');
  end if;
  return new;
end;
$$;
comment on function privacy.allow_erasure() is
  'Trigger: of a record that never changes only personal data of an erased lead may be struck out.';

create or replace function privacy.read_reason(p_reason text)
returns text
language plpgsql
immutable
as $$
declare
  v_reason constant text := ref.collapse_space(p_reason);
begin
  if v_reason is null or length(v_reason) > 500 then
    perform kernel.refuse('LG400', 'The reason for the erasure is missing or too long', 'reason',
      case when v_reason is null then 'nothing' else length(v_reason) || ' characters' end,
      '1 to 500 characters, without names');
  end if;
  return v_reason;
end;
$$;
comment on function privacy.read_reason(text) is 'The reason of an erasure; LG400 for none, or one that is too long.';
