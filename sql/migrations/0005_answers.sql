-- Claims bring their own timeout, retries their own schedule.
-- squawk-ignore-file ban-drop-function

-- Another result and another parameter: declared anew by the deploy.
drop function if exists leadgen.claim_deliveries(text, integer, interval);
drop function if exists leadgen.plan_retry(timestamptz, integer, integer, interval, numeric);
