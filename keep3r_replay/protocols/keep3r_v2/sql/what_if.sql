-- Views that the results of a what-if add: baseline and what-if side by side. Amounts as in views.sql.

-- Every work with what it was paid and what it would have been: status paid, reverted, dropped or added. What ends in
-- _kp3r is null where the work was paid in another token (in_kp3r false).
create or replace view compared_works as
select *, case when in_kp3r then kp3r(payment_baseline) end as payment_baseline_kp3r,
    case when in_kp3r then kp3r(payment_what_if) end as payment_what_if_kp3r,
    case when in_kp3r then kp3r(payment_difference) end as payment_difference_kp3r
from (select *, (keep3r, block_number, log_index) not in (select (keep3r, block_number, log_index) from res.works
    where explanation = 'token_payment') as in_kp3r from res.compared_works);

-- Works that would have reverted, with the contract's error.
create or replace view reverted_works as
select block_number, log_index, transaction_hash, job, keeper, error, payment_baseline_kp3r, utc
from compared_works where status = 'reverted';

-- Calls other than works that would have reverted.
create or replace view reverted_calls as
select * from res.reverted_calls;

-- By job: works by status, what was paid, mined, expired and capped on both sides, and the first block that differs.
create or replace view compared_jobs as
select *, kp3r(paid_what_if) - kp3r(paid_baseline) as paid_difference_kp3r,
    kp3r(expired_what_if) - kp3r(expired_baseline) as expired_difference_kp3r
from res.compared_jobs;

-- By keeper: works by status, what was paid, bonds at the end, and the first block that differs.
create or replace view compared_keepers as
select *, kp3r(paid_what_if) - kp3r(paid_baseline) as paid_difference_kp3r from res.compared_keepers;
