-- note_addresses, mask_address: whoever redirects a buyer's leads is seen to do so.
begin;
select plan(20);

select is(catalog.mask_address(address), masked, format('mask_address: %s', address))
from (values
  ('https://b.example/hook?sig=hush', 'https://b.example'), ('http://127.0.0.1:8000/x', 'http://127.0.0.1:8000'),
  ('HTTPS://B.example#x', 'HTTPS://B.example'), ('https://b.example?token=hush', 'https://b.example'),
  ('ann@b.example', 'a...@b.example'), ('+15125550123', '...0123')
) as t (address, masked);
select is(catalog.mask_address(null), null, 'mask_address: none');

create temp table ids as
select b.id as buyer_id, testkit.enroll(testkit.make_offer(), jsonb_build_object('buyer_id', b.id)) as enrollment_id
from (select testkit.make_buyer('{"webhook_url": "https://b.example/hook?sig=hush", "email": "ann@b.example"}') as id) b;
create function pg_temp.told(p_sql text) returns text[] language plpgsql as $$
declare v_last constant bigint := coalesce((select max(id) from leadgen.events), 0);
begin
  execute p_sql;
  return array(select regexp_replace(e.message, '^(buyer|enrollment) \d+: ', '\1 ') from leadgen.events e
    where e.id > v_last and e.kind = 'address_changed' order by e.id);
end;
$$;
select is(pg_temp.told(format(change, buyer_id, enrollment_id)), told::text[], change)
from ids, (values
  ('update leadgen.buyers set webhook_url = ''https://evil.example/take'' where id = %1$s',
    '{"buyer webhook_url is https://evil.example, was https://b.example"}'),
  ('update leadgen.buyers set webhook_url = ''https://evil.example/other'' where id = %1$s',
    '{"buyer webhook_url is https://evil.example, was another one there"}'),
  ('update leadgen.buyers set webhook_url = null where id = %1$s', '{"buyer webhook_url is none, was https://evil.example"}'),
  ('update leadgen.buyers set email = ''eve@b.example'', phone = ''+15125559999'' where id = %1$s',
    '{"buyer email is e...@b.example, was a...@b.example","buyer phone is ...9999, was ...0100"}'),
  ('update leadgen.buyers set webhook_url = webhook_url, email = email, name = ''New'' where id = %1$s', '{}'),
  ('update leadgen.buyer_offers set email_override = ''x@evil.example'' where id = %2$s',
    '{"enrollment email_override is x...@evil.example, was none"}'),
  ('update leadgen.buyer_offers set webhook_url_override = ''https://evil.example/'', sms_override = ''+15125550199'' where id = %2$s',
    '{"enrollment webhook_url_override is https://evil.example, was none","enrollment sms_override is ...0199, was none"}'),
  ('update leadgen.buyer_offers set routing_priority = 2 where id = %2$s', '{}'),
  ('select testkit.enroll(testkit.make_offer(), ''{"buyer_id": %1$s, "email_override": "y@evil.example"}'')',
    '{"enrollment email_override is y...@evil.example, was none"}'),
  ('select testkit.enroll(testkit.make_offer(), ''{"buyer_id": %1$s}'')', '{}')
) as t (change, told);
set local role leadgen_dba;
update leadgen.buyers b set email = 'dba@evil.example' from (select max(id) as id from leadgen.buyers) x where b.id = x.id;
reset role;
select is(e.facts, jsonb_build_object('column', 'email', 'was', 'e...@b.example', 'is', 'd...@evil.example', 'by', session_user),
  'a DBA''s change, with the login') from leadgen.events e where e.kind = 'address_changed' order by e.id desc limit 1;
select is(e.buyer_id, ids.buyer_id, 'at its buyer') from ids, leadgen.events e order by e.id desc limit 1;
select is((select count(*) from leadgen.events e where e.facts::text || e.message ~ 'hush|ann@|eve@'), 0::bigint, 'nothing secret in them');

select * from finish();
rollback;
