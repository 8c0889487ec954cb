"""Where things are kept, and the steps that join reading, computing and writing."""
