"""What staff typed of steps, conditions and occasions, parsed and refused in words."""
