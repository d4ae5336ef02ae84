-- Buyers' keys and links: authenticate_buyer, find_own_sale, answer_sale, show_sale, list_return_reasons, make_link, open_link, read_link,
-- describe_link_state, answer_by_link.
begin;
select plan(127);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table ids as select testkit.make_offer('{"duplicate_window_hours": 0}', '{}', null, '{"name": "Roofing Austin"}') as offer_id;
create temp table seats as select testkit.enroll_buyer(offer_id, 'Ace', '{"routing_priority": 9}') as ace,
  testkit.enroll_buyer(offer_id, 'Best',
  '{"routing_priority": 1}') as best from ids;
select testkit.make_key(repeat('a', 64), jsonb_build_object('buyer_id', testkit.buyer_of(ace))),
  testkit.make_key(repeat('b', 64), jsonb_build_object('buyer_id', testkit.buyer_of(best))),
  testkit.make_key(repeat('c', 64), jsonb_build_object('buyer_id', testkit.buyer_of(ace), 'revoked_at', now()))
from seats;
create temp table sales as
select n, (testkit.submit(offer_id, '{"attributes": {"roof_age": 22}}', n) ->> 'lead_id')::bigint as lead_id
from ids, generate_series(1, 8) n;
alter table sales add id bigint;
update sales s set id = a.id from leadgen.lead_assignments a where a.lead_id = s.lead_id;
grant all on sales, ids, seats to public;

-- Keys.
select is(identity.authenticate_buyer(repeat('a', 64), 'read'), testkit.buyer_of(ace), 'authenticate_buyer: a key in force') from seats;
select is(testkit.fault_of(format('select identity.authenticate_buyer(%L, ''read'')', hash)), 'LG401',
  format('authenticate_buyer: %s', coalesce(left(hash, 9), 'none')))
from unnest(array[repeat('c', 64), repeat('d', 64), '', null, 'a', repeat('a', 65)]) hash;
select is((market.find_own_sale(testkit.buyer_of(ace), id)).id, id, 'find_own_sale: its own') from seats, sales where n = 1;
select is(testkit.fault_of(format('select market.find_own_sale(%s, %s)', testkit.buyer_of(best), id)), 'LG404 assignment_id',
  'find_own_sale: another''s')
from seats, sales where n = 1;

set local role leadgen_api;
create function pg_temp.fault(p_call text, p_id bigint) returns text language sql as $$
  select testkit.fault_of(replace(p_call, '?', coalesce(p_id::text, 'null')));
$$;
select is(pg_temp.fault(call, id), 'LG404 assignment_id', format('another buyer''s sale: %s', call))
from sales, unnest(array[$$select leadgen.answer_sale(repeat('b', 64), ?, 'accept')$$, $$select leadgen.answer_sale(repeat('b', 64), ?,
  'return', 'spam')$$,
  $$select leadgen.show_sale(repeat('b', 64), ?)$$]) call where n = 1;
select is(pg_temp.fault(call, no_id), 'LG404 assignment_id', format('no sale %s: %s', no_id, call))
from unnest(array[$$select leadgen.answer_sale(repeat('a', 64), ?, 'accept')$$, $$select leadgen.show_sale(repeat('a', 64), ?)$$]) call,
  unnest(array[0, -1, 9223372036854775807, null]) no_id;
select is(pg_temp.fault(call, id), 'LG401', format('no key: %s', call))
from sales, unnest(array[$$select leadgen.answer_sale(null, ?, 'accept')$$, $$select leadgen.answer_sale(repeat('c', 64), ?, 'return',
  'spam')$$,
  $$select leadgen.show_sale('', ?)$$]) call where n = 1;
