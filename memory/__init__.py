"""What is kept: the library of clips with their lineage, and the vector memory over their shots."""
