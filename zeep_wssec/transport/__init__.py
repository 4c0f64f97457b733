"""The connection under zeep: what a hook for trees cannot see and cannot hold back."""