select is(pg_temp.fault($$select leadgen.answer_sale(repeat('a', 64), ?, 'keep')$$, id), 'LG400 answer', 'an unknown answer is refused')
from sales where n = 1;
select is(pg_temp.fault($$select leadgen.answer_sale(repeat('a', 64), ?, null)$$, id), 'LG400 answer', 'an answer is needed') from sales
where n = 1;
select is(pg_temp.fault($$select leadgen.answer_sale(repeat('a', 64), ?, 'return')$$, id), 'LG400 reason', 'a return without reason')
from sales where n = 1;
select is(leadgen.answer_sale(repeat('a', 64), id, 'accept'), jsonb_build_object('assignment_id', id, 'outcome', 'accepted', 'return',
  null), 'a buyer accepts a sale')
from sales where n = 1;
select is(leadgen.answer_sale(repeat('a', 64), id, 'accept') ->> 'outcome', 'accepted', 'accepting twice is no fault') from sales
where n = 1;
select is(leadgen.show_sale(repeat('a', 64), id) - 'lead', jsonb_build_object('assignment_id', id, 'outcome', 'accepted', 'return', null,
  'lead_id', lead_id,
  'offer', 'Roofing Austin', 'sold_at', '2026-11-20T16:00:00+00:00', 'price', '45.00', 'currency', 'USD', 'acceptance', 'on_delivery',
  'accepted_at', '2026-11-20T16:00:00+00:00', 'answer_by', null, 'return_by', '2026-11-27T16:00:00+00:00',
  'consent', '{"at": null, "text_version": null, "certificate_id": null, "certificate_url": null}'::jsonb), 'show_sale: the sale')
    from sales where n = 1;
select is(leadgen.show_sale(repeat('a', 64), id) -> 'lead', '{"name": "John Smith", "email": "person1@example.com", "phone": "+15125550001",
  "postal_code": "78701", "city": "Austin", "country_code": "US", "region_code": "US-TX", "phone_extension": null,
  "message": "Emergency plumbing needed",
  "attributes": {"roof_age": 22}}', 'show_sale: the lead') from sales where n = 1;
select is(leadgen.answer_sale(repeat('a', 64), id, 'return', 'wrong_number', 'it rings nowhere'),
  jsonb_build_object('assignment_id', id, 'outcome', 'returned', 'return',
    '{"status": "approved", "reason": "wrong_number", "gives": "money", "evidence": []}'::jsonb),
    'a buyer returns a sale') from sales where n = 1;
select is(leadgen.answer_sale(repeat('a', 64), id, 'return', 'spam') #>> '{return,reason}', 'wrong_number',
  'returning twice keeps the first reason')
from sales where n = 1;
select is(leadgen.show_sale(repeat('a', 64), id) -> 'lead', 'null', 'show_sale: what was returned is not the buyer''s to see')
from sales where n = 1;
select is(leadgen.show_sale(repeat('a', 64), id) -> 'return',
  '{"status": "approved", "reason": "wrong_number", "gives": "money", "evidence": []}',
  'show_sale: but what became of it') from sales where n = 1;
select is(pg_temp.fault($$select leadgen.answer_sale(repeat('a', 64), ?, 'accept')$$, id), 'LG409 outcome',
  'a returned sale is not accepted')
from sales where n = 1;
select is(leadgen.list_return_reasons() -> 0, '{"code": "wrong_number", "description": "The phone number is wrong or out of service"}',
  'list_return_reasons');
select is(jsonb_array_length(leadgen.list_return_reasons()), 11, 'list_return_reasons: without the one that only a reply gives');
select is(testkit.fault_of(format('select identity.make_link(%L, 1)', 'accept')), '42501', 'the API signs no links');
select is(testkit.fault_of('select secret from leadgen.link_secrets'), '42501', 'the API does not read what signs the links');
reset role;
select is((select r.via from leadgen.sale_returns r
  join sales s on s.id = r.assignment_id and s.n = 1), 'api', 'the return came by the API');

