-- Road: a person asks what is held of it, and has a copy.
--
-- A holding is one thing that is held of a person: a lead, a submission in quarantine, a fetch, a user, a buyer, or a
-- contact on a suppression list. Holdings are listed first, then exported or erased one by one, so that memory and
-- locks stay bounded however many there are.

create or replace function roads.list_holdings(
  p_kind text,
  p_value text,
  p_country_code text,
  p_hash_key text
)
returns table (what text, id bigint, created_at timestamptz)
language plpgsql
stable
as $$
declare
  v_email text;
  v_phone text;
  v_key constant bytea := case when p_hash_key is not null then intake.read_hash_key(p_hash_key) end;
begin
  if p_kind is null or p_kind not in ('phone', 'email') then
    perform kernel.refuse('LG400', 'There is no such kind', 'kind', coalesce(left(p_kind, 20), 'nothing'),
      'phone, email');
  end if;
  perform privacy.check_finds_sealed(v_key);
  v_email := case p_kind when 'email' then privacy.normalize_contact(p_kind, p_value) end;
  v_phone := case p_kind when 'phone' then privacy.normalize_contact(p_kind, p_value, p_country_code) end;
  return query
  select h.what, h.id, h.created_at
  from (
    select 1 as place, 'lead' as what, l.id, l.created_at from leadgen.leads l
    where l.phone in (v_phone, ref.seal_phone(v_phone, v_key))
    union all
    select 1, 'lead', l.id, l.created_at from leadgen.leads l
    where l.email in (v_email, ref.seal_email(v_email, v_key))
    union all
    select 2, 'submission', q.id, q.created_at
    from intake.list_quarantined_of(v_email, v_phone, upper(p_country_code), v_key) w (id)
    join leadgen.intake_quarantine q on q.id = w.id
    union all
    select 3, 'fetch', f.id, f.created_at
    from intake.list_fetches_of(v_email, v_phone, upper(p_country_code), v_key) w (id)
    join leadgen.lead_fetches f on f.id = w.id
    union all
    select 4, 'user', u.id, u.created_at
    from identity.list_users_of(v_email, v_phone) w (id) join leadgen.users u on u.id = w.id
    union all
    select 5, 'buyer', b.id, b.created_at
    from leadgen.buyers b
    where lower(b.email) = v_email or (v_phone is not null and (ref.read_phone(b.phone, p_country_code)).e164 = v_phone)
    union all
    select 6, 'suppression', p.part_id::bigint, p.created_at
    from privacy.list_suppressions_of(p_kind, coalesce(v_email, v_phone)) p
  ) h
  order by h.place, h.created_at, h.id;
end;
$$;
comment on function roads.list_holdings(text, text, text, text) is 'The work of leadgen.list_holdings.';

create or replace function roads.start_person_export(
  p_kind text,
  p_value text,
  p_country_code text,
  p_reason text,
  p_hash_key text
)
returns table (what text, id bigint, created_at timestamptz)
language plpgsql
volatile
as $$
-- The event is the audit of it. It says which leads, and not whose. Looked for once: quarantine may take seconds.
declare
  v_reason constant text := privacy.read_reason(p_reason);
  v_whats text[];
  v_ids bigint[];
  v_times timestamptz[];
begin
  select array_agg(h.what), array_agg(h.id), array_agg(h.created_at) into v_whats, v_ids, v_times
  from roads.list_holdings(p_kind, p_value, p_country_code, p_hash_key) h;
  perform catalog.note_action('person_exported', 'a person', null,
    format('what is held of a person was exported: %s', v_reason),
    jsonb_build_object(
      'reason', v_reason,
      'held', (
        select coalesce(jsonb_object_agg(h.what, h.ids), '{}')
        from (
          select o.what, jsonb_agg(o.id order by o.id) filter (where o.place <= 100) as ids
          from (
            select l.what, l.id, row_number() over (partition by l.what order by l.id) as place
            from unnest(v_whats, v_ids) l (what, id)
          ) o
          group by o.what
        ) h)));
  return query select * from unnest(v_whats, v_ids, v_times);
