"""Looking at video: shots, labels, colours, motion and on-screen text, each as evidence with a time range."""