-- Links.
create temp table links as
select n, id, identity.make_link('accept', id) as accept, identity.make_link('return', id) as return from sales;
create temp table mail as select testkit.buyer_of(ace) as buyer_id, identity.make_link('unsubscribe', testkit.buyer_of(ace)) as token
from seats;
grant all on links, mail to public;
select matches(accept, '^[A-Za-z0-9_-]{50,80}$', 'make_link: URL-safe') from links where n = 2;
select is(identity.make_link('accept', id), accept, 'make_link: one sale, one link') from links where n = 2;
select is(count(distinct t), 16::bigint, 'make_link: no two alike') from links, unnest(array[accept, return]) t;
select is(identity.open_link(accept)::text, format('(accept,%s)', id), 'open_link: what it is for') from links where n = 2;
select is(identity.open_link(identity.make_link('return', 999999999999999999))::text, '(return,999999999999999999)',
  'open_link: of any length');
select is(testkit.fault_of(format('select identity.make_link(%L, %L)', kind, id)), 'LG400 kind', format('make_link: %s %s', kind, id))
from (values ('pay', '1'), ('', '1'), (null, '1'), ('accept', null)) as t (kind, id);
set local role leadgen_api;
create function pg_temp.nonsense(p_token text) returns text language sql as $$
  select concat_ws(' / ', testkit.fault_of(format('select leadgen.read_link(%L)', p_token)),
    testkit.fault_of(format('select leadgen.answer_by_link(%L, %L)', p_token, 'spam')));
$$;
select is(pg_temp.nonsense(token), 'LG404 / LG404', format('no link: %s', coalesce(left(what, 40), 'nothing')))
from links, lateral (values
  ('nothing', null), ('an empty one', ''), ('one letter', 'a'), ('10 kB', repeat('a', 10000)), ('blanks', repeat(' ', 60)), ('unicode',
    repeat('é', 60)),
  ('an emoji', repeat('🏠', 60)), ('control characters', repeat(E'\x01', 60)), ('a slash', format('../%s', accept)),
  ('padded', format('%s=', accept)),
  ('a blank behind', format('%s ', accept)), ('a line behind', format(E'%s\n', accept)), ('cut by one', left(accept, -1)),
  ('cut by two', left(accept, -2)),
  ('cut in half', left(accept, 30)), ('the first letter gone', substr(accept, 2)), ('twice', repeat(accept, 2)),
  ('one more letter', format('%sA', accept)),
  ('upper case', upper(accept)), ('all A', repeat('A', length(accept))),
  ('another first letter', format('%s_%s', translate(left(accept, 1), 'AB', 'BA'), substr(accept, 3))),
  ('binary', rtrim(translate(encode(decode(repeat('00ff', 25), 'hex'), 'base64'), E'+/\n', '-_'), '='))
) as t (what, token) where n = 2;
select is(pg_temp.nonsense(rtrim(translate(encode(substr(decode(translate(accept, '-_', '+/') || repeat('=',
  (4 - length(accept) % 4) % 4), 'base64'), 1, 32)
  || convert_to(claim, 'UTF8'), 'base64'), E'+/\n', '-_'), '=')), 'LG404 / LG404', format('the signature of another: %s', claim))
from links, unnest(array[format('return:%s', id), format('unsubscribe:%s', id), format('accept:%s', id + 1), format('accept:0%s', id),
  'accept:', 'accept:-1',
  'accept:99999999999999999999', ':1', '']) claim
where n = 2;
select is((select count(*) from generate_series(1, length(accept)) i, lateral (
    select concat(left(accept, i - 1), case substr(accept, i, 1) when 'x' then 'y' else 'x' end, substr(accept, i + 1)) as token) t
  where testkit.fault_of(format('select leadgen.read_link(%L)', token)) = 'LG404'), length(accept)::bigint, 'any letter changed: no link')
from links where n = 2;

-- What a link shows, and does.
select is(leadgen.read_link(accept) - '{message,id,lead_id}'::text[],
  '{"kind": "accept", "state": "open", "postal_code": "78701", "offer": "Roofing Austin", "buyer": "Ace",
  "sold_at": "2026-11-20T16:00:00+00:00", "timezone": "America/Chicago", "price": "45.00", "currency": "USD", "answer_by": null,
  "return_by": "2026-11-27T16:00:00+00:00", "reasons": []}', 'read_link: an open sale') from links where n = 2;
