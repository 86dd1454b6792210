"""The machine: processor, clock, memory, and words that threads share."""
