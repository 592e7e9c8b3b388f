-- The counts that describe a history: whom it paid, what its liquidity did.
with kp3r_works as (select * from res.works where class not in ('token', 'eth'))
select (select count(*) from kp3r_works where contains(keeper_state, 'disputed')) as paid_while_disputed,
    (select count(*) from kp3r_works
     where (contains(keeper_state, 'unknown') or contains(keeper_state, 'revoked')) and keeper <> job)
        as paid_not_a_keeper,
    (select count(*) from kp3r_works where origin <> keeper) as origin_is_not_keeper,
    (select count(*) from res.credit_applications) as apply_credit,
    (select count(*) from res.credit_applications where credit = 0) as apply_credit_of_0,
    (select count(*) from res.liquidity_unbondings) as unbond_job,
    (select count(*) - 1 from res.helpers_in_force) as helper_switches;
