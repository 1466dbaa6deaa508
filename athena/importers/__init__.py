"""What other products export, as a bundle and a report of what became of each part. Pure: nothing is stored or sent."""
