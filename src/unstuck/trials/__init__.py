"""Replay the person's own run with one thing changed, and say what that proves."""
