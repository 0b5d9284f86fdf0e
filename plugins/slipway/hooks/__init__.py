"""Hooks: each knows how to talk to one tool."""
