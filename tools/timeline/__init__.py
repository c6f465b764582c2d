"""A project as a timeline: items with takes and operations, a log of edits that can be taken back, interchange."""
