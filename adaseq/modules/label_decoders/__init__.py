"""From the scores of labels, taken one by one, to scores that know of each other."""
