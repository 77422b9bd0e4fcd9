"""Does an adapted CLIP generalise to face forgeries that training never saw, and can we believe it?"""
