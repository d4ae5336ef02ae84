-- Road: a person is erased.

create or replace function roads.erase_lead(p_lead_id bigint, p_reason text, p_opened jsonb)
returns boolean
language plpgsql
volatile
as $$
-- Quarantined copies first, as resubmit_quarantined locks them; then the offer: nothing is routed, sold or returned
-- meanwhile, so every delivery there is can be locked. Called again it strikes out what came since. The event is the
-- audit of it.
declare
  v_reason constant text := privacy.read_reason(p_reason);
  v_key constant bytea := privacy.read_opening(p_opened);
  v_lead leadgen.leads;
  v_now timestamptz;
begin
  select l.* into v_lead from leadgen.leads l where l.id = p_lead_id;
  if not found then
    perform kernel.refuse('LG404', format('No lead %s', p_lead_id), 'lead_id', p_lead_id::text, 'the id of a lead');
  elsif v_key is null and not intake.can_find_copies(v_lead) then
    perform kernel.refuse('LG409', format('Lead %s, or a submission in quarantine, is still to be sealed', p_lead_id),
      'lead_id', 'a lead whose submissions cannot all be found', 'a lead that is sealed, as all submissions are',
      format('A worker with PII_KEYS seals them soon: try again then. leadgen erase %s, with PII_KEYS, need not wait.',
        p_lead_id));
  end if;
  perform intake.erase_quarantined(
    privacy.lay_contact(v_lead, p_opened -> 'contact'), intake.digest_lead(v_lead), v_key, leadgen.clock());
  perform pg_advisory_xact_lock(2, market.offer_lock_key(v_lead.offer_id));
  v_now := leadgen.clock();
  perform outbox.cancel_deliveries_of(v_lead, v_now);
  select l.* into v_lead from leadgen.leads l where l.id = p_lead_id for no key update;
  perform privacy.strike_out_lead(v_lead, v_now);
  perform roads.end_sales_of_erased(v_lead, v_now);
  perform privacy.strike_out_traces(v_lead);
  insert into leadgen.events (created_at, kind, subject, market_id, offer_id, message, facts)
  values (v_now, 'lead_erased', 'lead ' || v_lead.id, v_lead.market_id, v_lead.offer_id,
    format('lead %s was erased: %s', v_lead.id, v_reason),
    jsonb_build_object('lead_id', v_lead.id, 'by', session_user, 'reason', v_reason))
  on conflict on constraint events_subject_unique do nothing;
  return v_lead.erased_at is null;
end;
$$;
comment on function roads.erase_lead(bigint, text, jsonb) is 'The work of leadgen.erase_lead.';

