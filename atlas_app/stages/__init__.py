"""What the Stages page shows, as pure functions of an atlas."""
