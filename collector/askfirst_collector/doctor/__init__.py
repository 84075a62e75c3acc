"""`askfirst doctor`: visits a site as somebody who was never there, and says what is wrong."""
