-- Evidence of a return: files by reference, bounded, and never opened here.
begin;
select plan(49);
select testkit.at_time('2026-11-20 12:00+00');
create temp table offer as select testkit.open_offer('{"returns": {"auto_approve": false, "window_hours": 72}}', 'Ace') as id;
create temp table sale as select testkit.sell_delivered(id, n) as id, n from offer cross join generate_series(1, 3) n order by n;

create function pg_temp.file(p_more jsonb default '{}') returns jsonb language sql as $$
  select jsonb_build_object('url', 'https://files.example.com/call.mp3', 'sha256', repeat('ab', 32), 'bytes', 2048,
    'media_type', 'audio/mpeg') || p_more;
$$;
create function pg_temp.ask(p_sale_id bigint, p_evidence jsonb) returns text language sql as $$
  select testkit.fault_of(format('select roads.request_return(%s, %L, %L, %L, %L::jsonb)', p_sale_id, 'unreachable', null, 'api',
    p_evidence));
$$;
create temp table cases (what text, evidence jsonb, fault text);
insert into cases
select what, jsonb_build_array(pg_temp.file(more)), fault
from (values
  ('http', '{"url": "http://files.example.com/a"}'::jsonb, 'LG400 evidence[0].url'),
  ('another scheme', '{"url": "javascript:alert(1)"}', 'LG400 evidence[0].url'),
  ('a data URL', '{"url": "data:text/html,x"}', 'LG400 evidence[0].url'),
  ('a name and a password', '{"url": "https://user:secret@example.com/a"}', 'LG400 evidence[0].url'),
  ('a blank', '{"url": "https://example.com/a b"}', 'LG400 evidence[0].url'),
  ('a line break', '{"url": "https://example.com/a\nb"}', 'LG400 evidence[0].url'),
  ('a line break at the end', '{"url": "https://example.com/a\n"}', 'LG400 evidence[0].url'),
  ('a right-to-left mark', '{"url": "https://example.com/‮a"}', 'LG400 evidence[0].url'),
  ('no host', '{"url": "https:///a"}', 'LG400 evidence[0].url'),
  ('a URL that is a number', '{"url": 7}', 'LG400 evidence[0].url'),
  ('an empty URL', '{"url": ""}', 'LG400 evidence[0].url'),
  ('a URL and a key', '{"key": "returns/1.mp3"}', 'LG400 evidence[0]'),
  ('a hash that is too short', '{"sha256": "abcd"}', 'LG400 evidence[0].sha256'),
  ('a hash of other letters', jsonb_build_object('sha256', repeat('xy', 32)), 'LG400 evidence[0].sha256'),
  ('a hash with a line break', jsonb_build_object('sha256', format(E'%s\n', repeat('ab', 32))), 'LG400 evidence[0].sha256'),
  ('no hash', '{"sha256": null}', 'LG400 evidence[0].sha256'),
  ('no bytes', '{"bytes": 0}', 'LG400 evidence[0].bytes'),
  ('below zero', '{"bytes": -1}', 'LG400 evidence[0].bytes'),
  ('a part of a byte', '{"bytes": 1.5}', 'LG400 evidence[0].bytes'),
  ('more than 100 MB', '{"bytes": 104857601}', 'LG400 evidence[0].bytes'),
  ('a number without end', '{"bytes": 1e400}', 'LG400 evidence[0].bytes'),
  ('bytes as text', '{"bytes": "2048"}', 'LG400 evidence[0].bytes'),
  ('another kind of media', '{"media_type": "chemical/x-pdb"}', 'LG400 evidence[0].media_type'),
  ('a parameter of a media type', '{"media_type": "text/html; charset=utf-8"}', 'LG400 evidence[0].media_type'),
  ('capital letters', '{"media_type": "Image/PNG"}', 'LG400 evidence[0].media_type'),
  ('another field', '{"path": "/etc/passwd"}', 'LG400 evidence[0]')
) as t (what, more, fault);
insert into cases values
  ('an object', pg_temp.file(), 'LG400 evidence'), ('a text', '"https://example.com"', 'LG400 evidence'),
  ('a number', '7', 'LG400 evidence'),
  ('a list of texts', '["https://example.com"]', 'LG400 evidence[0]'),
  ('neither URL nor key', jsonb_build_array(pg_temp.file() - 'url'), 'LG400 evidence[0]'),
  ('a second file that is none', jsonb_build_array(pg_temp.file(), pg_temp.file('{"bytes": 0}')), 'LG400 evidence[1].bytes'),
  ('a long URL', jsonb_build_array(pg_temp.file(jsonb_build_object('url', format('https://a.example/%s', repeat('a', 1983))))),
    'LG400 evidence[0].url'),
  ('a key that climbs', jsonb_build_array((pg_temp.file() - 'url') || jsonb '{"key": "../secret"}'), 'LG400 evidence[0].key'),
  ('a key that climbs inside', jsonb_build_array((pg_temp.file() - 'url') || jsonb '{"key": "a/../b"}'), 'LG400 evidence[0].key'),
  ('a key from the root', jsonb_build_array((pg_temp.file() - 'url') || jsonb '{"key": "/etc/passwd"}'), 'LG400 evidence[0].key'),
  ('eleven files', (select jsonb_agg(pg_temp.file()) from generate_series(1, 11)), 'LG400 evidence');
