-- Digests by which a sealed person's submissions and posts are found without a key. Workers make those of what was
-- sealed before, and seal what is in quarantine from the time before sealing: a walk over no leads ends with it.
-- squawk-ignore-file require-concurrent-index-creation

alter table leadgen.intake_quarantine add column digests bytea[];
create index idx_intake_quarantine_digests on leadgen.intake_quarantine using gin (digests);
create index idx_intake_quarantine_undigested on leadgen.intake_quarantine (id) where digests is null;
alter table leadgen.lead_fetches add column digests bytea[];
create index idx_lead_fetches_undigested on leadgen.lead_fetches (id) where digests is null;
alter table leadgen.sealing_walks add column unopened bigint[] not null default '{}';
insert into leadgen.sealing_walks (kind, last_id)
select 'seal' as kind, 0 as last_id from leadgen.settings s where s.seals
on conflict (kind) do nothing;
