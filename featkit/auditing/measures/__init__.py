"""What an audit measures on sound: modules found by `featkit.auditing.measure.MEASURES`."""
