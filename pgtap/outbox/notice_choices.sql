-- set_notice_choices, find_notice_address, strike_out_address: which notices a buyer gets by e-mail, and where.
begin;
select plan(23);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table enrolled as select testkit.enroll_buyer(testkit.make_offer(), 'Pia') as id;
create temp table made as
select e.offer_id, e.buyer_id, testkit.new_buyer('Ace') as other_id from enrolled join leadgen.buyer_offers e using (id);
create function pg_temp.add(p_name text, p_buyer_id bigint) returns bigint language sql as $$
  select leadgen.create_user(format('%s@people.example', lower(p_name)), p_name, 'buyer', p_buyer_id, null, 'owner',
    substr(sha256('salt'), 1, 16), testkit.digest_of('open sesame'));
$$;
create temp table people as
select pg_temp.add('Olga', buyer_id) as olga, pg_temp.add('Finn', buyer_id) as finn, pg_temp.add('Oskar', other_id) as oskar from made;
select testkit.sign_in('Olga', p_token => 'Olga');
create function pg_temp.choose(p_choices jsonb) returns text language sql as $$
  select testkit.fault_of(format('select leadgen.set_own_notice_choices(%L, %L)', testkit.hash_of('Olga'), p_choices));
$$;
create function pg_temp.told(p_kind text) returns text language plpgsql as $$
declare
  v_id constant bigint := outbox.ensure_notice_endpoint(buyer_id, p_kind) from made;
begin
  return (select e.target from leadgen.endpoints e where e.id = v_id);
end;
$$;
create temp table account as select b.email::text as address from made join leadgen.buyers b on b.id = buyer_id;

select is(outbox.name_topic(kind), topic, format('%s is about %s', kind, coalesce(topic, 'nothing that is chosen')))
from (values ('balance.low', 'money'), ('credit.low', 'money'), ('recharge.failed', 'money'), ('payment.disputed', 'money'),
  ('invoice.sent', 'invoices'), ('endpoint.disabled', 'deliveries'), ('lead.undelivered', 'deliveries'), ('webhook.test', null))
  as t (kind, topic);
select is(pg_temp.told('balance.low'), address, 'without a choice the account''s address is told') from account;
select is(pg_temp.choose(jsonb_build_object('invoices', finn::text, 'money', 'off')), 'none', 'an owner chooses') from people;
select is(pg_temp.told('invoice.sent'), 'finn@people.example', 'notices of a topic go to whom the owner chose');
select is(pg_temp.told('credit.low'), null, 'a topic that is not wanted is told to nobody');
select is(pg_temp.told('endpoint.disabled'), address, 'a topic without a choice goes on as before') from account;
select is(pg_temp.choose(jsonb_build_object('money', oskar::text)), 'LG400 money', 'somebody of another buyer cannot be chosen')
from people;
select is(pg_temp.choose(choices), fault, format('%s is refused', choices))
from (values ('{"money": "mail@elsewhere.example"}'::jsonb, 'LG400 money'), ('{"money": null}', 'LG400 money'),
  ('{"leads": "off"}', 'LG400 topic'), ('[]', 'LG400 topic')) as t (choices, fault);

-- Who leaves, or is erased.
select outbox.queue_notice(buyer_id, 'invoice.sent', '{}', outbox.ensure_notice_endpoint(buyer_id, 'invoice.sent')) from made;
select leadgen.erase_holding('user', finn, 'asked for') from people;
select is(pg_temp.told('invoice.sent'), address, 'who is gone is told no more, and the account''s address is') from account;
select is((d.status, d.target)::text, format('(cancelled,erased-%s@erased.invalid)', finn), 'what waited for them is cancelled')
from people, leadgen.deliveries d where d.notice_id is not null;
select is(count(*), 0::bigint, 'no endpoint has their address') from leadgen.endpoints e where e.target like 'finn%';
select is(leadgen.list_own_notice_choices(testkit.hash_of('Olga')) -> 'topics' -> 0 ->> 'choice', 'off', 'an owner sees what was chosen');
select is(jsonb_array_length(leadgen.list_own_notice_choices(testkit.hash_of('Olga')) -> 'users'), 1, 'an owner sees who may be chosen');

select * from finish();
rollback;
