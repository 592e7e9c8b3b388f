-- The counts that describe a history: whom it paid, what its liquidity and its keepers did, what came to nothing.
with kp3r_works as (select * from res.works where class not in ('token', 'eth')),
repeated as (select split_part(field, '.', 1) as event from res.findings where kind = 'zero_repeat'),
happened as (select split_part(event, '.', 2) as event from raw.event_places where event like 'keep3r_v1.%')
select (select count(*) from kp3r_works where contains(keeper_state, 'disputed')) as paid_while_disputed,
    (select count(*) from kp3r_works
     where (contains(keeper_state, 'unknown') or contains(keeper_state, 'revoked')) and keeper <> job)
        as paid_not_a_keeper,
    (select count(*) from kp3r_works where origin <> keeper) as origin_is_not_keeper,
    (select count(*) from res.credit_applications) as apply_credit,
    (select count(*) from res.credit_applications where credit = 0) as apply_credit_of_0,
    (select count(*) from res.liquidity_unbondings) as unbond_job,
    (select count(*) from happened where event = 'RemoveJob') as remove_job,
    (select count(*) from repeated where event = 'RemoveJob') as remove_job_of_0,
    (select count(*) from happened where event = 'KeeperUnbound') as keeper_unbound,
    (select count(*) from repeated where event = 'KeeperUnbound') as keeper_unbound_of_0,
    (select count(*) from happened where event = 'KeeperSlashed') as keeper_slashed,
    (select count(distinct block_number) from raw.readings
     where view = 'consult' and "revert" is not null and ends_with(arguments, (select any_value(credit) from kp3r_works)))
        as readings_where_consult_reverts,
    (select count(*) - 1 from res.helpers_in_force) as helper_switches;