end;
$$;
comment on function roads.start_person_export(text, text, text, text, text) is
  'The work of leadgen.start_person_export.';

create or replace function roads.export_holding(p_what text, p_id bigint)
returns jsonb
language plpgsql
stable
as $$
declare
  v_holding jsonb;
begin
  v_holding := case p_what
    when 'lead' then roads.export_lead(p_id)
    when 'submission' then intake.export_submission(p_id)
    when 'fetch' then intake.export_fetch(p_id)
    when 'user' then identity.export_user(p_id)
    when 'buyer' then (
      select jsonb_build_object('buyer_id', b.id, 'created_at', b.created_at, 'name', b.name, 'company', b.company,
        'email', b.email, 'phone', b.phone, 'tax_address', b.tax_address)
      from leadgen.buyers b where b.id = p_id)
    when 'suppression' then privacy.export_part(p_id)
  end;
  if v_holding is null then
    perform kernel.refuse('LG404', 'There is no such holding', 'what', concat_ws(' ', left(p_what, 20), p_id),
      'a lead, submission, fetch, user, buyer or suppression that list_holdings names');
  end if;
  return v_holding;
end;
$$;
comment on function roads.export_holding(text, bigint) is 'The work of leadgen.export_holding.';

create or replace function roads.export_lead(p_lead_id bigint)
returns jsonb
language plpgsql
stable
as $$
-- Who has the person's data, and nothing of other buyers: why they did not buy is their business, and so are prices.
begin
  return (
    select jsonb_build_object(
      'lead_id', l.id, 'received_at', l.created_at, 'market', m.name, 'vertical', v.name, 'offer', o.name,
      'source', s.source_key, 'status', l.status, 'validation_errors', coalesce(l.answer -> 'errors', '[]'),
      'unsold_reason', l.unsold_reason, 'erasure', roads.explain_erasure(l),
      'decisions', (
        select coalesce(jsonb_agg(to_jsonb(d) order by d.attempt), '[]')
        from (
          select c.attempt, c.decided_at,
            coalesce(jsonb_agg(c.buyer_name order by c.rank) filter (where c.verdict = 'won'), '[]') as sold_to
          from roads.explain_candidates(l.id) c
          group by c.attempt, c.decided_at
        ) d),
      'sales', roads.export_sales(l)
    ) || intake.export_fields(l)
    from leadgen.leads l
    join leadgen.markets m on m.id = l.market_id
    join leadgen.verticals v on v.id = l.vertical_id
    join leadgen.offers o on o.id = l.offer_id
    join leadgen.sources s on s.id = l.source_id
    where l.id = p_lead_id);
end;
$$;
comment on function roads.export_lead(bigint) is
  'All that is held of a lead''s person: what was sent and stored, how it was decided, who bought it, what was sent '
  'to whom and answered, returns; null: no such lead.';

create or replace function roads.export_sales(p_lead leadgen.leads)
returns jsonb
language sql
stable
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
    'sold_at', a.created_at, 'buyer', b.name, 'outcome', a.outcome, 'disclosed', a.disclosed,
    'deliveries', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'channel', d.channel, 'status', d.status, 'last_error', d.last_error,
        'attempts', (
          select coalesce(jsonb_agg(jsonb_build_object(
            'started_at', t.started_at, 'outcome', t.outcome, 'status_code', t.status_code, 'error', t.error,
            'reply', t.reply) order by t.id), '[]')
          from leadgen.delivery_attempts t where t.delivery_id = d.id and t.market_id = d.market_id)
      ) order by d.id), '[]')
      from leadgen.deliveries d
      where d.lead_id = a.lead_id and d.assignment_id = a.id and d.market_id = a.market_id),
    'returns', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'asked_at', r.created_at, 'reason_code', r.reason_code, 'note', r.note, 'status', r.status,
        'decided_at', r.decided_at, 'decision_note', r.decision_note,
        'evidence', (
          select coalesce(jsonb_agg(jsonb_build_object(
            'created_at', e.created_at, 'reference', e.reference, 'media_type', e.media_type) order by e.id), '[]')
          from leadgen.return_evidence e where e.return_id = r.id)
      ) order by r.id), '[]')
      from leadgen.sale_returns r where r.assignment_id = a.id),
    'outcome_reports', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'reported_at', r.created_at, 'stage', r.stage, 'happened_at', r.happened_at, 'stars', r.stars,
        'comment', r.comment) order by r.id), '[]')
      from leadgen.outcome_reports r where r.assignment_id = a.id)
  ) order by a.id), '[]')
  from leadgen.lead_assignments a
  join leadgen.buyers b on b.id = a.buyer_id
  where a.lead_id = p_lead.id and a.market_id = p_lead.market_id;
