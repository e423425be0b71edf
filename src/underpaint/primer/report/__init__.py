"""The report: what the Primer reaches, each number beside what fresh renders reach under the same judge."""
