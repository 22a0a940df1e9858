"""What holds mqsim to its word."""
