"""What is kept: experiments, the cells of sweeps, and what people wrote beside them."""
