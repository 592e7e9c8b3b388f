-- Where did the credits of each job come from, and where did they go?
-- columns: keep3r, job, opening_kp3r, minted_kp3r, forced_kp3r, migrated_in_kp3r, repriced_kp3r, adopted_kp3r, spent_kp3r, expired_kp3r, capped_kp3r, removed_kp3r, migrated_out_kp3r, left_kp3r
-- opening + minted + forced + migrated_in + repriced + adopted = spent + expired + capped + removed + migrated_out + left.
select keep3r, job,
    kp3r(arg_min(opening, begins_at)) as opening_kp3r,
    kp3r(sum(minted)) as minted_kp3r,
    kp3r(sum(forced)) as forced_kp3r,
    kp3r(sum(migrated_in)) as migrated_in_kp3r,
    kp3r(sum(repriced)) as repriced_kp3r,
    kp3r(sum(adopted)) as adopted_kp3r,
    kp3r(-sum(spent)) as spent_kp3r,
    kp3r(-sum(expired)) as expired_kp3r,
    kp3r(-sum(capped)) as capped_kp3r,
    kp3r(-sum(removed)) as removed_kp3r,
    kp3r(-sum(migrated_out)) as migrated_out_kp3r,
    kp3r(arg_max(closing, begins_at)) as left_kp3r
from periods group by keep3r, job order by sum(minted) desc, keep3r, job;
