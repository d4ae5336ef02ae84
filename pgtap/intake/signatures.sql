-- compute_hmac and is_valid_signature: the vectors of RFC 4231, and X-Hub-Signature-256.
begin;
select plan(21);

select is(encode(kernel.compute_hmac(decode(key, 'hex'), decode(message, 'hex')), 'hex'), hmac, format('RFC 4231, test case %s', number))
from (values
  (1, repeat('0b', 20), encode('Hi There', 'hex'), 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'),
  (2, encode('Jefe', 'hex'), encode('what do ya want for nothing?', 'hex'),
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'),
  (3, repeat('aa', 20), repeat('dd', 50), '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe'),
  (4, '0102030405060708090a0b0c0d0e0f10111213141516171819', repeat('cd', 50),
    '82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b'),
  (6, repeat('aa', 131), encode('Test Using Larger Than Block-Size Key - Hash Key First', 'hex'),
    '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54'),
  (7, repeat('aa', 131), encode('This is a test using a larger than block-size key and a larger than block-size data. '
    'The key needs to be hashed before being used by the HMAC algorithm.', 'hex'),
    '9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2')
) as t (number, key, message, hmac)
order by number;
select is(encode(substr(kernel.compute_hmac(decode(repeat('0c', 20), 'hex'), 'Test With Truncation'), 1, 16), 'hex'),
  'a3b6167473100ee06e0c796c2955552b', 'RFC 4231, test case 5');
select is(encode(kernel.compute_hmac('', ''), 'hex'), 'b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad',
  'an empty message is signed with an empty key');
select is(kernel.compute_hmac(decode(repeat('aa', 64), 'hex'), 'x') <> kernel.compute_hmac(decode(repeat('aa', 65), 'hex'), 'x'), true,
  'a key of one block is used as it is, a longer one hashed');
select is(kernel.compute_hmac(null, 'x'), null, 'without a key there is no signature');
select is(s.blocks, kernel.pad_key(s.secret), 'pad_key: the secret of links has its blocks stored') from leadgen.link_secrets s;

-- The signature is over the raw bytes; a space more is another body.
select is(intake.is_valid_signature(body, secret, signature), verdict, what)
from (values
  ('{"a": "ü"}', 's3cret', format('sha256=%s', encode(kernel.compute_hmac('s3cret', convert_to('{"a": "ü"}', 'UTF8')), 'hex')), true,
    'right'),
  ('{"a": "ü"}', 's3cret', upper(format('sha256=%s', encode(kernel.compute_hmac('s3cret', convert_to('{"a": "ü"}', 'UTF8')), 'hex'))), true,
    'right, in capitals'),
  ('{"a":  "ü"}', 's3cret', format('sha256=%s', encode(kernel.compute_hmac('s3cret', convert_to('{"a": "ü"}', 'UTF8')), 'hex')), false,
    'of the same JSON in other bytes'),
  ('{"a": "ü"}', 'other', format('sha256=%s', encode(kernel.compute_hmac('s3cret', convert_to('{"a": "ü"}', 'UTF8')), 'hex')), false,
    'with another secret'),
  ('{"a": "ü"}', 's3cret', encode(kernel.compute_hmac('s3cret', convert_to('{"a": "ü"}', 'UTF8')), 'hex'), false, 'without its prefix'),
  ('{"a": "ü"}', 's3cret', format('sha1=%s', repeat('0', 40)), false, 'of the older kind'),
  ('{"a": "ü"}', 's3cret', '', false, 'empty'),
  ('{"a": "ü"}', 's3cret', null, false, 'missing'),
  ('{"a": "ü"}', null, format('sha256=%s', encode(kernel.compute_hmac('', convert_to('{"a": "ü"}', 'UTF8')), 'hex')), false,
    'of no secret: a source without one has no way in'),
  ('{"a": "ü"}', null, null, false, 'neither secret nor signature')
) as t (body_text, secret, signature, verdict, what), convert_to(body_text, 'UTF8') body;

select * from finish();
rollback;
