-- Where did the credits of each job go?
-- columns: keep3r, job, minted_kp3r, forced_kp3r, spent_kp3r, expired_kp3r, capped_kp3r, removed_kp3r, left_kp3r
select keep3r, job,
    kp3r(sum(minted)) as minted_kp3r,
    kp3r(sum(forced)) as forced_kp3r,
    kp3r(-sum(spent)) as spent_kp3r,
    kp3r(-sum(expired)) as expired_kp3r,
    kp3r(-sum(capped)) as capped_kp3r,
    kp3r(-sum(removed)) as removed_kp3r,
    kp3r(arg_max(closing, begins_at)) as left_kp3r
from periods group by keep3r, job order by sum(minted) desc, job;
