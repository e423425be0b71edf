"""How controls take hold of a loaded model: attachments to it, and edits on its estimate. The part that needs torch."""
