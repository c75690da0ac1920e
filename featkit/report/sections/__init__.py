"""The sections of the report: one module and one template each; see `featkit.report.section`."""
