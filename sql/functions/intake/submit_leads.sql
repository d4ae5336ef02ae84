create or replace function leadgen.submit_leads(p_payloads jsonb[], p_contexts jsonb[])
returns setof jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set jit = off
set lock_timeout = '1s'
as $$
-- Several leads in one transaction, each in a subtransaction, so that what one raises undoes that one.
-- All locks are taken before the first lead: contacts (class 1, sorted), then offers (class 2). Offers are tried, not
-- waited for: one that somebody holds keeps no other offer's leads waiting. Only when all are held, the first one's
-- turn is awaited, with no offer in hand.
-- A lead that waits (lock_timeout) or takes long keeps the others waiting; so the batch ends, and the caller goes on.
declare
  v_count constant integer := cardinality(p_payloads);
  v_answers jsonb[] := array_fill(null::jsonb, array[v_count]);
  v_offers bigint[] := array_fill(null::bigint, array[v_count]);
  v_locked bigint[];
  v_end timestamptz;
  v_contacts integer[] := '{}';
  v_request leadgen.lead_request;
  v_route leadgen.route;
  v_message text;
  v_detail text;
  v_hint text;
begin
  for v_n in 1 .. v_count loop
    begin
      v_request := leadgen.read_request(p_payloads[v_n], p_contexts[v_n]);
      v_route := leadgen.find_route(v_request);
      if v_route.failed_step is not null then
        v_answers[v_n] := '{"status": "alone"}'; -- quarantine locks a row, and rows come after all offers
      else
        v_offers[v_n] := v_route.offer_id;
        if v_route.validation_rules ->> 'duplicate_scope' in ('vertical', 'market', 'global') then
          v_contacts := v_contacts || leadgen.list_contact_keys(leadgen.normalize_request(v_request, v_route));
        end if;
      end if;
    exception
      when others then
        null; -- submit_lead raises it again, below
    end;
  end loop;

  perform pg_advisory_xact_lock(1, c.key) from (select distinct k as key from unnest(v_contacts) k order by 1) c;
  select array_agg(o.id) into v_locked
  from (select distinct u as id from unnest(v_offers) u where u is not null order by 1) o
  where pg_try_advisory_xact_lock(2, leadgen.offer_lock_key(o.id));
  v_locked := coalesce(v_locked, array[leadgen.lock_free_offer(array_remove(v_offers, null))]);

  v_end := clock_timestamp() + interval '1 second';
  for v_n in 1 .. v_count loop
    continue when v_answers[v_n] is not null;
    if v_offers[v_n] <> all (v_locked) or clock_timestamp() > v_end then
      v_answers[v_n] := '{"status": "busy"}';
      continue;
    end if;
    begin
      v_answers[v_n] := leadgen.submit_lead(p_payloads[v_n], p_contexts[v_n]);
    exception
      when sqlstate 'LG400' or sqlstate 'LG401' or sqlstate 'LG403' or sqlstate 'LG422' then
        get stacked diagnostics v_message = message_text, v_detail = pg_exception_detail, v_hint = pg_exception_hint;
        v_answers[v_n] := jsonb_build_object(
          'status', 'refused', 'sqlstate', sqlstate, 'message', v_message, 'detail', v_detail, 'hint', v_hint);
      when others then
        if left(sqlstate, 2) in ('40', '53', '55', '57', '58', 'XX') then
          raise; -- deadlock, resources, lock time-out, shutdown, disk, a defect of the server: not one lead's alone
        end if;
        v_answers[v_n] := '{"status": "alone"}';
    end;
  end loop;
  return query select u from unnest(v_answers) u;
end;
$$;
comment on function leadgen.submit_leads(jsonb[], jsonb[]) is
  'Takes up to 32 leads in the caller''s transaction, each as submit_lead would, and answers in the order given. An '
  'answer is submit_lead''s or one of these. refused, with sqlstate, message, detail, hint: where submit_lead raises LG400, '
  'LG401, LG403 or LG422. busy: somebody holds its offer, or time is up; submit it again. alone: submit it by itself. '
  'Raises what is not one lead''s (a deadlock, a lock time-out, a full disk); then nothing is taken.';
