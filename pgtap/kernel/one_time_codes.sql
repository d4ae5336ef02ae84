-- Codes of authenticator apps: SHA-1 by the examples of FIPS 180 and lengths around a block, TOTP by those of RFC 6238.
begin;
select plan(17);

select is(encode(kernel.compute_sha1(convert_to(message, 'UTF8')), 'hex'), digest, format('compute_sha1: %s', what))
from (values
  ('', 'da39a3ee5e6b4b0d3255bfef95601890afd80709', 'nothing'),
  ('abc', 'a9993e364706816aba3e25717850c26c9cd0d89d', 'three letters'),
  ('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq', '84983e441c3bd26ebaae4aa1f95129e5e54670f1', 'a message of 56 bytes'),
  (repeat('a', 55), 'c1c8bbdc22796e28c0e15163d20899b65621d65a', 'the longest of one block'),
  (repeat('a', 64), '0098ba824b5c16427bd7a1122a5a442a25ec644d', 'a whole block'),
  (repeat('a', 1000), '291e9a6c66994949b57ba5e650361e98fc36b1ba', 'a thousand letters')
) as t (message, digest, what);
select is(kernel.rotate_left(2147483649, 1), 3::bigint, 'rotate_left: the highest bit comes round');
select is(cardinality(kernel.mix_sha1('{1,2,3,4,5}', array_fill(0::bigint, array[16]))), 5, 'mix_sha1: a state has five words');

-- The codes of RFC 6238, appendix B, cut to six digits.
select is(kernel.compute_totp('12345678901234567890', seconds / 30), code, format('compute_totp: after %s seconds', seconds))
from (values (59::bigint, '287082'), (1111111109, '081804'), (1111111111, '050471'), (1234567890, '005924'), (2000000000, '279037'),
  (20000000000, '353130')) as t (seconds, code);

select is(kernel.write_base32('12345678901234567890'), 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', 'write_base32: a secret of 20 bytes');
select is(kernel.write_base32('f'), 'MY', 'write_base32: one byte takes two letters');
select is(kernel.write_base32(''), '', 'write_base32: nothing');

select * from finish();
rollback;
