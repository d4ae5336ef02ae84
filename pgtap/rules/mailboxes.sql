-- duplicate_match: mailbox. Other addresses of one mailbox are one contact, for duplicates and for who bought it before.
begin;
select plan(55);

-- One earlier lead of an address at 10:00; then another of other contact details at a later time.
create temp table tries (rules jsonb, first_email text, second jsonb, expected text[], what text);
insert into tries values
  ('{}', 'jdoe@gmail.com', '{"email": "j.doe+roof@googlemail.com"}', '{}', 'by default another address is another contact'),
  ('["email"]', 'jdoe@gmail.com', '{"email": "j.doe@gmail.com"}', '{}', 'e-mail: exactly this address'),
  ('["mailbox"]', 'jdoe@gmail.com', '{"email": "j.doe+roof@googlemail.com"}', '{duplicate email}', 'first the mailbox''s own address'),
  ('["mailbox"]', 'j.doe+roof@googlemail.com', '{"email": "jdoe@gmail.com"}', '{duplicate email}', 'last the mailbox''s own address'),
  ('["mailbox"]', 'j.doe@gmail.com', '{"email": "jd.oe+x@gmail.com"}', '{duplicate email}', 'neither the mailbox''s own address'),
  ('["mailbox"]', 'j.doe@gmail.com', '{"email": "J.Doe@Gmail.com"}', '{duplicate email}', 'the same address'),
  ('["mailbox"]', 'jdoe@example.com', '{"email": "jdoe@example.com"}', '{duplicate email}', 'an address that is its mailbox'),
  ('["mailbox"]', 'jdoe+a@example.com', '{"email": "jdoe+b@example.com"}', '{duplicate email}', 'plus tags of an unknown domain'),
  ('["mailbox"]', 'j.doe@example.com', '{"email": "jdoe@example.com"}', '{}', 'dots of an unknown domain count'),
  ('["mailbox"]', 'jdoe@hotmail.com', '{"email": "jdoe@outlook.com"}', '{}', 'other domains of one company are other mailboxes'),
  ('["mailbox"]', 'jd-a@yahoo.com', '{"email": "jd-b@yahoo.com"}', '{duplicate email}', 'base names of Yahoo'),
  ('["mailbox"]', 'jd-a@yahoo.com', '{"email": "jd@yahoo.com"}', '{}', 'a base name is no mailbox of that name'),
  ('["mailbox"]', 'jdoe@gmail.com', '{"email": "x@example.com", "phone": "(512) 555-0001"}', '{}',
    'mailbox only: the phone does not count'),
  ('["phone", "mailbox"]', 'jdoe@gmail.com', '{"email": "x@example.com", "phone": "(512) 555-0001"}', '{duplicate phone}',
    'phone or mailbox: the phone'),
  ('["phone", "mailbox"]', 'jdoe@gmail.com', '{"email": "jd.oe@gmail.com"}', '{duplicate email}', 'phone or mailbox: the mailbox'),
  ('["phone", "email", "mailbox"]', 'jdoe@gmail.com', '{"email": "jd.oe@gmail.com"}', '{duplicate email}', 'all three: the mailbox'),
  ('["phone", "email", "mailbox"]', 'jdoe@gmail.com', '{"email": "jdoe@gmail.com", "phone": "(512) 555-0001"}', '{duplicate phone}',
    'all three: the phone is named first'),
  ('["mailbox"]', 'jdoe@gmail.com', '{"email": "not an address"}', '{field_invalid email}', 'what is no address is no duplicate');

create function pg_temp.try(p_match jsonb, p_first text, p_second jsonb, p_rules jsonb default '{}', p_later interval default '1 minute')
returns bigint language plpgsql as $$
declare
  v_offer_id constant bigint := testkit.make_offer(
    p_rules || case p_match when '{}' then '{}' else jsonb_build_object('duplicate_match', p_match) end);
begin
  perform testkit.at_time('2026-11-18T10:00:00Z');
  perform testkit.submit(v_offer_id, jsonb_build_object('email', p_first, 'message', 'the first'), 1);
  perform testkit.at_time('2026-11-18T10:00:00Z'::timestamptz + p_later);
  return testkit.submit(v_offer_id, '{"message": "the second"}'::jsonb || p_second, 2) ->> 'lead_id';
