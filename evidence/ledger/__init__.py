"""How claims are measured, judged and kept; the claims themselves lie one folder up, a file each."""