create or replace function roads.end_sales_of_erased(p_lead leadgen.leads, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
-- After erased_at is set, so that the lead is offered to nobody (market.pass_lead_on).
declare
  v_lead leadgen.leads;
begin
  perform roads.release_sale(a.id)
  from (
    select a.id from leadgen.lead_assignments a
    where a.lead_id = p_lead.id and a.market_id = p_lead.market_id and a.release_due_at is not null
    order by a.id
  ) a;
  select l.* into v_lead from leadgen.leads l where l.id = p_lead.id and l.market_id = p_lead.market_id;
  if v_lead.hold_until is not null then
    perform market.end_hold(v_lead, p_now);
  end if;
end;
$$;
comment on function roads.end_sales_of_erased(leadgen.leads, timestamptz) is
  'Gives back the places of an erased lead''s sales that ended, and ends '
  'its hold. The caller holds the offer''s lock.';

create or replace function roads.erase_submission(p_quarantine_id bigint, p_reason text)
returns boolean
language plpgsql
volatile
as $$
declare
  v_reason constant text := privacy.read_reason(p_reason);
  v_now constant timestamptz := leadgen.clock();
  v_is_new boolean;
begin
  if not exists (select from leadgen.intake_quarantine q where q.id = p_quarantine_id) then
    perform kernel.refuse('LG404', format('No submission %s in quarantine', p_quarantine_id), 'quarantine_id',
      p_quarantine_id::text, 'the id of a submission in quarantine');
  end if;
  v_is_new := intake.empty_quarantined(array[p_quarantine_id], v_now);
  if v_is_new then
    insert into leadgen.events (created_at, kind, subject, message, facts)
    values (v_now, 'submission_erased', 'submission ' || p_quarantine_id,
      format('submission %s in quarantine was erased: %s', p_quarantine_id, v_reason),
      jsonb_build_object('quarantine_id', p_quarantine_id, 'by', session_user, 'reason', v_reason))
    on conflict on constraint events_subject_unique do nothing;
  end if;
  return v_is_new;
end;
$$;
comment on function roads.erase_submission(bigint, text) is 'The work of leadgen.erase_submission.';

create or replace function roads.erase_holding(p_what text, p_id bigint, p_reason text)
returns boolean
language plpgsql
volatile
as $$
declare
  v_reason constant text := privacy.read_reason(p_reason);
begin
  if (p_what in ('lead', 'submission', 'fetch', 'user')) is not true then
    perform kernel.refuse('LG400', 'This cannot be erased', 'what', coalesce(left(p_what, 20), 'nothing'),
      'lead, submission, fetch, user');
  elsif p_what = 'lead' then
    return roads.erase_lead(p_id, v_reason, null);
  elsif p_what = 'submission' then
    return roads.erase_submission(p_id, v_reason);
  elsif p_what = 'user' then
    perform outbox.strike_out_address(u.buyer_id, u.email, format('erased-%s@erased.invalid', u.id), leadgen.clock())
    from leadgen.users u
    where u.id = p_id and u.buyer_id is not null;
    return identity.erase_user(p_id, v_reason);
  end if;
  if not intake.erase_fetch(p_id) then
    return false;
  end if;
  perform catalog.note_action('fetch_erased', format('fetch %s', p_id), null,
    format('a lead that waited for its network was erased: %s', v_reason),
    jsonb_build_object('fetch_id', p_id, 'reason', v_reason));
  return true;
end;
$$;
comment on function roads.erase_holding(text, bigint, text) is 'The work of leadgen.erase_holding.';

create or replace function roads.find_person(
  p_kind text,
  p_value text,
  p_country_code text,
  p_opened jsonb
)
returns table (
  lead_id bigint,
  quarantine_id bigint,
  created_at timestamptz,
  offer text,
  source text,
  summary text
)
language plpgsql
stable
as $$
-- No personal data comes out: whoever asks has it already.
declare
  v_lead leadgen.leads;
  v_email text;
  v_phone text;
  v_digests bytea[];
  v_key constant bytea := privacy.read_opening(p_opened);
begin
  if p_kind = 'lead' then
    if p_value ~ '^[0-9]{1,18}$' then
      select l.* into v_lead from leadgen.leads l where l.id = p_value::bigint;
    end if;
    if v_lead.id is null then
      perform kernel.refuse('LG404', 'No such lead', 'lead_id', left(p_value, 20), 'the id of a lead');
    end if;
    v_digests := intake.digest_lead(v_lead);
    v_lead := privacy.lay_contact(v_lead, p_opened -> 'contact');
    v_email := nullif(v_lead.email, '');
    v_phone := nullif(v_lead.phone, '');
  else
    if p_kind is null or p_kind not in ('phone', 'email') then
      perform kernel.refuse(
        'LG400', 'There is no such kind', 'kind', coalesce(left(p_kind, 20), 'nothing'), 'phone, email, lead');
    end if;
    perform privacy.check_finds_sealed(v_key);
    v_email := case p_kind when 'email' then privacy.normalize_contact(p_kind, p_value) end;
    v_phone := case p_kind when 'phone' then privacy.normalize_contact(p_kind, p_value, p_country_code) end;
  end if;
  return query
  select f.lead_id, f.quarantine_id, f.created_at, f.offer, f.source, f.summary
  from (
    select l.id as lead_id, null::bigint as quarantine_id, l.created_at, o.slug::text as offer,
      s.source_key::text as source, roads.summarize_lead(l.id) as summary
    from (
      select p.id from leadgen.leads p
      where p.phone in (v_phone, ref.seal_phone(v_phone, v_key)) and v_lead.id is null
      union
      select e.id from leadgen.leads e
      where e.email in (v_email, ref.seal_email(v_email, v_key)) and v_lead.id is null
      union
      select v_lead.id
    ) m
    join leadgen.leads l on l.id = m.id
    join leadgen.offers o on o.id = l.offer_id
    join leadgen.sources s on s.id = l.source_id
    union all
    select null, q.id, q.created_at, null, q.payload ->> 'source_key',
      'In quarantine: ' || q.reason || coalesce('; resubmitted as lead ' || q.lead_id, '')
    from (
      select l.id
      from intake.list_quarantined_of(
        v_email, v_phone, coalesce(p_country_code, v_lead.country_code), v_key) l (id)
      union
      select d.id from intake.list_digested(v_digests) d (id)
    ) w
    join leadgen.intake_quarantine q on q.id = w.id
  ) f
  order by f.created_at, f.lead_id, f.quarantine_id;
end;
$$;
comment on function roads.find_person(text, text, text, jsonb) is 'The work of leadgen.find_person.';
