create or replace view report.audit_log as
select
  e.id,
  coalesce(e.actor, e.login) as actor_id,
  e.action as action_type,
  e.table_name as entity_type,
  case
    when (select count(*) from jsonb_object_keys(e.row_key)) = 1 then (select k.value from jsonb_each_text(e.row_key) k)
    else e.row_key::text
  end as entity_id,
  case e.action
    when 'update' then (
      select string_agg(format('%s from %s to %s', n.key, left(coalesce(e.before ->> n.key, 'null'), 100),
        left(coalesce(n.value, 'null'), 100)), ', ' order by n.key)
      from jsonb_each_text(e.after) n
    )
    when 'insert' then 'added'
    when 'delete' then 'deleted'
    else 'all rows deleted'
  end as description,
  jsonb_build_object(
    'before', e.before, 'after', e.after, 'reason', e.reason, 'login', e.login, 'transaction', e.transaction_id,
    'position', c.position, 'digest', encode(c.digest, 'hex')) as metadata,
  e.address as ip_address,
  e.application_name as user_agent,
  e.changed_at as created_at
from leadgen.audit_entries e
left join leadgen.audit_chain c on c.entry_id = e.id;
comment on view report.audit_log is
  'One row for each row of the catalogue, the policies, the keys and the settings that was changed, by the words of the first specification. actor_id: who, as the client said, else the login; entity_type and entity_id: the table and the key of the row; metadata: the values, the reason, and where in the chain it is sealed. ip_address and user_agent are the operator''s.';
