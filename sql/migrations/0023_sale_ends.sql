-- One state for each sale, and times for its end; leads name the policies that their versions are of; queues by offer;
-- what was sold or issued is not deleted with its buyer. Indexes and foreign keys are made in one go: stop the workers.
-- squawk-ignore-file require-concurrent-index-creation, require-concurrent-index-deletion, ban-drop-column
-- squawk-ignore-file adding-foreign-key-constraint, constraint-missing-not-valid, ban-drop-constraint

-- What release_reason said is the outcome now. The guards of before do not know these moves.
alter table leadgen.lead_assignments add column release_due_at timestamptz;
alter table leadgen.lead_assignments disable trigger user;
update leadgen.lead_assignments a
set
  outcome = case
    when a.outcome = 'returned' and a.release_reason = 'not accepted in time' then 'lapsed'
    when a.outcome = 'failed' and a.release_reason = 'lead erased' then 'erased'
    else a.outcome
  end,
  release_due_at = case when a.released_at is null then coalesce(a.updated_at, a.created_at) end
where a.release_reason is not null;
alter table leadgen.lead_assignments enable trigger user;

-- Sales that were returned before there were returns: what the operator wrote is kept as the note of one.
insert into leadgen.return_reasons (code, position, description)
values ('other', 90, 'Something else')
on conflict (code) do nothing;
insert into leadgen.sale_returns (
  created_at, market_id, offer_id, buyer_id, buyer_offer_id, assignment_id, reason_code, note,
  via, status, decided_at, decided_by
)
select
  a.released_at as created_at, a.market_id, a.offer_id, a.buyer_id, a.buyer_offer_id, a.id, 'other' as reason_code,
  case when l.erased_at is null then left(substr(a.release_reason, length('returned: ') + 1), 500) end as note,
  'operator' as via, 'approved' as status, a.released_at as decided_at, 'unknown' as decided_by
from leadgen.lead_assignments a
join leadgen.leads l on l.id = a.lead_id and l.market_id = a.market_id
where a.outcome = 'returned' and a.released_at is not null
  and not exists (select from leadgen.sale_returns r where r.assignment_id = a.id and r.status <> 'refused')
order by a.id;

alter table leadgen.lead_assignments drop column release_reason; -- and the index on what is due
create index idx_lead_assignments_release_due on leadgen.lead_assignments (offer_id, release_due_at, id)
  where release_due_at is not null;

drop index leadgen.idx_sale_returns_open;
create index idx_sale_returns_received on leadgen.sale_returns (offer_id, created_at) where status = 'received';

alter table leadgen.leads add column routing_policy_id bigint, add column pricing_policy_id bigint;
update leadgen.leads l
set routing_policy_id = d.routing_policy_id, pricing_policy_id = d.pricing_policy_id
from (
  select distinct on (t.lead_id) t.lead_id, t.market_id, t.routing_policy_id, t.pricing_policy_id
  from leadgen.lead_decisions t
  order by t.lead_id asc, t.attempt desc
) d
where l.id = d.lead_id and l.market_id = d.market_id;

create index idx_leads_held_by_offer on leadgen.leads (offer_id, next_route_at, id) where hold_until is not null;

alter table leadgen.leads
  drop constraint leads_buyer_id_fkey,
  add constraint leads_buyer_id_fkey foreign key (buyer_id) references leadgen.buyers (id) on delete restrict;
alter table leadgen.invoices
  drop constraint invoices_buyer_id_fkey,
  add constraint invoices_buyer_id_fkey foreign key (buyer_id) references leadgen.buyers (id) on delete restrict;
alter table leadgen.notices
  drop constraint notices_buyer_id_fkey,
  add constraint notices_buyer_id_fkey foreign key (buyer_id) references leadgen.buyers (id) on delete restrict;
