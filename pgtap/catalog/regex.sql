-- check_regex, find_regex_fault, time_regex: a pattern compiles, for ~ and for jsonpath, and cannot take for ever.
begin;
select plan(83);
-- Whatever slips through must end this test and not the machine.
set local statement_timeout = '60s';

select is(testkit.fault_of(format('select catalog.check_regex(%L, %L)', pattern, 'p')), 'none', format('good: %s', left(pattern, 60)))
from (values
  (''), ('^(a|b)$'), ('^[A-Z]{2}-\d{4}$'), ('(a+)+$'), ('^((a+)+)+$'), ('(.*,){10}x'), ('(?i)^roof'), ('(?=.*\d)(?=.*[a-z]).{8,}'),
  ('^(?!.*test)(?!.*spam)'), ('(?<=a)b'), ('\m(leak|drip)s?\M'), ('[[:alpha:]]+@[^]@]+'), ('[\]{255}]{2}'), ('\(a\)\{9\}'),
  ('[^[:space:]]{1,255}'),
  ('a{0,255}'), ('(a?){10}'), ('^[a-z]{255}[a-z]{255}[a-z]{255}$'), ('"quoted" \\ / é 漢'), (repeat('a', 500)), ('\x41\u0042'), ('a{,'),
  ('x*?y+?z??')
) as t (pattern);

select is(testkit.fault_of(format('select catalog.check_regex(%L, %L)', pattern, 'p.q')), 'LG423 p.q', format('does not compile: %s',
  pattern))
from (values ('['), ('(a'), ('a{2,1}'), ('*a'), ('a**'), ('[b-a]'), ('[[:letters:]]'), ('\'), ('a{256}'), ('(?<name>a)'),
  ('x(?i)')) as t (pattern);

select is(catalog.find_regex_fault(pattern) ~ wanted, true, format('for ever: %s', left(pattern, 60)))
from (values
  ('(a*)\1', 'back-reference'), ('^(a|b)(c)\2$', 'back-reference'), ('(\w+) \1', 'back-reference'),
  ('(.{255}){255}', 'repetition'), ('(?:a{0,255}){0,255}b', 'repetition'), ('((a?){30}b?){30}', 'repetition'),
  ('(a?b?){200}', 'repetition'),
  ('((a{1,20}){1,20}){1,20}', 'repetition'), ('([ab]{200}){200,}', 'repetition'), ('(x{100}){11}', 'repetition'),
  ('(a*){201}', 'repetition'),
  (repeat('a?', 201), 'repetition'), (repeat('a{255}', 4), 'repetition'), ('(?=(?=.*b).*b)a', 'look-around'),
  ('(?!a(?<!b))', 'look-around'),
  ('(?:(?=((?!x))))', 'look-around'), (repeat('a', 501), '500'), ('***=a', '\*\*\*'), ('***:a', '\*\*\*'), ('(?x)a b', 'embedded'),
  ('(?q)(((', 'embedded'),
  ('(?ib)a', 'embedded'), ('(?#[)((a?){30}b?){30}(?#])', 'comment'), ('((|a){31}(|b)){30}', 'repetition'), ('(a||b){250}', 'repetition'),
  ('(()a){250}', 'repetition'),
  ('(?:^|\y){1,50}', 'assertions'), ('(a$){2}', 'assertions'), ('((?=a)b){3}', 'assertions'), ('(\ma){2,}', 'assertions'),
  (repeat('(?:^|a|\y)', 15), 'assertions'), (repeat('(?:^|\y)*', 5), 'assertions'), (repeat('\y', 21), 'assertions'),
  (repeat('(?!a)', 21), 'assertions')
) as t (pattern, wanted);
select is(catalog.find_regex_fault(pattern), null, format('within bounds: %s', left(pattern, 60)))
from (values ('(x{100}){10}'), ('(a*){199}'), (repeat('a{255}', 3)), ('[(?=(?=]'), ('\\(a)'), ('[\1]'), (repeat('\y', 20)),
  ('(?:(?!ab).)*'), ('(\y\w+){0,1}')) as t (pattern);

-- What the structure lets pass and is slow all the same is found by trying.
create temp table slow as select
  '(b)((?:(?<!\d*?|a[ab]*?\w|[^a]*\w\d*)(?:\w{20,}|a\w*\d|a){0,5}(?:){3}|\y|(?=[^a][ab]|^|a))?(\s|[ab]{0,255}\s\s*){0,3}|b)+c' as pattern;
select is(catalog.find_regex_fault(pattern), null, 'the structure lets it pass') from slow;
create temp table fault as select testkit.detail_of(format('select catalog.check_regex(%L, %L)', pattern, 'p')) as detail from slow;
select matches(detail ->> 'found', '\d+ ms for a few long texts$', 'a slow pattern: the fault says how long it took') from fault;
select is(detail ->> 'allowed', 'a pattern that takes at most 100 ms for them', 'a slow pattern: the fault says how long it may take')
from fault;
select is(catalog.time_regex('^a+$') between interval '0' and interval '100 milliseconds', true, 'time_regex: a simple pattern');

-- As it meets a policy: path, found, allowed.
select is(testkit.policy_fault('validation', '{"field_rules": {"message": {"pattern": "(a*)\\1"}}}'),
  'LG423 rules.field_rules.message.pattern',
  'a pattern in field_rules is checked');
select is(testkit.detail_of($$select catalog.check_regex('(a)\1', 'p')$$),
  '{"field": "p", "found": "(a)\\1", "allowed": "no back-reference"}',
  'the detail has what was found and what is allowed');

select * from finish();
rollback;
