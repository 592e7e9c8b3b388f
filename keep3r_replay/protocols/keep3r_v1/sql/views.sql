-- Every payment with its class, the gas it was for, its limit, and what the limit rested on; amounts in whole tokens.
create or replace view works as
select block_number, log_index, moment(timestamp) as at, job, keeper, origin, credit, class, kp3r(payment) as payment,
    gas, bound, gas_used, helper_version, helper, kp3r("limit") as "limit", kp3r(limit_at_bound) as limit_at_bound,
    feed, kp3r(oracle_price) as kp3r_per_weth, kp3r(origin_bond) as origin_bond, eth(eth_worth) as eth_worth,
    keeper_state, transaction_to, selector, relay, interval_age, interval_length, interval_swaps, reason, transaction_hash
from res.works;

-- Every ApplyCredit, beside what the reserves of the previous block and the average price of half an hour give.
create or replace view credit_applications as
select block_number, log_index, moment(timestamp) as at, job, liquidity, provider, origin, kp3r(credit) as credit,
    kp3r(credit_at_previous_block) as credit_at_previous_block, kp3r(credit_time_weighted) as credit_time_weighted,
    deviation_per_mille, deviation_time_weighted_per_mille, swapped_before, swapped_after, class, reason
from res.credit_applications;

-- Every UnbondJob, the same way, and how much KP3R it burned.
create or replace view liquidity_unbondings as
select block_number, log_index, moment(timestamp) as at, job, liquidity, provider, origin, kp3r(worth) as worth,
    kp3r(burned) as burned, kp3r(worth_at_previous_block) as worth_at_previous_block,
    kp3r(worth_time_weighted) as worth_time_weighted, deviation_per_mille, deviation_time_weighted_per_mille,
    swapped_before, swapped_after, class, reason
from res.liquidity_unbondings;

-- Stretches in which an oracle could price no work, and for how much of them a helper relied on it.
create or replace view oracle_gaps as
select oracle, pair, missed_slots, moment(from_timestamp) as since, moment(until_timestamp) as until, seconds,
    seconds_in_force
from res.oracle_gaps;

-- Helpers in force: since when, and whether an input or the payments tell it.
create or replace view helpers_in_force as
select from_block, moment(timestamp) as since, helper, version, known_by from res.helpers_in_force;
