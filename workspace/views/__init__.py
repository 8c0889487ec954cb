"""What pages and verbs show: small frames out of large snapshots."""
