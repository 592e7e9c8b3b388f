-- Bonds ever sold, with times as times and amounts in whole tokens.
create or replace view bonds as
select category, bond_id, status, moment(maturity) as maturity, moment(deadline) as deadline,
    moment(sold_at) as sold_at, moment(expired_at) as expired_at, moment(bought_at) as bought_at,
    kp3r(principal) as principal, kp3r(face_value) as face_value, kp3r(paid) as paid, paid_in_stable_coin,
    clone_id, seconds_late, seconds_without_yield, seconds_paused, risk_category, coupon, term, buyer
from res.bonds;

-- Late bonds: what the buyer burned too much, and how much more KIBT all holders had, against an expiry in time.
create or replace view late_expiries as
select category, bond_id, status, moment(deadline) as deadline, moment(expired_at) as expired_at,
    moment(bought_at) as bought_at, seconds_late, kp3r(realized) as realized, clone_actual,
    kp3r(excess_strict) as excess_strict, kp3r(excess_grace) as excess_grace, clone_strict, clone_grace,
    kp3r(supply_excess_strict) as supply_excess_strict, kp3r(supply_excess_grace) as supply_excess_grace,
    clean_strict, clean_grace, changed_transactions_strict, changed_transactions_grace,
    kp3r(cost_so_far_grace) as cost_so_far_grace, kp3r(cost_per_day) as cost_per_day, excuse, buyer
from res.late_expiries;

-- Every expireBond and refreshYield; the reimbursement is reconstructed, not verified.
create or replace view keeper_calls as
select block_number, moment(timestamp) as at, category, sender, function, bond_id, unknown_bond, judgement, seconds_late,
    gas_used, gas_price, eth(outlay) as outlay,
    eth(reimbursement_reconstructed_not_verified) as reimbursement_reconstructed_not_verified
from res.keeper_calls;

-- Yield, price and cover of each category after every call that concerned it.
create or replace view tokens as
select block_number, moment(timestamp) as at, category, yield, cumulative_yield, epoch_length, min_coupon,
    kp3r(supply) as supply, kp3r(reserve_worth) as reserve_worth, undercollateralisation, is_expired, is_paused
from res.tokens;

-- Stretches of time with another yield than a refresh would have set, and what holders missed by it (below 0: gained).
create or replace view stale_yields as
select category, moment(since) as since, moment(until) as until, seconds, stored_yield, due_yield,
    kp3r(difference) as difference
from res.stale_yields;
