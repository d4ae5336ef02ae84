-- Keys of sources, buyers, operators and users in one table. The keys that are in force today stay in force.
-- squawk-ignore-file ban-drop-table, constraint-missing-not-valid
do $$
declare
  v_count integer;
begin
  select count(*) into v_count
  from (
    select k.key_hash from (
      select s.api_key_hash as key_hash from leadgen.sources s where s.api_key_hash is not null
      union all
      select b.key_hash from leadgen.buyer_keys b where b.revoked_at is null
      union all
      select o.key_hash from leadgen.operator_keys o where o.revoked_at is null
    ) k
    group by k.key_hash
    having count(*) > 1
  ) twice;
  if v_count > 0 then
    raise exception 'One and the same key is in force for two owners (% in all)', v_count
      using hint = 'Revoke it for one of them with the `leadgen key revoke` of the old release, then deploy again.';
  end if;
end;
$$;

create table leadgen.api_keys (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  kind text not null,
  source_id bigint references leadgen.sources (id) on delete cascade,
  buyer_id bigint references leadgen.buyers (id) on delete cascade,
  user_id bigint references leadgen.users (id) on delete cascade,
  name varchar(200) not null,
  prefix text,
  key_hash text not null,
  scopes text[] not null,
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,

  constraint api_keys_key_hash_unique unique (key_hash),
  constraint api_keys_prefix_unique unique (prefix),
  constraint api_keys_kind_known check (kind in ('source', 'buyer', 'operator', 'user')),
  constraint api_keys_owner_fits check (
    (source_id is not null) = (kind = 'source') and (buyer_id is not null) = (kind = 'buyer')
    and (user_id is not null) = (kind = 'user')),
  constraint api_keys_name_shape check (name ~ E'^[^[:cntrl:]]+$' and name ~ E'\\S'),
  constraint api_keys_prefix_shape check (prefix ~ '^[a-z2-9]{8}$'),
  constraint api_keys_key_hash_shape check (key_hash ~ '^[0-9a-f]{64}$'),
  constraint api_keys_scopes_fit check (cardinality(scopes) > 0 and scopes <@ case kind
    when 'source' then '{leads}'::text[]
    when 'buyer' then '{read,answer,pay}'
    when 'operator' then '{read,money}'
    else '{read,answer,pay,money}' end)
) with (fillfactor = 80);
create index idx_api_keys_source on leadgen.api_keys (source_id) where source_id is not null;
create index idx_api_keys_buyer on leadgen.api_keys (buyer_id) where buyer_id is not null;
create index idx_api_keys_user on leadgen.api_keys (user_id) where user_id is not null;
create index idx_api_keys_operator on leadgen.api_keys (name) where kind = 'operator';

-- Those in force come first: of a key that was revoked elsewhere, that is forgotten.
insert into leadgen.api_keys (created_at, kind, source_id, name, key_hash, scopes)
select s.created_at, 'source' as kind, s.id, 'of the catalogue' as name, s.api_key_hash, '{leads}' as scopes
from leadgen.sources s
where s.api_key_hash is not null
order by s.id;
insert into leadgen.api_keys (created_at, kind, buyer_id, name, key_hash, scopes, revoked_at)
select
  k.created_at, 'buyer' as kind, k.buyer_id,
  coalesce(nullif(btrim(regexp_replace(k.name, '[[:cntrl:]]', ' ', 'g')), ''), 'unnamed') as name,
  k.key_hash, '{read,answer,pay}' as scopes, k.revoked_at
from leadgen.buyer_keys k
order by k.revoked_at is not null, k.id
on conflict (key_hash) do nothing;
insert into leadgen.api_keys (created_at, kind, name, key_hash, scopes, revoked_at)
select
  k.created_at, 'operator' as kind,
  coalesce(nullif(btrim(regexp_replace(k.name, '[[:cntrl:]]', ' ', 'g')), ''), 'unnamed') as name,
  k.key_hash, k.scopes, k.revoked_at
from leadgen.operator_keys k
order by k.revoked_at is not null, k.id
on conflict (key_hash) do nothing;

drop table leadgen.buyer_keys;
drop table leadgen.operator_keys;

alter table leadgen.api_keys enable row level security;
alter table leadgen.api_keys force row level security;
create policy staff on leadgen.api_keys to leadgen_owner, leadgen_dba using (true);
