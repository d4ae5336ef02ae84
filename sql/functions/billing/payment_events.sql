-- Webhooks of payment providers: stored as they came, then followed, each once.

create or replace function billing.keep_event(p_body text)
returns bigint
language plpgsql
volatile
as $$
-- The signature was checked over these bytes. An event that comes again is the row that is there.
declare
  v_event jsonb;
  v_id bigint;
begin
  begin
    v_event := p_body::jsonb;
  exception when data_exception or statement_too_complex then
    v_event := null;
  end;
  if (jsonb_typeof(v_event -> 'id') = 'string' and jsonb_typeof(v_event -> 'type') = 'string'
    and jsonb_typeof(v_event -> 'created') = 'number' and jsonb_typeof(v_event #> '{data,object}') = 'object'
    and (v_event ->> 'created') ~ '^[0-9]{1,11}$' and length(v_event ->> 'id') <= 255
    and length(v_event ->> 'type') <= 255) is not true then
    perform kernel.refuse('LG400', 'The body is no event of Stripe', 'body', 'something else',
      'a JSON object with id, type, created and data.object');
  end if;
  insert into leadgen.payment_events (received_at, provider, event_id, type, said_at, body, next_try_at)
  values (leadgen.clock(), 'stripe', v_event ->> 'id', v_event ->> 'type',
    to_timestamp((v_event ->> 'created')::bigint), p_body, leadgen.clock())
  on conflict on constraint payment_events_event_id_unique do nothing;
  select e.id into v_id from leadgen.payment_events e where (e.provider, e.event_id) = ('stripe', v_event ->> 'id');
  return v_id;
end;
$$;
comment on function billing.keep_event(text) is 'The work of leadgen.keep_payment_event.';

create or replace function billing.follow_payment_event()
returns bigint
language plpgsql
volatile
as $$
-- One that cannot be followed holds up no other: it says why, and is tried again.
declare
  c_most_tries constant integer := 15;
  v_event leadgen.payment_events;
  v_object jsonb;
  v_outcome text;
  v_error text;
begin
  select e.* into v_event
  from leadgen.payment_events e
  where e.next_try_at <= leadgen.clock()
  order by e.next_try_at, e.id
  limit 1
  for update skip locked;
  if not found then
    return null;
  end if;
  v_object := v_event.body::jsonb #> '{data,object}';
  begin
    v_outcome := billing.take_in(v_object, v_event.said_at);
  exception
    when query_canceled or others then -- `others` does not include query_canceled
      if not kernel.is_fault_of_row(sqlstate) then
        raise;
      end if;
      v_outcome := 'failed';
      v_error := left(sqlerrm, 300);
  end;
  if v_outcome in ('failed', 'waiting') and v_event.tries >= c_most_tries then
    v_outcome := 'gave_up';
  end if;
  update leadgen.payment_events e
  set
    outcome = v_outcome,
    error = v_error,
    tries = e.tries + 1,
    waits_for = case v_outcome when 'waiting' then left(billing.read_id(v_object -> 'payment_intent'), 255) end,
    processed_at = case when v_outcome not in ('failed', 'waiting') then leadgen.clock() end,
    next_try_at = case when v_outcome in ('failed', 'waiting')
      then leadgen.clock() + billing.find_pause(e.tries + 1) end
  where e.id = v_event.id;
  return v_event.id;
end;
$$;
comment on function billing.follow_payment_event() is
  'Follows one event of a payment provider: its id, null when none is due.';

create or replace function billing.wake_events(p_provider_id text)
returns void
language plpgsql
volatile
as $$
begin
  update leadgen.payment_events e
  set next_try_at = leadgen.clock(), waits_for = null
  where e.waits_for = p_provider_id and e.next_try_at is not null;
end;
$$;
comment on function billing.wake_events(text) is 'A payment is known now: what waits for it is followed.';

create or replace function billing.find_pause(p_tries integer)
returns interval
language plpgsql
immutable
as $$
begin
  return least(interval '6 hours', interval '10 seconds' * 2 ^ least(p_tries, 20));
end;
$$;
comment on function billing.find_pause(integer) is
  'How long to wait after so many tries: twice as long each time, from 20 seconds to six hours.';
