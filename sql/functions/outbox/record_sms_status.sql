create or replace function leadgen.record_sms_status(
  p_message_id uuid,
  p_provider_id text,
  p_status text,
  p_error_code integer
)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
-- The stored name is that of the message before while the next one is sent: what is said of it then comes too late.
-- Reports come late, twice, in any order, and before the worker has recorded its attempt. Only the last word counts, and the
-- first last word stands. One that overtakes the worker ends the lease: what the worker records then is fenced. A row that
-- waits or has ended is left as it is. Each conclusion is logged, under the number of the attempt that it is about. Where an
-- earlier attempt may have got through, one that did not leaves the delivery unknown.
declare
  c_last_words constant text[] := '{delivered,read,undelivered,failed,canceled}';
  c_statuses constant text[] := '{queued,accepted,scheduled,sending,sent}'::text[] || c_last_words;
  c_opt_outs constant integer[] := '{21610,30004}';
  v_now constant timestamptz := leadgen.clock();
  v_error constant text := concat_ws(', ', 'the provider reports: ' || p_status, 'error ' || p_error_code);
  v_delivery leadgen.deliveries;
  v_status leadgen.delivery_status;
  v_is_old boolean := false;
  v_was_tried boolean;
begin
  if coalesce(p_provider_id, '') !~ '^[[:graph:]]{1,64}$' then
    perform leadgen.refuse('LG400', 'A report names the message at the provider', 'provider_id', 'none, or text of another form',
      '1 to 64 characters');
  elsif p_status = any (c_statuses) is not true then
    perform leadgen.refuse('LG400', 'There is no such status', 'status', coalesce(left(p_status, 50), 'none'), array_to_string(c_statuses, ', '));
  end if;
  select d.* into v_delivery
  from leadgen.deliveries d
  where d.message_id = p_message_id and d.channel = 'sms'
  for no key update;
  if not found then
    return false;
  end if;
  v_was_tried := exists (
    select from leadgen.delivery_attempts t where t.delivery_id = v_delivery.id and t.market_id = v_delivery.market_id);
  if v_delivery.status = 'sending' and v_was_tried then
    v_is_old := v_delivery.provider_id is not distinct from p_provider_id;
  elsif v_delivery.provider_id <> p_provider_id then
    perform leadgen.refuse('LG409', 'The report is of another message', 'provider_id', 'another id',
      'the id that the provider gave the message');
  end if;
  if v_is_old or v_delivery.status not in ('sending', 'sent', 'unknown') then
    return true;
  end if;

  if p_status = any (c_last_words) is not true then
    update leadgen.deliveries d
    set provider_id = p_provider_id
    where d.id = v_delivery.id and d.market_id = v_delivery.market_id and d.provider_id is null
      and (d.status <> 'sending' or not v_was_tried);
    return true;
  end if;

  v_status := case
    when p_status in ('delivered', 'read') then 'delivered'
    when leadgen.may_have_arrived(v_delivery.id, v_delivery.market_id, v_delivery.attempts) then 'unknown'
    else 'dead'
  end;
  if v_status = v_delivery.status then
    return true;
  end if;
  update leadgen.deliveries d
  set
    provider_id = p_provider_id, status = v_status, lease_token = null, next_attempt_at = null, finished_at = v_now,
    last_error = case when v_status <> 'delivered' then v_error end
  where d.id = v_delivery.id and d.market_id = v_delivery.market_id;
  insert into leadgen.delivery_attempts (market_id, delivery_id, attempt, worker, started_at, latency_ms, outcome, error, error_class)
  values (
    v_delivery.market_id, v_delivery.id, v_delivery.attempts, v_delivery.worker, v_now, 0,
    case v_status when 'delivered' then 'delivered' else 'refused' end,
    case when v_status <> 'delivered' then v_error end,
    case when v_status <> 'delivered' then 'provider' end);
  perform leadgen.settle_assignments(array_remove(array[v_delivery.assignment_id], null), '{}', '{}', v_now);
  if p_error_code = any (c_opt_outs) then
    update leadgen.endpoints e
    set disabled_at = v_now, disabled_reason = 'the recipient opted out: ' || p_error_code, updated_at = v_now
    where e.id = v_delivery.endpoint_id and e.disabled_at is null;
  end if;
  return true;
end;
$$;
comment on function leadgen.record_sms_status(uuid, text, text, integer) is
  'What the provider of text messages reports of one: delivered and read end its delivery well, undelivered, failed and canceled end it dead, all else says nothing new. An error that means the recipient wants none disables the endpoint. False when there is no such message; LG409 for a report of another one.';
