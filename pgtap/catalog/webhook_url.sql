-- check_webhook_url, check_webhook_host, is_public_address, list_special_networks: where a webhook may go, by its spelling.
begin;
select plan(165);
update leadgen.settings set allows_local_webhooks = false;

select is(testkit.fault_of(format('select catalog.check_webhook_url(%L, ''webhook_url'')', url)), 'none', format('taken: %s', url))
from unnest(array[
  'https://b.example/hook', 'https://b.example', 'https://b.example:8443/a?b=c%20d#e', 'HTTPS://B.Example/hook', 'https://a.b.c.d.example/',
  'https://xn--bcher-kva.example/',
  'https://1password.example/',
  'https://b_c.example/', 'https://_hooks.b.example/',
  'https://1.2.3.4.example/',
  'https://8.8.8.8/hook',
  'https://8.8.8.8:443/',
  'https://[2606:4700::1111]/', 'https://[2606:4700::1111]:8443/x', 'https://b.example/@x', 'https://b.example/?next=http://10.0.0.1/',
  'https://local.example/', 'https://internal.example/', 'https://localhost.example/', 'https://b.example:65535/', 'https://b.example?x',
  format('https://b.example/%s', repeat('a', 482))
]) url;
select is(testkit.fault_of('select catalog.check_webhook_url(null, ''webhook_url'')'), 'none', 'taken: no URL');

select is(testkit.fault_of(format('select catalog.check_webhook_url(%L, ''webhook_url'')', url)), 'LG423 webhook_url',
  format('refused: %s', left(url, 60)))
from unnest(array[
  -- no https, or no URL
  'http://b.example/',
  'ftp://b.example/',
  'javascript:alert(1)',
  'file:///etc/passwd',
  '//b.example/',
  'b.example',
  '',
  'https:',
  'https:/b.example',
  'https://', 'https:///x', 'https://?x', 'https://:443/', 'https://#x',
  -- users
  'https://u@b.example/', 'https://u:p@b.example/', 'https://b.example@10.0.0.1/', 'https://:@b.example/', 'https://b.example:443@x/',
  -- characters
  'https://b.example/a b',
  ' https://b.example/',
  format('https://b.example/%s', chr(10)),
  format('https://b.example/%s', chr(9)),
  format('https://b.example%s@x.example/', chr(92)),
  format('https://b.example/%s', chr(92)),
  format('https://b.example/%s', chr(127)),
  'https://bücher.example/',
  'https://b.example/é',
  format('https://%s.example/', chr(8490)),
  format('https://b.example/%s', chr(173)),
  'https://b%2eexample/',
  'https://%31%32%37.0.0.1/',
  'https://b.ex_ample/',
  'https://b..example/',
  'https://.b.example/',
  'https://-b.example/', 'https://b-.example/', 'https://b.example./', 'https://8.8.8.8./',
    format('https://b.example/%s', repeat('a', 483)),
  format('https://%s.example/', repeat('a', 64)), format('https://%sexample/', repeat('abcdefgh.', 28)),
  -- ports
  'https://b.example:0/', 'https://b.example:/', 'https://b.example:65536/', 'https://b.example:99999999999/', 'https://b.example:-1/',
  'https://b.example:80:90/', 'https://b.example:x/', 'https://b.example:+443/', 'https://b.example:0443/', 'https://[2606:4700::1111]:0/',
  -- this machine and its neighbours, in every spelling
  'https://127.0.0.1/',
  'https://127.1/',
  'https://127.0.1/',
  'https://2130706433/',
  'https://0x7f000001/',
  'https://0x7f.1/',
  'https://0X7F.0.0.1/',
  'https://017700000001/',
  'https://0177.0.0.1/',
  'https://127.0.0.0x1/',
  'https://127.0.0.01/',
  'https://0/',
  'https://0x/',
  'https://0.0.0.0/',
  'https://1/',
  'https://256.0.0.1/',
  'https://8.8.8.8.8/',
  'https://8.8.8/',
  'https://b.example.1/',
  'https://b.0x1/',
  'https://10.0.0.1/',
  'https://10.255.255.255/',
  'https://100.64.0.1/',
  'https://168.63.129.16/',
  'https://169.254.169.254/',
  'https://172.16.0.1/',
  'https://172.31.255.255/',
  'https://192.168.1.1/',
  'https://192.0.0.1/',
  'https://198.18.0.1/',
  'https://203.0.113.7/',
  'https://224.0.0.1/',
  'https://255.255.255.255/',
  'https://１２７.0.0.1/',
  'https://127。0。0。1/',
  'https://127.0.0.1。/',
  'https://[::1]/',
  'https://[::]/',
  'https://[0:0:0:0:0:0:0:1]/',
  'https://[::ffff:127.0.0.1]/',
  'https://[::ffff:7f00:1]/',
  'https://[::127.0.0.1]/',
  'https://[64:ff9b::7f00:1]/',
  'https://[64:ff9b:1::1]/',
  'https://[2002:7f00:1::]/',
  'https://[2001::1]/',
  'https://[2001:db8::1]/',
  'https://[3fff::1]/',
  'https://[fc00::1]/',
  'https://[fd12:3456::1]/',
  'https://[fe80::1]/',
  'https://[fe80::1%25eth0]/',
  'https://[ff02::1]/',
  'https://[100::1]/',
  'https://[8.8.8.8]/',
  'https://[]/',
  'https://[::g]/',
  'https://[v1.x]/',
  'https://[2606:4700::1111/',
  'https://2606:4700::1111/',
  'https://[::1]x/',
  'https://localhost/', 'https://LOCALHOST/', 'https://a.localhost/', 'https://localhost./', 'https://printer/', 'https://printer.local/',
  'https://metadata.google.internal/', 'https://x.home.arpa/'
]) url;

