create or replace view report.endpoints as
select
  e.id as endpoint_id,
  e.buyer_id,
  b.name as buyer,
  e.channel,
  case e.channel when 'webhook' then substring(e.target from '^[a-zA-Z]+://([^/?#]*)') end as host,
  case
    when e.disabled_at is not null then 'disabled'
    when e.retry_at > now() then 'resting'
    when e.failures_in_a_row > 0 then 'failing'
    else 'well'
  end as state,
  (
    select count(*) > 0
    from leadgen.buyers o
    left join leadgen.buyer_offers bo on bo.buyer_id = o.id
    where o.id = e.buyer_id and e.target = case e.channel
      when 'webhook' then coalesce(bo.webhook_url_override, o.webhook_url)
      when 'email' then case when o.email_notifications then coalesce(bo.email_override, o.email) end
      else case when o.sms_notifications then coalesce(bo.sms_override, o.phone) end
    end
  ) as is_current,
  e.disabled_at,
  e.disabled_reason,
  e.failures_in_a_row,
  e.failing_since,
  e.retry_at,
  waiting.deliveries as waiting,
  e.max_in_flight,
  e.disable_after
from leadgen.endpoints e
join leadgen.buyers b on b.id = e.buyer_id
cross join lateral (
  select count(*) as deliveries
  from leadgen.deliveries d
  where d.endpoint_id = e.id and d.next_attempt_at is not null
) waiting;
comment on view report.endpoints is
  'How each address of a buyer does: well, failing, resting (it failed and is tried again at retry_at) or disabled, and how many deliveries wait for it; is_current: leads are sent there today.';
