"""What several defects of recordings share."""
