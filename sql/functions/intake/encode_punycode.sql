create or replace function leadgen.encode_punycode(p_label text)
returns text
language plpgsql
immutable strict parallel safe
as $$
-- RFC 3492, section 6.3, with the parameters of IDNA.
declare
  v_code_points constant integer[] := array(select ascii(c) from regexp_split_to_table(p_label, '') c);
  v_basic constant text := regexp_replace(p_label, '[^\u0001-\u007f]', '', 'g');
  v_output text := case when v_basic = '' then '' else v_basic || '-' end;
  v_handled integer := length(v_basic);
  v_n integer := 128;
  v_delta integer := 0;
  v_bias integer := 72;
  v_next integer;
  v_code_point integer;
  v_q integer;
  v_t integer;
  v_k integer;
begin
  while v_handled < cardinality(v_code_points) loop
    v_next := (select min(c) from unnest(v_code_points) c where c >= v_n);
    v_delta := v_delta + (v_next - v_n) * (v_handled + 1);
    v_n := v_next;
    foreach v_code_point in array v_code_points loop
      if v_code_point < v_n then
        v_delta := v_delta + 1;
      elsif v_code_point = v_n then
        v_q := v_delta;
        v_k := 36;
        loop
          v_t := least(greatest(v_k - v_bias, 1), 26);
          exit when v_q < v_t;
          v_output := v_output || substr('abcdefghijklmnopqrstuvwxyz0123456789', v_t + (v_q - v_t) % (36 - v_t) + 1, 1);
          v_q := (v_q - v_t) / (36 - v_t);
          v_k := v_k + 36;
        end loop;
        v_output := v_output || substr('abcdefghijklmnopqrstuvwxyz0123456789', v_q + 1, 1);
        v_delta := case when v_handled = length(v_basic) then v_delta / 700 else v_delta / 2 end;
        v_delta := v_delta + v_delta / (v_handled + 1);
        v_k := 0;
        while v_delta > 455 loop
          v_delta := v_delta / 35;
          v_k := v_k + 36;
        end loop;
        v_bias := v_k + 36 * v_delta / (v_delta + 38);
        v_delta := 0;
        v_handled := v_handled + 1;
      end if;
    end loop;
    v_delta := v_delta + 1;
    v_n := v_n + 1;
  end loop;
  return v_output;
end;
$$;
comment on function leadgen.encode_punycode(text) is 'One label of a domain in Punycode, without the prefix xn--. Source: RFC 3492.';