select is(leadgen.read_link(return) #>> '{message}', 'You can return this lead until 2026-11-27 10:00 America/Chicago.',
  'read_link: in words') from links where n = 2;
select is(leadgen.read_link(return) #>> '{reasons,10,code}', 'other', 'read_link: with the reasons') from links where n = 2;
select unalike(concat(leadgen.read_link(return), leadgen.read_link(accept)), format('%%%s%%', personal),
  format('read_link: not %s', personal))
from links, unnest('{Smith,person2,5550002,Emergency,roof_age}'::text[]) personal where n = 2;
reset role;
select is(format('%s %s', a.outcome, (select count(*) from leadgen.sale_returns r where r.assignment_id = a.id)), 'pending 0',
  'read_link: changes nothing')
from leadgen.lead_assignments a join links using (id) where n = 2;
set local role leadgen_api;
select is(leadgen.answer_by_link(accept) - '{message,lead_id,sold_at,return_by}'::text[]
  @> '{"state": "accepted", "outcome": "accepted", "return": null}', true, 'a link accepts the sale') from links where n = 2;
select is(leadgen.answer_by_link(accept) ->> 'message', 'You have accepted this lead.', 'accepting by link twice is no fault') from links
where n = 2;
select is(leadgen.read_link(return) ->> 'state', 'open', 'what is accepted may be returned') from links where n = 2;
select is(testkit.fault_of(format('select leadgen.answer_by_link(%L)', return)), 'LG400 reason', 'a return by link needs a reason')
from links where n = 2;
select is(leadgen.answer_by_link(return, 'duplicate',
  'we know him') @> '{"state": "returned", "outcome": "returned", "return": {"status": "approved"}}', true, 'a link returns the sale')
    from links where n = 2;
select is(leadgen.answer_by_link(return, 'spam') #>> '{return,reason}', 'duplicate', 'returning by link twice keeps the first reason')
from links where n = 2;
select is(leadgen.read_link(return) -> 'reasons', '[]', 'a returned sale offers no reasons') from links where n = 2;
select is(leadgen.read_link(accept) ->> 'state', 'returned', 'the other link says that the sale is returned') from links where n = 2;
select is(testkit.fault_of(format('select leadgen.answer_by_link(%L)', accept)), 'LG409 outcome',
  'the link to accept accepts no returned sale')
from links where n = 2;
reset role;
select is((select r.via from leadgen.sale_returns r
  join sales s on s.id = r.assignment_id and s.n = 2), 'link', 'the return came by a link');
select testkit.at_time('2026-11-27T16:00:00Z');
select is(leadgen.read_link(return) ->> 'state', 'too_late', 'the link to return says that it is too late') from links where n = 3;
select is(leadgen.read_link(return) ->> 'message', 'The time in which this lead could be returned has ended.',
  'the link says in words that it is too late')
from links where n = 3;
select is(testkit.fault_of(format('select leadgen.answer_by_link(%L, %L)', return, 'spam')), 'LG409 return_by',
  'the link to return is refused after return_by')
from links where n = 3;
select testkit.at_time('2026-11-20T16:00:00Z');
create function pg_temp.link_state(p_kind text, p_changes jsonb, p_return text default null) returns text language plpgsql as $$
-- The state of a sale of this kind, as sale 4 would be.
declare
  v_sale leadgen.lead_assignments := (select a from leadgen.lead_assignments a join sales s on s.id = a.id where s.n = 4);
begin
  set local session_replication_role = replica;
  delete from leadgen.sale_returns r where r.assignment_id = v_sale.id;
  set local session_replication_role = origin;
  if p_return is not null then
    insert into leadgen.sale_returns (market_id, offer_id, buyer_id, buyer_offer_id, assignment_id, reason_code, via, status, decided_at)
    values (v_sale.market_id, v_sale.offer_id, v_sale.buyer_id, v_sale.buyer_offer_id, v_sale.id, 'spam', 'api', p_return,
      case when p_return in ('approved', 'refused') then now() end);
  end if;
  return (market.describe_link_state(p_kind, jsonb_populate_record(v_sale, p_changes), leadgen.clock())).state;
end;
$$;
select is(pg_temp.link_state(kind, changes, return), state, format('describe_link_state: %s %s %s', kind, changes, return))
from (values
  ('accept', '{}'::jsonb, 'requested', 'requested'), ('return', '{}', 'received', 'requested'), ('return', '{"outcome": "accepted"}',
    'refused', 'refused'),
  ('accept', '{"outcome": "accepted"}', 'refused', 'accepted'),
  ('accept', '{"outcome": "failed", "release_due_at": "2026-11-20T16:00:00Z"}', null, 'too_late'),
  ('accept', '{"outcome": "failed", "released_at": "2026-11-20T16:00:00Z"}', null, 'too_late'),
  ('accept', '{"outcome": "failed"}', null, 'open'),
  ('return', '{"outcome": "lapsed", "released_at": "2026-11-20T16:00:00Z"}', null, 'too_late'),
  ('return', '{"outcome": "returned"}', 'approved', 'returned'),
  ('accept', '{"acceptance": "explicit", "answer_by": "2026-11-20T16:00:00Z"}', null, 'too_late'),
  ('return', '{"acceptance": "explicit", "answer_by": "2026-11-20T16:00:00Z"}', null, 'too_late'),
  ('return', '{"acceptance": "explicit", "outcome": "accepted", "answer_by": "2026-11-20T16:00:00Z"}', null, 'open')
) as t (kind, changes, return, state);

-- No more notices.
set local role leadgen_api;
select is(leadgen.read_link(token) ->> 'state', 'open', 'unsubscribe: not by looking') from mail;
select is(leadgen.answer_by_link(token) ->> 'state', 'unsubscribed', 'unsubscribe: no more notices') from mail;
select is(leadgen.answer_by_link(token) ->> 'state', 'unsubscribed', 'unsubscribe: twice is no fault') from mail;
reset role;
select is(array_agg(b.notice_emails order by b.id), '{f,t}', 'unsubscribe: one buyer''s notices stop')
from leadgen.buyers b join seats on b.id in (testkit.buyer_of(ace), testkit.buyer_of(best));
select is(b.email_notifications, true, 'unsubscribe: leads still come') from leadgen.buyers b join mail on b.id = buyer_id;
select is(testkit.fault_of(format('select leadgen.read_link(%L)', identity.make_link(kind, 0))), 'LG404',
  format('of what is not there: %s', kind))
from unnest('{accept,return,unsubscribe}'::text[]) kind;

-- Without a secret there are no links: none is made, and none that anybody makes up is taken.
truncate leadgen.link_secrets;
select is(pg_temp.nonsense(rtrim(translate(encode(decode(repeat('00', 32), 'hex') || convert_to(format('accept:%s', id), 'UTF8'), 'base64'),
  E'+/\n', '-_'), '=')), 'LG423 link_secrets / LG423 link_secrets', 'open_link: nothing is signed') from sales where n = 2;
select is(pg_temp.nonsense(accept), 'LG423 link_secrets / LG423 link_secrets', 'open_link: nor what was') from links where n = 2;
select is(testkit.fault_of('select identity.make_link(''accept'', 1)'), 'LG423 link_secrets', 'make_link: says what is missing');
select testkit.at_time('2026-11-20T16:00:00Z');
select isnt(count(*), 0::bigint, 'other deliveries go on after somebody unsubscribed')
from leadgen.claim_deliveries('w', testkit.room(10), '30 seconds');

select * from finish();
rollback;