-- On a machine for development it may be this machine, and nothing else that is not public.
update leadgen.settings set allows_local_webhooks = true;
select
    is(array_agg(url) filter (where testkit.fault_of(format('select catalog.check_webhook_url(%L, ''webhook_url'')', url)) <> 'none'), null,
  'development: http and this machine are taken')
from
    unnest(
        '{http://b.example/,http://127.0.0.1:8000/x,https://127.9.9.9/,http://[::1]:1/,http://localhost:3000/,https://b.example/}'::text[]
    ) url;
select
    is(array_agg(url) filter (where testkit.fault_of(format('select catalog.check_webhook_url(%L, ''webhook_url'')', url)) = 'none'), null,
  'development: the rest is refused')
from
    unnest(
        '{http://10.0.0.1/,http://127.1/,http://2130706433/,http://[::ffff:127.0.0.1]/,http://a.localhost/,http://localhost./,
          http://192.168.1.1/,
  http://169.254.169.254/,http://u@127.0.0.1/,http://0.0.0.0/,http://printer/,ftp://127.0.0.1/}'::text[]
    )
        url;
update leadgen.settings set allows_local_webhooks = false;

-- What is told, and what is not.
select is(testkit.detail_of($$select catalog.check_webhook_url('https://127.1/x?token=hush', 'webhook_url')$$),
  '{"field": "webhook_url", "found": "127.1", "allowed": "the name or address of a server on the public internet"}', 'the host is named');
select
    is(
        testkit.detail_of(format('select catalog.check_webhook_url(%L, ''webhook_url'')', url))::text ~ 'hush',
        false,
        format('no secret is repeated: %s', url)
    )
from
    unnest(
        '{https://u:hush@b.example/,https://10.0.0.1/hush,http://b.example/hush,https://b.example:0/?hush,
          https://b.example/hush\\,javascript:hush}'
  ::text[]) url;

-- is_public_address, list_special_networks.
select is(catalog.is_public_address(a), false, format('not public: %s', a)) from unnest('{127.0.0.1,::1,::ffff:8.8.8.8}'::inet[]) a;
select is(catalog.is_public_address(a), true, format('public: %s', a)) from unnest('{8.8.8.8,2606:4700::1111,2001:200::1}'::inet[]) a;
select is(catalog.is_public_address(null), null, 'is_public_address: of nothing');
select cmp_ok(cardinality(catalog.list_special_networks()), '>', 15, 'list_special_networks: there are some');

-- Both columns are held to it, and only when they change.
select
    testkit.make_buyer('{"name": "Held", "webhook_url": "https://held.example/"}') as buyer_id, testkit.make_offer() as offer_id
into temp ids;
select
    is(
        testkit.fault_of(format('update leadgen.buyers set webhook_url = ''https://10.0.0.1/'' where id = %s', buyer_id)),
        'LG423 webhook_url',
  'a buyer''s URL is checked') from ids;
select
    is(
        testkit.fault_of(
            format('select testkit.enroll(%s, ''{"buyer_id": %s, "webhook_url_override": "https://10.0.0.1/"}'')', offer_id, buyer_id)
        ),
  'LG423 webhook_url_override', 'an enrollment''s URL') from ids;
select
    throws_ok(
        $$insert into leadgen.buyers (name, email, phone, webhook_url) values ('N', 'n@n.example', '1', 'http://n.example/')$$,
        'LG423',
        null,
  'a new buyer''s URL');
update leadgen.settings set allows_local_webhooks = true;
update leadgen.buyers b set webhook_url = 'http://127.0.0.1:1/' from ids where b.id = buyer_id;
update leadgen.settings set allows_local_webhooks = false;
select is(testkit.fault_of(format('update leadgen.buyers set name = ''Still held'' where id = %s', buyer_id)), 'none',
  'what was taken earlier does not stop other changes') from ids;

select * from finish();
rollback;
