"""What owners of jobs and keepers are told first: jobs' cards, keepers' months, payments above the formula."""
