"""Estimates and their uncertainty, shared by agreement and evaluation. Imports nothing of ours."""
