-- Views of the warehouse. A statement ends with a semicolon at the end of a line; the first comment line of a view is
-- its description in the database. Amounts are DECIMAL(38, 0) in wei; what ends in _kp3r or _eth is the same in whole
-- tokens, DECIMAL(38, 18), exact too. Tables named below come from the results (res) and the lake (raw).

-- Every KeeperWork with its class, what the formula gives, and the job's credits around it. payment_kp3r is null where
-- it was paid in another token; then payment_in_token has the amount, in the smallest unit of that token (credit).
create or replace view works as
select *, case when explanation <> 'token_payment' then kp3r(payment) end as payment_kp3r,
    case when explanation = 'token_payment' then payment end as payment_in_token,
    case when explanation <> 'token_payment' then kp3r(computed_payment) end as computed_kp3r
from res.works;

-- Every LiquidityCreditsReward beside what the model predicts.
create or replace view rewards as
select *, kp3r(current_credits) as current_credits_kp3r, kp3r(period_credits) as period_credits_kp3r
from res.rewards;

-- Disagreements of model and chain: the audit's verdict is made of these.
create or replace view findings as
select * from res.findings;

-- The credit ledger: one row an entry, a change of one lot of one job. Its rows sum to the change of all credits.
create or replace view ledger as
select *, kp3r(amount) as amount_kp3r, kp3r(balance) as balance_kp3r
from res.ledger;

-- Lots of credits as they stand at the end: job, time they were mined by, what they came from, what is left.
create or replace view lots as
select keep3r, job, lot, any_value(minted_at) as minted_at, any_value(origin) as origin, wei(sum(amount)) as amount,
    kp3r(sum(amount)) as amount_kp3r
from res.ledger group by keep3r, job, lot having sum(amount) <> 0;

-- The ledger by job and reward period: opening, entries by kind, closing.
create or replace view periods as
select *, wei(minted_reset + minted_topup + minted_liquidity + minted_settled) as minted,
    kp3r(opening) as opening_kp3r, kp3r(spent) as spent_kp3r, kp3r(expired) as expired_kp3r,
    kp3r(closing) as closing_kp3r, moment(begins_at) as begins
from res.periods;

-- What each expiry rule (contract, documented, none) makes of a job's period. wasted_share is in parts of 10,000.
create or replace view expiries as
select *, kp3r(minted) as minted_kp3r, kp3r(spent) as spent_kp3r, kp3r(expired) as expired_kp3r,
    kp3r(unpaid) as unpaid_kp3r, moment(begins_at) as begins
from res.expiries;

-- Facts of expiry: credits lost, spent late, postponed, denied, and payments above one period's credits. Amounts of
-- denied_on_paper are states at the ends of periods: not to be summed up.
create or replace view expiry_findings as
select *, kp3r(amount) as amount_kp3r
from res.expiry_findings;

-- Per keeper and job: works, reward in KP3R, its worth in ETH at the contract's quote, gas paid for it, profit, boost
-- earned by bonds. Sums of what is known, null where nothing is; gas of works paid in other tokens stands apart.
create or replace view accounts as
select *, kp3r(reward) as reward_kp3r, kp3r(boost) as boost_kp3r, eth(reward_eth) as reward_in_eth,
    eth(gas_paid) as gas_paid_in_eth, eth(profit) as profit_in_eth
from res.accounts;

-- Per keeper: the same over all jobs, with disputes, slashes and revocations.
create or replace view keeper_accounts as
select *, kp3r(reward) as reward_kp3r, kp3r(boost) as boost_kp3r, eth(reward_eth) as reward_in_eth,
    eth(gas_paid) as gas_paid_in_eth, eth(profit) as profit_in_eth
from res.keeper_accounts;

-- Per KeeperWork: reward, its worth in ETH, its share of the transaction's gas, profit.
create or replace view work_accounts as
select *, kp3r(reward) as reward_kp3r, eth(profit) as profit_in_eth
from res.work_accounts;

-- A job's stored state after each event that may have changed it.
create or replace view job_history as
select *, kp3r(credits) as credits_kp3r, kp3r(period_credits) as period_credits_kp3r
from res.job_history;

-- Reward periods of the run; one that governance cut short has its nominal start and its true end.
create or replace view reward_periods as
select *, moment(begins_at) as begins from res.reward_periods;

-- Jobs at the end of the run.
create or replace view jobs as
select *, kp3r(credits) as credits_kp3r, kp3r(total_credits) as total_credits_kp3r from res.job_states;

-- Keepers' bonds at the end of the run.
create or replace view bonds as
select *, kp3r(bonded) as bonded_tokens from res.keeper_bonds;

-- Every log that was decoded, by name and place.
create or replace view events as
select * from raw.event_places;

-- Blocks of the lake. Where only base fees were fetched the rest is null.
create or replace view blocks as
select * from raw.blocks;

-- Transactions of the lake.
create or replace view transactions as
select *, wei(gas_used * effective_gas_price) as gas_paid from raw.transactions;

-- Jobs' stored state as of the end of a block: select * from state_as_of(1234).
create or replace macro state_as_of(block) as table
select keep3r, job, arg_max(credits, (block_number, log_index)) as credits,
    arg_max(period_credits, (block_number, log_index)) as period_credits,
    arg_max(rewarded_at, (block_number, log_index)) as rewarded_at,
    arg_max(worked_at, (block_number, log_index)) as worked_at,
    max(block_number) as last_event_block
from res.job_history where block_number <= block group by keep3r, job;
