"""At which stage a section is, and at what time."""
