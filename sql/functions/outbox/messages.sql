-- The bodies that buyers are sent.

create or replace function outbox.compose_assigned(p_sale leadgen.lead_assignments, p_lead leadgen.leads)
returns text
language plpgsql
stable
as $$
-- json, not jsonb: it keeps the order in which a person reads it. The same bytes for every attempt: nothing in it
-- changes. Of a sealed lead the worker puts in what says who it is: these members, as they are written here. What is
-- disclosed are members at the end of data; a sale from before there were any has none.
declare
  v_is_sealed constant boolean := p_lead.sealed is not null;
  v_data text;
begin
  v_data := json_build_object(
    'assignment_id', p_sale.id, 'lead_id', p_sale.lead_id, 'offer_id', p_sale.offer_id, 'market_id', p_sale.market_id,
    'vertical_id', p_lead.vertical_id, 'buyer_id', p_sale.buyer_id, 'price', p_sale.price::text,
    'currency', p_sale.currency,
    'lead', json_build_object(
      'name', case when not v_is_sealed then p_lead.name end, 'email', case when not v_is_sealed then p_lead.email end,
      'phone', case when not v_is_sealed then p_lead.phone end,
      'phone_extension', case when not v_is_sealed then p_lead.phone_extension end,
      'postal_code', p_lead.postal_code,
      'city', p_lead.city, 'country_code', p_lead.country_code, 'region_code', p_lead.region_code,
      'message', p_lead.message,
      'attributes', p_lead.attributes))::text;
  if p_sale.disclosed <> '{}' then
    v_data := left(v_data, -1) || ', ' || ltrim(outbox.disclose(p_sale.disclosed, p_lead)::text, '{ ');
  end if;
  return json_build_object(
    'type', 'lead.assigned',
    'version', 1,
    'timestamp', to_char(p_sale.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'data', v_data::json)::text;
end;
$$;
comment on function outbox.compose_assigned(leadgen.lead_assignments, leadgen.leads) is
  'The body that tells a buyer of a lead: lead.assigned, version 1.';

create or replace function outbox.disclose(p_disclosed text[], p_lead leadgen.leads)
returns json
language plpgsql
stable
as $$
declare
  v_consent json;
  v_sub_ids jsonb;
begin
  select json_object_agg(f.name, f.value order by f.place) into v_consent
  from (values
    (1, 'consent_at', 'at', kernel.write_instant(p_lead.consent_at)),
    (2, 'consent_text_version', 'text_version', p_lead.tracking ->> 'consent_text_version'),
    (7, 'consent_text', 'text',
      case when 'consent_text' = any (p_disclosed) then catalog.find_consent_text(p_lead.tracking) end),
    (3, 'consent_certificate_url', 'certificate_url', p_lead.consent_certificate_url),
    (4, 'consent_certificate_id', 'certificate_id', p_lead.tracking ->> 'consent_certificate_id'),
    (5, 'ip_address', 'ip_address', host(p_lead.ip_address)),
    (6, 'page_url', 'page_url', p_lead.landing_url)
  ) as f (place, key, name, value)
  where f.key = any (p_disclosed);
  if 'sub_ids' <> all (p_disclosed) then
    return json_build_object('consent', v_consent);
  end if;
  select jsonb_object_agg(t.key, t.value) into v_sub_ids
  from jsonb_each(p_lead.tracking) t
  where starts_with(t.key, 'sub_id');
  return case
    when v_consent is null then json_build_object('sub_ids', v_sub_ids)
    else json_build_object('consent', v_consent, 'sub_ids', v_sub_ids)
  end;
end;
$$;
comment on function outbox.disclose(text[], leadgen.leads) is
  'What a buyer is sent beside the lead: consent and sub_ids, each only if something of it is disclosed.';

create or replace function outbox.compose_details(
  p_function text,
  p_delivery leadgen.deliveries,
  p_sale leadgen.lead_assignments,
  p_buyer_name text
)
returns jsonb
language plpgsql
stable
as $$
declare
  v_details jsonb;
begin
  execute format('select outbox.%I($1, $2, $3)', p_function) into v_details
  using p_delivery, p_sale, p_buyer_name;
  return v_details;
end;
$$;
comment on function outbox.compose_details(text, leadgen.deliveries, leadgen.lead_assignments, text) is
  'What a message says beside its body, by its channel''s details_function. '
  'A webhook, which is most of the work, has none.';

create or replace function outbox.describe_for_mail(
  p_delivery leadgen.deliveries,
  p_sale leadgen.lead_assignments,
  p_buyer_name text
)
returns jsonb
language plpgsql
stable
as $$
begin
  return outbox.list_names(p_delivery, p_sale, p_buyer_name)
    || jsonb_build_object('links', outbox.compose_links(p_sale, p_delivery.buyer_id, leadgen.clock()));
end;
$$;
comment on function outbox.describe_for_mail(leadgen.deliveries, leadgen.lead_assignments, text) is
  'What a mail says beside its body: names, and tokens of links.';

create or replace function outbox.describe_for_text(
  p_delivery leadgen.deliveries,
  p_sale leadgen.lead_assignments,
  p_buyer_name text
)
returns jsonb
language plpgsql
stable
as $$
begin
  return outbox.list_names(p_delivery, p_sale, p_buyer_name)
    || jsonb_build_object('callback_id', p_delivery.message_id);
end;
$$;
comment on function outbox.describe_for_text(leadgen.deliveries, leadgen.lead_assignments, text) is
  'What a text message says beside its body: names, and the id under which its provider reports.';

create or replace function outbox.list_names(
  p_delivery leadgen.deliveries,
  p_sale leadgen.lead_assignments,
  p_buyer_name text
)
returns jsonb
language plpgsql
stable
as $$
begin
  return (
    select jsonb_build_object('buyer_name', p_buyer_name, 'offer_name', o.name, 'vertical_name', v.name,
      'market_name', m.name, 'timezone', m.timezone)
    from leadgen.markets m
    left join leadgen.offers o on o.id = p_sale.offer_id
    left join leadgen.verticals v on v.id = o.vertical_id
    where m.id = p_delivery.market_id
  );
end;
$$;
comment on function outbox.list_names(leadgen.deliveries, leadgen.lead_assignments, text) is
  'Names of buyer, offer, vertical and market, and the market''s zone, for messages that people read.';

create or replace function outbox.compose_links(p_sale leadgen.lead_assignments, p_buyer_id bigint, p_now timestamptz)
returns jsonb
language plpgsql
stable
as $$
begin
  if not exists (select from leadgen.link_secrets) then
    return '{}'; -- a lead without links is better than no lead
  elsif p_sale.id is null then
    return jsonb_build_object('unsubscribe', identity.make_link('unsubscribe', p_buyer_id));
  end if;
  return jsonb_strip_nulls(jsonb_build_object(
    'accept', case
      when p_sale.acceptance <> 'on_delivery' and p_sale.accepted_at is null and p_sale.answer_by > p_now then
        identity.make_link('accept', p_sale.id)
    end,
    'return', case when p_sale.return_by > p_now then identity.make_link('return', p_sale.id) end,
    'report', identity.make_link('report', p_sale.id)));
end;
$$;
comment on function outbox.compose_links(leadgen.lead_assignments, bigint, timestamptz) is
  'Tokens of the links that go into an e-mail: to accept and to return a sale while that can be, and to report what '
  'came of the lead; or, where there is no sale, to hear no more.';
