"""One file per claim, named after the claim; results/ holds what was measured."""
