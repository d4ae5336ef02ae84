create or replace function leadgen.list_channels(p_buyer_id bigint)
returns table (buyer_offer_id bigint, channel leadgen.delivery_channel, target text)
language sql
stable
as $$
-- Not strict and not secured, so that it is inlined where it is used.
  select bo.id, way.channel, way.target
  from leadgen.buyers b
  left join leadgen.buyer_offers bo on bo.buyer_id = b.id
  cross join lateral (
    values
      ('webhook'::leadgen.delivery_channel, coalesce(bo.webhook_url_override, b.webhook_url)::text),
      ('email', case when b.email_notifications then coalesce(bo.email_override, b.email) end),
      ('sms', case when b.sms_notifications then coalesce(bo.sms_override, b.phone) end)
  ) as way (channel, target)
  where b.id = p_buyer_id and way.target is not null;
$$;
comment on function leadgen.list_channels(bigint) is
  'The ways by which each enrollment of a buyer is told of a lead; a buyer without any has one row a way, buyer_offer_id null.';
