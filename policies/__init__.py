"""What may be asked, done and shown: policies judge subjects and return verdicts; failing means blocked."""
