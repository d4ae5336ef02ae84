-- invite_member, check_invitations, send_invitation: whoever invites learns nothing of users of others; so many a day.
begin;
select plan(20);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table known as
select testkit.new_user('Ann') as ann, testkit.new_user('Bea', 'buyer') as bea, testkit.new_user('Cat', 'buyer') as cat;
alter table known add buyer bigint;
update known k set buyer = (select u.buyer_id from leadgen.users u where u.id = k.bea);
update leadgen.users set created_at = leadgen.clock() - interval '2 days';
select testkit.sign_in('Bea', p_token => 'bea');
create function pg_temp.invite(p_email text, p_name text default 'Ben') returns jsonb language sql as $$
  select leadgen.invite_user_for(testkit.hash_of('bea'), p_email, p_name, 'buyer', null, null, 'member')
$$;
create function pg_temp.fault(p_email text) returns text language sql as $$
  select testkit.fault_of(format('select pg_temp.invite(%L)', p_email))
$$;
-- All but what is another for each user.
create function pg_temp.looks(p_user jsonb) returns jsonb language sql as $$ select p_user - '{id,email}'::text[] $$;

create temp table invited as select pg_temp.invite('new@people.example') as free, pg_temp.invite('cat@people.example') as taken,
  pg_temp.invite('ann@people.example') as admin;
select is(pg_temp.looks(taken), pg_temp.looks(free), 'the address of another buyer''s user looks like any other') from invited;
select is(pg_temp.looks(admin), pg_temp.looks(free), 'an operator''s invitation looks the same') from invited;
select is(taken ->> 'email', 'cat@people.example', 'the owner sees the address that it wrote') from invited;
select is(array(select u ->> 'email' from jsonb_array_elements(leadgen.list_users_for(testkit.hash_of('bea'), 'pending', null, 100)) u),
  '{new@people.example,cat@people.example,ann@people.example}', 'list_users_for: all of them wait');
select is(pg_temp.fault(email), 'LG409 email', format('%s is not invited twice', email))
from unnest('{new@people.example,Cat@People.example,bea@people.example}'::text[]) email;

-- Who hears of it.
create temp table mails as select m.kind, u.email from leadgen.user_mails m join leadgen.users u on u.id = m.user_id;
select is(array(select format('%s %s', kind, email) from mails order by email),
  '{invited_elsewhere ann@people.example,invited_elsewhere cat@people.example,invite new@people.example}',
  'send_invitation: who has an account is told, by its own address');
select is((leadgen.send_reset_for(testkit.hash_of('bea'), (u ->> 'id')::bigint)), 'invite', format('send_reset_for: %s', u ->> 'email'))
from invited, unnest(array[free, taken]) u;
select is(testkit.fault_of(format('select leadgen.make_user_link(%s, %L)', taken ->> 'id', testkit.hash_of('x'))), 'LG409 user_id',
  'make_user_link: not while another user has the address') from invited;
select is(testkit.sign_in('Cat'), 'signed_in', 'the user who has the address signs in as before');
select is(array(select h.what from leadgen.list_holdings('email', 'cat@people.example', null, null) h), '{user,user}',
  'list_users_of: both are held of the person');

-- The address is free.
select leadgen.erase_holding('user', cat, 'asked') from known;
select is(leadgen.send_reset_for(testkit.hash_of('bea'), (taken ->> 'id')::bigint), 'invite', 'it is sent again') from invited;
select is((u.email, u.wanted_email)::text, '(cat@people.example,)', 'send_invitation: an address that has become free is the user''s')
from invited, leadgen.users u where u.id = (taken ->> 'id')::bigint;
select is(count(*), 1::bigint, 'send_invitation: it gets its link') from leadgen.user_mails m, invited
where m.user_id = (taken ->> 'id')::bigint and m.kind = 'invite';

-- So many a day.
update leadgen.settings set invitations_per_day = 4;
select is(pg_temp.fault('dan@people.example'), 'none', 'the last of the day');
select is(pg_temp.fault(email), 'LG409 invitations', format('one more: %s', email))
from unnest('{eve@people.example,ann@people.example}'::text[]) email;
select testkit.at_time('2026-11-21T16:00:01Z');
select testkit.sign_in('Bea', p_token => 'bea2');
select is(testkit.fault_of(format($$select leadgen.invite_user_for(%L, 'eve@people.example', 'Eve', 'buyer', null, null, 'member')$$,
  testkit.hash_of('bea2'))), 'none', 'a day later there are more');

select * from finish();
rollback;