$$;
comment on function roads.export_sales(leadgen.leads) is
  'A lead''s sales with what was sent of it, what was answered, and returns with their evidence.';

create or replace function roads.count_holdings(
  p_kind text,
  p_value text,
  p_country_code text,
  p_hash_key text
)
returns table (what text, number bigint, becomes text)
language plpgsql
stable
as $$
-- Looked for once: quarantine may take seconds.
declare
  v_whats text[];
  v_leads bigint[];
  v_users bigint[];
begin
  select coalesce(array_agg(h.what), '{}'), array_agg(h.id) filter (where h.what = 'lead'),
    array_agg(h.id) filter (where h.what = 'user')
  into v_whats, v_leads, v_users
  from roads.list_holdings(p_kind, p_value, p_country_code, p_hash_key) h;
  return query
  select n.what, cardinality(array_positions(v_whats, n.what))::bigint, n.becomes
  from (values
    (1, 'lead', 'struck out'), (2, 'submission', 'emptied'), (3, 'fetch', 'deleted'), (4, 'user', 'struck out'),
    (5, 'buyer', 'kept: the books name it'), (6, 'suppression', 'kept: it keeps the person from being sold')
  ) n (place, what, becomes)
  order by n.place;
  return query
  select 'delivery that waits', count(*), 'cancelled'
  from leadgen.deliveries d where d.lead_id = any (v_leads) and d.status in ('pending', 'sending', 'parked')
  union all
  select 'answer of a receiver', count(*), 'deleted'
  from leadgen.deliveries d
  join leadgen.delivery_attempts t on t.delivery_id = d.id and t.market_id = d.market_id
  where d.lead_id = any (v_leads) and (t.reply is not null or t.error is not null)
  union all
  select 'note of a return', count(*), 'deleted'
  from leadgen.lead_assignments a
  join leadgen.sale_returns r on r.assignment_id = a.id
  where a.lead_id = any (v_leads) and (r.note is not null or r.decision_note is not null)
  union all
  select 'comment of a buyer', count(*), 'deleted'
  from leadgen.lead_assignments a
  join leadgen.outcome_reports r on r.assignment_id = a.id and r.comment is not null
  where a.lead_id = any (v_leads)
  union all
  select 'evidence of a return', count(*), 'its reference is deleted'
  from leadgen.lead_assignments a
  join leadgen.sale_returns r on r.assignment_id = a.id
  join leadgen.return_evidence e on e.return_id = r.id and e.reference is not null
  where a.lead_id = any (v_leads)
  union all
  select 'passkey of a user', count(*), 'deleted' from leadgen.user_passkeys p where p.user_id = any (v_users)
  union all
  select 'session of a user', count(*), 'deleted' from leadgen.user_sessions s where s.user_id = any (v_users)
  union all
  select 'sign-in of a user', count(*), 'deleted' from leadgen.sign_in_attempts a where a.user_id = any (v_users)
  union all
  select 'mail to a user', count(*), 'deleted' from leadgen.user_mails m where m.user_id = any (v_users)
  union all
  select 'sale', count(*), 'kept, without the person' from leadgen.lead_assignments a where a.lead_id = any (v_leads)
  union all
  select 'decision', count(*), 'kept, without the person' from leadgen.lead_decisions d where d.lead_id = any (v_leads);
end;
$$;
comment on function roads.count_holdings(text, text, text, text) is 'The work of leadgen.count_holdings.';
