-- leadgen.channels, list_targets, connect_buyers, keep_endpoints, find_disconnected_buyers: by which endpoints an enrollment is told.
begin;
select plan(33);
create temp table ids as select testkit.make_offer('{"duplicate_window_hours": 0}') as offer_id;
create temp table ace as select testkit.new_buyer('Both', '{"email": "both@b.example"}') as id;
create function pg_temp.ways(p_buyer_offer_id bigint) returns text language sql as $$
  select string_agg(format('%s %s', w.channel, e.target), ', ' order by w.channel)
  from leadgen.enrollment_endpoints w join leadgen.endpoints e on e.id = w.endpoint_id
  where w.buyer_offer_id = p_buyer_offer_id;
$$;

-- Each channel is a row whose functions there are; each word of the enum has its row.
select is(array_agg(c.code order by c.position), enum_range(null::leadgen.delivery_channel), 'channels: each has its row')
from leadgen.channels c;
select is(array_agg(c.code::text) filter (
  where to_regprocedure(format('outbox.%s(leadgen.buyers, leadgen.buyer_offers)', quote_ident(c.target_function))) is null), null,
  'channels: the target_function of each is there') from leadgen.channels c;
select is(array_agg(c.code::text) filter (where c.details_function is not null and to_regprocedure(
  format('outbox.%s(leadgen.deliveries, leadgen.lead_assignments, text)', quote_ident(c.details_function))) is null), null,
  'channels: and the details_function of each that has one') from leadgen.channels c;
select is(array_agg(c.code::text) filter (where c.is_url), '{webhook}', 'channels: webhooks go to URLs') from leadgen.channels c;
select is(array_agg(c.code::text) filter (where not c.resends_lost), '{sms}', 'channels: a text message is not sent twice blindly')
from leadgen.channels c;

-- Targets: the enrollment's own, else the buyer's; as the buyer wants.
create function pg_temp.target(p_function text, p_buyer jsonb, p_enrollment jsonb) returns text language plpgsql as $$
declare
  v_target text;
begin
  execute format('select outbox.%I($1, $2)', p_function) into v_target using jsonb_populate_record(null::leadgen.buyers, p_buyer),
    case when p_enrollment is not null then jsonb_populate_record(null::leadgen.buyer_offers, p_enrollment) end;
  return v_target;
end;
$$;
select is(pg_temp.target(function, buyer, enrollment), wanted, format('%s: %s, %s', function, buyer, coalesce(enrollment, 'null')))
from (values
  ('find_webhook_target', '{"webhook_url": "https://a"}'::jsonb, '{}'::jsonb, 'https://a'),
  ('find_webhook_target', '{"webhook_url": "https://a"}', '{"webhook_url_override": "https://b"}', 'https://b'),
  ('find_webhook_target', '{"webhook_url": "https://a"}', null, 'https://a'),
  ('find_webhook_target', '{}', '{}', null),
  ('find_mail_target', '{"email": "a@b", "email_notifications": true}', '{}', 'a@b'),
  ('find_mail_target', '{"email": "a@b", "email_notifications": true}', '{"email_override": "c@d"}', 'c@d'),
  ('find_mail_target', '{"email": "a@b", "email_notifications": false}', '{"email_override": "c@d"}', null),
  ('find_text_target', '{"phone": "+1", "sms_notifications": true}', null, '+1'),
  ('find_text_target', '{"phone": "+1", "sms_notifications": true}', '{"sms_override": "+2"}', '+2'),
  ('find_text_target', '{"phone": "+1", "sms_notifications": false}', '{"sms_override": "+2"}', null)
) as t (function, buyer, enrollment, wanted);

-- Kept as addresses are written.
select is(array_agg(format('%s %s', e.channel, e.target) order by e.channel), '{"webhook https://b.example/hook","email both@b.example"}',
  'a buyer who takes part in nothing has endpoints') from leadgen.endpoints e join ace on ace.id = e.buyer_id;
