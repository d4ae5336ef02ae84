-- HMAC-SHA-256 from the built-in sha256(), so that no extension is needed.

create or replace function kernel.pad_key(p_key bytea)
returns bytea
language plpgsql
immutable strict parallel safe
as $$
-- The inner and the outer block of RFC 2104: the key, filled up to 64 bytes, each byte by 0x36 and by 0x5c.
declare
  c_block constant integer := 64;
  v_key constant bit(512) := (
    'x' || rpad(encode(case when length(p_key) > c_block then sha256(p_key) else p_key end, 'hex'), 2 * c_block, '0'));
begin
  return substr(bit_send(v_key # ('x' || repeat('36', c_block))::bit(512)), 5)
    || substr(bit_send(v_key # ('x' || repeat('5c', c_block))::bit(512)), 5);
end;
$$;
comment on function kernel.pad_key(bytea) is
  'A key as the two blocks, 128 bytes, by which an HMAC-SHA-256 is computed.';

create or replace function kernel.compute_padded_hmac(p_blocks bytea, p_message bytea)
returns bytea
language sql
immutable parallel safe
as $$
  select sha256(substr(p_blocks, 65) || sha256(substr(p_blocks, 1, 64) || p_message));
$$;
comment on function kernel.compute_padded_hmac(bytea, bytea) is
  'HMAC-SHA-256 of a message, with a key that comes as its two blocks, so that nothing is padded for each message.';

create or replace function kernel.compute_hmac(p_key bytea, p_message bytea)
returns bytea
language plpgsql
immutable strict parallel safe
as $$
begin
  return kernel.compute_padded_hmac(kernel.pad_key(p_key), p_message);
end;
$$;
comment on function kernel.compute_hmac(bytea, bytea) is 'HMAC-SHA-256 of a message.';
