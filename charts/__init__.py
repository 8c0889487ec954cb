"""Figures from plain data, by plotly; no streamlit."""