end;
$$;
create temp table tried as select t.*, pg_temp.try(rules, first_email, second) as lead_id from tries t;
select is(testkit.codes_of(l.answer), t.expected, t.what) from tried t join leadgen.leads l on l.id = t.lead_id;
select is((l.signals).duplicate_field, field, format('the record names what matched: %s', t.what))
from tried t join leadgen.leads l on l.id = t.lead_id
join (values ('all three: the mailbox', 'mailbox'), ('all three: the phone is named first', 'phone'),
  ('phone or mailbox: the mailbox', 'mailbox')) as f (what, field)
  on f.what = t.what;
select is(l.answer -> 'errors' -> 0 ->> 'reason', 'The same mailbox came in 1 minute earlier with another lead', 'the reason says mailbox')
from tried t join leadgen.leads l on l.id = t.lead_id where t.what = 'phone or mailbox: the mailbox';
select is((leadgen.explain_lead(l.id) #>> '{validation,duplicate_of}')::bigint, earlier.id, 'explain names the earlier lead')
from tried t join leadgen.leads l on l.id = t.lead_id
join leadgen.leads earlier on earlier.offer_id = l.offer_id and earlier.id < l.id
where t.what = 'phone or mailbox: the mailbox';
select is((leadgen.explain_lead(t.lead_id) #>> '{validation,duplicate_by}'), 'mailbox', 'explain says by what')
from tried t where t.what = 'phone or mailbox: the mailbox';

-- Windows, modes and scopes are the other fields'.
create temp table more as
select pg_temp.try(match, 'j.doe@gmail.com', second, rules, later) as lead_id, expected, what
from (values
  ('["mailbox"]'::jsonb, '{"email": "jdoe@gmail.com"}'::jsonb, '{}'::jsonb, '23:59:59'::interval, '{duplicate email}'::text[],
    'a second before the window ends'),
  ('["mailbox"]', '{"email": "jdoe@gmail.com"}', '{}', '24:00:00', '{}', 'at the edge of the window it is over'),
  ('["mailbox"]', '{"email": "jd.oe@gmail.com"}', '{"duplicate_window_hours": 1}', '01:00:00', '{}', 'the edge, neither its own address'),
  ('["mailbox"]', '{"email": "jd.oe@gmail.com"}', '{"duplicate_window_hours": 1}', '00:59:59', '{duplicate email}', 'before the edge'),
  ('["phone", "mailbox"]', '{"email": "jd.oe@gmail.com"}', '{"duplicate_match_mode": "all"}', '00:01:00', '{}', 'all: one is not enough'),
  ('["phone", "mailbox"]', '{"email": "jd.oe@gmail.com", "phone": "512 555 0001"}', '{"duplicate_match_mode": "all"}', '00:01:00',
    '{duplicate phone}', 'all: both are'),
  ('["phone", "mailbox"]', '{"email": "x@gmail.com", "phone": "512 555 0001"}', '{"duplicate_match_mode": "all"}', '00:01:00', '{}',
    'all: the phone alone')
) as t (match, second, rules, later, expected, what);
select is(testkit.codes_of(l.answer), m.expected, m.what) from more m join leadgen.leads l on l.id = m.lead_id;

create function pg_temp.comes_again(p_scope text, p_shares text) returns text[] language plpgsql as $$
declare
  v_first constant bigint := testkit.make_offer();
  v_shared constant jsonb := (
    select case p_shares when 'market' then jsonb_build_object('market_id', o.market_id) else '{}' end
    from leadgen.offers o where o.id = v_first);
begin
  perform testkit.submit(v_first, jsonb_build_object('email', format('a.b+%s@gmail.com', v_first)), 5000 + v_first::integer);
  return testkit.codes_of(testkit.submit(
    testkit.make_offer(jsonb_build_object('duplicate_scope', p_scope, 'duplicate_match', '["mailbox"]'::jsonb), p_row => v_shared),
    '{"email": "ab@gmail.com"}', 6000 + v_first::integer));
end;
$$;
select is(pg_temp.comes_again(scope, shares) <> '{}', counts, format('scope %s, another offer of %s', scope, shares))
from (values ('offer', 'market', false), ('market', 'market', true), ('market', 'nothing', false)) as t (scope, shares, counts);

-- A rejected lead does not count.
create temp table ids as select testkit.make_offer('{"min_message_length": 5, "duplicate_match": ["mailbox"]}') as offer_id;
select is(testkit.codes_of(testkit.submit(offer_id, '{"message": "x", "email": "a.b@gmail.com"}', 11)), '{message_too_short message}',
  'a first lead that is not valid') from ids;
select is(testkit.codes_of(testkit.submit(offer_id, '{"message": "long enough", "email": "ab@gmail.com"}', 12)), '{}',
  'a rejected lead makes the next one no duplicate') from ids;

-- Who bought the contact before: the mailbox where the policy says so, else the address.
create function pg_temp.buys_again(p_rules jsonb, p_email text) returns text language plpgsql as $$
declare
  v_offer_id constant bigint := testkit.make_offer(p_rules || '{"duplicate_window_hours": 1}'::jsonb);
begin
  perform testkit.enroll_buyer(v_offer_id, 'Ace', '{"routing_priority": 2}');
  perform testkit.enroll_buyer(v_offer_id, 'Best');
  perform testkit.outcome(v_offer_id, '2026-11-01T12:00:00Z', '{"email": "j.doe+1@gmail.com"}');
  return testkit.outcome(v_offer_id, '2026-11-02T12:00:00Z', jsonb_build_object('email', p_email));
end;
$$;
select is(pg_temp.buys_again(rules, email), expected, format('bought before: %s, %s', rules, email))
from (values
  ('{}'::jsonb, 'jdoe@gmail.com', 'Ace 45.00'), ('{"duplicate_match": ["email"]}', 'jd.oe@gmail.com', 'Ace 45.00'),
  ('{}', 'j.doe+1@gmail.com', 'Best 45.00'),
  ('{"duplicate_match": ["mailbox"]}', 'jdoe@gmail.com', 'Best 45.00'),
  ('{"duplicate_match": ["mailbox"]}', 'jd.oe@googlemail.com', 'Best 45.00'),
  ('{"duplicate_match": ["phone", "mailbox"]}', 'x@gmail.com', 'Ace 45.00')
) as t (rules, email, expected);

-- A dry run says what the lead is then told; an erased lead is nobody's earlier lead.
create temp table shown as
select offer_id, leadgen.dry_run_lead(testkit.given_lead(offer_id, '{"email": "a.b+dry@gmail.com"}', 13)) as dry from ids;
select is(testkit.codes_of(dry), '{duplicate email}', 'a dry run finds the mailbox') from shown;
select leadgen.erase_lead(l.id, 'asked for') from leadgen.leads l join ids using (offer_id) where l.validation_reason is null;
select is(testkit.codes_of(testkit.submit(offer_id, '{"message": "long enough", "email": "a.b+2@gmail.com"}', 14)), '{}',
  'an erased lead makes nobody a duplicate') from ids;
select is((select count(*) from leadgen.leads l where ref.fold_mailbox(l.email) = 'ab@gmail.com' and ref.fold_mailbox(l.email) <> l.email
  and l.erased_at is not null), 0::bigint, 'the index has no erased lead');

-- A suppression is of the address.
select leadgen.suppress('email', 'sup.pressed@gmail.com');
select is(testkit.codes_of(testkit.submit(offer_id, jsonb_build_object('email', email), number)), expected, format('suppressed: %s', email))
from ids, (values ('Sup.Pressed@gmail.com', 21, '{"suppressed phone, email"}'::text[]), ('suppressed+x@gmail.com', 22, '{}'))
as t (email, number, expected);

select is(testkit.policy_fault('validation', body), fault, format('as a policy: %s', body::text))
from (values
  ('{"duplicate_match": ["mailbox"]}'::jsonb, 'none'), ('{"duplicate_match": ["phone", "email", "mailbox"]}', 'none'),
  ('{"duplicate_match": ["phone", "mailbox"], "duplicate_match_mode": "all"}', 'none'),
  ('{"duplicate_match": ["mailbox"], "duplicate_match_mode": "all"}', 'LG423 rules.duplicate_match_mode'),
  ('{"duplicate_match": ["email", "mailbox"], "duplicate_match_mode": "all"}', 'LG423 rules.duplicate_match'),
  ('{"duplicate_match": ["Mailbox"]}', 'LG423 rules.duplicate_match[0]'),
  ('{"duplicate_match": ["mailbox", "mailbox"]}', 'LG423 rules.duplicate_match')
) as t (body, fault);
select is((select array_agg(distinct leadgen.replay_lead(l.id)) from leadgen.leads l), '{"{\"identical\": true}"}', 'every lead replays');

select * from finish();
rollback;
