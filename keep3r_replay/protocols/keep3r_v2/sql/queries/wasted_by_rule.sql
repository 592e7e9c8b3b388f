-- How much of each job's credits is wasted, by each rule of expiry?
-- columns: rule, job, spent_kp3r, expired_kp3r, capped_kp3r, unpaid_kp3r, wasted_share
-- wasted_share: what expired or was capped, in parts of 10,000 of that and what was spent, rounded half to even.
select rule, job,
    kp3r(-sum(spent)) as spent_kp3r,
    kp3r(-sum(expired)) as expired_kp3r,
    kp3r(-sum(capped)) as capped_kp3r,
    kp3r(sum(unpaid)) as unpaid_kp3r,
    case when sum(spent + expired + capped) = 0 then null
        else rounded((-sum(expired + capped))::HUGEINT * 10000, (-sum(spent + expired + capped))::HUGEINT)
    end as wasted_share
from expiries group by rule, job order by rule, job;
