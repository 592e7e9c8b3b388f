-- Reward events that are not as the model predicts.
-- not of what-ifs
select * from rewards where not matched and in_range(block_number);