select is(pg_temp.ask(id, evidence), fault, what) from cases, sale where n = 1;
select is(count(*), 0::bigint, 'what is refused leaves no return') from leadgen.sale_returns;

select is(roads.request_return(id, 'unreachable', 'nobody answers', 'api', jsonb_build_array(pg_temp.file())) #>> '{return,status}',
  'requested', 'a good file: the return waits') from sale where n = 2;
select is(market.describe_answer(id) #> '{return,evidence}', '[{"bytes": 2048,
  "sha256": "abababababababababababababababababababababababababababababababab", "reference": "https://files.example.com/call.mp3",
  "media_type": "audio/mpeg"}]', 'the buyer sees what was kept') from sale where n = 2;
select is(pg_temp.ask(id, jsonb_build_array(pg_temp.file(), (pg_temp.file() - 'url')
  || jsonb_build_object('key', 'returns/2026/photo_1.png', 'sha256', repeat('CD', 32), 'media_type', 'image/png'))), 'none',
  'more files while it is not decided') from sale where n = 2;
select is(array_agg(e.reference order by e.id), '{https://files.example.com/call.mp3,returns/2026/photo_1.png}',
  'a file that is there is kept once, and a key as it is') from leadgen.return_evidence e;
select is(pg_temp.ask(id, (select jsonb_agg(pg_temp.file(jsonb_build_object('sha256', lpad(to_hex(i), 64, '0'))))
  from generate_series(1, 9) i)), 'LG400 evidence', 'no more than ten in all') from sale where n = 2;
select leadgen.decide_return(r.id, true) from leadgen.sale_returns r;
select is(pg_temp.ask(id, jsonb_build_array(pg_temp.file(jsonb_build_object('sha256', repeat('ef', 32))))), 'none',
  'once it is decided, the same answer') from sale where n = 2;
select is(count(*), 2::bigint, 'nothing is added then') from leadgen.return_evidence;
select is(testkit.fault_of('update leadgen.return_evidence set bytes = 1'), 'LG409 bytes', 'what was kept stays as it is');
select is(leadgen.return_sale(id, 'spam', null, jsonb_build_array(pg_temp.file())), 'returned', 'an operator keeps files, too')
from sale where n = 3;

-- Who is erased leaves no reference.
select leadgen.erase_lead(a.lead_id, 'asked for it') from leadgen.lead_assignments a join sale using (id) where n = 2;
select is(array_agg(distinct e.reference), '{NULL}', 'an erasure strikes references out') from leadgen.return_evidence e
join leadgen.sale_returns r on r.id = e.return_id join sale on sale.id = r.assignment_id where n = 2;
select is_empty('select * from leadgen.list_broken_invariants()', 'all invariants hold');
select * from finish();
rollback;