select is(array_agg(r.is_current::text), '{false,false}', 'none of which is told of leads') from report.endpoints r
join ace on ace.id = r.buyer_id;
create temp table seat as select testkit.enroll(offer_id, jsonb_build_object('buyer_id', ace.id)) as id from ids, ace;
select is(pg_temp.ways(id), 'webhook https://b.example/hook, email both@b.example', 'enrolled: by both') from seat;
update leadgen.buyer_offers bo set email_override = 'leads@b.example' from seat where bo.id = seat.id;
select is(pg_temp.ways(id), 'webhook https://b.example/hook, email leads@b.example', 'another address for this offer') from seat;
update leadgen.buyers b set webhook_url = 'https://new.example/', sms_notifications = true, email_notifications = false from ace
where b.id = ace.id;
select is(pg_temp.ways(id), 'webhook https://new.example/, sms +15125550100',
  'a buyer that moves is told by its new webhook and by text message')
from seat;
select is(count(*), 5::bigint, 'every earlier address is an endpoint still') from leadgen.endpoints e join ace on ace.id = e.buyer_id;
select is(array_agg(r.is_current::text order by r.endpoint_id), '{false,false,false,true,true}',
  'the report shows which endpoints are in use')
from report.endpoints r join ace on ace.id = r.buyer_id;
update leadgen.buyers b set webhook_url = 'https://b.example/hook', sms_notifications = false from ace where b.id = ace.id;
select is(pg_temp.ways(id), 'webhook https://b.example/hook', 'back at the first address') from seat;
select is(count(*), 5::bigint, 'which is the endpoint it was') from leadgen.endpoints e join ace on ace.id = e.buyer_id;
update leadgen.buyers b set webhook_url = null from ace where b.id = ace.id;
select is((pg_temp.ways(seat.id), bo.is_reachable)::text, '(,f)', 'nothing is left: nothing reaches it')
from seat join leadgen.buyer_offers bo on bo.id = seat.id;
update leadgen.buyer_offers bo set webhook_url_override = 'https://own.example/' from seat where bo.id = seat.id;
select is((pg_temp.ways(seat.id), bo.is_reachable)::text, '("webhook https://own.example/",t)', 'an address of its own does')
from seat join leadgen.buyer_offers bo on bo.id = seat.id;
select is(outbox.find_disconnected_buyers(), '{}', 'find_disconnected_buyers: all is as the addresses say');

-- What a restore or a superuser leaves wrong, a deploy puts right.
create function pg_temp.spoilt(p_sql text) returns text language plpgsql as $$
begin
  set local session_replication_role = replica;
  execute p_sql;
  set local session_replication_role = origin;
  return (select case when outbox.find_disconnected_buyers() = array[ace.id] then 'found' else 'missed' end from ace);
end;
$$;
create function pg_temp.mended() returns text language plpgsql as $$
begin
  perform outbox.connect_buyers(outbox.find_disconnected_buyers());
  return (select format('%s %s %s', pg_temp.ways(seat.id), bo.is_reachable, outbox.find_disconnected_buyers()::text)
    from seat join leadgen.buyer_offers bo on bo.id = seat.id);
end;
$$;
select is(format('%s, %s', pg_temp.spoilt(sql), pg_temp.mended()), 'found, webhook https://own.example/ t {}',
  format('find_disconnected_buyers: %s', sql))
from (values
  ('delete from leadgen.enrollment_endpoints'),
  ('update leadgen.enrollment_endpoints w set endpoint_id = (select min(e.id) from leadgen.endpoints e where e.channel = w.channel)'),
  ('insert into leadgen.enrollment_endpoints
    select seat.id, e.channel, e.id from seat, leadgen.endpoints e where e.channel = ''sms'''),
  ('delete from leadgen.endpoints e where e.target = ''https://own.example/'''),
  ('update leadgen.buyer_offers set is_reachable = false')
) as t (sql);

-- It goes with its enrollment and its buyer.
delete from leadgen.buyer_offers bo using seat where bo.id = seat.id;
select is(count(*), 0::bigint, 'an enrollment that ends is told by nothing') from leadgen.enrollment_endpoints;

select * from finish();
rollback;
