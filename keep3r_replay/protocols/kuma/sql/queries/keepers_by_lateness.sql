-- Keepers with their calls and outlay, the latest first; the reimbursement is reconstructed, not verified.
select sender, count(*) filter (judgement = 'late') as late, max(seconds_late) filter (judgement = 'late') as latest,
    count(*) filter (judgement = 'in time') as in_time, count(*) filter (judgement = 'failed') as failed,
    count(*) filter (judgement = 'needless') as needless, count(*) filter (judgement = 'useful') as useful,
    sum(outlay) as outlay, sum(reimbursement_reconstructed_not_verified) as reimbursement_reconstructed_not_verified
from keeper_calls
group by sender
order by late desc, latest desc nulls last, sender;
