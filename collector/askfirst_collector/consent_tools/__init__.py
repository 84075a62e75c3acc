"""Configurations of other consent tools, read without being run, as the policy they come to."""
