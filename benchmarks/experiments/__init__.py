"""What each part of AlexNet is good for, measured: one experiment for each claim of the paper."""
