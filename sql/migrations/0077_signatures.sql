-- Functions whose parameters or columns have other names: a deploy replaces a function only under the same ones.
-- squawk-ignore-file ban-drop-function
drop function if exists intake.store_leads(intake.mapped_source, jsonb, jsonb);
drop function if exists privacy.read_items(jsonb, text);
