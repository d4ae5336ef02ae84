-- One-time codes of authenticator apps: TOTP of RFC 6238, by HMAC-SHA-1, which is all that every app knows. PostgreSQL
-- has no SHA-1 of its own, and pgcrypto is not to be had everywhere.

create or replace function kernel.rotate_left(p_word bigint, p_bits integer)
returns bigint
language sql
immutable strict parallel safe
as $$
  select ((p_word << p_bits) | (p_word >> (32 - p_bits))) & 4294967295;
$$;
comment on function kernel.rotate_left(bigint, integer) is 'A word of 32 bits, rotated to the left.';

create or replace function kernel.mix_sha1(p_state bigint[], p_words bigint[])
returns bigint[]
language plpgsql
immutable strict parallel safe
as $$
-- One block of FIPS 180-4, 6.1.2.
declare
  c_mask constant bigint := 4294967295;
  v_w bigint[] := p_words;
  v_a bigint := p_state[1];
  v_b bigint := p_state[2];
  v_c bigint := p_state[3];
  v_d bigint := p_state[4];
  v_e bigint := p_state[5];
  v_next bigint;
begin
  for t in 17 .. 80 loop
    v_w[t] := kernel.rotate_left(v_w[t - 3] # v_w[t - 8] # v_w[t - 14] # v_w[t - 16], 1);
  end loop;
  for t in 1 .. 80 loop
    v_next := kernel.rotate_left(v_a, 5) + v_e + v_w[t] + case
      when t <= 20 then ((v_b & v_c) | ((v_b # c_mask) & v_d)) + 1518500249
      when t <= 40 then (v_b # v_c # v_d) + 1859775393
      when t <= 60 then ((v_b & v_c) | (v_b & v_d) | (v_c & v_d)) + 2400959708
      else (v_b # v_c # v_d) + 3395469782 end;
    v_e := v_d;
    v_d := v_c;
    v_c := kernel.rotate_left(v_b, 30);
    v_b := v_a;
    v_a := v_next & c_mask;
  end loop;
  return array[
    (p_state[1] + v_a) & c_mask, (p_state[2] + v_b) & c_mask, (p_state[3] + v_c) & c_mask,
    (p_state[4] + v_d) & c_mask, (p_state[5] + v_e) & c_mask];
end;
$$;
comment on function kernel.mix_sha1(bigint[], bigint[]) is
  'The state of SHA-1 (5 words) after one more block (16 words).';

create or replace function kernel.compute_sha1(p_message bytea)
returns bytea
language plpgsql
immutable strict parallel safe
as $$
declare
  v_state bigint[] := '{1732584193,4023233417,2562383102,271733878,3285377520}';
  v_padded constant bytea := p_message || decode('80' || repeat('00', (119 - length(p_message) % 64) % 64), 'hex')
    || int8send(length(p_message)::bigint * 8);
  v_words bigint[];
  v_digest text := '';
begin
  for v_block in 0 .. length(v_padded) / 64 - 1 loop
    for i in 0 .. 15 loop
      v_words[i + 1] := (get_byte(v_padded, v_block * 64 + i * 4)::bigint << 24)
        | (get_byte(v_padded, v_block * 64 + i * 4 + 1) << 16)
        | (get_byte(v_padded, v_block * 64 + i * 4 + 2) << 8)
        | get_byte(v_padded, v_block * 64 + i * 4 + 3);
    end loop;
    v_state := kernel.mix_sha1(v_state, v_words);
  end loop;
  for i in 1 .. 5 loop
    v_digest := v_digest || lpad(to_hex(v_state[i]), 8, '0');
  end loop;
  return decode(v_digest, 'hex');
end;
$$;
comment on function kernel.compute_sha1(bytea) is
  'SHA-1 (FIPS 180-4). For one-time codes only: whoever signs or compares anything else takes sha256.';

create or replace function kernel.compute_totp(p_secret bytea, p_step bigint)
returns text
language plpgsql
immutable strict parallel safe
as $$
-- RFC 4226, 5.3. A secret is shorter than a block (user_totp_secret_length).
declare
  v_inner bytea := decode(repeat('36', 64), 'hex');
  v_outer bytea := decode(repeat('5c', 64), 'hex');
  v_digest bytea;
  v_offset integer;
begin
  for i in 0 .. length(p_secret) - 1 loop
    v_inner := set_byte(v_inner, i, get_byte(v_inner, i) # get_byte(p_secret, i));
    v_outer := set_byte(v_outer, i, get_byte(v_outer, i) # get_byte(p_secret, i));
  end loop;
  v_digest := kernel.compute_sha1(v_outer || kernel.compute_sha1(v_inner || int8send(p_step)));
  v_offset := get_byte(v_digest, 19) & 15;
  return lpad(right((
    ((get_byte(v_digest, v_offset) & 127) << 24)
    | (get_byte(v_digest, v_offset + 1) << 16)
    | (get_byte(v_digest, v_offset + 2) << 8)
    | get_byte(v_digest, v_offset + 3))::text, 6), 6, '0');
end;
$$;
comment on function kernel.compute_totp(bytea, bigint) is
  'The code of six digits that an app shows in a step of 30 seconds since '
  '1970 (RFC 6238), by a secret of at most 64 bytes.';

create or replace function kernel.write_base32(p_bytes bytea)
returns text
language plpgsql
immutable strict parallel safe
as $$
declare
  c_letters constant text := 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  v_text text := '';
  v_index integer;
begin
  for v_place in 0 .. (length(p_bytes) * 8 + 4) / 5 - 1 loop
    v_index := 0;
    for v_bit in v_place * 5 .. v_place * 5 + 4 loop
      v_index := v_index * 2 + case
        when v_bit < length(p_bytes) * 8 then get_byte(p_bytes, v_bit / 8) >> (7 - v_bit % 8) & 1 else 0 end;
    end loop;
    v_text := v_text || substr(c_letters, v_index + 1, 1);
  end loop;
  return v_text;
end;
$$;
comment on function kernel.write_base32(bytea) is 'Bytes in base32 (RFC 4648) without padding, as apps take secrets.';
