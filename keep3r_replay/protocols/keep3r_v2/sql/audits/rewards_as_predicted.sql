-- Reward events that are not as the model predicts.
select * from rewards where not matched;
