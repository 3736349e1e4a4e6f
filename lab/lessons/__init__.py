"""What single pages add to the seven sections that all share: experiments beside the run, one file per page."""
