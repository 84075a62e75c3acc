"""`askfirst init`: a first policy, from what the project shows and what its owner answers."""
