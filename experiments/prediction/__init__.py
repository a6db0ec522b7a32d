"""Labels brought to the size of photographs and frames, and written as pictures."""
