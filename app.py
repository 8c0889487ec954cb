"""The browser entry: page config, navigation, choice of workspace."""

import streamlit as st

from ui import shell

shell.configure()
page = st.navigation(
    {
        "": [st.Page("pages/overview.py", title="Overview", icon=":material/home:", default=True)],
        "Curate": [
            st.Page("pages/catalog.py", title="Catalog", icon=":material/inventory_2:"),
            st.Page("pages/checks.py", title="Checks", icon=":material/fact_check:"),
            st.Page("pages/labels.py", title="Labels", icon=":material/label:"),
            st.Page("pages/agreement.py", title="Agreement", icon=":material/handshake:"),
            st.Page("pages/review.py", title="Review", icon=":material/rate_review:"),
        ],
        "Ship": [
            st.Page("pages/split.py", title="Split", icon=":material/call_split:"),
            st.Page("pages/export.py", title="Export", icon=":material/file_export:"),
        ],
        "Judge": [
            st.Page("pages/results.py", title="Results", icon=":material/leaderboard:"),
            st.Page("pages/compare.py", title="Compare", icon=":material/compare_arrows:"),
        ],
    }
)
shell.sidebar()
page.run()
