"""What a score is worth as evidence: likelihood ratios, their cost and bounds, abstention, conditions."""
